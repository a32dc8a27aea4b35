"""Gather training pairs in one small folder: real ones, drawn partners, scenes."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from _drawn_partners import drawn_thermal

from skfusion.datasets import make_scene_pairs
from skfusion.images import luma
from skfusion.video import iter_video

HELD_OUT_EVERY = 9
MAX_MEGABYTES = 15


def prepare(source, folder, *, photographs=96, scenes=72, clips=(), seed=0):
    """Write ``ir`` and ``vis``, and the same in ``held_out``, which nothing trains on.

    Parameters
    ----------
    source : path
        Data sets, with the ``split_dev.csv`` that says what may be trained on.
    folder : path
    photographs, scenes : int
        How many photographs get a drawn partner, and how many scenes are drawn.
    clips : list of (path, path)
        Infrared and visible clips of which every tenth frame is taken.
    """
    source, folder = Path(source), Path(folder)
    rng = np.random.default_rng(seed)
    with open(source / "split_dev.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["side"] == "train"]
    roads = [row for row in rows if row["dataset"] == "RoadScene"]
    for i, row in enumerate(roads):
        part = folder / "held_out" if i % HELD_OUT_EVERY == 4 else folder
        pair = [cv2.imread(str(source / row[side]), 0) for side in ("ir", "vis")]
        _write(part, f"road_{row['name']}", *pair, quality=85)
    photos = [row for row in rows if row["dataset"] == "natural_BSDS500"]
    for i in rng.permutation(len(photos))[:photographs]:
        photo = cv2.imread(str(source / (photos[i]["vis"] or photos[i]["ir"])))
        gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
        thermal = drawn_thermal(photo, rng)
        name = "photo_" + photos[i]["name"].replace("/", "_")
        _write(folder, name, thermal, gray, quality=78)
    # One seed for each four: a street by night, one by day, a park by day and by night.
    for start in range(0, scenes, 4):
        drawn = make_scene_pairs(
            4, (240, 320), random_state=seed + start, night="mixed", color=False
        )
        for i, (infrared, visible) in enumerate(zip(drawn.infrared, drawn.visible)):
            _write(folder, f"scene_{start + i}", infrared, visible, quality=85)
    for infrared, visible in clips:
        for i, pair in enumerate(iter_video(infrared, visible)):
            if i % 10 == 0:
                gray = [np.rint(255 * luma(x)).astype(np.uint8) for x in pair]
                _write(folder, f"clip_{Path(visible).stem}_{i}", *gray, quality=90)
    size = sum(p.stat().st_size for p in folder.rglob("*.jpg")) / 1e6
    print(f"{len(list(folder.rglob('*.jpg'))) // 2} pairs, {size:.1f} MB in {folder}")
    if size > MAX_MEGABYTES:
        raise SystemExit(f"{size:.1f} MB: more than {MAX_MEGABYTES}, take fewer.")


def _write(folder, name, infrared, visible, quality):
    for side, image in (("ir", infrared), ("vis", visible)):
        path = folder / side / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
