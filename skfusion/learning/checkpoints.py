"""Published checkpoints read as plain data: nothing in them is executed."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import re
import warnings
import zipfile

from .tf_checkpoint import read_tf_checkpoint
from .weights import WeightsError

__all__ = ["check_tensor", "find_file", "permute_inputs", "read_checkpoint", "rename"]

_ENTRIES = ("state_dict", "weight", "params", "model", "fuse_net")
_MAX_NUMBERS = 2**26  # in a MATLAB file, which may be compressed
_POINTER = b"version https://git-lfs.github.com/spec/"


def find_file(source, *patterns):
    """Return the one file of a folder that matches the first pattern that any does.

    Parameters
    ----------
    source : Path
        A folder, or the file itself.
    *patterns : str
        File names with wildcards.

    Returns
    -------
    Path

    Raises
    ------
    WeightsError
        If there is no such file, or several.
    """
    if source.is_file():
        return source
    for pattern in patterns:
        found = sorted(path for path in source.glob(pattern) if path.is_file())
        if found:
            break
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise WeightsError(
            f"source={str(source)!r} has {len(found)} files named "
            f"{' or '.join(map(repr, patterns))}{f' ({names})' if names else ''}: "
            "expected one."
        )
    return found[0]


def read_checkpoint(path, entry=None) -> dict:
    """Read the tensors of a checkpoint, onto the CPU.

    Parameters
    ----------
    path : Path
        A PyTorch file, the ``.index`` of a TensorFlow V2 checkpoint (kernels are
        transposed to PyTorch's layout), or a MATLAB 5 ``.mat`` file (arrays as they
        are).
    entry : str, optional
        The name of the state dict in a PyTorch file.

    Returns
    -------
    dict
        Name to tensor; names lose a leading ``module.``, and a dict named
        ``state_dict`` (or ``weight``, ``params``, ``model``) is taken out.

    Raises
    ------
    WeightsError
        If the file is a Git LFS pointer, holds a whole pickled module, claims more
        numbers than it has, or is no such checkpoint; the message says what to do.
    """
    with open(path, "rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise WeightsError(
                f"{str(path)!r} is a Git LFS pointer, not the checkpoint: fetch it by "
                "`git lfs pull` in the repository it is from."
            )
    if path.suffix == ".index":
        return _read_tf(path)
    if path.suffix == ".mat":
        return _read_mat(path)
    checkpoint = _read_torch(path)
    if not isinstance(checkpoint, dict):
        raise WeightsError(
            f"{str(path)!r} holds a {type(checkpoint).__name__}: expected a state dict."
        )
    if entry is not None and not isinstance(checkpoint.get(entry), dict):
        raise WeightsError(f"{str(path)!r} holds no state dict named {entry!r}.")
    for name in (entry, *_ENTRIES):
        if isinstance(checkpoint.get(name), dict):
            checkpoint = checkpoint[name]
            break
    tensors = {
        key.removeprefix("module.") if isinstance(key, str) else key: value
        for key, value in checkpoint.items()
    }
    _check_sizes(path, tensors)
    return tensors


def check_tensor(where, key, tensor, like):
    """Refuse what cannot stand for a tensor of a network.

    Parameters
    ----------
    where : str
        What the message begins with.
    key : str
    tensor : object
        Of a checkpoint.
    like : torch.Tensor
        Of the network.

    Raises
    ------
    WeightsError
        If it is no tensor, of another kind or shape, or holds NaN or infinite values.
    """
    import torch

    if not isinstance(tensor, torch.Tensor):
        kind = type(tensor).__name__
        raise WeightsError(f"{where}: {key!r} is a {kind}, expected a tensor.")
    if tensor.is_floating_point() != like.is_floating_point():
        raise WeightsError(
            f"{where}: {key!r} holds {tensor.dtype}, expected {like.dtype}."
        )
    if tensor.shape != like.shape:
        raise WeightsError(
            f"{where}: {key!r} has shape {tuple(tensor.shape)}, expected "
            f"{tuple(like.shape)}."
        )
    bad = int((~torch.isfinite(tensor)).sum())
    if bad:
        raise WeightsError(f"{where}: {key!r} holds {bad} NaN or infinite values.")


def rename(tensors, patterns):
    """Rename keys by the first pattern that matches; others stay, to be reported.

    Parameters
    ----------
    tensors : dict
    patterns : dict of str to str
        Regular expressions of whole names, and what they become. A name that becomes
        empty is dropped.

    Returns
    -------
    dict
    """
    renamed = {}
    for key, tensor in tensors.items():
        for old, new in patterns.items():
            match = re.fullmatch(old, str(key))
            if match:
                key = match.expand(new)
                break
        if key:
            renamed[key] = tensor
    return renamed


def permute_inputs(kernel, widths, order):
    """Put blocks of input channels of a kernel into another order.

    Parameters
    ----------
    kernel : Tensor, shape (n_out, n_in, ...)
    widths : sequence of int
        Channels of each block, as they lie.
    order : sequence of int
        Which block stands where.

    Returns
    -------
    Tensor of that shape
    """
    import torch

    blocks = kernel.split(list(widths), dim=1)
    return torch.cat([blocks[i] for i in order], 1)


def _read_torch(path):
    import torch

    _check_archive(path)
    try:
        # Also where a network is built without numbers, those of the file are.
        with warnings.catch_warnings(), torch.device("cpu"):
            warnings.simplefilter("ignore", UserWarning)  # for developers
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise anything
        reason = f"{type(error).__name__}: {error}"
    # What PyTorch says of a pickle is how to switch its protection off: not repeated.
    if "eights" in reason or "ickl" in reason:
        raise _holds_objects(path)
    raise WeightsError(
        f"{str(path)!r} is no checkpoint of plain tensors: it is damaged, or another "
        "kind of file."
    )


def _holds_objects(path):
    return WeightsError(
        f"{str(path)!r} is no checkpoint of plain tensors but holds pickled objects or "
        "a program, which are not executed, or is damaged: where you trust it, load it "
        "with the authors' code, write its `state_dict()` with `torch.save`, and "
        "convert that."
    )


def _check_archive(path):
    """Refuse an archive that would unpack to more than it is: PyTorch packs nothing."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return  # PyTorch's own reader says what it is
    if any("/code/" in entry.filename for entry in entries):
        raise _holds_objects(path)  # TorchScript
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise WeightsError(
            f"{str(path)!r} is a compressed archive, no checkpoint of plain tensors: "
            "if it holds one, unpack it first."
        )


