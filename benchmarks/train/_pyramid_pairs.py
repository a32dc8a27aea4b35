"""The training pairs of the learned pyramid: crops, drawn scenes, photographs."""

# SPDX-License-Identifier: BSD-3-Clause
import csv

import cv2
import numpy as np

from skfusion.datasets import make_scene_pairs

HEIGHT, WIDTH = 240, 320


def make_pairs(data, seed=20):
    """Return ``[(kind, name, held, infrared, visible), ...]``, uint8 of one size.

    ``held`` marks the pairs that no training sees. `data` is the folder with
    RoadScene, M3SVD and BSDS500.
    """
    makers = (_road, _videos, _scenes, _skies, _photographs)
    pairs = []
    for k, maker in enumerate(makers):
        pairs += maker(data, np.random.default_rng([seed, k]))
    order = np.random.default_rng(seed).permutation(len(pairs))
    return [pairs[i] for i in order]


def _road(data, rng):
    """Every pair of RoadScene's training side once as it is, most once changed."""
    with (data / "split_dev.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == "RoadScene"]
    if any(row["side"] != "train" for row in rows):
        raise SystemExit("RoadScene holds pairs that are not for training")
    held = set(rng.permutation(len(rows))[:18].tolist())
    changed = set(rng.permutation(len(rows))[:162].tolist())
    pairs = []
    for i, row in enumerate(rows):
        ir, vis = _gray(data / row["ir"]), _gray(data / row["vis"])
        zoom = 1.0 if rng.random() < 0.5 else rng.uniform(0.7, 1.8)
        pairs.append(("road", row["name"], i in held, *_crop(ir, vis, rng, zoom)))
        if i in changed:
            part = _crop(ir, vis, rng, rng.uniform(0.7, 1.8))
            pairs.append(("changed", row["name"], i in held, *_change(*part, rng)))
    return pairs


def _videos(data, rng, n_frames=12):
    pairs = []
    for path in sorted((data / "M3SVD_video" / "ir").iterdir()):
        films = [
            cv2.VideoCapture(str(data / "M3SVD_video" / side / path.name))
            for side in ("ir", "vis")
        ]
        last = int(films[0].get(cv2.CAP_PROP_FRAME_COUNT)) - 10
        for t in np.linspace(5, last, n_frames).astype(int):
            frames = []
            for film in films:
                film.set(cv2.CAP_PROP_POS_FRAMES, int(t))
                frames.append(film.read()[1])
            if any(frame is None for frame in frames):
                continue
            ir, vis = (cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames)
            part = _crop(ir, vis, rng, rng.uniform(0.6, 1.2))
            if rng.random() < 0.5:
                part = _change(*part, rng)
            pairs.append(("video", f"{path.stem}_{t}", False, *part))
    return pairs


def _scenes(data, rng):
    """Streets and parks by day and night, as drawn and changed."""
    pairs = []
    for night, n, noise, seed in ((False, 40, 1.0, 31), (True, 44, 1.0, 32)):
        drawn = make_scene_pairs(
            n,
            (HEIGHT, WIDTH),
            night=night,
            noise=noise,
            color=False,
            random_state=seed,
        )
        for i in range(n):
            ir, vis = (np.asarray(x) for x in drawn[i])
            held = i % 10 == 9
            pairs.append(("scene", f"{seed}_{i}", held, ir, vis))
            if i % 2:
                part = _change(ir, vis, rng)
                pairs.append(("scene_changed", f"{seed}_{i}", held, *part))
    return pairs


def _skies(data, rng):
    """Wide skies over a skyline, warm or cold, by day and by night with lamps."""
    pairs = []
    for i in range(80):
        ir, vis = _sky(rng, night=i % 5 in (1, 3))
        pairs.append(("sky", f"sky_{i}", i % 10 == 7, _bytes(ir), _bytes(vis)))
    return pairs


def _photographs(data, rng):
    """Photographs with a drawn thermal picture of the same outlines."""
    folder = data / "natural_BSDS500"
    with (data / "split_dev.csv").open() as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["dataset"] == folder.name and row["side"] == "train"
        ]
    pairs = []
    for k, i in enumerate(rng.permutation(len(rows))[:70]):
        photo = _gray(data / rows[i]["vis" if rows[i]["vis"] else "ir"])
        photo = _crop(photo, photo, rng, 1.0)[1]
        ir, vis = _thermal(photo / 255, rng), photo / 255
        if rng.random() < 0.4:
            vis = _dimmed(vis, rng)
        held = k % 10 == 3
        pairs.append(("photo", rows[i]["name"], held, _bytes(ir), _bytes(vis)))
    return pairs


