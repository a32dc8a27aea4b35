"""The pyramids of Burt and Adelson: reduce, expand, Laplacian bands, rebuilding."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

__all__ = [
    "expand",
    "gaussian_pyramid",
    "laplacian_pyramid",
    "max_levels",
    "ratio_pyramid",
    "rebuild",
    "rebuild_ratio",
    "reduce",
]

# Three choices of what lies beyond the border:
#   "mirror"   without repeating the edge pixel (OpenCV's pyrDown and pyrUp);
#   "reflect"  repeating it, as the pyramids of Liu et al. 2018 do;
#   "quirk"    mirror with black corner squares, and odd sizes made even first, as the
#              multi-scale toolbox of Liu, Liu and Wang 2015 does.
_TAPS = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


def max_levels(shape):
    """Return how often an image can be halved before it is a single pixel."""
    return int(np.ceil(np.log2(max(shape)))) if max(shape) > 1 else 0


def reduce(image, border="mirror"):
    """Smooth with [1 4 6 4 1]/16 and keep the even rows and columns."""
    if border == "mirror":
        return cv2.pyrDown(image, borderType=cv2.BORDER_REFLECT_101)
    if border == "reflect":
        return cv2.pyrDown(image, borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(_quirk_smooth(_even(image))[::2, ::2])


def expand(image, shape, border="mirror"):
    """Double the size to `shape`: zeros between the samples, smoothed, times four."""
    height, width = shape
    if border == "mirror":
        return cv2.pyrUp(image, dstsize=(width, height))
    if border == "reflect":
        padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        return cv2.pyrUp(padded)[2 : 2 + height, 2 : 2 + width]
    stuffed = np.zeros((2 * image.shape[0], 2 * image.shape[1]), dtype=image.dtype)
    stuffed[::2, ::2] = image
    return 4 * _quirk_smooth(stuffed)[:height, :width]


def gaussian_pyramid(image, n_levels, border="mirror"):
    """Return the image and its `n_levels` reductions, fine to coarse."""
    levels = [image]
    for _ in range(n_levels):
        levels.append(reduce(levels[-1], border))
    return levels


def laplacian_pyramid(image, n_levels, border="mirror"):
    """Return ``(bands, base)``: `n_levels` detail bands, fine to coarse, and the rest.

    Levels beyond :func:`max_levels` are left out.
    """
    fines, coarses, base = _neighbours(image, n_levels, border)
    return [fine - coarse for fine, coarse in zip(fines, coarses)], base


def ratio_pyramid(image, n_levels, offset, border="mirror"):
    """Return ``(bands, base)``, each band the quotient of a level and the next one.

    Outside the toolbox's quirk the offset is added above as well as below, so that a
    flat region has the quotient 1 whatever its level.
    """
    above = 0 if border == "quirk" else offset
    fines, coarses, base = _neighbours(image, n_levels, border)
    if border != "quirk":  # expanding never undershoots but by rounding
        coarses = [np.maximum(coarse, 0) for coarse in coarses]
    bands = [(fine + above) / (coarse + offset) for fine, coarse in zip(fines, coarses)]
    return bands, base


def rebuild(bands, base, shape, border="mirror"):
    """Return the image of `shape` that a Laplacian pyramid came from."""
    return _rebuild(bands, base, shape, border, lambda low, band: low + band)


def rebuild_ratio(bands, base, shape, offset, border="mirror"):
    """Return the image of `shape` that a ratio pyramid came from."""
    above = 0 if border == "quirk" else offset
    return _rebuild(
        bands, base, shape, border, lambda low, band: (low + offset) * band - above
    )


def _neighbours(image, n_levels, border):
    """Levels, the expansion of the level below each, and the coarsest level."""
    n_levels = min(n_levels, max_levels(image.shape))
    levels = gaussian_pyramid(image, n_levels, border)
    # With the quirk a band keeps the row and column added to it until rebuilding.
    fines = [_even(x) if border == "quirk" else x for x in levels[:-1]]
    coarses = [
        expand(coarse, fine.shape, border) for fine, coarse in zip(fines, levels[1:])
    ]
    return fines, coarses, levels[-1]


def _rebuild(bands, base, shape, border, join):
    shapes = [shape]
    for _ in bands[1:]:
        shapes.append(tuple((side + 1) // 2 for side in shapes[-1]))
    for band, (height, width) in zip(reversed(bands), reversed(shapes)):
        base = join(expand(base, band.shape, border), band)[:height, :width]
    return base


def _even(image):
    """Add a mirrored row or column where a side is odd."""
    odd = [(0, side % 2) for side in image.shape]
    return np.pad(image, odd, mode="reflect" if min(image.shape) > 1 else "edge")


def _quirk_smooth(image):
    """Smooth with mirrored borders, but zeros in the corner squares beyond them."""
    padded = np.pad(image, 2, mode="reflect" if min(image.shape) > 1 else "edge")
    for rows in (slice(0, 2), slice(-2, None)):
        for columns in (slice(0, 2), slice(-2, None)):
            padded[rows, columns] = 0
    smooth = cv2.sepFilter2D(padded, -1, _TAPS, _TAPS, borderType=cv2.BORDER_CONSTANT)
    return smooth[2:-2, 2:-2]
