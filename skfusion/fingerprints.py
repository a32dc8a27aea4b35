"""Keys of finished work: what has to be equal for a result to be used again."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import hashlib
import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
from joblib.hashing import NumpyHasher

from ._version import __version__
from .images import cells

__all__ = ["digest", "file_state", "fuse_code", "measure_code", "method_state"]

_PACKAGE = Path(__file__).resolve().parent
# Parts of the package that change no fused image, and all that a metric may use.
_NOT_FUSING = frozenset(
    "__main__ _lists app batch cli datasets demo fingerprints fused_files "
    "fused_records inspection leaderboard metrics model_files ranking search "
    "video".split()
)
_MEASURING = frozenset(
    "_atomic_files _kernels _lists _text _urls _version bad_pairs fused_files images "
    "metrics pairs sizes workers".split()
)


def digest(*parts) -> str:
    """Return a short hash of values that JSON can hold."""
    text = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def file_state(cell):
    """Return what tells one state of an image from another.

    Parameters
    ----------
    cell : path or array-like

    Returns
    -------
    list
        Size and time of a file; shape, dtype and hash of an array.
    """
    if isinstance(cell, (str, os.PathLike)):
        return list(cells.file_state(cell))
    array = np.ascontiguousarray(cell)
    return [
        list(array.shape),
        str(array.dtype),
        hashlib.sha256(array.tobytes()).hexdigest(),
    ]


def method_state(name, estimator) -> str:
    """Return a hash of an estimator with its parameters and fitted state."""
    params = estimator.get_params().values()
    files = [file_state(value) for value in params if _is_model(value)]
    try:
        return _Hasher("md5").hash([estimator, files] if files else estimator)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ValueError(
            f"method {name!r} cannot be sent to a worker ({error}): build it from "
            "classes and functions of an importable module."
        ) from None


class _Hasher(NumpyHasher):
    """joblib's hash, with tensors by their values: their pickles hold addresses."""

    def save(self, obj):
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(obj, torch.Tensor):
            kind, values = str(obj.dtype), obj.detach().cpu()
            if values.dtype == torch.bfloat16:
                values = values.float()
            obj = ("tensor", kind, values.numpy())
        super().save(obj)


def _is_model(value):
    """Tell the files that an estimator reads: their content is part of its state."""
    return (
        isinstance(value, (str, os.PathLike))
        and Path(value).suffix in (".onnx", ".safetensors")
        and Path(value).is_file()
    )


@functools.cache
def fuse_code() -> str:
    """Return a hash of the version, the code and the weights that fuse."""
    return _code(lambda part: part not in _NOT_FUSING)


@functools.cache
def measure_code() -> str:
    """Return a hash of the version and the code that measures."""
    return _code(_MEASURING.__contains__)


def _code(wanted):
    state = hashlib.sha256(__version__.encode())
    for path in sorted(_PACKAGE.rglob("*")):
        relative = path.relative_to(_PACKAGE)
        if path.suffix not in (".py", ".safetensors"):
            continue
        if wanted(relative.parts[0].removesuffix(".py")):
            state.update(relative.as_posix().encode() + b"\0" + path.read_bytes())
    return state.hexdigest()
