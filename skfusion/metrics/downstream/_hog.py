"""Histograms of oriented gradients, and a linear classifier slid over them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from ..._kernels.hog import orientation_votes

__all__ = ["block_histograms", "window_scores"]

WINDOW = (128, 64)  # rows, columns: someone of 96 rows with a margin of 16
PADDING = 16
_BINS = 9
_CELL = 8
_BLOCK = 2 * _CELL
_SIGMA = _BLOCK / 4  # of the Gaussian that weights the pixels of a block
_CLIP = 0.2  # of the "Hys" in L2-Hys
_N_BLOCKS = tuple(side // _CELL - 1 for side in WINDOW)


def _block_weights():
    """Weights of a block's pixels in its four cells, by quarter: (8, 8, 16).

    A pixel votes for the cells around it by its distance from their centres, and less
    the farther it is from the centre of the block. The columns are (quarter's row,
    quarter's column, cell's column, cell's row).
    """
    pixel = np.arange(_BLOCK)
    gauss = np.exp(-((pixel - _BLOCK / 2) ** 2) / (2 * _SIGMA**2))
    place = (pixel + 0.5) / _CELL - 0.5
    share = np.maximum(1 - np.abs(place[:, None] - np.arange(2)), 0) * gauss[:, None]
    share = share.reshape(2, _CELL, 2)  # quarter, pixel in it, cell
    weights = np.einsum("qic,rjd->ijqrdc", share, share)
    return weights.reshape(_CELL, _CELL, 16).astype(np.float32)


_WEIGHTS = _block_weights()


def block_histograms(image, padding=0):
    """Return the normalised histograms of all blocks, one every eight pixels.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
        Of a colour image each pixel takes its strongest gradient.
    padding : int, default=0
        Pixels by which it is mirrored on all sides before.

    Returns
    -------
    ndarray of float32, shape (n, m, 36)
        One block less than there are whole cells; column by column the four cells of
        a block, nine orientations each.
    """
    votes = orientation_votes(*_gradient(image, padding), _WEIGHTS, _BINS)
    rows, columns = max(votes.shape[0] - 1, 0), max(votes.shape[1] - 1, 0)
    votes = votes.reshape(*votes.shape[:3], 2, 2, 4)
    blocks = sum(
        votes[y : rows + y, x : columns + x, :, y, x] for y in (0, 1) for x in (0, 1)
    )
    return _normalised(blocks.swapaxes(2, 3).reshape(rows, columns, 36))


def _gradient(image, padding):
    """Strength and angle of the differences of the square roots of grey levels."""
    root = np.sqrt(np.arange(256, dtype=np.float32))
    sides = (padding + 1,) * 4
    root = cv2.copyMakeBorder(cv2.LUT(image, root), *sides, cv2.BORDER_REFLECT_101)
    dx = root[1:-1, 2:] - root[1:-1, :-2]
    dy = root[2:, 1:-1] - root[:-2, 1:-1]
    if image.ndim == 3:
        dx, dy = _strongest(dx, dy)
    return cv2.cartToPolar(dx, dy)


def _strongest(dx, dy):
    """Return each pixel's longest gradient of three, the first one of equal."""
    best_x, best_y = (np.ascontiguousarray(part[..., 0]) for part in (dx, dy))
    length = best_x * best_x + best_y * best_y
    for x, y in ((dx[..., 1], dy[..., 1]), (dx[..., 2], dy[..., 2])):
        other = x * x + y * y
        longer = other > length
        for kept, new in ((best_x, x), (best_y, y), (length, other)):
            np.copyto(kept, new, where=longer)
    return best_x, best_y


def _normalised(blocks):
    """L2-Hys: to unit length, clipped, to unit length again."""
    length = np.sqrt((blocks * blocks).sum(axis=2, keepdims=True))
    blocks = np.minimum(blocks / (length + np.float32(3.6)), np.float32(_CLIP))
    length = np.sqrt((blocks * blocks).sum(axis=2, keepdims=True))
    return blocks / (length + np.float32(1e-3))


def window_scores(image, coefficients):
    """Return the score of every window, one every eight pixels.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
        Mirrored by 16 pixels on all sides before.
    coefficients : ndarray of float32, shape (3781,)
        Of a linear classifier; the last one is its offset.

    Returns
    -------
    ndarray of float32, shape (n, m)
        Window ``(i, j)`` begins at row ``8 i - 16`` and column ``8 j - 16``; empty for
        an image that no window fits into.
    """
    blocks = block_histograms(image, PADDING)
    rows, columns = (
        max(have - need + 1, 0) for have, need in zip(blocks.shape, _N_BLOCKS)
    )
    high, wide = _N_BLOCKS
    weights = coefficients[:-1].reshape(wide, high, 36)
    scores = np.full((rows, columns), coefficients[-1])
    if scores.size:
        parts = blocks @ weights.reshape(-1, 36).T
        for k in range(wide * high):
            x, y = divmod(k, high)
            scores += parts[y : y + rows, x : x + columns, k]
    return scores
