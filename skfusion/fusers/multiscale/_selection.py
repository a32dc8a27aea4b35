"""Rules that choose between two coefficients by the activity around them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from .._filters import box_mean

__all__ = [
    "band_weight",
    "blend",
    "fuse_bands",
    "li_choice",
    "local_energy",
    "local_max",
    "local_variance",
    "majority",
    "match_weight",
    "share",
]

# Of Burt and Kolczynski's experiments: agreement above it is averaged.
_MATCH_THRESHOLD = 0.75


def fuse_bands(ir, vis, rule, window, selectivity=1.0, energies=None):
    """Return the fused band under a detail rule: see :func:`band_weight`."""
    return blend(vis, ir, band_weight(ir, vis, rule, window, selectivity, energies))


def band_weight(ir, vis, rule, window, selectivity=1.0, energies=None):
    """Return the weight of the visible band under a detail rule of LaplacianPyramid.

    A bool array where the rule chooses, a float one where it mixes. `selectivity` is
    the power of the energies under "soft"; `energies` (infrared, visible) take the
    place of the local ones under it and "energy". Coefficients may be complex under
    the rules "li" and "max".
    """
    if rule == "match":
        return match_weight(vis, ir, window, _MATCH_THRESHOLD)
    if rule in ("energy", "soft") and energies is None:
        energies = local_energy(ir, window), local_energy(vis, window)
    if rule == "soft":
        return share(energies[1], energies[0], selectivity)
    if rule == "max":
        return np.abs(ir) <= np.abs(vis)
    if rule == "energy":
        return energies[0] <= energies[1]
    return ~li_choice(np.abs(ir), np.abs(vis), window)


def blend(first, second, weight):
    """Return the first where the weight is 1, the second where it is 0."""
    if isinstance(weight, np.ndarray) and weight.dtype == bool:
        return np.where(weight, first, second)
    return weight * first + (1 - weight) * second


def share(first, second, power=1.0):
    """Return a / (a + b) of the powers of two magnitudes, 1/2 where both are zero."""
    if power != 1:  # of the quotients: tiny magnitudes would vanish
        largest = np.maximum(first, second)
        largest[largest == 0] = 1
        first, second = (first / largest) ** power, (second / largest) ** power
    total = first + second
    half = np.full_like(total, 0.5)
    return np.divide(first, total, out=half, where=total > 0)


def local_max(magnitude, size):
    """Return the largest value in a window clipped to the image."""
    return cv2.dilate(magnitude, np.ones((size, size), dtype=np.uint8))


def local_energy(coefficients, size):
    """Return the mean square over a window with reflected borders."""
    return box_mean(coefficients * coefficients, size)


def local_variance(image, size):
    """Return the variance over a window with reflected borders."""
    mean = box_mean(image, size)
    return np.maximum(box_mean(image * image, size) - mean * mean, 0)


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
