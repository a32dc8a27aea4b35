"""Separable filters of batches (N, H, W) as products with matrices kept by size."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F

from ._shared import safe_sqrt

__all__ = ["filtered", "gaussian_taps", "halved", "padded", "sobel", "strength"]


@functools.cache
def gaussian_taps(size, sigma, normalised=True):
    """Taps of a Gaussian, a tuple of `size` numbers."""
    x = [k - (size - 1) / 2 for k in range(size)]
    taps = [math.exp(-y * y / (2.0 * sigma * sigma)) for y in x]
    total = sum(taps) if normalised else math.sqrt(2.0 * math.pi) * sigma
    return tuple(t / total for t in taps)


def filtered(x, taps, border="valid", step=1):
    """Correlate each image with the outer product of `taps`.

    `border`: ``"valid"`` answers inside the image only, ``"zero"`` sees zeros beyond
    it and ``"reflect"`` the image mirrored at its outermost pixels. With `step` only
    every so manyth row and column is answered.
    """
    # A product with a dense matrix is one call, but many needless multiplications: the
    # better bargain on accelerators only. With TensorFloat-32 allowed, products keep
    # ten bits, and a variance is the small difference of two of them.
    if x.device.type == "cpu" or torch.backends.cuda.matmul.allow_tf32:
        return _shifted(x, taps, border, step)
    return _multiplied(x, taps, border, step)


def _multiplied(x, taps, border, step):
    h, w = x.shape[-2:]
    like = border, step, x.dtype, x.device
    return _matrix(taps, h, *like) @ (x @ _matrix(taps, w, *like).mT)


def _shifted(x, taps, border, step):
    if border != "valid":
        h, w = x.shape[-2:]
        half = len(taps) // 2
        if border == "zero":
            x = F.pad(x, [half] * 4)
        else:  # F.pad mirrors once only, which small images do not get by with
            x = x[:, _mirrored(torch.arange(-half, h + half), h)]
            x = x[:, :, _mirrored(torch.arange(-half, w + half), w)]
    return _SumOfShifts.apply(_SumOfShifts.apply(x, taps, 1, step), taps, 2, step)


class _SumOfShifts(torch.autograd.Function):
    """Correlation along one axis, inside the image, as a sum of shifted images."""

    @staticmethod
    def forward(ctx, x, taps, dim, step):
        ctx.taps, ctx.dim, ctx.step, ctx.shape = taps, dim, step, x.shape
        count = (x.shape[dim] - len(taps)) // step + 1
        shape = list(x.shape)
        shape[dim] = count
        out = x.new_zeros(shape)
        for k, tap in enumerate(taps):
            out.add_(_every(x, dim, k, count, step), alpha=tap)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        out = grad.new_zeros(ctx.shape)
        count = grad.shape[ctx.dim]
        for k, tap in enumerate(ctx.taps):
            _every(out, ctx.dim, k, count, ctx.step).add_(grad, alpha=tap)
        return out, None, None, None


def _every(x, dim, first, count, step):
    rows = slice(first, first + (count - 1) * step + 1, step)
    return x[:, rows] if dim == 1 else x[:, :, rows]


@functools.lru_cache(maxsize=256)
def _matrix(taps, n, border, step, dtype, device):
    # Outside inference mode, in which it could never take part in a gradient.
    with torch.inference_mode(False):
        size = len(taps)
        first = 0 if border == "valid" else -(size // 2)
        count = n - size + 1 if border == "valid" else n
        matrix = torch.zeros(count, n, dtype=torch.float64)
        rows = torch.arange(count)
        for k, tap in enumerate(taps):
            columns = rows + first + k
            if border == "reflect":
                columns = _mirrored(columns, n)
            inside = (columns >= 0) & (columns < n)
            # Mirrored columns meet others, of other taps: add.
            matrix[rows[inside], columns[inside]] += tap
        return matrix[::step].to(device=device, dtype=dtype)


def _mirrored(index, n):
    period = max(2 * (n - 1), 1)
    index = index.remainder(period)
    return torch.minimum(index, (period - index).remainder(period)) if n > 1 else index


def halved(x):
    """Mean of each 2 x 2 block; an odd last row or column is repeated."""
    h, w = x.shape[-2:]
    x = padded(x, (0, w % 2, 0, h % 2), "replicate")
    return F.avg_pool2d(x[:, None], 2)[:, 0]


def padded(x, widths, mode):
    """Pad the last two axes of (N, H, W)."""
    if mode == "zero":
        return F.pad(x, widths)
    return F.pad(x[:, None], widths, mode=mode)[:, 0]


def sobel(x, mode):
    """Horizontal and vertical Sobel responses of images padded by one pixel."""
    x = padded(x, (1, 1, 1, 1), mode)
    across = x[:, :, 2:] - x[:, :, :-2]
    down = x[:, 2:] - x[:, :-2]
    gx = across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]
    gy = down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]
    return gx, gy


def strength(gx, gy):
    """Length of a gradient; its own gradient is 0 where nothing varies."""
    return safe_sqrt(gx * gx + gy * gy)
