"""A tone curve towards the grey levels that two images have together."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["to_joint_histogram"]

_BINS = 1024


def to_joint_histogram(fused, ir, vis, strength):
    """Move the grey levels of an image towards the joint histogram of its sources.

    Parameters
    ----------
    fused, ir, vis : ndarray of float32, shape (H, W)
        Images in [0, 1]; `fused` may leave the range, and is then met at its ends.
    strength : float
        1 gives the image as many pixels of each level as the two sources have
        together, 0 leaves it as it is; the curve never falls.

    Returns
    -------
    ndarray of float32, shape (H, W)
    """
    inside = np.clip(fused, 0, 1)
    sources = np.cumsum((_histogram(ir) + _histogram(vis)) / 2)
    own = _histogram(inside)
    ranks = np.cumsum(own) - own / 2
    edges = np.linspace(0, 1, _BINS + 1)
    curve = np.interp(ranks, np.concatenate([[0], sources]), edges)
    centres = (edges[1:] + edges[:-1]) / 2
    moved = np.interp(inside, centres, curve)
    return (fused + strength * (moved - fused)).astype(np.float32)


def _histogram(image):
    bins = np.minimum((image.ravel() * _BINS).astype(np.int64), _BINS - 1)
    return np.bincount(bins, minlength=_BINS) / image.size