def _gray(path):
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"cannot read {path}")
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def _bytes(image):
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


def _crop(ir, vis, rng, zoom):
    height, width = ir.shape
    zoom = max(zoom, WIDTH / width, HEIGHT / height)
    if abs(zoom - 1) > 1e-3:
        size = max(WIDTH, round(width * zoom)), max(HEIGHT, round(height * zoom))
        how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        ir, vis = (cv2.resize(x, size, interpolation=how) for x in (ir, vis))
    top = rng.integers(0, ir.shape[0] - HEIGHT + 1)
    left = rng.integers(0, ir.shape[1] - WIDTH + 1)
    part = slice(top, top + HEIGHT), slice(left, left + WIDTH)
    return ir[part].copy(), vis[part].copy()


def _change(ir, vis, rng):
    """Another camera: contrast, polarity and noise; night, haze or blur."""
    f = (ir / 255.0) ** np.exp(rng.uniform(-0.5, 0.5))
    f = f.mean() + rng.uniform(0.5, 1.2) * (f - f.mean()) + rng.uniform(-0.08, 0.08)
    if rng.random() < 0.12:  # black-hot
        f = 1 - f
    if rng.random() < 0.3:
        f = f + rng.normal(0, rng.uniform(0.005, 0.025), f.shape)
    return _bytes(f), _bytes(_dimmed(vis / 255.0, rng))


def _dimmed(g, rng):
    kind = rng.integers(4)
    if kind == 0:
        g = g ** rng.uniform(1.2, 2.4) * rng.uniform(0.2, 0.7)
        return g + rng.normal(0, rng.uniform(0.005, 0.03), g.shape)
    if kind == 1:
        return g ** rng.uniform(0.5, 1.6)
    if kind == 2:
        level = g.mean() + rng.uniform(-0.1, 0.2)
        return level + rng.uniform(0.4, 1.1) * (g - g.mean())
    return cv2.GaussianBlur(g, (0, 0), rng.uniform(0.4, 1.0))


def _field(rng, sigma, low=0.0, high=1.0):
    """A smooth random field between two levels; `sigma` in pixels."""
    cell = max(sigma / 2, 1)
    small = rng.normal(size=(int(HEIGHT / cell) + 3, int(WIDTH / cell) + 3))
    small = cv2.GaussianBlur(small, (0, 0), 1.2)
    field = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    field = (field - field.min()) / (field.max() - field.min() + 1e-9)
    return low + (high - low) * field


def _texture(rng, octaves=5, first=1.0):
    """Noise with as much contrast at every scale, of mean 0 and deviation about 1."""
    total = sum(_field(rng, first * 2**k, -1, 1) * 0.9**k for k in range(octaves))
    return (total - total.mean()) / (total.std() + 1e-9)


def _outline(rng, horizon):
    """The height of the skyline at each column: houses, hills or trees."""
    kind = rng.integers(3)
    if kind == 0:
        top = np.empty(WIDTH)
        x = 0
        while x < WIDTH:
            wide = int(rng.uniform(12, 60))
            top[x : x + wide] = horizon - rng.uniform(0, 0.25) * HEIGHT
            x += wide
        return top
    rough = 24.0 if kind == 1 else 5.0
    wave = _field(rng, rough)[0] * rng.uniform(0.1, 0.3) * HEIGHT
    return horizon - wave + (rng.normal(0, 1.2, WIDTH) if kind == 2 else 0)


