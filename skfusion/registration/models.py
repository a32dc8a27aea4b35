"""The families of transforms, their numbers in pixels, matrices between grids."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

__all__ = [
    "MODELS",
    "Parameters",
    "apply",
    "corners",
    "displacement",
    "fit_points",
    "fitted",
    "resampling",
]

# Name -> how many numbers it has, and how many points give it.
MODELS = {"translation": (2, 1), "similarity": (4, 2), "affine": (6, 3)}
MODELS["homography"] = (8, 4)


class Parameters:
    """Small transforms of one family about the centre of an image.

    A unit of each number moves the corners by about a pixel, so that one step suits
    all of them.

    Parameters
    ----------
    model : {"translation", "similarity", "affine", "homography"}
    shape : tuple of int
        ``(H, W)`` of the image.
    """

    def __init__(self, model, shape):
        self.model = model
        self.size = MODELS[model][0]
        height, width = shape
        self.radius = np.hypot(height, width) / 2
        x, y, r = (width - 1) / 2, (height - 1) / 2, self.radius
        self._in = np.array([[1 / r, 0, -x / r], [0, 1 / r, -y / r], [0, 0, 1]])
        self._out = np.array([[r, 0, x], [0, r, y], [0, 0, 1]])

    def matrix(self, numbers):
        """Return the matrix of the numbers; zeros are the identity."""
        p = np.asarray(numbers, float) / self.radius
        small = np.zeros((3, 3))
        small[:2, 2] = p[:2]
        if self.model == "similarity":
            small[:2, :2] = [[p[2], -p[3]], [p[3], p[2]]]
        elif self.size >= 6:
            small[:2, :2] = p[2:6].reshape(2, 2)
        if self.size == 8:
            small[2, :2] = p[6:]
        return self._out @ (np.eye(3) + small) @ self._in


def resampling(to_shape, from_shape):
    """Return the matrix from pixels of one grid to those of another of the same view.

    Parameters
    ----------
    to_shape, from_shape : tuple of int
        ``(H, W)`` of the grid whose pixels go in, and of the one they come out on.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        With half-pixel centres.
    """
    sy, sx = (b / a for a, b in zip(to_shape[:2], from_shape[:2]))
    return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]])


def apply(matrix, points):
    """Return points ``(n, 2)`` moved by a matrix."""
    moved = np.asarray(points, float) @ matrix[:, :2].T + matrix[:, 2]
    return moved[:, :2] / moved[:, 2:]


def corners(shape):
    """Return the corner pixels ``(4, 2)`` of an image."""
    h, w = shape[0] - 1, shape[1] - 1
    return np.array([[0, 0], [w, 0], [0, h], [w, h]], float)


def displacement(first, second, shape):
    """Return the mean distance between two transforms over an image, in pixels.

    Parameters
    ----------
    first, second : ndarray, shape (3, 3)
    shape : tuple of int
        ``(H, W)`` of the fixed image.

    Returns
    -------
    float
    """
    h, w = shape[0] - 1, shape[1] - 1
    at = np.stack(np.meshgrid(np.linspace(0, w, 9), np.linspace(0, h, 9)), -1)
    at = at.reshape(-1, 2)
    return float(np.hypot(*(apply(first, at) - apply(second, at)).T).mean())


def fitted(model, source, target):
    """Return the transform of a family that brings points nearest to others.

    Parameters
    ----------
    model : {"translation", "similarity", "affine", "homography"}
    source, target : ndarray, shape (n, 2)
        At least as many as the family needs; of a translation the scale is one.

    Returns
    -------
    ndarray of float64, shape (3, 3)
    """
    source, target = np.asarray(source, float), np.asarray(target, float)
    matrix = np.eye(3)
    if model == "translation":
        matrix[:2, 2] = (target - source).mean(axis=0)
        return matrix
    if model == "homography":
        found, _ = cv2.findHomography(source, target, 0)
        return np.full((3, 3), np.nan) if found is None else found
    (x, y), one, zero = source.T, np.ones(len(source)), np.zeros(len(source))
    if model == "similarity":
        rows = np.r_[np.c_[x, -y, one, zero], np.c_[y, x, zero, one]]
        a, b, tx, ty = np.linalg.lstsq(rows, target.T.ravel(), rcond=None)[0]
        matrix[:2] = [[a, -b, tx], [b, a, ty]]
        return matrix
    matrix[:2] = np.linalg.lstsq(np.c_[x, y, one], target, rcond=None)[0].T
    return matrix


def fit_points(model, source, target, tolerance=3.0):
    """Return the transform of a family that most of the points agree on.

    Parameters
    ----------
    model : {"translation", "similarity", "affine", "homography"}
    source, target : ndarray, shape (n, 2)
        Points of the fixed image, and the same points in the moving one.
    tolerance : float, default=3.0
        Pixels of the moving image beyond which a point is left out.

    Returns
    -------
    ndarray of float64, shape (3, 3)
    """
    n_points = MODELS[model][1]
    rng = np.random.default_rng(0)
    best, most = None, (-1, 0.0)
    for _ in range(200 if len(source) > n_points else 1):
        few = rng.choice(len(source), n_points, replace=False)
        found = fitted(model, source[few], target[few])
        with np.errstate(all="ignore"):
            errors = np.hypot(*(apply(found, source) - target).T)
        near = errors <= tolerance
        score = (int(near.sum()), -float(errors[near].sum()))
        if score > most:
            best, most = near, score
    if best.sum() < n_points:
        best = np.ones(len(source), bool)
    return fitted(model, source[best], target[best])
