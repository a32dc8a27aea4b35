"""The images that the checks work on: small, structured, degenerate, oddly laid out."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import tempfile

import numpy as np

__all__ = [
    "LAYOUTS",
    "SHAPES",
    "colour",
    "degenerate_images",
    "degenerate_pairs",
    "lay",
    "make_pair",
]

SHAPES = ((24, 31), (33, 20), (26, 26))
LAYOUTS = ("fortran", "strided", "reversed", "memmap")
_SMALL = ((1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (7, 5), (1, 40), (8, 8))


def make_pair(seed, shape):
    """Draw a pair with edges, texture and a hot spot.

    Parameters
    ----------
    seed : int
    shape : (int, int)

    Returns
    -------
    infrared, visible : ndarray of float64, shape (H, W), in [0, 1]
    """
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    visible = 0.35 + 0.2 * np.sin(rows / 2.0) * np.cos(cols / 3.0)
    visible += 0.25 * (cols > shape[1] // 2)
    visible += 0.03 * rng.standard_normal(shape)
    infrared = 0.2 + 0.3 * rows / shape[0]
    hot = (rows - shape[0] // 3) ** 2 + (cols - shape[1] // 3) ** 2 < 16
    infrared = np.where(hot, 0.9, infrared) + 0.01 * rng.standard_normal(shape)
    return np.clip(infrared, 0, 1), np.clip(visible, 0, 1)


def colour(gray):
    """Return an ``(H, W, 3)`` image of three curves of a gray one."""
    return np.stack([gray, gray**1.2, gray**0.8], axis=-1)


def lay(image, layout):
    """Return the same pixels in another order in memory, or in a file."""
    if layout == "fortran":
        return np.asfortranarray(image)
    if layout == "strided":
        wide = np.zeros((image.shape[0], 2 * image.shape[1]), image.dtype)
        wide[:, ::2] = image
        return wide[:, ::2]
    if layout == "reversed":
        return np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, image.dtype, "w+", shape=image.shape)
        mapped[:] = image
        return mapped


def _bright_pixel():
    image = np.zeros((20, 24))
    image[7, 9] = 1
    return image


def degenerate_pairs():
    """Return pairs at the edge of what a pair may be, by name."""
    rng = np.random.default_rng(3)
    noise = rng.random((20, 24))
    black = np.zeros((20, 24))
    pairs = {
        "constant": (np.full((20, 24), 0.3), np.full((20, 24), 0.6)),
        "black": (black, black.copy()),
        "white": (np.ones((20, 24)), np.ones((20, 24))),
        "infrared_black": (black, noise),
        "visible_black": (noise, black),
        "one_bright_pixel": (_bright_pixel(), np.full((20, 24), 0.2)),
        "identical": (noise, noise),
        "inverted": (noise, 1 - noise),
        "binary": ((noise > 0.5).astype(float), (noise < 0.3).astype(float)),
    }
    for shape in _SMALL:
        pairs["x".join(map(str, shape))] = (rng.random(shape), rng.random(shape))
    return pairs


def degenerate_images():
    """Return images at the edge of what an image may be, by name."""
    rng = np.random.default_rng(3)
    images = {
        "constant": np.full((20, 24), 0.3),
        "black": np.zeros((20, 24)),
        "white": np.ones((20, 24)),
        "one_bright_pixel": _bright_pixel(),
        "noise": rng.random((20, 24)),
        "binary": (rng.random((20, 24)) > 0.5).astype(float),
    }
    for shape in _SMALL:
        images["x".join(map(str, shape))] = rng.random(shape)
    images["colour"] = rng.random((20, 24, 3))
    images["one_colour_pixel"] = rng.random((1, 1, 3))
    return images
