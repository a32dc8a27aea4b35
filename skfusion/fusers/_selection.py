"""Rules that choose between two coefficients by the activity around them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from ._filters import box_mean

__all__ = [
    "fuse_bands",
    "li_choice",
    "local_energy",
    "local_max",
    "majority",
    "match_weight",
    "share",
]

# Of Burt and Kolczynski's experiments: agreement above it is averaged.
_MATCH_THRESHOLD = 0.75


def fuse_bands(ir, vis, rule, window):
    """Return the fused band under a detail rule of LaplacianPyramid.

    Coefficients may be complex under the rules "li" and "max".
    """
    if rule == "match":
        weight = match_weight(vis, ir, window, _MATCH_THRESHOLD)
        return weight * vis + (1 - weight) * ir
    if rule == "soft":
        weight = share(local_energy(vis, window), local_energy(ir, window))
        return weight * vis + (1 - weight) * ir
    if rule == "max":
        choose_ir = np.abs(ir) > np.abs(vis)
    elif rule == "energy":
        choose_ir = local_energy(ir, window) > local_energy(vis, window)
    else:
        choose_ir = li_choice(np.abs(ir), np.abs(vis), window)
    return np.where(choose_ir, ir, vis)


def share(first, second):
    """Return first / (first + second), one half where both are zero."""
    total = first + second
    half = np.full_like(total, 0.5)
    return np.divide(first, total, out=half, where=total > 0)


def local_max(magnitude, size):
    """Return the largest value in a window clipped to the image."""
    return cv2.dilate(magnitude, np.ones((size, size), dtype=np.uint8))


def local_energy(coefficients, size):
    """Return the mean square over a window with reflected borders."""
    return box_mean(coefficients * coefficients, size)


def majority(choice, size):
    """Return where more than half of a window of a boolean map is true."""
    votes = box_mean(choice.astype(np.float32), size)
    return votes > 0.5


def li_choice(first, second, size=3, *, parity=False):
    """Choose by the local maximum, then by a vote of the neighbours.

    Parameters
    ----------
    first, second : ndarray, shape (H, W)
        Magnitudes of the coefficients, not negative.
    size : int, default=3
        Side of both windows, odd.
    parity : bool, default=False
        Treat the border as the toolbox of Liu et al. does: one mirrored row and
        column with zero corners, zeros beyond; the window is 3 whatever `size` says.

    Returns
    -------
    ndarray of bool, shape (H, W)
        Where the first is chosen.

    References
    ----------
    .. [1] H. Li, B. S. Manjunath and S. K. Mitra, "Multisensor image fusion using the
       wavelet transform", Graphical Models and Image Processing 57 (1995) 235-245.
    """
    if not parity:
        return majority(local_max(first, size) > local_max(second, size), size)
    wins = _extended_max(first) > _extended_max(second)
    votes = cv2.boxFilter(
        wins.astype(np.float64), -1, (3, 3), normalize=False, borderType=0
    )
    return votes[1:-1, 1:-1] > 4.5


def match_weight(first, second, size, threshold):
    """Return the weight of the first by the window-match rule of Burt and Kolczynski.

    Where the two agree (match above the threshold) they are averaged, else the one
    with more energy is chosen.
    """
    energy_first = local_energy(first, size)
    energy_second = local_energy(second, size)
    total = energy_first + energy_second
    match = np.divide(
        2 * box_mean(first * second, size),
        total,
        out=np.ones_like(total),
        where=total > 0,
    )
    # Eq. (6) of the paper: from a choice at the threshold to a mean at a match of 1.
    smaller = np.clip(0.5 - 0.5 * (1 - match) / (1 - threshold), 0, 0.5)
    return np.where(energy_first >= energy_second, 1 - smaller, smaller)


def _extended_max(magnitude):
    mode = "reflect" if min(magnitude.shape) > 1 else "edge"
    extended = np.pad(magnitude, 1, mode=mode)
    extended[[0, 0, -1, -1], [0, -1, 0, -1]] = 0
    return local_max(extended, 3)