def _check_sizes(path, tensors):
    """Refuse tensors that are more than the numbers which the file holds."""
    import torch

    left = 4 * path.stat().st_size  # parts of a network may share them
    for key, tensor in tensors.items():
        if isinstance(tensor, torch.Tensor):
            left -= _check_tensor(path, key, tensor)
    if left < 0:
        raise WeightsError(
            f"{str(path)!r}: its tensors are views that repeat the same numbers many "
            "times; save them with `.clone()`."
        )


def _check_tensor(path, key, tensor):
    """Refuse a tensor that is more than the numbers which the file holds for it."""
    import torch

    dense = tensor.layout == torch.strided and tensor.device.type == "cpu"
    if not dense or tensor.is_quantized:
        raise WeightsError(f"{str(path)!r}: {key!r} is no plain tensor of numbers.")
    size = tensor.numel() * tensor.element_size()
    if size > tensor.untyped_storage().nbytes():
        raise WeightsError(
            f"{str(path)!r}: {key!r} has shape {tuple(tensor.shape)}, {size} bytes, of "
            f"which the file holds {tensor.untyped_storage().nbytes()}: it is a view "
            "that repeats them; save it with `.contiguous()`."
        )
    return size


def _read_tf(path):
    import numpy as np
    import torch

    try:
        arrays = read_tf_checkpoint(path)
    except ValueError as error:
        raise WeightsError(str(error)) from None
    tensors = {}
    for key, array in arrays.items():
        if re.search(r"Adam|RMSProp|Momentum|beta\d_power|global_step", key):
            continue  # of the optimizer
        if array.ndim == 4:
            array = np.ascontiguousarray(array.transpose(3, 2, 0, 1))
        tensors[key] = torch.from_numpy(array)
    return tensors


def _read_mat(path):
    import torch
    from scipy.io import loadmat, whosmat

    try:
        # The sizes that it claims, before anything is allocated.
        claimed = sum(math.prod(shape) for _, shape, _ in whosmat(path))
        if claimed > _MAX_NUMBERS:
            raise ValueError(f"it claims {claimed} numbers")
        arrays = loadmat(path)
    except Exception as error:  # likewise
        raise WeightsError(f"{str(path)!r} is no MATLAB file ({error}).") from None
    return {
        key: torch.from_numpy(value.copy())
        for key, value in arrays.items()
        if getattr(value, "dtype", None) is not None and value.dtype.kind == "f"
    }
