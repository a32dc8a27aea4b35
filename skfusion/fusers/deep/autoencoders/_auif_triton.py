"""A layer of AUIF as one kernel of a GPU; imported where Triton is there."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["run_layers"]

_ROWS, _COLUMNS = 8, 64


@triton.jit
def _inner_taps(old, row, column, width, kernels, R: tl.constexpr, C: tl.constexpr):
    """25 taps of one kernel for all pixels: none is near the border."""
    u = tl.zeros((R, C), tl.float32)
    for p in tl.static_range(5):
        for q in tl.static_range(5):
            tap = tl.load(kernels + (100 + p * 5 + q))
            u += tap * tl.load(old + (row + (p - 2)) * width + column + (q - 2))
    return u


@triton.jit
def _outer_taps(
    old, row, column, height, width, kernels, R: tl.constexpr, C: tl.constexpr
):
    """25 taps, reflected; the ring of one pixel has kernels of its own."""
    here = (row < height) & (column < width)
    down = 1 - (row == 0).to(tl.int32) + (row == height - 1).to(tl.int32)
    across = 1 - (column == 0).to(tl.int32) + (column == width - 1).to(tl.int32)
    kernel = kernels + (down * 3 + across) * 25
    u = tl.zeros((R, C), tl.float32)
    for p in tl.static_range(5):
        i = tl.abs(row + (p - 2))
        i = tl.where(i > height - 1, 2 * (height - 1) - i, i)
        for q in tl.static_range(5):
            j = tl.abs(column + (q - 2))
            j = tl.where(j > width - 1, 2 * (width - 1) - j, j)
            tap = tl.load(kernel + p * 5 + q, mask=here, other=0.0)
            u += tap * tl.load(old + i * width + j, mask=here, other=0.0)
    return u


@triton.jit
def _layer(
    z, x, kernels, numbers, out, height, width, R: tl.constexpr, C: tl.constexpr
):
    """Update a tile of one map: 25 taps, shift, PReLU and step in one pass."""
    index = tl.program_id(2)
    model = index % 2
    row = tl.program_id(0) * R + tl.arange(0, R)[:, None]
    column = tl.program_id(1) * C + tl.arange(0, C)[None, :]
    here = (row < height) & (column < width)
    old = z + index.to(tl.int64) * height * width
    numbers = numbers + model * 5
    kernels = kernels + model * 225
    top, left = tl.program_id(0) * R, tl.program_id(1) * C
    inside = (top >= 2) & (top + R + 2 <= height)
    inside = inside & (left >= 2) & (left + C + 2 <= width)
    if inside:
        u = _inner_taps(old, row, column, width, kernels, R, C)
    else:
        u = _outer_taps(old, row, column, height, width, kernels, R, C)
    u += tl.load(numbers)
    u = tl.where(u > 0, u, tl.load(numbers + 1) * u)
    at = row * width + column
    image = x + (index // 2).to(tl.int64) * height * width
    kept = tl.load(numbers + 3) * tl.load(old + at, mask=here, other=0.0)
    pulled = tl.load(numbers + 4) * tl.load(image + at, mask=here, other=0.0)
    new = kept + pulled - tl.load(numbers + 2) * u
    tl.store(out + index.to(tl.int64) * height * width + at, new, mask=here)


def run_layers(first, x, kernels, numbers):
    """Run all layers of both models.

    Parameters
    ----------
    first : Tensor of float32, shape (n, 2, h, w)
        First base and detail maps; contiguous, at least 3 rows and columns.
    x : Tensor of float32, shape (n, 1, h, w)
        Images; contiguous.
    kernels : Tensor of float32, shape (n_layers, 2, 3, 3, 5, 5)
    numbers : Tensor of float32, shape (n_layers, 2, 5)
        As in :func:`skfusion._kernels.auif.run_layers`, of the base model and of the
        detail model.

    Returns
    -------
    Tensor of float32, shape (n, 2, h, w)
    """
    n, _, height, width = first.shape
    old, new = first, torch.empty_like(first)
    grid = triton.cdiv(height, _ROWS), triton.cdiv(width, _COLUMNS), 2 * n
    for layer in range(len(kernels)):
        _layer[grid](
            *(old, x, kernels[layer], numbers[layer], new, height, width),
            R=_ROWS,
            C=_COLUMNS,
        )
        old, new = new, (torch.empty_like(first) if layer == 0 else old)
    return old
