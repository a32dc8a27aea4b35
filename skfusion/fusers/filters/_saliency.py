"""Visual saliency by global contrast: how far a grey level is from all others."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["global_contrast", "saliency_weight"]

_LEVELS = np.arange(256)
# _DISTANCE[k, l] = |k - l|
_DISTANCE = np.abs(_LEVELS[:, None] - _LEVELS[None, :]).astype(np.float64)


def global_contrast(levels):
    """Return the sum of grey-level distances to all pixels, scaled to [0, 1].

    Parameters
    ----------
    levels : ndarray of uint8, shape (H, W)

    Returns
    -------
    ndarray of float64, shape (H, W)
        Zero everywhere for a constant image, where the original divides by zero.

    References
    ----------
    .. [1] Y. Zhai and M. Shah, "Visual attention detection in video sequences using
       spatiotemporal cues", ACM Multimedia (2006) 815-824.
    """
    counts = np.bincount(levels.ravel(), minlength=256)
    contrast = _DISTANCE @ counts
    present = contrast[counts > 0]
    low, high = present.min(), present.max()
    if high > low:
        contrast = (contrast - low) / (high - low)
    else:
        contrast = np.zeros(256)
    return contrast[levels]


def saliency_weight(first, second):
    """Return the weight of the first of two uint8 images: 1/2 + (v1 - v2)/2."""
    return 0.5 + 0.5 * (global_contrast(first) - global_contrast(second))
