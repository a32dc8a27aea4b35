"""Luma of a colour image, and its chroma onto another luma.

Rows of colour are taken apart into three rows of numbers and put together again: the
arithmetic in between is then that of vectors.
"""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors, kernel_part
from .luma import LUMA

_RED, _GREEN, _BLUE = (np.float32(weight) for weight in LUMA)
_ZERO, _HALF, _ONE, _TOP = (np.float32(x) for x in (0, 0.5, 1, 255))

__all__ = ["luma", "with_chroma", "with_chroma_levels"]


@kernel_part
def _split(row, scale, red, green, blue):
    for j in range(red.size):
        red[j] = np.float32(row[3 * j]) * scale
        green[j] = np.float32(row[3 * j + 1]) * scale
        blue[j] = np.float32(row[3 * j + 2]) * scale


@kernel_part
def _join(red, green, blue, row):
    for j in range(red.size):
        row[3 * j], row[3 * j + 1], row[3 * j + 2] = red[j], green[j], blue[j]


@kernel_part
def _join_levels(red, green, blue, row):
    """As _join, of eight bits: rounded half up in float32."""
    for j in range(red.size):
        row[3 * j] = np.int32(red[j] * _TOP + _HALF)
        row[3 * j + 1] = np.int32(green[j] * _TOP + _HALF)
        row[3 * j + 2] = np.int32(blue[j] * _TOP + _HALF)


@kernel_part
def _luma_row(red, green, blue, out):
    for j in range(out.size):
        out[j] = min(red[j] * _RED + green[j] * _GREEN + blue[j] * _BLUE, _ONE)


@kernel_part
def _chroma_row(fused, red, green, blue):
    """Move colours to another luma, in their place."""
    for j in range(fused.size):
        r, g, b = red[j], green[j], blue[j]
        y = _RED * r + _GREEN * g + _BLUE * b
        r, g, b = r - y, g - y, b - y
        f = fused[j]
        above = max(r, g, b)
        below = -min(r, g, b)
        k = _ONE
        if above > _ONE - f:
            k = (_ONE - f) / above
        if below * k > f:
            k = f / below
        k = max(k, _ZERO)
        red[j] = min(max(f + k * r, _ZERO), _ONE)
        green[j] = min(max(f + k * g, _ZERO), _ONE)
        blue[j] = min(max(f + k * b, _ZERO), _ONE)


@kernel_numpy_errors
def luma(colour, scale, out):
    """Write the BT.601 luma of an image, 1 at most.

    Parameters
    ----------
    colour : ndarray of uint8, uint16 or float32, shape (H, 3 W)
    scale : float32
        Brings its numbers to [0, 1].
    out : ndarray of float32, shape (H, W)
    """
    rows = np.empty((3, out.shape[1]), np.float32)
    for i in range(out.shape[0]):
        _split(colour[i], scale, rows[0], rows[1], rows[2])
        _luma_row(rows[0], rows[1], rows[2], out[i])


@kernel_numpy_errors
def with_chroma(fused, colour, scale, out):
    """Write ``fused + k (colour - luma)``, k the largest in [0, 1] that stays inside.

    Parameters
    ----------
    fused : ndarray of float32, shape (H, W)
    colour : ndarray of uint8, uint16 or float32, shape (H, 3 W)
    scale : float32
        Brings its numbers to [0, 1].
    out : ndarray of float32, shape (H, 3 W)
    """
    rows = np.empty((3, fused.shape[1]), np.float32)
    for i in range(fused.shape[0]):
        _split(colour[i], scale, rows[0], rows[1], rows[2])
        _chroma_row(fused[i], rows[0], rows[1], rows[2])
        _join(rows[0], rows[1], rows[2], out[i])


@kernel_numpy_errors
def with_chroma_levels(fused, colour, scale, out):
    """Do as :func:`with_chroma` does and round to uint8 ``out``; fused is finite."""
    rows = np.empty((3, fused.shape[1]), np.float32)
    for i in range(fused.shape[0]):
        _split(colour[i], scale, rows[0], rows[1], rows[2])
        _chroma_row(fused[i], rows[0], rows[1], rows[2])
        _join_levels(rows[0], rows[1], rows[2], out[i])
