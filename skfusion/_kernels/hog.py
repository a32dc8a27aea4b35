"""Votes of gradients for orientations, as a histogram of oriented gradients counts."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors


@kernel_numpy_errors
def orientation_votes(magnitude, angle, weights, n_bins):
    """Sum the votes of each cell's pixels, by orientation and by weight.

    A gradient is shared among the two orientations nearest to it; each share counts
    with all weights of its pixel's place in the cell.

    Parameters
    ----------
    magnitude, angle : ndarray of float32, shape (H, W)
        Angles in radians, from 0 below 2 pi; opposite ones are one orientation.
    weights : ndarray of float32, shape (cell, cell, k)
    n_bins : int
        Orientations from 0 to pi.

    Returns
    -------
    ndarray of float32, shape (H // cell, W // cell, n_bins, k)
    """
    side, _, k = weights.shape
    rows, columns = magnitude.shape[0] // side, magnitude.shape[1] // side
    votes = np.zeros((rows, columns, n_bins, k), np.float32)
    per_radian = np.float32(n_bins / np.pi)
    for i in range(rows * side):
        for j in range(columns * side):
            place = angle[i, j] * per_radian - np.float32(0.5)
            lower = int(np.floor(place))
            above = magnitude[i, j] * (place - np.float32(lower))
            below = magnitude[i, j] - above
            lower = (lower + n_bins) % n_bins
            upper = (lower + 1) % n_bins
            cell = votes[i // side, j // side]
            weight = weights[i % side, j % side]
            for c in range(k):
                cell[lower, c] += below * weight[c]
                cell[upper, c] += above * weight[c]
    return votes
