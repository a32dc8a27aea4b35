"""What made the results in a folder, so that none passes for another's."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import os
from pathlib import Path

from ._atomic_files import replace_file
from ._urls import URLPath, as_path, at_hand
from ._version import __version__
from .fingerprints import digest, file_state, fuse_code, method_state
from .images.cells import LazyImage

__all__ = ["RECORD_NAME", "FolderRecord"]

RECORD_NAME = ".skfusion.json"
_FORMAT = "skfusion-results"
_SHOWN = 200  # letters of a method in a message


class FolderRecord:
    """The record of a folder of fused images, a hidden file in it.

    For each result it holds by what method and parameters, from which states of the
    sources and by which code it was made, and its own state after that. It is written
    before the first result and after the last: what a killed run has made is known
    by the plan, and by not being what lay there before.

    Parameters
    ----------
    folder : path
    estimator : fuser or Pipeline
    bit_depth : int
    """

    def __init__(self, folder, estimator, bit_depth):
        self.path = as_path(folder) / RECORD_NAME
        said = repr(estimator)
        self.method = _method(estimator, said, bit_depth)
        self.text = " ".join(said.split())
        self._entries, self._texts = self._read()
        self._texts[self.method] = self.text

    def check(self, outputs, pairs) -> list[str]:
        """Tell which results are there already; refuse those of another method.

        Parameters
        ----------
        outputs : iterable of Path
        pairs : ImagePairs
            One an output.

        Returns
        -------
        list of str
            ``"missing"``, also for a result of other states of its sources or of other
            code, ``"there"``, or ``"changed"`` for a result that somebody replaced.

        Raises
        ------
        ValueError
            If a result was made by another method or with other parameters, or if
            nothing tells by which.
        """
        return [self._look_at(output, pairs, i) for i, output in enumerate(outputs)]

    def plan(self, outputs, pairs) -> None:
        """Write down what is going to be made, before it is."""
        for i, output in enumerate(outputs):
            entry = {"method": self.method, "made": _made(pairs, i)}
            self._put(output, {**entry, "before": _state(output)})
        self._write()

    def finish(self, outputs) -> None:
        """Write down what was made of the plan."""
        for output in outputs:
            self._put(output, {**self._entry(output), "state": _state(output)})
        self._write()

    # An entry is held as the file has it: its text is a third of its dictionary.

    def _put(self, output, entry):
        self._entries[self._key(output)] = json.dumps(entry)

    def _entry(self, output):
        text = self._entries.get(self._key(output))
        return None if text is None else json.loads(text)

    def _look_at(self, output, pairs, i):
        state, entry = _state(output), self._entry(output)
        if state is None:
            return "missing"
        known = entry is not None
        if known and state == entry.get("before"):
            return "missing"  # planned, but not done
        if not known or entry.get("method") != self.method:
            made_by = "something unknown"
            if known:
                made_by = str(self._texts.get(entry.get("method"), made_by))[:_SHOWN]
            raise ValueError(
                f"{str(output)!r} was made by {made_by}, not by this method with these "
                "parameters: write to another folder, or replace what is there with "
                "skip_existing=False."
            )
        if entry.get("state", state) != state:
            return "changed"
        return "there" if entry.get("made") == _made(pairs, i) else "missing"

    def _key(self, output):
        if isinstance(output, URLPath):
            return output.relative_to(self.path.parent).as_posix()
        return Path(os.path.relpath(output, self.path.parent)).as_posix()

    def _read(self):
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                return {}, {}
            entries, texts = content["results"], dict(content["methods"])
            kept = {k: v for k, v in entries.items() if isinstance(v, dict)}
            return {k: json.dumps(v) for k, v in kept.items()}, texts
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}, {}  # as if nothing were known

    def _write(self):
        head = {"format": _FORMAT, "skfusion": __version__, "methods": self._texts}
        text = bytearray(json.dumps(head, indent=1)[:-2].encode())
        text += b',\n "results": {'
        for i, (key, entry) in enumerate(self._entries.items()):
            text += f"{',' * (i > 0)}\n  {json.dumps(key)}: {entry}".encode()
        text += b"\n }\n}"
        replace_file(self.path, text)


def _method(estimator, said, bit_depth):
    try:
        state = method_state("", estimator)
    except ValueError:  # it cannot be pickled: what it says of itself must do
        state = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    return digest(state, said, bit_depth)


def _made(pairs, i):
    """Return the state of what a result is made from: both images, and the code."""
    return digest([_source(cell) for cell in pairs[i]], fuse_code())


def _source(cell):
    try:
        if isinstance(cell, LazyImage):
            return [type(cell).__name__, *map(_source, vars(cell).values())]
        cell = at_hand(cell)
        if isinstance(cell, URLPath):
            return [str(cell), file_state(cell)]
        if isinstance(cell, (str, os.PathLike)) and os.path.exists(cell):
            return [os.path.realpath(cell), file_state(cell)]
        return file_state(cell)
    except (OSError, ValueError, TypeError):  # no image: the pair says so itself
        return repr(cell)


def _state(path):
    try:
        return file_state(path)
    except OSError:
        return None
