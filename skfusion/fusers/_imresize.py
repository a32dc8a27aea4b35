"""Bicubic resizing as MATLAB does it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import sparse

__all__ = ["imresize"]

_SUPPORT = 4.0  # of the cubic kernel, in pixels


def imresize(image, size, antialias=True):
    """Resize a gray image with Keys' cubic (a = -1/2), as MATLAB's imresize does.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
    size : (int, int)
        Rows and columns of the result.
    antialias : bool, default=True
        Widen the kernel where the image shrinks.

    Returns
    -------
    ndarray, of `size` and the dtype of `image`
        Not rounded or clipped: a cubic overshoots at edges.

    Notes
    -----
    Borders reflect and repeat the edge pixel. OpenCV's cubic has a = -3/4 and no
    antialiasing, so that it cannot stand in.
    """
    rows = _weights(image.shape[0], int(size[0]), bool(antialias))
    columns = _weights(image.shape[1], int(size[1]), bool(antialias))
    out = (columns @ (rows @ image.astype(np.float64)).T).T
    return np.ascontiguousarray(out, dtype=image.dtype)


@lru_cache(maxsize=32)
def _weights(n_in, n_out, antialias):
    """Sparse ``(n_out, n_in)`` matrix of the resampling of one axis."""
    scale = n_out / n_in
    # The kernel is stretched, and with it its support, only where pixels are merged.
    stretch = min(scale, 1.0) if antialias else 1.0
    support = _SUPPORT / stretch
    centre = (np.arange(1, n_out + 1) / scale) + 0.5 * (1 - 1 / scale)
    left = np.floor(centre - support / 2)
    taps = left[:, None] + np.arange(int(np.ceil(support)) + 2)
    weights = stretch * _cubic(stretch * (centre[:, None] - taps))
    weights /= weights.sum(axis=1, keepdims=True)
    columns = np.mod(taps.astype(np.int64) - 1, 2 * n_in)
    columns = np.where(columns < n_in, columns, 2 * n_in - 1 - columns)
    rows = np.repeat(np.arange(n_out), taps.shape[1])
    matrix = sparse.csr_array(
        (weights.ravel(), (rows, columns.ravel())), shape=(n_out, n_in)
    )
    matrix.sum_duplicates()
    return matrix


def _cubic(x):
    """Eq. (15) of Keys 1981 with a = -1/2."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))
