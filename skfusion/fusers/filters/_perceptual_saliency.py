"""How much an image catches the eye: contrast sensitivity where it has edges."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

__all__ = ["perceptual_saliency"]

_BLOCK = 40
_CYCLES = 16.0  # per degree at the highest frequency of an axis


def perceptual_saliency(levels):
    """Return the perceptual saliency of a gray image.

    The image is cut into blocks; the energy of a block is the norm of its spectrum
    under the contrast sensitivity of the eye, and blocks count by their squared
    gradients.

    Parameters
    ----------
    levels : ndarray of float64, shape (H, W)
        On the scale 0..255.

    Returns
    -------
    float
        Zero for a flat image and for one without an inner pixel.
    """
    if min(levels.shape) < 3:
        return 0.0
    gx = cv2.Sobel(levels, cv2.CV_64F, 1, 0, ksize=3)[1:-1, 1:-1]
    gy = cv2.Sobel(levels, cv2.CV_64F, 0, 1, ksize=3)[1:-1, 1:-1]
    squares = gx * gx + gy * gy
    inner = levels[1:-1, 1:-1]
    energy = weight = 0.0
    for i in range(0, inner.shape[0], _BLOCK):
        for j in range(0, inner.shape[1], _BLOCK):
            block = inner[i : i + _BLOCK, j : j + _BLOCK]
            share = squares[i : i + _BLOCK, j : j + _BLOCK].sum()
            spectrum = np.fft.fft2(block) * _sensitivity(block.shape)
            norm = np.sqrt((np.abs(spectrum) ** 2).sum()) / block.size
            energy += share * norm
            weight += share
    return float(energy / weight) if weight > 0 else 0.0


@lru_cache(maxsize=8)
def _sensitivity(shape):
    """Contrast sensitivity of Mannos and Sakrison at the frequencies of an FFT."""
    fy, fx = (2 * np.fft.fftfreq(n) for n in shape)
    radius = 0.114 * _CYCLES * np.hypot(fy[:, None], fx[None, :])
    return 2.6 * (0.0192 + radius) * np.exp(-(radius**1.1))
