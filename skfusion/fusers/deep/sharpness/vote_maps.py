"""From the decisions over windows to the weight of each pixel."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from ....images import to_dtype
from ....transforms import distance_transform, guided_filter

__all__ = ["distance_weight", "ratio_weight", "refine_weight", "without_specks"]


def without_specks(chosen, min_area):
    """Give regions of fewer than ``min_area`` pixels to what surrounds them.

    Parameters
    ----------
    chosen : ndarray of bool, shape (H, W)
    min_area : float
        In pixels. Small regions of True go first, then those of False.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    chosen = chosen.copy()
    for value in (True, False):
        mask = (chosen == value).astype(np.uint8)
        n_regions, labels, statistics, _ = cv2.connectedComponentsWithStats(
            mask, connectivity=4
        )
        small = statistics[:, cv2.CC_STAT_AREA] < min_area
        small[0] = False
        # What fills the image is no speck, however small the image.
        if n_regions > 1 and not mask.all():
            chosen[small[labels]] = not value
    return chosen


def distance_weight(chosen, softness):
    """Return a ramp across the border of the two regions.

    Parameters
    ----------
    chosen : ndarray of bool, shape (H, W)
        Where the visible image is.
    softness : float
        Pixels from the border to where the weight is 0 or 1.

    Returns
    -------
    ndarray of float32, shape (H, W)
        ``0.5 + d / (2 softness)``, cut to [0, 1], with d the signed distance to the
        border that runs between the pixels. One region alone: 1 or 0.
    """
    if chosen.all() or not chosen.any() or softness == 0:
        return chosen.astype(np.float32)
    inside = distance_transform(chosen)
    outside = distance_transform(~chosen)
    signed = np.where(chosen, inside - 0.5, 0.5 - outside)
    return np.clip(0.5 + signed / (2 * softness), 0, 1).astype(np.float32)


def ratio_weight(chosen, ir, vis):
    """Return the weight of the published code, with the artefacts of its distances.

    With the distances W_v and W_i into the two regions, of which one is always 0, and
    the distance D to the nearest black pixel of the image put together from both, the
    weight is ``(D + W_v) / (2 D + W_v + W_i)``. Where nothing is black, which is
    common, D is the distance to a point above the upper left corner.

    Parameters
    ----------
    chosen : ndarray of bool, shape (H, W)
    ir, vis : ndarray of float, shape (H, W)
        In [0, 1].

    Returns
    -------
    ndarray of float64, shape (H, W)
    """
    selected = to_dtype(np.where(chosen, vis, ir), np.uint8)
    beyond = distance_transform(selected != 0, phantom=True)
    w_vis = distance_transform(chosen, phantom=True)
    w_ir = distance_transform(~chosen, phantom=True)
    return (beyond + w_vis) / (2 * beyond + w_vis + w_ir)


def refine_weight(weight, ir, vis, radius, eps=1e-3):
    """Move the edges of a weight map to those of the images it weights.

    Both weights are smoothed under the guide of their own image and then divided by
    their sum.

    Parameters
    ----------
    weight : ndarray of float32, shape (H, W)
        Of the visible image.
    ir, vis : ndarray of float32, shape (H, W)
    radius : int
    eps : float

    Returns
    -------
    ndarray of float32, shape (H, W)
    """
    weight = weight.astype(np.float32)
    w_vis = np.clip(guided_filter(vis, weight, radius, eps), 0, 1)
    w_ir = np.clip(guided_filter(ir, 1 - weight, radius, eps), 0, 1)
    total = w_vis + w_ir
    return np.where(total > 1e-6, w_vis / np.maximum(total, 1e-6), weight)
