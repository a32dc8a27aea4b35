"""Who and what is in a drawn scene: people, cars and lamps."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ._scene_canvas import linear

__all__ = ["cast_shadow", "draw_bench", "draw_car", "draw_lamp", "draw_person"]

_CLOTHES = (
    *((0.20, 0.22, 0.25), (0.28, 0.24, 0.20), (0.16, 0.18, 0.28), (0.24, 0.28, 0.20)),
    *((0.34, 0.16, 0.16), (0.38, 0.36, 0.32), (0.14, 0.14, 0.15), (0.30, 0.30, 0.36)),
)
_TROUSERS = (
    (0.15, 0.17, 0.24),
    (0.22, 0.20, 0.18),
    (0.12, 0.12, 0.13),
    (0.33, 0.29, 0.23),
)
_SKIN = ((0.85, 0.66, 0.54), (0.72, 0.52, 0.40), (0.50, 0.35, 0.26), (0.92, 0.76, 0.66))
_CARS = (
    *((0.62, 0.64, 0.66), (0.20, 0.22, 0.26), (0.55, 0.12, 0.11), (0.14, 0.26, 0.46)),
    *((0.84, 0.84, 0.82), (0.30, 0.34, 0.32), (0.48, 0.43, 0.34), (0.12, 0.12, 0.13)),
)


def cast_shadow(canvas, outline, strength=0.6):
    """Darken the direct light inside a polygon on the ground (world X, Z)."""
    points = canvas.project([(x, 0.0, z) for x, z in outline])
    box, alpha = canvas.mask(points)
    if box is not None:
        canvas.light[box] *= 1 - strength * alpha
        canvas.celsius[box] -= 1.5 * strength * alpha


def draw_person(canvas, air, night, x, z, *, camouflage=False):
    """Draw someone who stands or walks: warm head and hands, clothes in between."""
    rng, unit = canvas.rng, canvas.scale(z)
    foot = canvas.project([(x, 0, z)])[0]
    tall = rng.normal(1.74, 0.07)
    size = unit * tall / 1.74
    turn = rng.choice([-1.0, 1.0])  # walks to the left or to the right
    profile = rng.uniform(0.0, 1.0)  # 0: seen from front or back, 1: from the side
    # Seen from the front a stride hardly moves the feet sideways.
    stride = rng.uniform(0.16, 0.45) * (0.12 + 0.88 * profile)
    back = rng.random() < 0.45
    coat = linear(*_CLOTHES[rng.integers(len(_CLOTHES))])
    legs = linear(*_TROUSERS[rng.integers(len(_TROUSERS))])
    skin = linear(*_SKIN[rng.integers(len(_SKIN))])
    hair = linear(0.16, 0.12, 0.09) * rng.uniform(0.5, 2.5)
    if camouflage:
        coat = _surroundings(canvas, foot, size)
        legs, hair, skin = 0.8 * coat, 0.6 * coat, 0.5 * (skin + coat)
    body = air + (0.66 if night else 0.70) * (34 - air) + rng.uniform(-1, 1)
    face = 33.5
    number = len(canvas.areas) + 1

    def at(right, up):
        return foot + size * np.array([right, -up])

    def limb(start, end, r0, r1, color, celsius):
        canvas.limb(
            at(*start), at(*end), size * r0, size * r1,
            color=color, celsius=celsius, distance=z, owner=number,
        )  # fmt: skip

    hips, shoulders = 0.14 - 0.05 * profile, 0.185 - 0.07 * profile
    swing = turn * stride
    far, near = (0.80, 1.0)
    for sign, tone in ((-1, far), (1, near)):
        hip = (sign * hips * (1 - profile), 0.93)
        lift = 0.04 if sign * swing < 0 else 0.0
        knee = (hip[0] + 0.55 * sign * swing + 0.05 * turn * profile, 0.50 + lift)
        ankle = (hip[0] + 1.0 * sign * swing - 0.06 * turn * profile, 0.08 + lift)
        toe = (ankle[0] + turn * (0.05 + 0.12 * profile), 0.035 + lift)
        shin = body - 1.5
        limb(hip, knee, 0.088, 0.062, legs * tone, body - 0.5)
        limb(knee, ankle, 0.060, 0.042, legs * tone, shin)
        limb(ankle, toe, 0.045, 0.032, linear(0.10, 0.09, 0.08), air + 7)
        if sign < 0:
            _arm(limb, -1, shoulders, swing, profile, coat * far, body, skin, face)
    limb((0, 1.00), (0.01 * turn, 1.36), hips + 0.035, shoulders, coat, body + 1.0)
    limb((0, 0.90), (0, 1.02), hips + 0.03, hips + 0.03, coat * 0.9, body)
    limb((0.01 * turn, 1.25), (0.01 * turn, 1.41), shoulders * 0.95, 0.09, coat * 1.08,
         body + 1.8)  # fmt: skip
    _arm(limb, 1, shoulders, swing, profile, coat, body, skin, face)
    lean = 0.03 * turn * profile
    limb((lean * 0.5, 1.44), (lean, 1.52), 0.055, 0.055, skin, face - 1)
    nape = lean - 0.015 * turn * profile
    limb((nape, 1.62), (nape, 1.665), 0.090, 0.096, hair, face - 5)
    if not back:
        chin = lean + 0.028 * turn * profile
        limb((chin, 1.575), (chin, 1.630), 0.062, 0.078, skin, face)
        brow = (chin, 1.700)
        limb((lean, 1.710), brow, 0.070, 0.055, hair, face - 3)
    canvas.areas.append(int(np.count_nonzero(canvas.owner == number)))


def _arm(limb, sign, shoulders, swing, profile, color, body, skin, face):
    shoulder = (sign * shoulders * (1 - 0.6 * profile), 1.375)
    spread = 0.05 * sign * (1 - profile)
    elbow = (shoulder[0] - 0.50 * sign * swing + spread, 1.10)
    hand = (elbow[0] - 0.35 * sign * swing + 0.3 * spread, 0.86 + 0.2 * abs(swing))
    limb(shoulder, elbow, 0.062, 0.047, color, body + 0.3)
    limb(elbow, hand, 0.046, 0.036, color, body + 0.3)
    limb(hand, (hand[0], hand[1] - 0.05), 0.036, 0.030, skin, face - 3)


def _surroundings(canvas, foot, size):
    """Return the mean colour behind a person, a little darker."""
    box = canvas.box(
        foot[0] - 0.5 * size, foot[1] - 1.6 * size, foot[0] + 0.5 * size, foot[1]
    )
    if box is None:
        return linear(0.3, 0.3, 0.25)
    return 0.85 * canvas.albedo[box].mean(axis=(0, 1))


def draw_car(canvas, air, night, x, z, *, oncoming=False, running=True, lights=None):
    """Draw a car that stands or drives along Z, its near end at distance z.

    The near end is the back, or the front if it is oncoming.
    """
    rng = canvas.rng
    tint = linear(*_CARS[rng.integers(len(_CARS))])
    lights = night and running if lights is None else lights
    half, long, van = 0.88, 4.2, rng.random() < 0.2
    roof = 2.0 if van else 1.45
    side = -1.0 if x > 0 else 1.0  # the flank that looks to the middle
    flank = x + side * half
    metal = air + (1.0 if night else 5.0)
    motor = metal + (13.0 if running else 3.0)
    glass, cold = linear(0.20, 0.24, 0.28), air - (3.0 if night else 2.0)

    def on_flank(points, color, celsius, glow=None, out=0.0):
        world = [(flank + side * out, up, z + ahead) for ahead, up in points]
        canvas.face(world, color, celsius, glow)

    def on_end(points, color, celsius, glow=None):
        canvas.face([(x + right, up, z) for right, up in points], color, celsius, glow)

    def flat(z0, z1, up0, up1, inset, color, celsius):
        left, right = x - half + inset, x + half - inset
        corners = [(left, up0, z0), (right, up0, z0), (right, up1, z1), (left, up1, z1)]
        canvas.face(corners, color, celsius)

    # Engine under the far end (seen from behind) or the near one (oncoming).
    bonnet = (0.0, 1.35) if oncoming else (long - 1.35, long)
    boot = (long - 0.75, long) if oncoming else (0.0, 0.75)
    cabin = (min(bonnet[1], boot[1]), max(bonnet[0], boot[0]))
    belt = 0.92
    if van:
        cabin = (0.05, long - 0.05) if not oncoming else (0.35, long - 0.05)
    slope = 0.30 if not van else 0.12
    # Shadow below, far to near: wheels of the other side, body, cabin, near end.
    ground = [(x - half, 0.02, z - 0.15), (x + half, 0.02, z - 0.15)]
    ground += [(x + half, 0.02, z + long), (x - half, 0.02, z + long)]
    canvas.face(ground, linear(0.10, 0.10, 0.10), air + (5.0 if running else 2.0))
    for hub in (0.85, long - 0.85):
        for lane in (-side, side):
            _wheel(canvas, x + lane * (half - 0.1), z + hub, air, running)
    body = [(0.0, 0.32), (0.03, 0.75), (0.10, belt), (long - 0.1, belt), (long, 0.70)]
    body += [(long, 0.32), (long - 0.45, 0.26), (0.45, 0.26)]
    on_flank(body, tint * 0.85, metal)
    stripe = [(0.02, 0.66), (0.02, 0.72), (long, 0.72), (long, 0.66)]
    on_flank(stripe, tint * 1.25, metal)
    warm = [(bonnet[0], 0.45), (bonnet[0], 0.9), (bonnet[1], 0.85), (bonnet[1], 0.45)]
    on_flank(warm, tint * 0.85, (metal + motor) / 2)
    flat(0.10 + z, z + long - 0.1, belt, belt, 0.04, tint * 1.05, metal)
    flat(z + bonnet[0], z + bonnet[1], 0.90, 0.90, 0.08, tint * 1.12, motor - 3)
    house = [(cabin[0], belt), (cabin[0] + slope, roof), (cabin[1] - slope, roof)]
    house += [(cabin[1] + 0.05, belt)]
    on_flank(house, tint * 0.80, metal)
    pane = [(cabin[0] + 0.12, belt + 0.03), (cabin[0] + slope + 0.08, roof - 0.10)]
    middle = (cabin[0] + cabin[1]) / 2
    pane += [(middle - 0.05, roof - 0.10), (middle - 0.05, belt + 0.03)]
    on_flank(pane, glass, cold, out=0.01)
    pane = [(middle + 0.05, belt + 0.03), (middle + 0.05, roof - 0.10)]
    pane += [(cabin[1] - slope - 0.08, roof - 0.10), (cabin[1] - 0.12, belt + 0.03)]
    on_flank(pane, glass, cold, out=0.01)
    for hub in (0.85, long - 0.85):
        _wheel(canvas, flank, z + hub, air, running, side * 0.01)
    flat(
        z + cabin[0] + slope,
        z + cabin[1] - slope,
        roof,
        roof,
        0.12,
        tint * 1.2,
        metal - 2,
    )
    start = z + cabin[0]
    screen = [(-half + 0.08, belt, start), (half - 0.08, belt, start)]
    screen += [(half - 0.2, roof, start + slope), (-half + 0.2, roof, start + slope)]
    canvas.face([(x + a, b, c) for a, b, c in screen], tint * 0.7, metal)
    inner = [(-half + 0.2, belt + 0.06, start), (half - 0.2, belt + 0.06, start)]
    inner += [
        (half - 0.3, roof - 0.1, start + slope),
        (-half + 0.3, roof - 0.1, start + slope),
    ]
    canvas.face([(x + a, b, c) for a, b, c in inner], glass * 1.2, cold)
    end = [(-half, 0.32), (-half, 0.72), (-half + 0.08, belt), (half - 0.08, belt)]
    end += [(half, 0.72), (half, 0.32), (half - 0.1, 0.25), (-half + 0.1, 0.25)]
    on_end(end, tint * 0.78, metal)
    bumper = [(-half, 0.30), (-half, 0.46), (half, 0.46), (half, 0.30)]
    on_end(bumper, tint * 0.45, metal)
    if oncoming:
        grille = [(-0.42, 0.48), (-0.42, 0.66), (0.42, 0.66), (0.42, 0.48)]
        on_end(grille, linear(0.10, 0.10, 0.10), motor + 4)
    else:
        plate = [(-0.26, 0.50), (-0.26, 0.62), (0.26, 0.62), (0.26, 0.50)]
        on_end(plate, linear(0.85, 0.82, 0.60), metal)
        if running:
            pipe = [(0.38, 0.26), (0.38, 0.33), (0.50, 0.33), (0.50, 0.26)]
            on_end(pipe, linear(0.15, 0.15, 0.15), air + 45)
    for lane in (-1, 1):
        lamp = [(lane * 0.80, 0.58), (lane * 0.80, 0.74), (lane * 0.55, 0.72)]
        lamp += [(lane * 0.55, 0.60)]
        color = linear(0.85, 0.85, 0.88) if oncoming else linear(0.55, 0.06, 0.05)
        glow = None
        if lights:
            glow = (
                linear(1, 0.96, 0.85) * 7 if oncoming else linear(1, 0.08, 0.05) * 1.1
            )
        on_end(lamp, color, metal + (6 if lights else 0), glow)


def _wheel(canvas, x, z, air, running, out=0.0):
    """Paint a wheel in the plane X = x: warm tyre, warmer brake."""
    around = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    for radius, tone, degrees in ((0.33, 0.10, 5.0), (0.19, 0.42, 11.0)):
        ring = [
            (x + out, 0.33 + radius * np.sin(t), z + radius * np.cos(t)) for t in around
        ]
        heat = degrees if running else degrees * 0.3
        canvas.face(ring, linear(tone, tone, tone), air + heat)


def draw_lamp(canvas, air, night, x, z, tall=5.5):
    """Draw a street lamp that leans over the road; return where its light is."""
    unit = canvas.scale(z)
    foot, top = canvas.project([(x, 0, z), (x, tall, z)])
    reach = -np.sign(x) * 1.1 if x else 1.1
    head = top + unit * np.array([reach, -0.25])
    steel = {"color": linear(0.27, 0.28, 0.29), "celsius": air + 0.8, "distance": z}
    canvas.limb(foot, top, 0.085 * unit, 0.05 * unit, **steel)
    canvas.limb(top, head, 0.05 * unit, 0.04 * unit, **steel)
    glow = linear(1, 0.86, 0.62) * 9 if night else None
    tip = head + unit * np.array([0.30 * np.sign(reach), 0.02])
    shell = {"distance": z, "celsius": air + (14.0 if night else 2.0), "glow": glow}
    canvas.limb(
        head, tip, 0.10 * unit, 0.08 * unit, color=linear(0.75, 0.75, 0.72), **shell
    )
    return x + reach, tall - 0.2, z


def draw_bench(canvas, air, x, z):
    """Draw a wooden bench seen from the front."""
    wood, iron = linear(0.45, 0.31, 0.20), linear(0.16, 0.16, 0.16)
    for leg in (-0.75, 0.75):
        post = [(x + leg - 0.04, 0, z), (x + leg + 0.04, 0, z)]
        post += [(x + leg + 0.04, 0.85, z), (x + leg - 0.04, 0.85, z)]
        canvas.face(post, iron, air + 2)
    for low, high in ((0.40, 0.47), (0.56, 0.66), (0.72, 0.82)):
        slat = [(x - 0.9, low, z), (x + 0.9, low, z), (x + 0.9, high, z)]
        slat += [(x - 0.9, high, z)]
        canvas.face(slat, wood, air + 3)