def _sky(rng, night):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    horizon = HEIGHT * rng.uniform(0.35, 0.75)
    top = _outline(rng, horizon)
    ground = 1 / (1 + np.exp(-(rows - top[None]) / rng.uniform(0.4, 1.2)))
    up = np.clip(1 - rows / horizon, 0, 1)
    # The sky: bright and even or with clouds; cold, a little warmer at the horizon.
    day = rng.uniform(0.6, 0.97) - rng.uniform(-0.1, 0.3) * up
    if rng.random() < 0.5:
        day = day + _field(rng, 40, -0.12, 0.12)
    sky = day if not night else rng.uniform(0.02, 0.15) + 0.05 * (1 - up)
    cold = rng.uniform(0.02, 0.3) + rng.uniform(0, 0.2) * (1 - up)
    if rng.random() < 0.3:
        cold = cold + _field(rng, 40, 0, 0.25)
    # The ground: its own light, its own warmth, some of the texture in both.
    shared, own, warm = (_texture(rng) for _ in range(3))
    light = rng.uniform(0.15, 0.6) * (0.25 if night else 1)
    land = light * (1 + rng.uniform(0.05, 0.3) * shared + rng.uniform(0.05, 0.3) * own)
    heat = rng.uniform(0.3, 0.85)
    heat = heat + rng.uniform(0.01, 0.07) * warm + rng.uniform(-0.05, 0.05) * shared
    blocks = _field(rng, 30, 0, 5).astype(int)
    heat = heat + rng.uniform(-0.15, 0.15, 6)[blocks]
    land = land * rng.uniform(0.6, 1.3, 6)[blocks]
    vis = sky * (1 - ground) + land * ground
    ir = cold * (1 - ground) + heat * ground
    ir = _with_people(ir, rng, horizon, rng.integers(0, 5))
    if night:
        vis = _with_lamps(vis, ir, rng, horizon)
    if rng.random() < 0.25:
        smoke = np.clip(_field(rng, 30, -0.6, 1.1), 0, 1)
        vis = vis * (1 - smoke) + rng.uniform(0.5, 0.9) * smoke
    ir = cv2.GaussianBlur(ir, (0, 0), rng.uniform(0.5, 1.2))
    ir = ir + rng.normal(0, rng.uniform(0.002, 0.015), ir.shape)
    vis = vis + rng.normal(0, rng.uniform(0.002, 0.02), vis.shape)
    return (1 - ir if rng.random() < 0.1 else ir), vis


def _with_people(ir, rng, horizon, n):
    """Draw warm upright shapes on the ground of a thermal picture."""
    ir = ir.copy()
    for _ in range(n):
        tall = rng.uniform(10, 50)
        x, y = rng.uniform(0, WIDTH), rng.uniform(horizon, HEIGHT)
        shape = np.zeros_like(ir)
        body = (int(x), int(y - tall * 0.45)), (int(tall * 0.13), int(tall * 0.38))
        cv2.ellipse(shape, *body, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        head = (int(x), int(y - tall * 0.9)), max(1, int(tall * 0.08))
        cv2.circle(shape, *head, 1.0, -1, cv2.LINE_AA)
        ir = ir + shape * (rng.uniform(0.75, 1.0) - ir)
    return ir


def _with_lamps(vis, ir, rng, horizon):
    """Lamps with their glow, and the ground lit around them."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    texture = 1 + 0.2 * _texture(rng)
    for _ in range(rng.integers(1, 6)):
        x, y = rng.uniform(0, WIDTH), horizon - rng.uniform(-20, 60)
        away = np.hypot(columns - x, rows - y)
        glow = rng.uniform(2, 6)
        vis = vis + np.exp(-((away / glow) ** 2)) + 0.25 * np.exp(-away / (6 * glow))
        pool = np.hypot((columns - x) / 70, (rows - horizon - 40) / 30)
        vis = vis + rng.uniform(0.1, 0.5) * np.exp(-(pool**2)) * texture
    return vis


def _thermal(photo, rng):
    """Give the parts of a photograph random temperatures, and people."""
    even = cv2.bilateralFilter(photo.astype(np.float32), 9, 0.15, 6)
    even = cv2.GaussianBlur(even, (0, 0), rng.uniform(1, 3))
    n = int(rng.integers(4, 10))
    part = np.clip(even * n + _field(rng, 40, -1, 1), 0, n - 1)
    levels = rng.uniform(0.05, 0.8, n)
    ir = np.interp(part, np.arange(n), levels) if rng.random() < 0.5 else None
    ir = levels[part.astype(int)] if ir is None else ir
    ir = ir + rng.uniform(-0.3, 0.4) * (photo - even) + _field(rng, 60, -0.1, 0.1)
    if rng.random() < 0.7:
        ir = _with_people(ir, rng, HEIGHT * 0.4, rng.integers(1, 5))
    ir = cv2.GaussianBlur(ir, (0, 0), rng.uniform(0.6, 1.5))
    return ir + rng.normal(0, rng.uniform(0.002, 0.02), ir.shape)
