"""How noisy an image is, and where it holds nothing but noise."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

__all__ = ["detail_share", "noise_level", "smoothed"]

# Eight bits hold nothing finer than this, whatever the camera does.
_LEAST = 0.5 / 255
# Side of the window in which noise is told from texture: more than a JPEG block, so
# that the steps between blocks count as noise.
_SIDE = 11


def noise_level(image) -> float:
    """Return the standard deviation of the noise of an image in [0, 1].

    The median of the finest diagonal differences, which texture and edges hardly
    move; at least half a grey level.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.transforms._noise import noise_level
    >>> noise = np.random.default_rng(0).normal(0.5, 0.05, (128, 128))
    >>> round(noise_level(noise), 2)
    0.05
    """
    if min(image.shape) < 2:
        return _LEAST
    diagonal = image[1:, 1:] - image[:-1, 1:] - image[1:, :-1] + image[:-1, :-1]
    # Half the difference of four has the deviation of one; 0.6745 is the median of
    # the magnitude of a normal variable.
    return max(float(np.median(np.abs(diagonal))) / (2 * 0.6745), _LEAST)


def detail_share(image, floor) -> np.ndarray:
    """Return which share of the detail round each pixel is more than noise.

    ``s^2 / (s^2 + (floor * noise)^2)`` with the local standard deviation s: near 0 in
    even areas, near 1 at edges and in texture.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
    floor : float
        How many times the noise a detail must be to count half.

    Returns
    -------
    ndarray of that shape and dtype
    """
    mean = smoothed(image)
    variance = np.maximum(smoothed(image * image) - mean * mean, 0)
    return variance / (variance + image.dtype.type((floor * noise_level(image)) ** 2))


def smoothed(image) -> np.ndarray:
    """Return the mean of the window round each pixel, the image mirrored beyond it."""
    return cv2.blur(image, (_SIDE, _SIDE), borderType=cv2.BORDER_REFLECT)
