"""Drawn thermal partners of photographs: another camera's view of the same outlines."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np


def drawn_thermal(photograph, rng):
    """Draw what a thermal camera might show of a photographed scene.

    Parameters
    ----------
    photograph : ndarray of uint8, shape (h, w, 3)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (h, w)
        Even regions with the photograph's outlines and brightnesses of their own, soft,
        with a few warm things that the photograph does not show.
    """
    even = photograph
    for _ in range(2):
        even = cv2.bilateralFilter(even, 9, 40, 7)
    lab = cv2.cvtColor(even, cv2.COLOR_BGR2LAB).astype(np.float32) / 255
    # Brightness and colour, each through a curve of its own: surfaces of one look
    # have one temperature, and brighter does not mean warmer.
    heat = sum(
        rng.uniform(0.3, 1.0) * np.interp(_stretched(lab[..., i]), *_curve(rng))
        for i in range(3)
    )
    heat = _stretched(heat.astype(np.float32)) * rng.uniform(0.4, 0.8)
    heat += _slope(heat.shape, rng)
    for _ in range(rng.integers(0, 5)):
        heat = np.maximum(heat, _warm_thing(heat.shape, rng))
    heat = cv2.GaussianBlur(heat, (0, 0), rng.uniform(0.6, 1.6))
    heat = rng.uniform(0, 0.15) + rng.uniform(0.6, 0.9) * _stretched(heat)
    heat += rng.normal(0, rng.uniform(0.5, 4) / 255, heat.shape)
    return np.rint(255 * np.clip(heat, 0, 1)).astype(np.uint8)


def _stretched(image):
    low, high = np.percentile(image, (0.5, 99.5))
    return np.clip((image - low) / max(high - low, 1e-3), 0, 1)


def _curve(rng, n=6):
    return np.linspace(0, 1, n), rng.random(n)


def _slope(shape, rng):
    """A sky that is colder above, or warm ground."""
    rows = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    return rng.uniform(-0.25, 0.25) * rows


def _warm_thing(shape, rng):
    """An upright ellipse, as a person or a wheel is."""
    height = rng.uniform(0.05, 0.35) * shape[0]
    width = height * rng.uniform(0.25, 1.0)
    thing = np.zeros(shape, np.float32)
    center = int(rng.uniform(0, shape[1])), int(rng.uniform(0.2, 1) * shape[0])
    axes = max(int(width / 2), 1), max(int(height / 2), 1)
    warmth = float(rng.uniform(0.7, 1.1))
    cv2.ellipse(thing, center, axes, rng.uniform(-15, 15), 0, 360, warmth, -1)
    return thing
