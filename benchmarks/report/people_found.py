# SPDX-License-Identifier: BSD-3-Clause
"""Count the people that two detectors find in drawn night scenes, fused and not.

Writes the tables of docs/downstream.md and its picture.

    python benchmarks/report/people_found.py [-n SCENES] [-j WORKERS]
"""

import argparse
import re
from pathlib import Path

import cv2
import numpy as np

from skfusion.compose import with_color
from skfusion.datasets import make_scene_pairs
from skfusion.images import to_dtype, write_image
from skfusion.inspection.contact_sheet import contact_sheet
from skfusion.metrics import DetectionScorer
from skfusion.metrics.downstream import (
    BlobDetector,
    HOGPeopleDetector,
    evaluate_downstream,
)
from skfusion.pipelines import get_pipeline

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "downstream.md"
PICTURE = ROOT / "docs" / "images" / "people_found.jpg"
METHODS = ("balanced", "natural", "targets", "average", "gff", "seafusion")
SIZE = (480, 640)
DETECTORS = {
    "OpenCV's HOG people detector": HOGPeopleDetector(56),
    "Bright upright figures (`BlobDetector`)": BlobDetector(24),
}
SHOWN = 1  # the scene of the picture


def fuse_all(pairs):
    """Fused images by method, in 8 bits, as files would hold them."""
    return {
        name: [
            to_dtype(image, np.uint8)
            for image in with_color(get_pipeline(name), "luma").transform(pairs)
        ]
        for name in METHODS
    }


def as_lines(table, n_scenes):
    """One detector's table as Markdown."""
    people = int(table["found"].iloc[0] + table["missed"].iloc[0])
    lines = [
        f"| images | found of {people} | false alarms a picture | AP .5 | AP .5:.95 | "
        "log-average miss rate |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, row in table.iterrows():
        name = f"`{name}`" if name in METHODS else name
        lines.append(
            f"| {name} | {row['found']:.0f} | {row['false_alarms'] / n_scenes:.2f} | "
            f"{row['ap50']:.3f} | {row['ap']:.3f} | {row['lamr']:.3f} |"
        )
    return lines


def picture(pair, target, fused):
    """What the HOG detector finds in one scene: people in green, its boxes yellow."""
    detect = DETECTORS["OpenCV's HOG people detector"]
    tiles = {"visible": pair[1], "infrared": pair[0], **fused}
    shown = []
    for image in tiles.values():
        gray = image.ndim == 2
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if gray else image.copy()
        boxes = [(box, (255, 220, 0)) for box in detect(image)["boxes"]]
        boxes += [(box, (60, 220, 60)) for box in target["boxes"]]
        for box, color in boxes:
            left, top, right, bottom = (int(round(side)) for side in box)
            cv2.rectangle(image, (left, top), (right - 1, bottom - 1), color, 2)
        shown.append(image)
    names = list(tiles)
    rows = [slice(0, 4), slice(4, 8)]
    return contact_sheet(
        [shown[row] for row in rows], [names[row] for row in rows], tile_height=270
    )


def replace(text, mark, lines):
    """Return the page with the lines between a pair of marks."""
    pattern = rf"(<!-- {mark}: [^\n]*-->\n).*?(<!-- end of {mark} -->)"
    new, count = re.subn(
        pattern, lambda m: m[1] + "\n".join(lines) + "\n" + m[2], text, flags=re.S
    )
    if count != 1:
        raise SystemExit(f"{PAGE} has {count} places for {mark}")
    return new


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=16)
    parser.add_argument("-j", type=int, default=None)
    args = parser.parse_args()
    pairs, targets = make_scene_pairs(
        args.n, SIZE, night=True, random_state=0, return_targets=True
    )
    fused = fuse_all(pairs)
    one = {name: images[SHOWN] for name, images in fused.items()}
    write_image(PICTURE, picture(pairs[SHOWN], targets[SHOWN], one))
    lines = []
    for title, detector in DETECTORS.items():
        scorer = DetectionScorer(detector, targets)
        table = evaluate_downstream(scorer, pairs, fused, n_jobs=args.j)
        print(title, table.round(3), sep="\n", flush=True)
        lines += [f"{title}:", "", *as_lines(table, args.n), ""]
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(replace(text, "people", lines[:-1]), encoding="utf-8")


if __name__ == "__main__":
    main()
