"""How well two images agree under a transform."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from .._kernels.alignment import gradient_agreement, joint_histogram

__all__ = [
    "GradientFields",
    "MutualInformation",
    "edge_correlation",
    "edge_information",
    "warped_edges",
]

_LEAST_OVERLAP = 0.3


class GradientFields:
    """Normalised gradient fields: edges lie on edges and run the same way.

    Parameters
    ----------
    fixed, moving : Level

    Notes
    -----
    The mean of ``cos^2`` between the gradients, weighted by how much of an edge the
    fixed image has at a place (Haber and Modersitzki 2006).
    """

    def __init__(self, fixed, moving):
        self.fixed, self.moving = fixed, moving
        self._all = float((fixed.normals**2).sum())

    def __call__(self, matrix):
        """Return the agreement, 0 to 1, of a transform of these sizes."""
        fixed, moving = self.fixed, self.moving
        agreement, weight = gradient_agreement(
            *(fixed.points, fixed.normals, moving.gx, moving.gy),
            *(moving.eta2, np.ascontiguousarray(matrix)),
        )
        if weight <= 0:
            return -1.0
        return agreement / weight - _lack(weight / self._all)


class MutualInformation:
    """Normalised mutual information of the edge maps.

    Parameters
    ----------
    fixed, moving : Level
    n_bins : int, default=32
    n_points : int, default=20000
        Points of the fixed image that are looked at, about.

    Notes
    -----
    ``(H(a) + H(b)) / H(a, b)``, from 1 to 2 (Studholme et al. 1999).
    """

    def __init__(self, fixed, moving, n_bins=32, n_points=20000):
        height, width = fixed.shape
        step = max(1, int(np.sqrt(height * width / n_points)))
        y, x = np.mgrid[0:height:step, 0:width:step]
        self.points = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
        levels = _binned(fixed.edges, n_bins)[y.ravel(), x.ravel()]
        self.bins = np.minimum(np.rint(levels), n_bins - 1).astype(np.int32)
        self.levels = _binned(moving.edges, n_bins)
        self.n_bins = n_bins

    def __call__(self, matrix):
        """Return the information of a transform of these sizes."""
        counts = np.zeros((self.n_bins, self.n_bins))
        matrix = np.ascontiguousarray(matrix)
        inside = joint_histogram(self.points, self.bins, self.levels, matrix, counts)
        if inside < 64:
            return 0.0
        p = counts / counts.sum()
        single = _entropy(p.sum(axis=0)) + _entropy(p.sum(axis=1))
        joint = _entropy(p.ravel())
        share = inside / len(self.bins)
        return (single / joint if joint > 0 else 1.0) - _lack(share)


def _binned(edges, n_bins):
    top = max(float(np.percentile(edges, 99.8)), 1e-9)
    return np.clip(edges * ((n_bins - 1) / top), 0, n_bins - 1).astype(np.float32)


def _entropy(p):
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def _lack(share):
    """Return the penalty of a transform that leaves too little of the image."""
    return 2.0 * max(0.0, _LEAST_OVERLAP - share)


def warped_edges(fixed, moving, matrix):
    """Return two edge maps on one grid, and where both are known.

    Parameters
    ----------
    fixed, moving : Features
    matrix : ndarray, shape (3, 3)

    Returns
    -------
    fixed, moving : ndarray of float32, shape (H, W)
    inside : ndarray of bool, shape (H, W)
    """
    size = fixed.shape[::-1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    edges = cv2.warpPerspective(moving.edges, matrix, size, flags=flags)
    whole = np.ones(moving.shape, np.float32)
    inside = cv2.warpPerspective(whole, matrix, size, flags=flags) > 0.999
    return fixed.edges, edges, inside


def edge_correlation(fixed, moving, matrix):
    """Return the correlation of the edge maps where both are known.

    Parameters
    ----------
    fixed, moving : Features
    matrix : ndarray, shape (3, 3)

    Returns
    -------
    float
        From -1 to 1; 0 where one of them is flat.
    """
    a, b, inside = warped_edges(fixed, moving, matrix)
    a, b = a[inside], b[inside]
    if len(a) < 64:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0


def edge_information(fixed, moving):
    """Return the measure that decides between candidates, on the full size."""
    return MutualInformation(fixed.at(1), moving.at(1), n_bins=48, n_points=10**6)
