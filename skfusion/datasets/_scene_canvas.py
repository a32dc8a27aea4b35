"""The canvas of a drawn scene: a pinhole camera, four layers and a noise texture."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

__all__ = ["Canvas", "fractal", "linear"]

_SHIFT = 4  # cv2 draws at 1/16 pixel
_ANGLES = np.linspace(0, 2 * np.pi, 14, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
_FAR = 900.0  # metres: the distance of the sky
_TILE = 512  # side of the wrapped noise texture


def linear(*color):
    """Turn a colour as one sees it (sRGB, 0..1) into linear light."""
    return np.array(color, dtype=np.float32) ** np.float32(2.2)


def fractal(rng, shape, cell, octaves=4, persistence=0.55):
    """Return smooth noise of zero mean and about unit deviation.

    ``cell`` is the size in pixels of the largest bumps; each octave halves it.
    """
    height, width = shape
    total = np.zeros(shape, np.float32)
    weight, power = 1.0, 0.0
    for octave in range(octaves):
        step = max(cell / 2**octave, 1.0)
        grid = (int(height / step) + 3, int(width / step) + 3)
        coarse = rng.standard_normal(grid, dtype=np.float32)
        size = (max(int(grid[1] * step), width), max(int(grid[0] * step), height))
        smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        total += np.float32(weight) * smooth[:height, :width]
        power += weight**2
        weight *= persistence
        if step == 1.0:
            break
    return total / np.float32(np.sqrt(power) * 0.75)


def _wrapped_noise(rng):
    """Return noise that continues over its edges, with one more row and column."""
    total = np.zeros((_TILE + 1, _TILE + 1), np.float32)
    for step, weight in ((32, 1.0), (16, 0.6), (8, 0.36), (4, 0.22), (2, 0.13)):
        n = _TILE // step
        grid = rng.standard_normal((n, n), dtype=np.float32)
        grid = np.pad(grid, 3, mode="wrap")
        side = grid.shape[0] * step
        smooth = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
        start = 3 * step
        stop = start + _TILE + 1
        total += np.float32(weight) * smooth[start:stop, start:stop]
    return total / total.std()


def _wrapped(coordinate):
    """Bring a texture coordinate into the tile; mod() is several times slower."""
    turns = np.asarray(coordinate, dtype=np.float32) * np.float32(1 / _TILE)
    turns -= np.floor(turns)
    turns *= np.float32(_TILE)
    return turns


class Canvas:
    """What the two cameras see, before light, smoke and sensors.

    Coordinates of the world are metres: X to the right of the camera, Y above the
    ground, Z ahead. A pixel and its ``distance`` give all three back, which is how
    lamps light the scene afterwards.

    Attributes
    ----------
    albedo : ndarray of float32, shape (H, W, 3)
        Reflected share of the light (linear); of the sky, its own light.
    glow : ndarray of float32, shape (H, W, 3), or None by day
        Light of lamps and lit windows.
    celsius, distance : ndarray of float32, shape (H, W)
    light : ndarray of float32, shape (H, W)
        Share of direct sun: below 1 in a shadow.
    owner : ndarray of uint8, shape (H, W)
        Number of the person whom the pixel shows; 0 for anything else.
    areas : list of int
        Pixels of each person before anything hid them, from number 1 on.
    """

    def __init__(self, rng, shape, horizon, vanishing, focal, eye, night):
        height, width = shape
        self.rng = rng
        self.shape = shape
        self.horizon = horizon
        self.vanishing = vanishing
        self.focal = focal
        self.eye = eye
        self.albedo = np.zeros((height, width, 3), np.float32)
        self.glow = np.zeros((height, width, 3), np.float32) if night else None
        self.celsius = np.zeros(shape, np.float32)
        self.distance = np.full(shape, _FAR, np.float32)
        self.light = np.ones(shape, np.float32)
        self.owner = np.zeros(shape, np.uint8)
        self.areas = []
        self._tile = _wrapped_noise(rng)

    def scale(self, z):
        """Pixels a metre at distance z."""
        return self.focal / z

    def project(self, points):
        """Return the pixels ``(n, 2)`` as (x, y) of world points ``(n, 3)``."""
        points = np.asarray(points, dtype=np.float64)
        scale = self.focal / np.maximum(points[:, 2], 0.5)
        x = self.vanishing + points[:, 0] * scale
        y = self.horizon + (self.eye - points[:, 1]) * scale
        return np.stack([x, y], axis=1)

    def world(self, step=1):
        """Return X, Y and Z of what every pixel, or every second one, shows."""
        z = self.distance[::step, ::step]
        rows, columns = np.ogrid[: self.shape[0] : step, : self.shape[1] : step]
        columns = (columns - self.vanishing).astype(np.float32)
        rows = (rows - self.horizon).astype(np.float32)
        per_pixel = z * np.float32(1 / self.focal)
        return columns * per_pixel, np.float32(self.eye) - rows * per_pixel, z

    def box(self, x0, y0, x1, y1):
        """Return rows and columns (as slices) of a box cut to the canvas, or None."""
        height, width = self.shape
        x0, x1 = max(int(np.floor(x0)), 0), min(int(np.ceil(x1)) + 1, width)
        y0, y1 = max(int(np.floor(y0)), 0), min(int(np.ceil(y1)) + 1, height)
        if x0 >= x1 or y0 >= y1:
            return None
        return slice(y0, y1), slice(x0, x1)

    def texture(self, u, v):
        """Look the noise texture up at coordinates of one texel a unit."""
        return cv2.remap(self._tile, _wrapped(u), _wrapped(v), cv2.INTER_LINEAR)

    def mask(self, outline):
        """Return the box and the antialiased mask (0..1) of a polygon in pixels."""
        outline = np.asarray(outline, dtype=np.float64)
        low, high = outline.min(axis=0), outline.max(axis=0)
        box = self.box(low[0] - 1, low[1] - 1, high[0] + 1, high[1] + 1)
        if box is None:
            return None, None
        rows, columns = box
        drawn = np.zeros((rows.stop - rows.start, columns.stop - columns.start), "u1")
        shifted = (outline - [columns.start, rows.start]) * 2**_SHIFT
        shifted = np.clip(shifted, -(2**24), 2**24)
        points = np.rint(shifted).astype(np.int32)
        cv2.fillPoly(drawn, [points], 255, cv2.LINE_AA, _SHIFT)
        return box, drawn.astype(np.float32) / np.float32(255)

    def paint(self, box, alpha, color, celsius, distance, glow=None, owner=0):
        """Lay something over a box; every value is a number or fits the box.

        `owner` is the number of the person that it is part of.
        """
        if box is None:
            return
        over = alpha[..., None]
        self.albedo[box] += over * (color - self.albedo[box])
        if self.glow is not None:
            self.glow[box] += over * ((0 if glow is None else glow) - self.glow[box])
        self.celsius[box] += alpha * (celsius - self.celsius[box])
        if self.glow is None:  # by day, there are shadows
            self.light[box] += alpha * (1 - self.light[box])
        self.distance[box] = np.where(alpha > 0.5, distance, self.distance[box])
        self.owner[box][alpha > 0.5] = owner

    def polygon(self, outline, color, celsius, distance, glow=None, owner=0):
        """Paint a polygon given in pixels."""
        box, alpha = self.mask(outline)
        self.paint(box, alpha, color, celsius, distance, glow, owner)

    def face(self, points, color, celsius, glow=None):
        """Paint a flat polygon given in world coordinates."""
        distance = float(np.mean([point[2] for point in points]))
        self.polygon(self.project(points), color, celsius, distance, glow)

    def limb(self, start, end, r0, r1, **paint):
        """Paint a capsule: two circles and what lies between, in pixels."""
        cloud = np.concatenate([start + r0 * _CIRCLE, end + r1 * _CIRCLE])
        hull = cv2.convexHull(cloud.astype(np.float32))[:, 0]
        self.polygon(hull, **paint)
