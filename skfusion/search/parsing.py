"""Read files that others wrote: plain data, of bounded size, from nowhere but disk."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import os
import re
import stat
from itertools import chain, islice
from pathlib import Path

import yaml

from ..model_files import MAX_DEPTH, items_of

__all__ = ["read_data", "read_text"]

_MAX_BYTES = 2**18
_MAX_VALUES = 10_000
_MAX_LENGTH = 4096  # YAML's numbers with colons take a time that grows by the square


_TOO_DEEP = f"values inside of values, more than {MAX_DEPTH} of them"
_TOO_MANY = f"more than {_MAX_VALUES} values, aliases written out"


class _Loader(yaml.SafeLoader):
    """Plain data, with the numbers of YAML 1.2: 1e-6 is one."""

    n_nodes = depth = 0

    def compose_node(self, parent, index):
        """Compose a node, or refuse a file before it is read to its end."""
        self.n_nodes += 1
        self.depth += 1
        if self.n_nodes > _MAX_VALUES:
            raise ValueError(_TOO_MANY)
        if self.depth > MAX_DEPTH:
            raise ValueError(_TOO_DEEP)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def read_text(path, max_bytes=_MAX_BYTES) -> str:
    """Return what is in a file, as UTF-8.

    Parameters
    ----------
    path : path
        A regular file: an address in a net is no file.
    max_bytes : int, default=262144

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it is something else, too long, or no UTF-8.
    OSError
        If it cannot be read.
    """
    # A pipe would keep us waiting for somebody to write into it.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it is no regular file")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"it is longer than {max_bytes} bytes")
    return content.decode("utf-8-sig")


def read_data(path):
    """Read plain data from YAML, or from JSON by the suffix.

    Parameters
    ----------
    path : path

    Returns
    -------
    object
        Mappings, lists, numbers, texts.

    Raises
    ------
    ValueError
        In words that follow the name of the file.
    """
    path = Path(path)
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    try:
        return _json(text) if path.suffix == ".json" else _yaml(text)
    except (ValueError, ArithmeticError, yaml.YAMLError) as error:
        raise ValueError(f"is malformed: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ValueError(f"is malformed: {_TOO_DEEP}") from None


def _json(text):
    content = json.loads(text, object_pairs_hook=_unique)
    _check_extent(content, items_of)
    return content


def _yaml(text):
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _check_extent(root, _nodes)
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _check_extent(root, children):
    """Refuse what is large once every alias is written out; it is not written out."""
    level, total = [root], 0
    for _ in range(MAX_DEPTH):
        found = chain.from_iterable(map(children, level))
        level = list(islice(found, _MAX_VALUES + 1 - total))
        total += len(level)
        if total > _MAX_VALUES:
            raise ValueError(_TOO_MANY)
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _nodes(node):
    if isinstance(node, yaml.ScalarNode):
        if len(node.value) > _MAX_LENGTH:
            raise ValueError(f"a text of more than {_MAX_LENGTH} characters")
        return ()
    if isinstance(node, yaml.SequenceNode):
        return node.value
    keys = [k.value for k, _ in node.value if isinstance(k, yaml.ScalarNode)]
    _refuse_repeated([key for key in keys if key != "<<"])
    return chain.from_iterable(node.value)


def _unique(pairs):
    _refuse_repeated([key for key, _ in pairs])
    return dict(pairs)


def _refuse_repeated(keys):
    seen = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"the key {key!r} comes twice")
        seen.add(key)
