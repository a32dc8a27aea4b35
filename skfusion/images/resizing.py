"""Resizing of one image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

__all__ = ["resize"]

_MOST_PIXELS = 2**28

_FLAGS = {
    "area": cv2.INTER_AREA,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "nearest": cv2.INTER_NEAREST_EXACT,
}


def resize(image, height, width, interpolation="auto"):
    """Return a float image of another size; half-pixel centres, cut to [0, 1].

    Parameters
    ----------
    image : ndarray of float32, shape (H, W) or (H, W, 3)
    height, width : int
    interpolation : {"auto", "area", "linear", "cubic", "nearest"}, default="auto"
        See :class:`skfusion.transforms.Resize`.

    Returns
    -------
    ndarray of float32

    Raises
    ------
    ValueError
        If it would have more than 2**28 pixels.
    """
    if image.shape[:2] == (height, width):
        return image
    if height * width > _MOST_PIXELS:
        raise ValueError(
            f"an image of {_short(height)}x{_short(width)} (rows x columns) was asked "
            f"for: that is more than the {_MOST_PIXELS} pixels that are made; use a "
            "smaller scale, height or width."
        )
    if interpolation == "auto":
        grows = height > image.shape[0] or width > image.shape[1]
        interpolation = "cubic" if grows else "area"
    out = cv2.resize(image, (width, height), interpolation=_FLAGS[interpolation])
    return np.clip(out, 0.0, 1.0, out=out)


def _short(number):
    """Return a whole number in digits, or how many it has."""
    digits = str(number)
    return digits if len(digits) < 13 else f"10**{len(digits) - 1}"
