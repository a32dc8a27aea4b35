"""Registration: pairs deformed by known fields, error, failures found, time.

Usage: python benchmarks/bench/registration.py DATA [--pairs 18] [--model affine]

DATA holds ``MSRS``, ``RoadScene`` (folders ``ir`` and ``vis``) and ``M3SVD_video``
(``ir/*.mp4``, ``vis/*.mp4``). Each infrared image is deformed by an affine, a
projective or a mildly elastic field, in turns. Without ``--model`` the model is that
of the field: homography for the projective ones, affine for the others. Seconds are
those of one processor.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from _harness import print_machine

from skfusion.datasets import load_pairs
from skfusion.images import luma
from skfusion.registration import align, align_rig
from skfusion.registration.models import displacement
from skfusion.registration.warping import sampling, warp
from skfusion.transforms import Register
from skfusion.video import iter_video
from skfusion.video.registering import FrameRegister

KINDS = ("affine", "homography", "elastic")
LINE = "{:10} {:10} {:22} {:6.2f} > {:6.2f}  quality {:5.3f} {:5} {:5.1f} s"
# Pairs that are off by more than two pixels as they are published.
MISALIGNED = ("00047N", "00091D")
MARGIN = 20  # pixels at the border that are not measured
THRESHOLD = Register().quality_threshold


def field(kind, shape, rng):
    """Return where each pixel of the deformed image comes from, float32 (H, W, 2)."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    angle, scale = np.deg2rad(rng.uniform(-5, 5)), rng.uniform(0.93, 1.07, 2)
    shear, shift = rng.uniform(-0.03, 0.03), rng.uniform(-0.04, 0.04, 2)
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    linear = np.array(turn) @ np.diag(scale) @ [[1, shear], [0, 1]]
    around = np.stack([x, y], -1) - centre
    moved = around @ linear.T + shift * [width, height]
    if kind == "homography":
        lean = rng.uniform(-0.05, 0.05, 2) / centre
        moved = moved / (1 + around @ lean)[..., None]
    if kind == "elastic":
        coarse = rng.normal(0, 1, (5, 6, 2)).astype(np.float32)
        bend = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        moved = moved + 1.5 * bend
    return (moved + centre).astype(np.float32)


def deformed(image, where):
    """Return an image sampled at a field, black where there is nothing."""
    return cv2.remap(image, where, None, cv2.INTER_CUBIC).clip(0, 1)


def errors(matrix, where):
    """Return the distances of a transform from a field, pixels of the fixed image."""
    height, width = where.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v, w = np.tensordot(matrix, np.stack([x, y, np.ones_like(x)]), 1)
    u, v = (u / w).astype(np.float32), (v / w).astype(np.float32)
    back = cv2.remap(where, u, v, cv2.INTER_LINEAR)
    known = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
    known[:MARGIN] = known[-MARGIN:] = False
    known[:, :MARGIN] = known[:, -MARGIN:] = False
    apart = np.hypot(back[..., 0] - x, back[..., 1] - y)
    return apart[known] if known.any() else np.array([np.inf])


def frames(folder, n):
    """Yield n frame pairs a video, far apart."""
    for infrared in sorted((folder / "ir").glob("*.mp4")):
        pairs = iter_video(infrared, folder / "vis" / infrared.name)
        for i, (ir, vis) in enumerate(islice(pairs, 0, 15 * n, 15)):
            yield f"{infrared.stem} {15 * i}", luma(ir), luma(vis)
        pairs.close()


