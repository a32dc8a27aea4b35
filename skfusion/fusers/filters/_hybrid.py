"""The combination that the hybrid multi-scale decompositions share."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import numpy as np

from .._filters import gaussian

__all__ = ["combine_hybrid"]

# Size and standard deviation of the Gaussians on the weights: of the base, and of the
# edge and texture layers.
_BASE = 385, 64.0
_LAYER = 7, 1.0


def combine_hybrid(vis, ir, lam, *, smooth_finest):
    """Fuse two hybrid decompositions, coarse to fine.

    Parameters
    ----------
    vis, ir : (list of ndarray, list of ndarray, ndarray)
        Texture layers D and edge layers E, fine to coarse, and the base.
    lam : float
        Steepness of the weights: larger takes in more of the infrared edges.
    smooth_finest : bool
        Smooth the weight of the finest edge layer too.

    Returns
    -------
    ndarray, shape (H, W)
    """
    textures_vis, edges_vis, base_vis = vis
    textures_ir, edges_ir, base_ir = ir
    last = len(edges_vis) - 1
    fused = None
    for j in range(last, -1, -1):
        if j:
            weight = _regularised(edges_vis[j], edges_ir[j], lam)
        else:
            weight = (np.abs(edges_vis[0]) < np.abs(edges_ir[0])).astype(base_vis.dtype)
        if j == last:
            base_weight = gaussian(weight, *_BASE, "reflect")
            fused = _blend(base_weight, base_vis, base_ir)
        if j or smooth_finest:
            weight = gaussian(weight, *_LAYER, "reflect")
        fused += _blend(weight, edges_vis[j], edges_ir[j])
        if not j:
            weight = np.abs(textures_vis[0]) < np.abs(textures_ir[0])
            weight = weight.astype(base_vis.dtype)
        fused += _blend(weight, textures_vis[j], textures_ir[j])
    return fused


def _blend(weight, vis, ir):
    return weight * ir + (1 - weight) * vis


def _regularised(edges_vis, edges_ir, lam):
    """Where and how much the infrared edges exceed the visible ones, in [0, 1]."""
    excess = np.maximum(np.abs(edges_ir) - np.abs(edges_vis), 0)
    highest = excess.max()
    if highest > 0:
        excess = excess / highest
    lam = float(lam)
    return np.arctan(lam * excess) / math.atan(lam)
