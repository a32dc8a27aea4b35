"""Overlapping windows of an image: where they lie, and what covers a pixel."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["WINDOW", "grid_shape", "pad_to_grid", "spread"]

WINDOW = 32


def grid_shape(shape, stride):
    """Return how many windows cover an image, down and across.

    The last ones may reach beyond the border.

    Examples
    --------
    >>> from skfusion.fusers.deep.sharpness.windows import grid_shape
    >>> grid_shape((456, 456), 8), grid_shape((5, 33), 8)
    ((54, 54), (1, 2))
    """
    return tuple(-(-max(side - WINDOW, 0) // stride) + 1 for side in shape)


def pad_to_grid(image, stride):
    """Extend an image below and to the right until every window is full.

    What is beyond the border mirrors the image, its edge pixel repeated.
    """
    extra = [
        (0, (count - 1) * stride + WINDOW - side)
        for count, side in zip(grid_shape(image.shape, stride), image.shape)
    ]
    return np.pad(image, extra, mode="symmetric")


def spread(values, shape, stride):
    """Return for every pixel the sum of the values of the windows over it, and more.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
        One value a window.
    shape : tuple of int
        Height and width of the image.
    stride : int

    Returns
    -------
    total, count : ndarray of float64, shape (H, W)
        The sum of the values and the number of windows.
    """
    rows, columns = (
        _cover(count, side, stride) for count, side in zip(values.shape, shape)
    )
    count = rows.sum(1)[:, np.newaxis] * columns.sum(1)
    return rows @ values.astype(np.float64) @ columns.T, count


def _cover(count, side, stride):
    """Return 1 where window j covers pixel i, shape (side, count)."""
    offset = np.arange(side)[:, np.newaxis] - stride * np.arange(count)
    return ((offset >= 0) & (offset < WINDOW)).astype(np.float64)
