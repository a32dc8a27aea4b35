"""From a drawn canvas to the pictures of two cameras: light, smoke, sensors."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from ._scene_canvas import fractal, linear

__all__ = ["infrared_picture", "smoke_layer", "visible_picture"]

_SKY = 500.0  # metres: what is farther is sky
_DAY_HAZE = (linear(0.78, 0.83, 0.88), 330.0)


def smoke_layer(canvas, x, z, wind):
    """Return the opacity (0..1) of a plume that rises at (x, z)."""
    rng, (height, width) = canvas.rng, canvas.shape
    unit = canvas.scale(z)
    foot = canvas.project([(x, 0.2, z)])[0]
    rows = np.arange(0, height, 2, dtype=np.float32)[:, None]
    columns = np.arange(0, width, 2, dtype=np.float32)[None]
    shape = (rows.shape[0], columns.shape[1])
    # Bend the plane before the puffs are laid on it: that makes them billow.
    bend = fractal(rng, (2 * shape[0], shape[1]), max(unit * 0.9, 6), 4, 0.6)
    across = columns + 0.34 * unit * bend[: shape[0]]
    down = rows + 0.34 * unit * bend[shape[0] :]
    thick = np.zeros(shape, np.float32)
    for age in np.linspace(0, 1, 18):
        drift = wind * 5.0 * age**1.3
        center = foot + unit * np.array([drift + rng.normal(0, 0.2), -3.4 * age**0.75])
        radius = unit * (0.42 + 1.55 * age)
        distance = (across - center[0]) ** 2 + (down - center[1]) ** 2
        thick += np.exp(distance * np.float32(-1.5 / radius**2)) * np.float32(
            1 - 0.5 * age
        )
    curls = fractal(rng, shape, max(unit * 0.8, 6), 6, 0.62)
    thick = thick * np.clip(1 + 0.30 * curls, 0.2, 2)
    opacity = 1 - np.exp(np.float32(-1.9) * np.maximum(thick - 0.06, 0))
    # The side towards the light is the bright one: up and to the left.
    step = max(int(unit * 0.12), 1)
    rise = thick - np.roll(thick, (step, step), axis=(0, 1))
    shade = 0.10 * curls + 0.35 * np.clip(rise, -1, 1)
    opacity = np.clip(cv2.resize(opacity, (width, height)), 0, 0.97)
    # Nothing that stands before the plume is hidden by it.
    opacity = opacity * np.clip((canvas.distance - z + 2.2) / 1.6, 0, 1)
    return opacity.astype(np.float32), cv2.resize(shade, (width, height))


def visible_picture(canvas, size, *, night, lamps, beams, smoke, noise):
    """Light the canvas and take the colour picture, float32 in [0, 1]."""
    rng = canvas.rng
    light = _lamp_light(canvas, (*lamps, *beams)) if night else _day_light(canvas)
    haze, far = (linear(0.13, 0.13, 0.18), 220.0) if night else _DAY_HAZE
    light[canvas.distance > _SKY] = 1
    image = canvas.albedo * light
    if night:
        image += canvas.glow
    clear = np.exp(canvas.distance * np.float32(-1 / far))
    clear[canvas.distance > _SKY] = 1
    image -= haze
    image *= clear[..., None]
    image += haze
    if smoke is not None:
        opacity, shade = smoke
        tone = linear(0.82, 0.82, 0.81) * np.clip(0.88 + shade, 0.35, 1.2)[..., None]
        if night:
            # Lit by what lights its surroundings: their light, blurred.
            small = cv2.resize(light, None, fx=1 / 8, fy=1 / 8)
            small = cv2.GaussianBlur(small, (0, 0), canvas.shape[1] / 100)
            tone = tone * (0.02 + 0.45 * cv2.resize(small, canvas.shape[::-1]))
        image += opacity[..., None] * (tone - image)
    if night:
        image += _halos(canvas.glow)
        image *= np.float32(1.15)
    image /= 1 + np.float32(0.18) * image  # highlights roll off before they clip
    height, width = size
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    image = _vignetted(image, 0.22)
    gain = np.float32((0.008 if night else 0.0035) * noise)
    grain = 0.8 * rng.standard_normal((*size, 1), dtype=np.float32)
    grain = grain + 0.5 * rng.standard_normal((*size, 3), dtype=np.float32)
    spread = np.clip(image, 0, 4) * gain**1.35 + gain**2 * np.float32(0.06)
    image = image + np.sqrt(spread) * grain
    return np.clip(image, 0, 1) ** np.float32(1 / 2.2)


def _day_light(canvas):
    sun, sky = np.float32([0.85, 0.81, 0.73]), np.float32([0.27, 0.31, 0.38])
    return sky + canvas.light[..., None] * sun


def _lamp_light(canvas, lamps):
    """Light of every lamp where it falls, by the squared distance in metres."""
    x, y, z = canvas.world(2)  # every second pixel: light is smooth
    light = np.empty((*z.shape, 3), np.float32)
    light[:] = np.float32([0.020, 0.024, 0.036])
    for source, color, power, reach in lamps:
        to_x, to_y, to_z = (np.float32(part) for part in source)
        near = (x - to_x) ** 2 + (y - to_y) ** 2 + (z - to_z) ** 2
        near = 1 + near * np.float32(reach**-2)
        light += (np.float32(power) / (near * np.sqrt(near)))[..., None] * color
    size = canvas.shape[::-1]
    return cv2.resize(light, size, interpolation=cv2.INTER_NEAREST)


def _halos(glow):
    """Strong light spread as by a lens and damp air; made at a quarter of the size."""
    height, width = glow.shape[:2]
    small = (max(width // 4, 1), max(height // 4, 1))
    source = cv2.resize(glow, small, interpolation=cv2.INTER_AREA)
    source = np.maximum(source - np.float32(0.25), 0)
    spread = np.zeros_like(source)
    for share, weight in ((0.006, 0.30), (0.020, 0.22), (0.07, 0.10)):
        sigma = max(share * width / 2, 0.6)
        spread += np.float32(weight) * cv2.GaussianBlur(source, (0, 0), sigma)
    return cv2.resize(spread, (width, height))


def infrared_picture(canvas, size, *, air, night, smoke, noise):
    """Take the thermal picture: degrees Celsius as the sensor sees them."""
    rng, (height, width) = canvas.rng, size
    celsius = canvas.celsius
    air_share = 1 - np.exp(canvas.distance * np.float32(-1 / 900))
    air_share[canvas.distance > _SKY] = 0
    celsius = celsius + air_share * (np.float32(air) - celsius)
    if smoke is not None:
        # Long waves pass most smoke; what is thick is a little warmer than the air.
        celsius = celsius + 0.10 * smoke[0] * (air + 3 - celsius)
    celsius = cv2.resize(celsius, (width, height), interpolation=cv2.INTER_AREA)
    celsius = cv2.GaussianBlur(celsius, (0, 0), 0.75)
    grain = rng.standard_normal(size, dtype=np.float32)
    columns = rng.standard_normal((1, width), dtype=np.float32)
    drift = fractal(rng, size, max(width / 2, 4), 2)
    return celsius + noise * (0.22 * grain + 0.10 * columns + 0.18 * drift)


def _vignetted(image, amount):
    height, width = image.shape[:2]
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return image * (1 - amount * (rows**2 + columns**2) / 2)[..., None]
