"""How tensors lie in a weights file: single, half, or bytes with scales."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Integral

import torch

__all__ = ["FORMATS", "SEPARATOR", "STORAGES", "declared", "pack", "unpack"]

STORAGES = ("float32", "float16", "int8")

# What may lie in a file, by the words of its header; int8 only beside scales.
FORMATS = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}

# What follows it in a key is a part of the tensor named before it.
SEPARATOR = "::"
_SCALE, _LEFT, _RIGHT = (SEPARATOR + part for part in ("scale", "left", "right"))


def pack(tensors, storage="float32", ranks=None):
    """Return the tensors as they are stored.

    Parameters
    ----------
    tensors : dict of str to torch.Tensor
        Those without a floating point stay as they are.
    storage : {"float32", "float16", "int8"}
        ``"int8"``: each slice along the first axis (an output channel of a
        convolution) is ``scale`` times whole numbers from -127 to 127, ``scale`` its
        largest value / 127, stored beside as ``key::scale``. Vectors (biases,
        statistics) stay single.
    ranks : dict of str to int, optional
        Tensors that are stored as the product of ``key::left``, ``(c, rank)``, and
        ``key::right``, ``(rank, ...)``: the nearest of that rank.

    Returns
    -------
    dict of str to torch.Tensor

    Raises
    ------
    ValueError
        For another storage, a key with the separator, a tensor of int8, an unknown or
        unusable rank, or values that the storage cannot hold.
    """
    if storage not in STORAGES:
        raise ValueError(f"storage={storage!r}: expected one of {STORAGES}.")
    ranks = dict(ranks or {})
    _check(tensors, ranks)
    plain = {}
    for key, tensor in tensors.items():
        tensor = tensor.detach().cpu()
        if key in ranks:
            plain[key + _LEFT], plain[key + _RIGHT] = _factors(tensor, ranks[key])
        else:
            plain[key] = tensor
    stored = {}
    for key, tensor in plain.items():
        if not tensor.is_floating_point():
            stored[key] = tensor.contiguous()
        elif storage == "int8" and tensor.ndim > 1 and tensor.numel():
            stored[key], stored[key + _SCALE] = _quantized(key, tensor)
        else:
            stored[key] = _cast(key, tensor, storage)
    return stored


def declared(parts, max_bytes):
    """Return what the parts in a file make up, by their headers alone.

    Parameters
    ----------
    parts : dict of str to (torch.dtype, tuple of int)
        Of each part, what it is and its shape, from a file that need not be trusted.
    max_bytes : int
        Of all tensors together, in single precision.

    Returns
    -------
    dict of str to (torch.dtype, tuple of int)
        Of each tensor that :func:`unpack` will return.

    Raises
    ------
    ValueError
        If parts are missing, left over or do not fit; the message begins with the key.
    """
    tensors = {key: (dtype, tuple(shape)) for key, (dtype, shape) in parts.items()}
    for key in [key for key, (dtype, _) in tensors.items() if dtype == torch.int8]:
        _check_scale(key, tensors[key][1], tensors.pop(key + _SCALE, None))
        tensors[key] = torch.float32, tensors[key][1]
    for key in [key for key in tensors if key.endswith(_LEFT)]:
        name = key.removesuffix(_LEFT)
        shape = _product_shape(name, tensors.pop(key), tensors.pop(name + _RIGHT, None))
        tensors[name] = torch.float32, shape
    total = 0
    for key, (dtype, shape) in tensors.items():
        if SEPARATOR in key:
            raise ValueError(f"{key!r} is a part without the tensor it belongs to.")
        if dtype.is_floating_point:
            tensors[key] = torch.float32, shape
        total += 4 * math.prod(shape)
        if total > max_bytes:
            raise ValueError(f"{key!r} is larger than {max_bytes} bytes allow.")
    return tensors


def unpack(stored, max_bytes):
    """Return the tensors that :func:`pack` was given, floating ones single.

    Parameters
    ----------
    stored : dict of str to torch.Tensor
        As read from a file that need not be trusted.
    max_bytes : int
        As in :func:`declared`, which is asked first.

    Returns
    -------
    dict of str to torch.Tensor

    Raises
    ------
    ValueError
        If parts are missing, left over or damaged; the message begins with the key.
    """
    declared({key: (x.dtype, x.shape) for key, x in stored.items()}, max_bytes)
    tensors = dict(stored)
    for key in [key for key, tensor in stored.items() if tensor.dtype == torch.int8]:
        tensors[key] = _dequantized(key, tensors[key], tensors.pop(key + _SCALE))
    for key, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[key] = _finite(key, tensor.to(torch.float32))
    for key in [key for key in tensors if key.endswith(_LEFT)]:
        name = key.removesuffix(_LEFT)
        left, right = tensors.pop(key), tensors.pop(name + _RIGHT)
        product = (left @ right.flatten(1)).view(-1, *right.shape[1:])
        tensors[name] = _finite(name, product)
    return tensors


def _finite(key, tensor, why=""):
    bad = int((~torch.isfinite(tensor)).sum())
    if bad:
        raise ValueError(f"{key!r} holds {bad} NaN or infinite values{why}.")
    return tensor


def _check(tensors, ranks):
    for key, tensor in tensors.items():
        if SEPARATOR in key:
            raise ValueError(
                f"tensors has the key {key!r}: {SEPARATOR!r} is kept for parts of "
                "tensors, rename it."
            )
        if tensor.dtype == torch.int8:
            raise ValueError(
                f"tensors[{key!r}] is int8, which stands for storage='int8': give it "
                "as another kind of integer."
            )
    for key, rank in ranks.items():
        tensor = tensors.get(key)
        if tensor is None or tensor.ndim < 2 or not tensor.is_floating_point():
            raise ValueError(
                f"ranks names {key!r}, which is no floating tensor of two or more "
                "axes among the tensors."
            )
        most = min(tensor.flatten(1).shape)
        if not isinstance(rank, Integral) or not 1 <= rank <= most:
            raise ValueError(
                f"ranks[{key!r}]={rank!r}: expected a whole number from 1 to {most}."
            )


def _factors(tensor, rank):
    left, sizes, right = torch.linalg.svd(tensor.double().flatten(1), False)
    root = sizes[:rank].sqrt()
    right = root[:, None] * right[:rank]
    return left[:, :rank] * root, right.reshape(rank, *tensor.shape[1:])


def _cast(key, tensor, storage):
    kind = torch.float16 if storage == "float16" else torch.float32
    cast = tensor.to(kind).contiguous()
    if torch.isfinite(tensor).all() and not torch.isfinite(cast).all():
        raise ValueError(f"{key!r} is too large for {storage}: store it as 'float32'.")
    return cast


def _quantized(key, tensor):
    rows = _finite(key, tensor, ": int8 cannot").double().flatten(1)
    scale = (rows.abs().amax(1) / 127).float()
    # A slice of zeros, or of next to nothing, has any scale.
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    whole = (rows / scale[:, None].double()).round().clamp(-127, 127)
    return whole.to(torch.int8).view(tensor.shape).contiguous(), scale


def _check_scale(key, shape, scale):
    if scale is None:
        raise ValueError(f"{key!r} is int8 and lacks {key + _SCALE!r}.")
    dtype, found = scale
    if len(shape) < 2 or found != shape[:1]:
        raise ValueError(
            f"{key + _SCALE!r} has shape {found}, which does not fit {shape}."
        )
    if dtype != torch.float32:
        raise ValueError(f"{key + _SCALE!r} is {dtype}, not torch.float32.")


def _dequantized(key, whole, scale):
    if not (torch.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError(f"{key + _SCALE!r} holds scales that are not above 0.")
    return whole.float() * scale.view(-1, *[1] * (whole.ndim - 1))


def _product_shape(name, left, right):
    if right is None:
        raise ValueError(f"{name!r} lacks {name + _RIGHT!r}.")
    (left_dtype, left), (right_dtype, right) = left, right
    fits = (
        len(left) == 2
        and len(right) > 1
        and left[1] == right[0] > 0
        and left_dtype.is_floating_point
        and right_dtype.is_floating_point
    )
    if not fits:
        raise ValueError(f"{name!r}: shapes {left} and {right} are no factors.")
    return left[0], *right[1:]
