"""Compare new weights with those that ship, on pairs that no table reports.

    python benchmarks/train/choose_networks.py NEW --pairs FOLDER... --out OUT [NAME...]

``NEW`` holds ``NAME.safetensors`` as ``networks.py train`` writes them, each ``FOLDER``
pairs, images or two videos, of which a few are taken. The seven metrics of
``benchmarks/report/network_quality.py`` go to the terminal and to ``OUT/choice.json``;
``OUT/NAME.png`` shows, a row a pair, both images, the old result and the new one.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from _tones import relit
from networks import RECIPES

from skfusion import ImagePairs, fusers, load_pairs
from skfusion.images import luma
from skfusion.metrics import evaluate
from skfusion.weights import WeightsError

METRICS = ["qabf", "ssim", "viff", "scd", "mi", "qcv", "qcb"]
SIDES = 240, 320
_VIDEOS = (".mp4", ".avi")


def read_pairs(folders, most):
    """Return the middles of a few pairs, as they are and, of images, by night."""
    rng = np.random.default_rng(0)
    pairs = []
    for folder in folders:
        videos = [path for path in folder.rglob("*") if path.suffix in _VIDEOS]
        found = _frames(folder) if videos else _images(folder, most)
        for pair in found:
            pair = tuple(_middle(np.rint(255 * luma(x)).astype(np.uint8)) for x in pair)
            pairs.append(pair)
            if not videos:
                pairs.append(relit(*pair, rng)[1])
    return ImagePairs(*map(list, zip(*pairs)))


def _images(folder, most):
    pairs = load_pairs(folder)
    chosen = np.linspace(0, len(pairs) - 1, min(most, len(pairs))).round().astype(int)
    return [pairs.read(i) for i in chosen]


def _frames(folder, seconds=(0, 5)):
    """Yield frames of the videos of one name in ``ir`` and ``vis``."""
    for path in sorted((folder / "ir").iterdir()):
        for second in seconds:
            yield tuple(
                _frame(folder / kind / path.name, second) for kind in ("ir", "vis")
            )


def _frame(path, second):
    video = cv2.VideoCapture(str(path))
    video.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
    read, frame = video.read()
    if not read:
        raise SystemExit(f"{path}: no frame at {second} seconds")
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).astype(np.float32) / 255


def _middle(image):
    top, left = (max((n - m) // 2, 0) for n, m in zip(image.shape, SIDES))
    return image[top : top + SIDES[0], left : left + SIDES[1]]


def measure(fuser, pairs):
    """Return the fused 8-bit images, and the means of the metrics."""
    fused = [np.rint(255 * np.clip(x, 0, 1)) / 255 for x in fuser.transform(pairs)]
    return fused, evaluate(pairs, fused, METRICS).mean().to_dict()


def better(new, old):
    """Return in how many metrics the new weights are at least equal."""
    return sum(
        round(new[x], 3) <= round(old[x], 3)
        if x == "qcv"
        else round(new[x], 3) >= round(old[x], 3)
        for x in METRICS
    )


def sheet(pairs, *results):
    """Return one picture: a row a pair, its images and then the results."""
    rows = []
    for i in range(len(pairs)):
        images = [*pairs.read(i), *(fused[i] for fused in results)]
        row = np.hstack([np.rint(255 * luma(x)).astype(np.uint8) for x in images])
        empty = ((0, SIDES[0] - row.shape[0]), (0, 4 * SIDES[1] - row.shape[1]))
        rows.append(np.pad(row, empty))
    return np.vstack(rows)


def compare(name, path, pairs, out):
    """Measure and picture one network, and return the metrics of both weights."""
    cls = getattr(fusers, RECIPES[name].fuser)
    results, found = [], {}
    for which, weights in (("old", "pretrained"), ("new", path)):
        try:
            fused, found[which] = measure(cls(weights=weights, device="cpu"), pairs)
        except WeightsError:  # none ship yet
            continue
        results.append(fused)
        numbers = " ".join(f"{x} {found[which][x]:.4g}" for x in METRICS)
        print(f"{name:13} {which}: {numbers}", flush=True)
    if len(found) == 2:
        print(f"{name:13} new at least equal in {better(*map(found.get, _ORDER))} of 7")
    cv2.imwrite(str(out / f"{name}.png"), sheet(pairs, *results))
    return found


_ORDER = "new", "old"


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("new", type=Path, metavar="NEW")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all in NEW")
    parser.add_argument("--pairs", type=Path, nargs="+", required=True)
    parser.add_argument("--most", type=int, default=2, help="pairs of a folder")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    pairs = read_pairs(args.pairs, args.most)
    names = args.names or sorted(path.stem for path in args.new.glob("*.safetensors"))
    values = {}
    for name in names:
        path = args.new / f"{name}.safetensors"
        values[name] = compare(name, path, pairs, args.out)
        (args.out / "choice.json").write_text(json.dumps(values, indent=1))


if __name__ == "__main__":
    main()
