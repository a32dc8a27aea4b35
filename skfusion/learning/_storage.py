"""How tensors lie in a weights file: single, half, or bytes with scales."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

import torch

__all__ = ["SEPARATOR", "STORAGES", "pack", "unpack"]

STORAGES = ("float32", "float16", "int8")

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


def unpack(stored, max_bytes):
    """Return the tensors that :func:`pack` was given, floating ones single.

    Parameters
    ----------
    stored : dict of str to torch.Tensor
        As read from a file that need not be trusted.
    max_bytes : int
        Of a single product.

    Returns
    -------
    dict of str to torch.Tensor

    Raises
    ------
    ValueError
        If parts are missing, left over or damaged; the message begins with the key.
    """
    tensors = dict(stored)
    for key in [key for key, tensor in stored.items() if tensor.dtype == torch.int8]:
        tensors[key] = _dequantized(key, tensors[key], tensors.pop(key + _SCALE, None))
    for key, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[key] = tensor.to(torch.float32)
            if not torch.isfinite(tensors[key]).all():
                raise ValueError(f"{key!r} holds NaN or infinite values.")
    for key in [key for key in tensors if key.endswith(_LEFT)]:
        name = key.removesuffix(_LEFT)
        tensors[name] = _product(
            name, tensors.pop(key), tensors.pop(name + _RIGHT, None), max_bytes
        )
    for key in tensors:
        if SEPARATOR in key:
            raise ValueError(f"{key!r} is a part without the tensor it belongs to.")
    return tensors


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
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{key!r} holds NaN or infinite values: int8 cannot.")
    rows = tensor.double().flatten(1)
    scale = (rows.abs().amax(1) / 127).float()
    # A slice of zeros, or of next to nothing, has any scale.
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    whole = (rows / scale[:, None].double()).round().clamp(-127, 127)
    return whole.to(torch.int8).view(tensor.shape).contiguous(), scale


def _dequantized(key, whole, scale):
    if scale is None:
        raise ValueError(f"{key!r} is int8 and lacks {key + _SCALE!r}.")
    if whole.ndim < 2 or scale.shape != whole.shape[:1]:
        raise ValueError(
            f"{key + _SCALE!r} has shape {tuple(scale.shape)}, which does not fit "
            f"{tuple(whole.shape)}."
        )
    if scale.dtype != torch.float32:
        raise ValueError(f"{key + _SCALE!r} is {scale.dtype}, not torch.float32.")
    if not (torch.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError(f"{key + _SCALE!r} holds scales that are not above 0.")
    return whole.float() * scale.view(-1, *[1] * (whole.ndim - 1))


def _product(name, left, right, max_bytes):
    if right is None:
        raise ValueError(f"{name!r} lacks {name + _RIGHT!r}.")
    fits = (
        left.ndim == 2
        and right.ndim > 1
        and left.shape[1] == right.shape[0] > 0
        and left.is_floating_point()
        and right.is_floating_point()
    )
    if not fits:
        raise ValueError(
            f"{name!r}: parts of shapes {tuple(left.shape)} and {tuple(right.shape)} "
            "are no factors."
        )
    if 4 * left.shape[0] * (right.numel() // right.shape[0]) > max_bytes:
        raise ValueError(f"{name!r} is larger than {max_bytes} bytes.")
    return (left @ right.flatten(1)).view(-1, *right.shape[1:])
