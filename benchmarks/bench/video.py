"""Videos: flicker with and without ``temporal``, frames a second, memory.

Usage: python benchmarks/bench/video.py [FOLDER] [--frames 150] [--temporal 1.0]

FOLDER holds ``ir/*.mp4`` and ``vis/*.mp4`` of equal names, by default those of
``../shared/data/M3SVD_video``. A drawn clip, in which a hot object enters, is measured
always.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import resource
import tempfile
import time
import warnings
from itertools import islice
from pathlib import Path

import av
import numpy as np
from _harness import print_machine
from sklearn.pipeline import Pipeline

from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import LaplacianPyramid
from skfusion.images import as_levels, luma
from skfusion.pairs import ImagePairs
from skfusion.pipelines import get_pipeline
from skfusion.transforms import HDRC, SSR, LinearStretch
from skfusion.video import fuse_video, iter_video

# Levels by which both sources of a pixel may change while it counts as static.
STATIC = 1.5
MEASURES = ("mean", "std", "tone", "static")


class Flicker:
    """Flicker of a fused video and of its sources, in grey levels.

    Frames are added one by one. ``result`` holds, for each of the three videos,

    - ``mean``, ``std``: the standard deviation over time of the second difference of
      the frame's mean and standard deviation: jumps of the global tone, while a steady
      drift counts nothing;
    - ``tone``: the mean absolute change of the mean of the static pixels, those at
      which both sources change by less than ``STATIC`` levels: what the eye sees as
      pumping;
    - ``static``: the mean absolute change of single static pixels: the tone, and
      whatever flickers in places, and noise.
    """

    names = ("fused", "infrared", "visible")

    def __init__(self):
        self._global, self._changes, self._before = [], [], None

    def add(self, fused, infrared, visible):
        images = [as_levels(image) for image in (fused, infrared, visible)]
        self._global.append([(image.mean(), image.std()) for image in images])
        if self._before is not None:
            change = [now - then for now, then in zip(images, self._before)]
            still = (np.abs(change[1]) < STATIC) & (np.abs(change[2]) < STATIC)
            if still.mean() > 0.01:
                still = [part[still] for part in change]
                self._changes.append(
                    [(abs(part.mean()), np.abs(part).mean()) for part in still]
                )
        self._before = images

    def result(self):
        jumps = np.diff(self._global, 2, axis=0).std(axis=0)
        changes = np.mean(self._changes, axis=0)
        table = np.concatenate([jumps, changes], axis=1)
        return {
            name: dict(zip(MEASURES, row.tolist()))
            for name, row in zip(self.names, table)
        }


def flicker(frames):
    """Return the flicker of an iterable of (fused, infrared, visible) frames."""
    measured = Flicker()
    for triple in frames:
        measured.add(*triple)
    return measured.result()


def methods():
    enhance = EnhanceByModality(LinearStretch(), HDRC())
    percentiles = EnhanceByModality(LinearStretch(1, 99), "passthrough")
    fuse = ("fuse", LaplacianPyramid())
    return {
        "average": get_pipeline("average"),
        "laplacian_pyramid": get_pipeline("laplacian_pyramid"),
        "tif": get_pipeline("tif"),
        "gff": get_pipeline("gff"),
        "auif": get_pipeline("auif"),
        "stretch 1-99 + pyramid": Pipeline([("enhance", percentiles), fuse]),
        "stretch, HDRC + pyramid": Pipeline([("enhance", enhance), fuse]),
        "stretch, HDRC + pyramid + SSR": Pipeline(
            [("enhance", enhance), fuse, ("ssr", SSR())]
        ),
    }


def drawn_clip(n_frames, size=(240, 320), seed=0):
    """Yield gray pairs: a still scene with noise, and a hot disc that crosses it."""
    rng = np.random.default_rng(seed)
    infrared, visible = make_scene_pairs(1, size=size, random_state=seed).read(0)
    infrared, visible = 0.5 * infrared, luma(visible)
    rows, columns = np.mgrid[: size[0], : size[1]]
    for i in range(n_frames):
        centre = -20 + 1.5 * size[1] * (i - n_frames // 4) / n_frames
        disc = np.hypot(rows - size[0] / 2, columns - centre) < 12
        ir = np.where(disc, 0.98, infrared) + rng.normal(0, 0.003, size)
        vis = visible + rng.normal(0, 0.003, size)
        yield tuple(
            np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
            for image in (ir, vis)
        )


def flickering_source(n_frames, size=(240, 320), seed=0):
    """Yield gray pairs: a visible camera whose gain flickers by four per cent."""
    rng = np.random.default_rng(seed)
    infrared, visible = make_scene_pairs(1, size=size, random_state=seed).read(0)
    for _ in range(n_frames):
        vis = np.clip(0.9 * luma(visible) * (1 + rng.uniform(-0.04, 0.04)), 0, 1)
        yield tuple(
            np.floor(image * 255 + 0.5).astype(np.uint8) for image in (infrared, vis)
        )


def measure_flicker(name, pairs, estimators, rate, seconds):
    from skfusion.video.fusing import _Steady

    pairs = list(pairs)
    print(f"\n{name}: {len(pairs)} frames of {pairs[0][1].shape[:2]}")
    head = " ".join(f"{measure:>13}" for measure in MEASURES)
    print(f"{'':32}{head}")
    shown = False
    for method, estimator in estimators.items():
        plain, steady = Flicker(), Flicker()
        smoother, distance = _Steady(seconds), 0.0
        for i, (ir, vis) in enumerate(pairs):
            fused = estimator.transform(ImagePairs([ir], [vis]))[0]
            plain.add(fused, ir, vis)
            pair = ImagePairs([ir], [vis]).read(0)
            better = smoother(*pair, fused.copy(), i / rate)
            distance += 255 * float(np.abs(better - fused).mean()) / len(pairs)
            steady.add(better, ir, vis)
        plain, steady = plain.result(), steady.result()
        if not shown:
            for source in ("infrared", "visible"):
                row = " ".join(f"{plain[source][m]:13.3f}" for m in MEASURES)
                print(f"{source:32}{row}")
            shown = True
        row = " ".join(
            f"{plain['fused'][m]:6.3f}>{steady['fused'][m]:6.3f}" for m in MEASURES
        )
        print(f"{method:32}{row}   moved by {distance:.2f}")


def speed(infrared, visible, estimators, seconds):
    print("\nframes a second and CPU ms a frame, decoded, fused in colour, encoded:")
    with tempfile.TemporaryDirectory() as folder:
        for method, estimator in estimators.items():
            found = []
            for temporal in (0.0, seconds):
                start = time.process_time()
                report = fuse_video(
                    PreserveChroma(estimator),
                    infrared,
                    visible,
                    Path(folder) / "out.mp4",
                    temporal=temporal,
                    overwrite=True,
                )
                spent = (time.process_time() - start) / report.n_frames
                found += [report.n_frames / report.seconds, 1000 * spent]
            print(
                "{:32}{:6.1f} ({:4.0f} ms)   with temporal {:6.1f} ({:4.0f} ms)".format(
                    method, *found
                )
            )


def memory(infrared, visible):
    """Resident memory while the frames go by."""
    page = resource.getpagesize()

    class Watching:
        def __init__(self, estimator):
            self.estimator, self.seen, self.sizes = estimator, 0, {}

        def transform(self, pairs):
            self.seen += 1
            if self.seen in (25, 50, 100, 150, 200):
                pages = int(Path("/proc/self/statm").read_text().split()[1])
                self.sizes[self.seen] = pages * page / 2**20
            return self.estimator.transform(pairs)

    watching = Watching(PreserveChroma(get_pipeline("laplacian_pyramid")))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        fuse_video(watching, infrared, visible, Path(folder) / "o.mp4", temporal=1.0)
        took = time.perf_counter() - start
    sizes = ", ".join(f"{n}: {size:.1f}" for n, size in watching.sizes.items())
    print(f"\nresident MiB after frame {sizes} ({watching.seen} frames, {took:.1f} s)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parents[3] / "shared" / "data" / "M3SVD_video"
    parser.add_argument("folder", nargs="?", type=Path, default=shared)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--temporal", type=float, default=1.0)
    parser.add_argument("--method", action="append", default=[])
    parser.add_argument("--no-flicker", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print_machine(av)
    print(f"temporal={args.temporal}")
    estimators = methods()
    if args.method:
        estimators = {name: estimators[name] for name in args.method}
    clips = sorted((args.folder / "vis").glob("*.mp4"))
    if not args.no_flicker:
        clip = drawn_clip(args.frames)
        measure_flicker("a hot disc enters", clip, estimators, 25, args.temporal)
        clip = flickering_source(args.frames)
        measure_flicker("the source flickers", clip, estimators, 25, args.temporal)
        for path in clips:
            pairs = islice(
                iter_video(args.folder / "ir" / path.name, path), args.frames
            )
            measure_flicker(path.name, pairs, estimators, 25, args.temporal)
    if clips:
        memory(args.folder / "ir" / clips[-1].name, clips[-1])
        speed(args.folder / "ir" / clips[0].name, clips[0], estimators, args.temporal)


if __name__ == "__main__":
    main()
