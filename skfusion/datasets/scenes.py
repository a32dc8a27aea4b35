"""Drawn scenes: infrared-visible pairs for demonstrations and tests."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import cv2
import numpy as np

from ..pairs import ImagePairs
from . import _scene_actors as actors
from . import _scene_places as places
from ._scene_cameras import infrared_picture, smoke_layer, visible_picture
from ._scene_canvas import Canvas, linear

__all__ = ["make_scene_pairs"]

_FINER = 2  # drawn at twice the size, then averaged: smooth edges
_LAMP = linear(1.0, 0.84, 0.58)
_BEAM = linear(1.0, 0.96, 0.86)
# Degrees that become black and white, by day and by night.
_RANGE = {False: (4.0, 35.0), True: (-4.0, 31.0)}
_COUNTS = (7000, 9000)
_LEAST_SHARE = 0.4  # of a person that is seen; of less nobody can say what it is


def make_scene_pairs(
    n_pairs=4,
    size=(256, 320),
    *,
    random_state=None,
    night=False,
    smoke="mixed",
    color=True,
    counts16=False,
    noise=1.0,
    return_targets=False,
):
    """Draw infrared-visible pairs of streets and parks with people and cars.

    The visible picture has texture, colour, shadows, or lamps in the dark; the
    infrared one shows temperature: people, engines, warm roads, a cold sky, and
    hardly any texture. Smoke hides part of the visible picture and almost nothing of
    the infrared one. Someone stands camouflaged in most scenes.

    Parameters
    ----------
    n_pairs : int, default=4
        Number of pairs; streets and parks alternate.
    size : tuple of int, default=(256, 320)
        Height and width in pixels, at least 16 each.
    random_state : int, numpy.random.Generator, RandomState or None, default=None
        With an int, scene i is the same whatever ``n_pairs`` is. The global
        generators are left alone.
    night : bool or "mixed", default=False
        ``"mixed"`` alternates: two by night, two by day.
    smoke : bool or "mixed", default="mixed"
        Whether a plume drifts through the scene; ``"mixed"``: in every other one.
    color : bool, default=True
        If False, the visible picture is gray.
    counts16 : bool, default=False
        If True, the infrared picture is uint16, in counts of a radiometric camera
        between 7000 and 9000, as :class:`skfusion.transforms.LinearStretch` expects.
    noise : float, default=1.0
        Strength of the noise of both sensors; 0 for none.
    return_targets : bool, default=False
        Also return who is where.

    Returns
    -------
    pairs : ImagePairs
        In memory: visible uint8 ``(H, W, 3)`` or ``(H, W)``, infrared uint8 or uint16
        ``(H, W)``, registered.
    targets : list of dict
        With ``return_targets=True``: for each pair, of every person that the infrared
        camera sees, ``"boxes"``, float32 ``(n, 4)`` in pixels, left, top, right and
        bottom; ``"labels"``, all ``"person"``; ``"masks"``, bool ``(n, H, W)``;
        ``"iscrowd"``, bool ``(n,)``: so much is hidden that nobody need find them.

    See Also
    --------
    load_pairs : Pairs of a folder.
    read_boxes : Targets of real pairs.

    Notes
    -----
    Everything is drawn from the random numbers; no photograph is involved, and the
    pictures may be used freely. They show what fusion is for; they do not replace
    real images where methods are compared.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> pairs, targets = make_scene_pairs(
    ...     1, size=(64, 80), random_state=0, return_targets=True
    ... )
    >>> people = targets[0]["masks"].any(axis=0)
    >>> infrared, visible = pairs.read(0)
    >>> infrared.shape, visible.shape
    ((64, 80), (64, 80, 3))
    >>> bool(infrared[people].mean() > infrared[~people].mean())
    True
    """
    _check(n_pairs, size, night, smoke, noise)
    seed = _seed(random_state)
    low, high = _COUNTS
    infrared, visible, names, targets = [], [], [], []
    for i in range(n_pairs):
        rng = np.random.default_rng([seed, i])
        dark = i % 4 in (0, 3) if night == "mixed" else bool(night)
        smoky = i % 2 == 1 if smoke == "mixed" else bool(smoke)
        kind = "street" if i % 4 in (0, 1) else "park"
        thermal, photo, people = _scene(rng, tuple(size), kind, dark, smoky, noise)
        if counts16:
            counts = np.rint(low + (high - low) * thermal).astype(np.uint16)
            infrared.append(counts)
        else:
            infrared.append(np.rint(255 * thermal).astype(np.uint8))
        photo = np.rint(255 * photo).astype(np.uint8)
        visible.append(photo if color else cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
        names.append(f"scene_{i:02d}_{kind}_{'night' if dark else 'day'}")
        targets.append(people)
    pairs = ImagePairs(infrared, visible, names=names)
    return (pairs, targets) if return_targets else pairs


def _check(n_pairs, size, night, smoke, noise):
    if not isinstance(n_pairs, Integral) or isinstance(n_pairs, bool) or n_pairs < 1:
        raise ValueError(f"n_pairs={n_pairs!r}: expected an int of at least 1.")
    sides = list(size) if np.iterable(size) else []
    if len(sides) != 2 or not all(isinstance(s, Integral) and s >= 16 for s in sides):
        raise ValueError(f"size={size!r}: expected (height, width), at least 16 each.")
    for name, value in (("night", night), ("smoke", smoke)):
        if not (isinstance(value, (bool, np.bool_)) or value == "mixed"):
            raise ValueError(f'{name}={value!r}: expected True, False or "mixed".')
    if not isinstance(noise, Real) or not 0 <= noise < 100:
        raise ValueError(f"noise={noise!r}: expected a number from 0 to 100.")


def _seed(random_state):
    """Return a seed, from which every scene gets a generator of its own."""
    if random_state is None:
        return int(np.random.SeedSequence().entropy % 2**63)
    if isinstance(random_state, Integral) and random_state >= 0:
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    raise ValueError(
        f"random_state={random_state!r}: expected None, an int from 0, a Generator or "
        "a RandomState."
    )


def _scene(rng, size, kind, night, smoky, noise):
    """Draw one scene; return infrared and visible in [0, 1] and the people."""
    height, width = size[0] * _FINER, size[1] * _FINER
    air = rng.uniform(4, 9) if night else rng.uniform(15, 20)
    canvas = Canvas(
        rng,
        (height, width),
        horizon=height * rng.uniform(0.36, 0.43),
        vanishing=width * rng.uniform(0.42, 0.58),
        focal=1.12 * width,
        eye=rng.uniform(2.1, 2.5),
        night=night,
    )
    places.draw_sky(canvas, air, night)
    draw = _street if kind == "street" else _park
    lamps, beams, plume = draw(canvas, air, night)
    smoke = None
    if smoky:
        smoke = smoke_layer(canvas, *plume)
    photo = visible_picture(
        canvas, size, night=night, lamps=lamps, beams=beams, smoke=smoke, noise=noise
    )
    celsius = infrared_picture(
        canvas, size, air=air, night=night, smoke=smoke, noise=noise
    )
    low, high = _RANGE[night]
    thermal = np.clip((celsius - low) / (high - low), 0, 1)
    return thermal, photo, _target(canvas, size)


def _target(canvas, size):
    """Return whom the infrared camera sees, one by one."""
    masks, shares = [], []
    for number, area in enumerate(canvas.areas, 1):
        drawn = np.where(canvas.owner == number, np.uint8(255), np.uint8(0))
        # More than half of the pixel: nobody shares one with another.
        mask = cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_AREA) > 128
        if mask.any():
            masks.append(mask)
            shares.append(np.count_nonzero(drawn) / area)
    boxes = [(*cv2.boundingRect(mask.astype(np.uint8)),) for mask in masks]
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return {
        "boxes": boxes,
        "labels": np.array(["person"] * len(masks), dtype=object),
        "iscrowd": np.array(shares) < _LEAST_SHARE,
        "masks": np.array(masks, bool).reshape(-1, *size),
    }


def _street(canvas, air, night):
    """Houses on both sides, parked and moving cars, people on road and pavement."""
    rng = canvas.rng
    half = rng.uniform(3.6, 4.4)
    wall = half + rng.uniform(2.6, 3.6)
    plan = {
        "kind": "street",
        "half": half,
        "walk": wall,
        "bend": 0.0,
        "center": 0.0,
        "phase": rng.uniform(0, 6),
        "crossing": rng.uniform(9, 15),
    }
    places.draw_skyline(canvas, air, leafy=rng.random() < 0.4)
    places.draw_ground(canvas, air, night, plan)
    things = []  # (distance, function): drawn from far to near
    for side in (-1, 1):
        z = 4.0
        while z < 95:
            long = rng.uniform(8, 16)
            tall = rng.uniform(8, 17) if rng.random() < 0.85 else rng.uniform(4.8, 6.5)
            things.append(
                (z, places.draw_building, (side, side * wall, z, z + long, tall))
            )
            z += long + (rng.uniform(2, 5) if rng.random() < 0.25 else 0)
        for z in np.arange(rng.uniform(9, 14), 60, rng.uniform(11, 15)):
            if rng.random() < 0.75:
                tall = rng.uniform(4.5, 6.5)
                things.append((z, places.draw_tree, (side * (half + 0.9), z, tall)))
        z = rng.uniform(7.5, 11)
        while z < 45:
            if rng.random() < 0.6:
                warm = rng.random() < 0.35
                x = side * (half - 1.05)
                things.append((z, _parked, (x, z, warm)))
            z += rng.uniform(5.2, 8.5)
    side = rng.choice([-1, 1])
    lights = [
        (side * (half + 0.5), z) for z in np.arange(rng.uniform(10, 14), 70, 15.0)
    ]
    lamps = []
    for x, z in lights:
        things.append((z, actors.draw_lamp, (x, z)))
        lamps.append(((x - side * 1.1, 5.3, z), _LAMP, 1.5, 4.0))
    beams = []
    ahead = rng.uniform(17, 30)
    things.append((ahead, _driving, (-half / 2 + 0.2, ahead, True)))
    beams.append(((-half / 2 + 0.2, 0.5, ahead - 5), _BEAM, 0.8, 2.4))
    if rng.random() < 0.7:
        away = rng.uniform(13, 26)
        things.append((away, _driving, (half / 2, away, False)))
        beams.append(((half / 2, 0.5, away + 9), _BEAM, 0.7, 2.6))
    _people(things, rng, -half - 1.9, half + 1.9, 4, hidden=1)
    crossing = plan["crossing"] + 1.5
    things.append((crossing, _someone, (rng.uniform(-2.5, 2.5), crossing, False)))
    plume = _plume(things, rng, rng.uniform(-2.5, 2.5), rng.uniform(9, 12))
    _draw(canvas, air, night, things)
    return lamps, beams, plume


def _park(canvas, air, night):
    """Lawn with a path, rows of trees, bushes, benches and people."""
    rng = canvas.rng
    plan = {
        "kind": "park",
        "half": rng.uniform(1.2, 1.8),
        "bend": rng.uniform(1.0, 3.5) * rng.choice([-1, 1]),
        "center": rng.uniform(-1.5, 1.5),
    }
    places.draw_skyline(canvas, air, leafy=rng.random() < 0.6)
    places.draw_ground(canvas, air, night, plan)
    autumn = rng.uniform(0, 0.8) if rng.random() < 0.5 else 0.0
    things = []

    def path(z):
        return plan["center"] + plan["bend"] * (z / 30) ** 2

    for z in rng.uniform(36, 80, 15):
        x = rng.uniform(-0.55, 0.55) * z
        things.append((z, _tree, (x, z, rng.uniform(7, 12), False, autumn)))
    for side in (-1, 1):
        for z in np.arange(rng.uniform(8, 12), 34, rng.uniform(6, 9)):
            x = path(z) + side * rng.uniform(3.2, 6.0)
            things.append((z, _tree, (x, z, rng.uniform(5, 8.5), False, autumn)))
    for z in rng.uniform(9, 26, 6):
        x = path(z) + rng.choice([-1, 1]) * rng.uniform(2.6, 6.5)
        things.append((z, _tree, (x, z, rng.uniform(0.9, 1.7), True, 0.3 * autumn)))
    lamps = []
    side = rng.choice([-1, 1])
    for z in np.arange(rng.uniform(9, 12), 45, 13.0):
        x = path(z) + side * (plan["half"] + 0.8)
        things.append((z, _park_lamp, (x, z)))
        lamps.append(((x, 3.6, z), _LAMP, 1.6, 2.8))
    for z in rng.uniform(9, 18, 2):
        x = path(z) - side * (plan["half"] + 1.2)
        things.append((z, _bench, (x, z)))
    _people(things, rng, path(14) - 6, path(14) + 6, 4, hidden=2)
    for z in (rng.uniform(7.5, 11), rng.uniform(13, 20)):
        things.append((z, _someone, (path(z) + rng.uniform(-1, 1), z, False)))
    if rng.random() < 0.5:
        z = rng.uniform(16, 24)
        things.append((z, _parked, (path(z) + rng.uniform(-1, 1), z, True)))
    z = rng.uniform(9, 12)
    plume = _plume(things, rng, path(z) + rng.uniform(-2.5, 2.5), z)
    _draw(canvas, air, night, things)
    return lamps, [], plume


def _people(things, rng, left, right, count, hidden):
    """Spread people over the width, the hidden ones at random among them."""
    lanes = (
        left + (right - left) * (np.arange(count) + rng.uniform(0, 1, count)) / count
    )
    order = rng.permutation(count)
    for i, x in enumerate(lanes):
        z = rng.uniform(7.5, 20)
        things.append((z, _someone, (x, z, order[i] < hidden)))


def _plume(things, rng, x, z):
    """Place the source of the smoke, with two people behind it; return it."""
    wind = rng.choice([-1.0, 1.0])
    for drift in (0.5, 1.9):
        behind = z + rng.uniform(1.5, 3.5)
        things.append((behind, _someone, (x + wind * drift, behind, False)))
    return x, z, wind


def _draw(canvas, air, night, things):
    """Draw from far to near, after the shadows that all of it throws."""
    if not night:
        lean = canvas.rng.uniform(0.7, 1.3) * canvas.rng.choice([-1, 1])
        for _, draw, where in things:
            shape = _FOOTPRINTS.get(draw)
            if shape is not None:
                x, z = where[0], where[1]
                wide, long, tall = shape(*where)
                away, nearer = lean * tall, z - 0.55 * tall
                outline = [(x - wide, z + long), (x + wide, z + long), (x + wide, z)]
                outline += [(x + wide + away, nearer), (x - wide + away, nearer)]
                outline += [(x - wide, z)]
                actors.cast_shadow(canvas, outline)
        canvas.light = cv2.GaussianBlur(canvas.light, (0, 0), 1.6)

    # The houses first: whatever else there is stands before their fronts.
    def behind(thing):
        return (thing[1] is not places.draw_building, -thing[0])

    for _, draw, where in sorted(things, key=behind):
        draw(canvas, air, night, *where)


def _someone(canvas, air, night, x, z, hidden):
    actors.draw_person(canvas, air, night, x, z, camouflage=hidden)


def _parked(canvas, air, night, x, z, warm):
    actors.draw_car(canvas, air, night, x, z, running=warm, lights=False)


def _driving(canvas, air, night, x, z, oncoming):
    actors.draw_car(canvas, air, night, x, z, oncoming=oncoming)


def _tree(canvas, air, night, x, z, tall, bush, autumn):
    places.draw_tree(canvas, air, night, x, z, tall, bush=bush, autumn=autumn)


def _park_lamp(canvas, air, night, x, z):
    actors.draw_lamp(canvas, air, night, x, z, tall=3.8)


def _bench(canvas, air, night, x, z):
    actors.draw_bench(canvas, air, x, z)


_FOOTPRINTS = {
    _someone: lambda *where: (0.16, 0.1, 1.5),
    _parked: lambda *where: (0.9, 4.2, 0.9),
    _driving: lambda *where: (0.9, 4.2, 0.9),
    _tree: lambda x, z, tall, *rest: (0.20 * tall, 0.3 * tall, 0.45 * tall),
    places.draw_tree: lambda x, z, tall: (0.20 * tall, 0.3 * tall, 0.45 * tall),
}