def cases(data, n):
    """Yield data set, name and gray images of n pairs of each data set."""
    for dataset in ("MSRS", "RoadScene"):
        pairs = load_pairs(
            infrared=data / dataset / "ir", visible=data / dataset / "vis"
        )
        step = max(1, len(pairs) // n)
        for i in range(0, min(len(pairs), n * step), step):
            if pairs.names[i] in MISALIGNED:
                continue
            ir, vis = pairs.read(i)
            yield dataset, pairs.names[i], ir, luma(vis)
    for name, ir, vis in frames(data / "M3SVD_video", -(-n // 2)):
        yield "M3SVD", name, ir, vis


def measure(data, n, model, methods):
    """Yield a row for each deformed pair."""
    rng = np.random.default_rng(0)
    for i, (dataset, name, ir, vis) in enumerate(cases(data, n)):
        kind = KINDS[i % len(KINDS)]
        where = field(kind, ir.shape, rng)
        moving = deformed(ir, where)
        family = model or ("homography" if kind == "homography" else "affine")
        start = time.process_time()
        found = align(vis, moving, family, methods)
        seconds = time.process_time() - start
        before, after = errors(np.eye(3), where), errors(found.matrix, where)
        row = dataset, kind, name, before.mean(), after.mean(), found.quality
        yield *row, found.method, seconds


def summary(title, rows):
    """Print one line about some of the rows."""
    before, after, quality, seconds = (
        np.array([row[k] for row in rows], float) for k in (3, 4, 5, 7)
    )
    failed = quality < THRESHOLD
    kept = after[~failed] if (~failed).any() else np.array([np.nan])
    print(
        f"{title:22} {len(rows):3} pairs  before {before.mean():5.1f}  after: mean "
        f"{after.mean():5.2f} median {np.median(after):5.2f} worst {after.max():6.2f}  "
        f"| reported failed {failed.sum()}, the others: mean {kept.mean():5.2f} worst "
        f"{kept.max():6.2f}  | {np.median(seconds):.1f} s a pair"
    )


SHIFT = np.array([[1, 0, 9.3], [0, 1, -6.6], [0, 0, 1]])


def rig_error(folder, model, n=20):
    """Return how far the rig of shifted frames is from that of the frames, and both.

    The frames of the clip are off by themselves: what was added has to come back.
    """
    pairs = [(vis, ir) for _, ir, vis in islice(frames(folder, n), n)]
    back = np.linalg.inv(SHIFT)
    shifted = [
        (vis, warp(ir, sampling(back, ir.shape)).astype(np.float32))
        for vis, ir in pairs
    ]
    before, after = (align_rig(each, model).matrix for each in (pairs, shifted))
    shape = pairs[0][0].shape
    return (
        displacement(after, SHIFT @ before, shape),
        displacement(after, SHIFT, shape),
    )


def jitter(folder, n=40, rate=30):
    """Return the mean motion of a frame's transform against the frame before it."""
    infrared = sorted((folder / "ir").glob("*.mp4"))[0]
    found = {}
    for seconds in (0.0, 0.3, 1.0):
        follow = FrameRegister(Register(), seconds)
        pairs = iter_video(infrared, folder / "vis" / infrared.name)
        for i, (ir, vis) in enumerate(islice(pairs, n)):
            follow(ir, vis, i / rate)
            shape = ir.shape
        pairs.close()
        steps = zip(follow.transforms[:-1], follow.transforms[1:])
        found[seconds] = float(np.mean([displacement(*s, shape) for s in steps]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pairs", type=int, default=18, help="of each data set")
    parser.add_argument("--model")
    parser.add_argument("--methods", default="ecc,ngf,mi")
    args = parser.parse_args()
    print_machine()
    rows = []
    for row in measure(args.data, args.pairs, args.model, args.methods.split(",")):
        rows.append(row)
        print(LINE.format(*row), flush=True)
    for dataset in dict.fromkeys(row[0] for row in rows):
        summary(dataset, [row for row in rows if row[0] == dataset])
    for kind in KINDS:
        summary(kind, [row for row in rows if row[1] == kind])
    summary("all", rows)
    for model in ("translation", "affine"):
        against, off = rig_error(args.data / "M3SVD_video", model)
        print(
            f"rig of 20 frames, {model}: {against:.2f} px from the shift that was put "
            f"in, {off:.2f} px with what the clip is off by itself"
        )
    for seconds, motion in jitter(args.data / "M3SVD_video").items():
        print(
            f"per frame, smoothing {seconds:g} s: {motion:.3f} px from frame to frame"
        )


if __name__ == "__main__":
    main()
