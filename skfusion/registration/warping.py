"""The moving image on the grid of the fixed one, sampled once, and what is known."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from .._kernels.alignment import largest_rectangle
from .models import apply

__all__ = ["FILLS", "crop_window", "sampling", "valid_mask", "warp"]

FILLS = ("edge", "zero", "fixed")
_HALF = 0.5  # a pixel reaches so far beyond its centre


def sampling(transform, shape):
    """Return where each pixel of the fixed image lies in the moving one.

    Parameters
    ----------
    transform : ndarray of shape (3, 3), or Calibration
    shape : tuple of int
        ``(H, W)`` of the fixed image.

    Returns
    -------
    x, y : ndarray of float32, shape (H, W)
    """
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    points = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)
    if isinstance(transform, np.ndarray):
        points = apply(transform, points)
    else:
        points = transform.apply(points)
    x, y = points.astype(np.float32).T.reshape(2, height, width)
    return np.ascontiguousarray(x), np.ascontiguousarray(y)


def valid_mask(places, shape):
    """Return which pixels of the fixed image the moving one covers.

    Parameters
    ----------
    places : tuple of two ndarray of float32, shape (H, W)
        From :func:`sampling`.
    shape : tuple of int
        ``(H, W)`` of the moving image.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    (x, y), (height, width) = places, shape[:2]
    across = (x >= -_HALF) & (x <= width - _HALF)
    return across & (y >= -_HALF) & (y <= height - _HALF)


def warp(image, places, fill="edge", fixed=None):
    """Return the moving image on the grid of the fixed one.

    Parameters
    ----------
    image : ndarray of float32, shape (H', W') or (H', W', 3)
        In [0, 1].
    places : tuple of two ndarray of float32, shape (H, W)
        From :func:`sampling`.
    fill : {"edge", "zero", "fixed"}, default="edge"
        What stands where the moving image has nothing: its nearest border pixel,
        zero, or the fixed image.
    fixed : ndarray of float32, shape (H, W), or None
        For ``fill="fixed"``.

    Returns
    -------
    ndarray of float32, shape (H, W) or (H, W, 3)
        In [0, 1].

    Notes
    -----
    One cubic interpolation, cut to [0, 1]; where the grid is coarser than the moving
    image by more than a half, what falls between its pixels is averaged before.
    """
    wide = _spacing(places)
    if wide > 1.5:
        image = cv2.GaussianBlur(image, (0, 0), 0.4 * wide)
    border = cv2.BORDER_CONSTANT if fill == "zero" else cv2.BORDER_REPLICATE
    out = cv2.remap(image, *places, cv2.INTER_CUBIC, borderMode=border)
    np.clip(out, 0, 1, out=out)
    if fill == "fixed":
        known = valid_mask(places, image.shape)
        out[~known] = (fixed if out.ndim == 2 else fixed[..., None])[~known]
    return out


def _spacing(places):
    """Return how many pixels of the moving image make one of the fixed, typically."""
    x, y = places
    if min(x.shape) < 2:
        return 1.0
    middle = x.shape[0] // 2, x.shape[1] // 2
    rows, columns = (slice(max(0, m - 1), m + 1) for m in middle)
    across = np.hypot(np.diff(x[rows, columns]), np.diff(y[rows, columns])).mean()
    down = np.hypot(
        np.diff(x[rows, columns], axis=0), np.diff(y[rows, columns], axis=0)
    )
    return float(np.sqrt(across * down.mean()))


def crop_window(mask):
    """Return the largest rectangle of known pixels as two slices.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    tuple of slice
        Of rows and of columns; empty where nothing is known.
    """
    top, bottom, left, right = largest_rectangle(mask)
    return slice(int(top), int(bottom)), slice(int(left), int(right))
