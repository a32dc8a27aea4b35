"""What two cameras have in common: where edges are, and which way they run."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from .models import resampling

__all__ = ["Features", "edge_map", "shrunk"]

_SMOOTH = 1.5  # pixels; below it lies noise
_FLAT = 2e-6  # gradient of rounding, a tenth of a step of 16 bits
_NEIGHBOURHOOD = 12  # pixels around which contrast is made even


def edge_map(image):
    """Return the strength of edges, even in contrast over the image.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W)

    Returns
    -------
    ndarray of float32, shape (H, W)
        From 0, flat, to about 10.
    """
    gx, gy = gradients(cv2.GaussianBlur(image, (0, 0), _SMOOTH))
    strength = np.hypot(gx, gy)
    if strength.max() < _FLAT:
        return np.zeros_like(strength)
    around = cv2.GaussianBlur(strength, (0, 0), _NEIGHBOURHOOD)
    strength /= around + (0.02 * strength.max() + 1e-9)
    return cv2.GaussianBlur(strength, (0, 0), 1.0)


def gradients(image):
    """Return the two partial derivatives, by central differences."""
    return (
        cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=3, scale=0.125),
        cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=3, scale=0.125),
    )


def shrunk(image, factor):
    """Return an image of fewer pixels, and the matrix from its pixels to the old."""
    if factor == 1:
        return image, np.eye(3)
    size = [max(8, round(side / factor)) for side in image.shape]
    small = cv2.resize(image, tuple(size[::-1]), interpolation=cv2.INTER_AREA)
    return small, resampling(size, image.shape)


class Features:
    """An image as registration sees it, at several sizes, each made when it is used.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W)
    """

    def __init__(self, image):
        self.image = np.ascontiguousarray(image, np.float32)
        self.shape = image.shape
        self.edges = edge_map(self.image)
        self._made = {}

    def at(self, factor):
        """Return the features of the image shrunk by a factor.

        Returns
        -------
        Level
        """
        if factor not in self._made:
            self._made[factor] = Level(self, factor)
        return self._made[factor]


class Level:
    """One size of :class:`Features`.

    Attributes
    ----------
    to_full : ndarray, shape (3, 3)
        From its pixels to those of the full size.
    gx, gy : ndarray of float32
        Gradients of the image.
    eta2 : float
        Squared length of the gradients that are half noise.
    points, normals : ndarray of float32, shape (n, 2)
        Where its edges are, and their normalised gradients.
    """

    def __init__(self, features, factor):
        image = features.image
        if factor > 1:
            image = cv2.GaussianBlur(image, (0, 0), 0.5 * factor)
        image, self.to_full = shrunk(image, factor)
        if factor == 1:
            image = cv2.GaussianBlur(image, (0, 0), 1.0)
        self.shape = image.shape
        self.gx, self.gy = gradients(image)
        lengths = np.hypot(self.gx, self.gy)
        self.eta2 = float(lengths.mean()) ** 2 + 1e-12
        scale = 1 / np.sqrt(lengths**2 + self.eta2)
        nx, ny = self.gx * scale, self.gy * scale
        weight = nx**2 + ny**2
        at = np.nonzero(weight > 0.3)
        step = max(1, len(at[0]) // _MOST_POINTS)
        at = tuple(axis[::step] for axis in at)
        self.points = np.stack([at[1], at[0]], axis=1).astype(np.float32)
        self.normals = np.stack([nx[at], ny[at]], axis=1).astype(np.float32)
        self.edges = shrunk(features.edges, factor)[0]


_MOST_POINTS = 12000
