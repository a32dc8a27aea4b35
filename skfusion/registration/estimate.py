"""One transform for one pair: several candidates, the one whose edges tell most."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .features import Features
from .measures import edge_correlation, edge_information
from .methods import METHODS, ecc, improved
from .models import apply, corners, fitted, resampling
from .starts import distinct, starts

__all__ = ["Alignment", "align", "candidates", "plausible", "possible", "working_pair"]

_LONGEST = 640  # pixels; larger fixed images are registered at this size
_SHORTEST = 240  # smaller ones only if they are so
_LEAST = 16  # pixels; what is smaller shows no scene
_LIKE = 0.1  # logarithm of a ratio of resolutions that makes no difference
_STARTS = 8
_KEPT = 4  # of them, after a climb on small images
_FINE = 2  # of each method, on the full size
# What no two cameras side by side do to each other.
_MOST_SHEAR, _MOST_SCALE, _MOST_TURN = 1.3, 2.5, 30.0
_ROUNDED = 0.004  # of one that was resized to whole pixels
_SAME_VIEW = 0.03  # difference of aspect ratios of one field of view


@dataclass(frozen=True)
class Alignment:
    """How two images of one scene lie on each other.

    Attributes
    ----------
    matrix : ndarray of float64, shape (3, 3)
        From pixels (x, y, 1) of the fixed image to pixels of the moving one.
    quality : float
        Correlation of the edge maps under it, -1 to 1.
    method : str
        What found it: one of the methods, or ``"start"``.
    """

    matrix: np.ndarray
    quality: float
    method: str


def working_pair(fixed, moving):
    """Return the features of two images at moderate sizes and like resolutions.

    Parameters
    ----------
    fixed, moving : ndarray of float32, shape (H, W)

    Returns
    -------
    fixed, moving : Features
    up, back : ndarray, shape (3, 3)
        From their pixels to those of the images.
    """
    longest = min(_LONGEST, max(1.5 * max(moving.shape), _SHORTEST))
    factor = max(1.0, max(fixed.shape) / longest)
    # One pixel of the moving image becomes about as large as one of the fixed.
    scale = np.sqrt(moving.size / fixed.size) * factor
    first, up = _resized(fixed, factor)
    second, back = _resized(moving, scale if abs(np.log(scale)) > _LIKE else 1.0)
    return Features(first), Features(second), up, back


def _resized(image, factor):
    if factor == 1:
        return image, np.eye(3)
    size = [max(_LEAST, round(side / factor)) for side in image.shape]
    how = cv2.INTER_AREA if factor > 1 else cv2.INTER_CUBIC
    small = cv2.resize(image, tuple(size[::-1]), interpolation=how)
    return small, resampling(size, image.shape)


def align(fixed, moving, model="affine", methods=METHODS, near=None):
    """Return the transform under which two images show the same scene.

    Parameters
    ----------
    fixed, moving : ndarray of float32, shape (H, W)
        Gray, of any two sizes.
    model : {"translation", "similarity", "affine", "homography"}, default="affine"
    methods : sequence of {"ecc", "ngf", "mi"}
    near : ndarray of shape (3, 3), default=None
        Where to begin; ``None`` searches.

    Returns
    -------
    Alignment

    Notes
    -----
    Every method gives candidates; that with the highest normalised mutual information
    of the edge maps is taken. Choosing by that of the images, or by the correlation
    of the edges, fails now and then by a whole image.
    """
    if min(*fixed.shape, *moving.shape) < _LEAST:
        return Alignment(possible(fixed.shape, moving.shape)[0], 0.0, "start")
    fixed, moving, up, back = working_pair(fixed, moving)
    if near is not None:
        near = np.linalg.inv(back) @ near @ up
    best, method = _best(fixed, moving, model, methods, near)
    full = back @ best @ np.linalg.inv(up)
    return Alignment(full / full[2, 2], edge_correlation(fixed, moving, best), method)


def _best(fixed, moving, model, methods, near):
    if model == "homography" and near is None:
        near, _ = _best(fixed, moving, "affine", methods, None)
    found = candidates(fixed, moving, model, methods, near)
    _, method, matrix = max(found, key=lambda entry: entry[0])
    return matrix, method


def candidates(fixed, moving, model, methods, near=None):
    """Return what the methods found, and what decides between them.

    Parameters
    ----------
    fixed, moving : Features
    model, methods
        As for :func:`align`.
    near : ndarray of shape (3, 3), default=None

    Returns
    -------
    list of (float, str, ndarray)
        Information, name of the method and transform; the start is the first.
    """
    information = edge_information(fixed, moving)
    if near is None:
        base = possible(fixed.shape, moving.shape)
        begin, factors = starts(fixed, moving, base, model, _STARTS), (8, 4, 2)
        rough = _rough(fixed, moving, model, begin, information)
    else:
        rough = begin = [near]
        factors = (2,)
    found = [(information(begin[0]), "start", begin[0])]
    for method in methods:
        tried = [
            _by(method, model, fixed, moving, start, factors[-1:], factors)
            for start in rough
        ]
        for start in _highest(tried, information)[:_FINE]:
            matrix = _by(method, model, fixed, moving, start, (1,), (1,))
            for each in (start, matrix):
                if plausible(each, fixed.shape, moving.shape):
                    found.append((information(each), method, each))
    return found


def _rough(fixed, moving, model, begin, information):
    """Return a few transforms, far from each other, from which to go on."""
    found = list(begin)
    for method in ("ngf", "mi"):
        found += improved(method, model, fixed, moving, begin, (8, 4), (5, 4))
    return distinct(_highest(found, information), fixed.shape, _KEPT)


def _by(method, model, fixed, moving, start, factors, of_ecc):
    if method == "ecc":
        matrix = ecc(model, fixed, moving, start, of_ecc)
        return start if matrix is None else matrix
    keep = (1,) * len(factors)
    return improved(method, model, fixed, moving, [start], factors, keep)[0]


def _highest(matrices, information):
    return sorted(matrices, key=information, reverse=True)


def plausible(matrix, fixed, moving):
    """Return whether two cameras side by side can see this: no mirror, little shear.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
    fixed, moving : tuple of int
        ``(H, W)`` of the images.

    Returns
    -------
    bool
    """
    at = corners(fixed)
    inner = fitted("affine", at, apply(matrix, at))
    inner = np.linalg.inv(possible(fixed, moving)[0]) @ inner
    turned, sizes, back = np.linalg.svd(inner[:2, :2])
    angle = np.degrees(np.arccos(np.clip(np.trace(turned @ back) / 2, -1, 1)))
    return bool(
        np.linalg.det(inner) > 0
        and sizes[0] <= _MOST_SHEAR * sizes[1]
        and 1 / _MOST_SCALE <= sizes[1] <= sizes[0] <= _MOST_SCALE
        and angle <= _MOST_TURN
    )


def possible(fixed, moving):
    """Return the transforms that two sizes suggest, the likeliest first."""
    whole = resampling(fixed, moving)
    ratio = (fixed[0] / fixed[1]) / (moving[0] / moving[1])
    found = [whole] if abs(np.log(ratio)) < _SAME_VIEW else []
    if abs(np.log(ratio)) < _ROUNDED:
        return found
    for scale in (whole[0, 0], whole[1, 1]):
        matrix = np.diag([scale, scale, 1.0])
        for axis, (a, b) in enumerate(zip(fixed[::-1], moving[::-1])):
            matrix[axis, 2] = (b - 1) / 2 - scale * (a - 1) / 2
        found.append(matrix)
    return found
