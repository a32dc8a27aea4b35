"""Pairs in other light: cameras that give dim infrared images, and the night."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

__all__ = ["relit"]

# What becomes of the infrared and of the visible image in the copies of a pair.
KINDS = ("dim", "day"), ("dim", "night"), ("as it is", "night")


def relit(infrared, visible, rng):
    """Return copies of a pair in other light, as ``(infrared, visible)``.

    The pairs that RoadScene gives are bright in both images. Cameras that show cold
    ground almost black, and nights, ask for another balance: a network that never saw
    them takes the mean of both, or follows the darker image.

    Parameters
    ----------
    infrared, visible : ndarray of uint8, shape (H, W)
    rng : numpy.random.Generator

    Returns
    -------
    list of tuple of ndarray
        One copy for each of ``KINDS``.
    """
    cold = {
        "dim": lambda: cv2.LUT(infrared, _dimming(rng)),
        "as it is": lambda: infrared,
    }
    lit = {
        "day": lambda: cv2.LUT(visible, _stretching(visible, rng.uniform(0.8, 1.8))),
        "night": lambda: _by_night(visible, rng),
    }
    return [(cold[a](), lit[b]()) for a, b in KINDS]


def _dimming(rng):
    """What is cold gets almost black; what is hot stays bright."""
    return _levels(rng.uniform(0.6, 1.0) * _RAMP ** rng.uniform(1.5, 4.0))


def _stretching(image, power):
    """Levels that use the whole range, and are raised to a power."""
    shares = np.bincount(image.ravel(), minlength=256).cumsum() / image.size
    low, high = np.searchsorted(shares, [0.005, 0.995]) / 255
    return _levels(((_RAMP - low) / max(high - low, 1e-3)).clip(0, 1) ** power)


def _by_night(visible, rng):
    """Uneven light, noise, and small bright spots left as they are, for lamps."""
    height, width = visible.shape
    grid = rng.uniform(0.2, 1.0, (3, 4)).astype(np.float32)
    light = cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)
    light *= rng.uniform(0.15, 0.7)
    stretched = cv2.LUT(visible, _stretching(visible, 1.0))
    dark = cv2.LUT(visible, _stretching(visible, rng.uniform(1.2, 2.5))) * light
    spots = cv2.morphologyEx(stretched, cv2.MORPH_TOPHAT, np.ones((13, 13), np.uint8))
    lamps = stretched * cv2.LUT(spots, _LAMPS)
    noise = np.empty(visible.shape, np.int8)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, 0, rng.uniform(0, 2))
    return cv2.add(np.maximum(dark, lamps), noise, dtype=cv2.CV_8U)


def _levels(values):
    return np.rint(255 * values).astype(np.uint8)


_RAMP = np.linspace(0, 1, 256)
# How much of a spot, by how far it stands out, is a lamp.
_LAMPS = ((_RAMP - 0.25) / 0.2).clip(0, 1).astype(np.float32)
