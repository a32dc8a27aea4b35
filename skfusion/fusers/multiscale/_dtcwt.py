"""The dual-tree complex wavelet transform of images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import sparse

__all__ = ["forward", "inverse"]

# Level 1: LeGall's 5/3 pair. Beyond: the first tree's quarter-shift filters of length
# 10 (six taps are not zero); those of the second tree are the same read backwards.
_LOW_1 = np.array([-1, 2, 6, 2, -1]) / 8
_HIGH_1 = np.array([-1, 2, -1]) / 4
_BACK_LOW_1 = np.array([1, 2, 1]) / 4
_BACK_HIGH_1 = np.array([-1, -2, 6, -2, -1]) / 8
_LOW = np.zeros(10)
_LOW[[0, 2, 3, 4, 5, 7]] = [
    0.03516383657149474,
    -0.08832942445107285,
    0.23389032060723564,
    0.7602723690661257,
    0.5875182977235605,
    -0.11430183714424873,
]
_HIGH = _LOW[::-1] * np.resize([1, -1], 10)


def forward(image, n_levels):
    """Transform an image.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
    n_levels : int

    Returns
    -------
    bands : list of list of ndarray
        Six complex bands, one an orientation, for each level, fine to coarse.
    low : ndarray
        The approximation, at twice the resolution of the coarsest bands.
    """
    low, bands = image, []
    for level in range(n_levels):
        low = _extend(low, 2 if level == 0 else 4)
        lowpass, highpass = (_analysis(level == 0, kind) for kind in ("low", "high"))
        smooth, rough = lowpass(low, 0), highpass(low, 0)
        bands.append(
            [
                *_complex(lowpass(rough, 1)),
                *_complex(highpass(smooth, 1)),
                *_complex(highpass(rough, 1)),
            ]
        )
        low = lowpass(smooth, 1)
    return bands, low


def inverse(bands, low, shape):
    """Return the image of `shape` that a transform came from."""
    for level in range(len(bands) - 1, -1, -1):
        rough_0, rough_1, smooth_0, smooth_1, both_0, both_1 = bands[level]
        lowpass, highpass = (_synthesis(level == 0, kind) for kind in ("low", "high"))
        smooth = lowpass(low, 0) + highpass(_real(rough_0, rough_1), 0)
        rough = lowpass(_real(smooth_0, smooth_1), 0)
        rough += highpass(_real(both_0, both_1), 0)
        low = lowpass(smooth, 1) + highpass(rough, 1)
        if level:
            height, width = (2 * side for side in bands[level - 1][0].shape)
            low = _trim(low, height, width)
    return low[: shape[0], : shape[1]]


def _extend(image, multiple):
    """Repeat edges until the sides divide: at the end, or at both where 4 must."""
    before, after = (0, 1) if multiple == 2 else (1, 1)
    widths = [(before, after) if side % multiple else (0, 0) for side in image.shape]
    return np.pad(image, widths, mode="edge")


def _trim(image, height, width):
    rows, columns = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[rows : rows + height, columns : columns + width]


def _complex(quads):
    """Two complex bands of opposite orientation from the four trees, interleaved."""
    a, b, c, d = quads[::2, ::2], quads[::2, 1::2], quads[1::2, ::2], quads[1::2, 1::2]
    root = quads.dtype.type(np.sqrt(0.5))
    first, second = root * (a + 1j * b), root * (d - 1j * c)
    return first - second, first + second


def _real(minus, plus):
    root = minus.real.dtype.type(np.sqrt(0.5))
    first, second = root * (plus + minus), root * (plus - minus)
    quads = np.empty((2 * minus.shape[0], 2 * minus.shape[1]), first.real.dtype)
    quads[::2, ::2], quads[::2, 1::2] = first.real, first.imag
    quads[1::2, ::2], quads[1::2, 1::2] = -second.imag, second.real
    return quads


def _analysis(is_first, kind):
    if is_first:
        taps = _LOW_1 if kind == "low" else _HIGH_1
        return _along(lambda n: _filter_matrix(n, tuple(taps)))
    taps = _LOW if kind == "low" else _HIGH
    return _along(lambda n: _decimating_matrix(n, tuple(taps)))


def _synthesis(is_first, kind):
    if is_first:
        taps = _BACK_LOW_1 if kind == "low" else _BACK_HIGH_1
        return _along(lambda n: _filter_matrix(n, tuple(taps)))
    taps = _LOW if kind == "low" else _HIGH
    return _along(lambda n: _interpolating_matrix(n, tuple(taps[::-1])))


def _along(matrix_of):
    """Return a function that applies the matrix of a side's length to an axis."""

    def apply(image, axis):
        matrix = matrix_of(image.shape[axis]).astype(image.dtype)
        if axis == 0:
            return matrix @ image
        return np.ascontiguousarray((matrix @ np.ascontiguousarray(image.T)).T)

    return apply


@lru_cache(maxsize=64)
def _filter_matrix(n, taps):
    """Convolution with an odd number of taps, borders reflecting."""
    rows = np.arange(n)[:, None]
    q = np.arange(len(taps))[None, :]
    return _sparse(n, n, rows, rows + len(taps) // 2 - q, np.array(taps)[None, :])


@lru_cache(maxsize=64)
def _decimating_matrix(n, taps):
    """Both trees at once: each filters every second sample and keeps half of them.

    The tree whose filter is delayed by a quarter sample takes the other phase, so that
    the results lie evenly; which one that is the filters' product tells.
    """
    m = len(taps)
    q = np.arange(m)[None, :]
    k = np.arange(n // 4)[:, None]
    # The second tree has the taps of the given kind, the first the same reversed.
    first, second = np.array(taps)[::-1], np.array(taps)
    swap = np.dot(first, second) <= 0
    rows = [2 * k + swap, 2 * k + (not swap)]
    columns = [4 * k + m - 2 * q, 4 * k + m + 1 - 2 * q]
    return _stack(n // 2, n, rows, columns, [first, second])


@lru_cache(maxsize=64)
def _interpolating_matrix(n, taps):
    """The transpose in spirit: two samples become four, for an odd half length."""
    half = len(taps) // 2
    i = np.arange(half)[None, :]
    k = np.arange(n // 2)[:, None]
    first, second = np.array(taps)[::-1], np.array(taps)
    late = 0 if np.dot(first, second) > 0 else 1
    at_first = 2 * k + half - 1 + late - 2 * i
    at_second = 2 * k + half - late - 2 * i
    rows = [4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3]
    columns = [at_first, at_second, at_first, at_second]
    values = [first[::2], second[::2], first[1::2], second[1::2]]
    return _stack(2 * n, n, rows, columns, values)


def _stack(n_out, n_in, rows, columns, values):
    parts = [np.broadcast_arrays(*part) for part in zip(rows, columns, values)]
    rows, columns, values = (
        np.concatenate([part[i].ravel() for part in parts]) for i in range(3)
    )
    return _sparse(n_out, n_in, rows, columns, values)


def _sparse(n_out, n_in, rows, columns, values):
    columns = np.mod(columns, 2 * n_in)
    columns = np.where(columns < n_in, columns, 2 * n_in - 1 - columns)
    rows, columns, values = np.broadcast_arrays(rows, columns, values)
    matrix = sparse.csr_array(
        (values.ravel(), (rows.ravel(), columns.ravel())), shape=(n_out, n_in)
    )
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix
