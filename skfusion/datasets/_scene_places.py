"""The place of a drawn scene: sky, ground, buildings and trees."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from ._scene_canvas import fractal, linear

__all__ = ["draw_building", "draw_ground", "draw_sky", "draw_skyline", "draw_tree"]

_WALLS = (
    *((0.62, 0.36, 0.28), (0.72, 0.60, 0.46), (0.66, 0.63, 0.58), (0.50, 0.33, 0.29)),
    *((0.78, 0.72, 0.60), (0.52, 0.55, 0.58), (0.70, 0.52, 0.40), (0.58, 0.50, 0.44)),
)
_SHOPS = (
    (0.55, 0.10, 0.10),
    (0.10, 0.25, 0.45),
    (0.10, 0.38, 0.22),
    (0.75, 0.55, 0.12),
)


def draw_sky(canvas, air, night):
    """Sky above the horizon: bright and blue, or dark; cold in the infrared."""
    rng, (height, width) = canvas.rng, canvas.shape
    stop = int(np.clip(canvas.horizon + 2, 1, height))
    up = np.linspace(1, 0, stop, dtype=np.float32)[:, None]
    clouds = fractal(rng, (stop, width), width / 4, 5)
    # Clouds lie flat: stretch the noise sideways.
    clouds = cv2.resize(clouds[: max(stop // 2, 1)], (width, stop))
    cover = np.clip(clouds * 0.55 + rng.uniform(-0.25, 0.25), 0, 1) * (0.35 + 0.65 * up)
    box = (slice(0, stop), slice(0, width))
    if night:
        top, low = linear(0.05, 0.07, 0.14), linear(0.17, 0.17, 0.24)
        color = low + (top - low) * up[..., None] ** 0.7
        color = color + cover[..., None] * linear(0.20, 0.18, 0.20)
    else:
        top, low = linear(0.33, 0.53, 0.82), linear(0.80, 0.87, 0.93)
        color = low + (top - low) * up[..., None] ** 0.8
        shade = np.clip(0.90 - 0.12 * clouds, 0.55, 1)[..., None]
        color = color + cover[..., None] * (linear(0.97, 0.97, 0.97) * shade - color)
    canvas.albedo[box] = color
    canvas.celsius[box] = air - 12 - 17 * up + 11 * cover


def draw_skyline(canvas, air, leafy):
    """What stands far away along the horizon, grey with haze."""
    rng, width = canvas.rng, canvas.shape[1]
    columns = np.arange(width, dtype=np.float32)
    unit = canvas.scale(140.0)
    if leafy:
        top = 9 + 2.5 * fractal(rng, (1, width), width / 9, 5, 0.7)[0]
        color, warmth = linear(0.26, 0.34, 0.22), -1.0
    else:
        steps = np.repeat(rng.uniform(7, 24, 64), rng.integers(6, 34, 64))
        top = np.resize(steps, width).astype(np.float32)
        color, warmth = linear(0.45, 0.45, 0.48), 2.0
    edge = canvas.horizon - unit * top
    outline = np.stack([columns, edge], axis=1)
    base = [[width, canvas.horizon + 3], [0, canvas.horizon + 3]]
    canvas.polygon([*outline, *base], color, air + warmth, 140.0)


# Colour and warmth over the air by day and by night of what the ground is made of.
_LAWN, _STONE, _KERB, _ASPHALT, _PAINT, _GRAVEL, _JOINT = range(7)
_GROUND_COLORS = np.stack(
    [
        linear(0.36, 0.42, 0.20),
        linear(0.58, 0.56, 0.53),
        linear(0.66, 0.65, 0.63),
        linear(0.40, 0.40, 0.41),
        linear(0.84, 0.83, 0.78),
        linear(0.62, 0.55, 0.44),
        linear(0.49, 0.47, 0.45),
    ]
)
_GROUND_WARMTH = {
    False: np.float32([2.0, 4.0, 4.0, 5.5, 4.5, 4.0, 4.0]),
    True: np.float32([-2.5, 3.5, 3.0, 5.5, 4.5, 3.5, 3.5]),
}
# How much of each noise they show: patches, grain, specks, blades.
_GROUND_NOISE = np.float32(
    [
        *([0.12, 0.00, 0.20, 0.22], [0.10, 0.10, 0.00, 0.0], [0.05, 0.05, 0.00, 0.0]),
        *([0.08, 0.05, 0.11, 0.00], [0.12, 0.10, 0.10, 0.0], [0.08, 0.07, 0.18, 0.0]),
        [0.10, 0.10, 0.00, 0.00],
    ]
)


def draw_ground(canvas, air, night, plan):
    """Ground plane with road or path, markings, pavement and grass."""
    height, width = canvas.shape
    start = int(np.clip(canvas.horizon + 1, 0, height - 1))
    rows = np.arange(start, height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None]
    depth = np.float32(canvas.focal * canvas.eye) / np.maximum(
        rows - np.float32(canvas.horizon), np.float32(0.5)
    )
    depth = np.minimum(depth, 400)  # one value a row
    x = (columns - np.float32(canvas.vanishing)) * (depth / np.float32(canvas.focal))
    z = np.broadcast_to(depth, x.shape)
    across = x - np.float32(plan["center"]) - plan["bend"] * (depth / 30) ** 2
    # Texture fades where a pixel covers more of it than it can show.
    fine, near = np.minimum(14 / depth, 1), np.minimum(7 / depth, 1)
    patches = canvas.texture(x * 6, z * 2.5)
    grain = canvas.texture(x * 60, z * 60) * fine
    specks = canvas.texture(x * 260, z * 110) * np.sqrt(near)
    blades = canvas.texture(x * 45, z * 18) * np.sqrt(fine)

    off, half = np.abs(across), plan["half"]
    kind = np.full(x.shape, _LAWN, np.uint8)
    if plan["kind"] == "street":
        kind[off < plan["walk"]] = _STONE
        joint = (np.mod(depth, 0.9) < 0.05) | (np.mod(x, 0.9) < 0.05)
        kind[joint & (depth < 18) & (kind == _STONE)] = _JOINT
        kind[off < half + 0.18] = _KERB
        kind[off < half] = _ASPHALT
        lines = (off < 0.075) & (np.mod(depth + plan["phase"], 6) < 3)
        lines |= np.abs(off - (half - 0.35)) < 0.06
        zebra = (depth > plan["crossing"]) & (depth < plan["crossing"] + 3)
        lines |= zebra & (np.mod(across, 1.0) < 0.5) & (off < half - 0.3)
        kind[lines & (patches + grain < 1.7)] = _PAINT  # worn off in places
    else:
        kind[np.abs(across + 0.12 * patches) < half] = _GRAVEL
    share = _GROUND_NOISE[kind]
    gain = 1 + share[..., 0] * patches + share[..., 1] * grain
    gain += share[..., 2] * specks + share[..., 3] * blades
    celsius = air + _GROUND_WARMTH[night][kind] + 0.6 * patches
    if plan["kind"] == "street":
        # Tyres polish the road, and warm it.
        tracks = np.abs(np.abs(off - half / 2) - 0.75) * np.float32(1 / 0.3)
        tracks = np.exp(-(tracks**2)) * (off < half)
        gain -= 0.10 * tracks
        celsius += 1.2 * tracks
    box = (slice(start, height), slice(0, width))
    canvas.albedo[box] = _GROUND_COLORS[kind] * np.maximum(gain, 0.1)[..., None]
    canvas.celsius[box] = celsius
    canvas.distance[box] = z


def draw_building(canvas, air, night, side, wall_x, z0, z1, tall):
    """Draw one house of a row: the front along the street and the wall towards us."""
    rng = canvas.rng
    style = {
        "color": linear(*_WALLS[rng.integers(len(_WALLS))]) * rng.uniform(0.75, 1.1),
        "bay": rng.uniform(2.2, 3.2),
        "floor": rng.uniform(2.9, 3.4),
        "lit": rng.uniform(0.15, 0.45),
        "shop": rng.random() < 0.6,
        "sign": linear(*_SHOPS[rng.integers(len(_SHOPS))]),
        "warmth": rng.uniform(1.5, 5.0) if night else rng.uniform(1.0, 5.0),
        "table": rng.random((64, 32)).astype(np.float32),
        "shift": rng.uniform(0, 50),
        "tall": tall,
    }
    # The wall that faces us, seen above a lower neighbour.
    x = wall_x + side * 12.0
    corners = canvas.project([(wall_x, 0, z0), (x, 0, z0), (x, tall, z0)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = canvas.box(low[0], low[1], high[0], high[1])
    if box is not None:
        rows = np.arange(box[0].start, box[0].stop, dtype=np.float32)[:, None]
        columns = np.arange(box[1].start, box[1].stop, dtype=np.float32)[None]
        u = (columns - canvas.vanishing) * z0 / canvas.focal + 0 * rows
        v = canvas.eye - (rows - canvas.horizon) * z0 / canvas.focal + 0 * columns
        inside = (v <= tall) & (v >= 0) & (side * (u - wall_x) >= 0)
        color, celsius, glow = _wall(canvas, air, night, style, u, v, False, 0 * u + z0)
        canvas.paint(box, inside.astype(np.float32), color * 0.62, celsius, z0, glow)
    # The front: its plane is X = wall_x, so a column of pixels has one distance.
    corners = canvas.project(
        [(wall_x, 0, z0), (wall_x, tall, z0), (wall_x, 0, z1), (wall_x, tall, z1)]
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = canvas.box(low[0], low[1], high[0], high[1])
    if box is None:
        return
    rows = np.arange(box[0].start, box[0].stop, dtype=np.float32)[:, None]
    columns = np.arange(box[1].start, box[1].stop, dtype=np.float32)[None]
    offset = side * np.maximum(side * (columns - canvas.vanishing), 0.5)
    z = canvas.focal * wall_x / offset + 0 * rows
    v = canvas.eye - (rows - canvas.horizon) * z / canvas.focal
    inside = (z >= z0) & (z <= z1) & (v <= tall) & (v >= 0)
    color, celsius, glow = _wall(canvas, air, night, style, z, v, True, z)
    sunny = 0.95 if side < 0 else 0.68
    canvas.paint(box, inside.astype(np.float32), color * sunny, celsius, z, glow)


def _wall(canvas, air, night, style, u, v, windows, z):
    """Colour, temperature and light of a wall at u along and v above the ground."""
    fine = np.clip(22.0 / z, 0.0, 1.0)
    rough = canvas.texture(u * 9 + style["shift"], v * 9)
    grain = canvas.texture(u * 40, v * 40 + style["shift"]) * fine
    course = (np.mod(v, 0.3) < 0.05) * fine
    shade = 1 + 0.09 * rough + 0.08 * grain - 0.16 * course
    shade = shade * np.clip(0.72 + 0.28 * v / 2.5, 0.72, 1)
    color = style["color"] * np.clip(shade, 0.1, 2)[..., None]
    celsius = air + style["warmth"] + 0.5 * rough - 0.1 * v
    glow = np.zeros((*u.shape, 3), np.float32)
    edge = v > style["tall"] - 0.55
    color = np.where(edge[..., None], linear(0.74, 0.70, 0.64), color)
    if not windows:
        return color, celsius, glow
    bay, floor = style["bay"], style["floor"]
    across, column = np.modf((u + style["shift"]) / bay)
    above, row = np.modf(np.maximum(v - 3.6, 0) / floor)
    lower = v < 3.6
    luck = style["table"][column.astype(int) % 64, row.astype(int) % 32]
    last = v < 3.6 + floor * np.floor((style["tall"] - 4.2) / floor)
    frame = (np.abs(across - 0.5) < 0.27) & (np.abs(above - 0.5) < 0.33)
    glass = (np.abs(across - 0.5) < 0.22) & (np.abs(above - 0.5) < 0.285)
    cross = (np.abs(across - 0.5) < 0.018) | (np.abs(above - 0.62) < 0.014)
    glass &= ~cross
    sill = (np.abs(across - 0.5) < 0.30) & (above > 0.13) & (above < 0.17)
    frame, glass, sill = (part & ~lower & last for part in (frame, glass, sill))
    if style["shop"]:
        pane = lower & (np.abs(v - 1.5) < 1.15) & (np.abs(across - 0.5) < 0.44)
        sign = lower & (v > 2.85) & (v < 3.45)
        color = np.where(sign[..., None], style["sign"], color)
    else:
        door = (column.astype(int) % 3 == 1) & (np.abs(across - 0.5) < 0.2) & (v < 2.3)
        pane = (column.astype(int) % 3 != 1) & (np.abs(across - 0.5) < 0.24)
        pane &= np.abs(v - 1.75) < 0.75
        color = np.where((door & lower)[..., None], linear(0.25, 0.17, 0.12), color)
        celsius = celsius + np.where(door & lower, 1.5, 0)
    pane = pane & lower
    color = np.where((frame | sill)[..., None], linear(0.80, 0.78, 0.74), color)
    any_glass = glass | pane
    # By day a window shows the sky, or a curtain; the infrared sees cold glass.
    sky = linear(0.42, 0.50, 0.58) * (0.35 + 0.9 * luck)[..., None]
    color = np.where(any_glass[..., None], sky * 0.55, color)
    celsius = celsius + np.where(any_glass, 1.8 * luck if night else -4.0 + 2 * luck, 0)
    celsius = celsius + np.where((frame & ~glass), 0.8 if night else 0.0, 0)
    if night:
        lit = any_glass & (luck < style["lit"] + 0.35 * pane)
        tint = linear(1.0, 0.80, 0.50) + (luck * 5 % 1)[..., None] * linear(
            0.2, 0.45, 0.7
        )
        curtain = 0.55 + 0.45 * np.abs(np.sin(9 * across)) * (0.5 + above)
        power = (0.28 + 0.5 * (luck * 7 % 1)) * curtain
        glow = np.where(lit[..., None], tint * power[..., None], glow).astype(
            np.float32
        )
        celsius = celsius + np.where(lit, 2.5, 0)
    return color, celsius, glow


def draw_tree(canvas, air, night, x, z, tall, *, bush=False, autumn=0.0):
    """Draw a tree or a bush: lobes of leaves with ragged edges, lit from above."""
    rng, unit = canvas.rng, canvas.scale(z)
    foot = canvas.project([(x, 0, z)])[0]
    width = tall * (rng.uniform(0.30, 0.38) if not bush else rng.uniform(0.6, 0.8))
    base = 0.30 * tall if not bush else 0.0
    if not bush:
        bark = linear(0.30, 0.25, 0.20)
        lean = rng.normal(0, 0.03) * tall * unit
        fork = foot + [lean, -0.45 * tall * unit]
        paint = {"color": bark, "celsius": air + 1.5, "distance": z}
        canvas.limb(foot, fork, 0.028 * tall * unit, 0.018 * tall * unit, **paint)
        for angle in rng.uniform(-0.9, 0.9, 4):
            tip = fork + 0.17 * tall * unit * np.array([np.sin(angle), -np.cos(angle)])
            canvas.limb(fork, tip, 0.014 * tall * unit, 0.004 * tall * unit, **paint)
    top, low = foot[1] - tall * unit, foot[1] - base * unit
    reach = width * unit * 1.12
    box = canvas.box(foot[0] - reach, top - 2, foot[0] + reach, low + 2)
    if box is None:
        return
    shape = (box[0].stop - box[0].start, box[1].stop - box[1].start)
    # The lobes are smooth: half the size is enough.
    rows = np.arange(box[0].start, box[0].stop, 2, dtype=np.float32)[:, None]
    columns = np.arange(box[1].start, box[1].stop, 2, dtype=np.float32)[None]
    density = np.full((rows.shape[0], columns.shape[1]), -9, np.float32)
    light = np.zeros(density.shape, np.float32)
    middle, half = (top + low) / 2, (low - top) / 2
    for i in range(9 if unit > 12 else 6):
        angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.62)
        radius = 0.0 if i == 0 else radius
        size = rng.uniform(0.40, 0.58)
        cx = np.float32(foot[0] + np.cos(angle) * radius * width * unit)
        cy = np.float32(middle + np.sin(angle) * radius * half)
        dx = (columns - cx) * np.float32(1 / (size * width * unit))
        dy = (rows - cy) * np.float32(1 / (size * half * 1.15))
        lobe = (1 - dx * dx) - dy * dy
        bright = (0.62 - 0.16 * dx) - 0.30 * dy
        light = np.where(lobe > density, bright, light)
        density = np.maximum(density, lobe)
    density = cv2.resize(density, shape[::-1])
    light = cv2.resize(light, shape[::-1])
    rows = np.arange(box[0].start, box[0].stop, dtype=np.float32)[:, None]
    columns = np.arange(box[1].start, box[1].stop, dtype=np.float32)[None]
    rows = np.broadcast_to(rows, shape)
    columns = np.broadcast_to(columns, shape)
    ragged = fractal(rng, shape, max(width * unit / 2.2, 4), 5, 0.74)
    leaves = canvas.texture(columns * 1.7, rows * 1.7 + 9 * x)
    alpha = np.clip((density + 0.42 * ragged - 0.18) * max(3.0, unit / 7), 0, 1)
    tint = linear(0.28, 0.37, 0.17) * (1 - autumn) + linear(0.58, 0.36, 0.12) * autumn
    tint = (
        tint * rng.uniform(0.75, 1.25) * np.array([rng.uniform(0.8, 1.25), 1, 1], "f4")
    )
    fine = canvas.texture(columns * 5.1, rows * 5.1)
    shade = np.clip(light + 0.18 * ragged + 0.14 * leaves + 0.12 * fine, 0.08, 1.5)
    color = tint * shade[..., None] * 1.25
    celsius = air + (-0.5 if night else 0.5) + 0.6 * light + 0.35 * ragged
    canvas.paint(box, alpha.astype(np.float32), color.astype(np.float32), celsius, z)
