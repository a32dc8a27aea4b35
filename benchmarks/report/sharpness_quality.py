"""The sharpness pipelines beside the authors' fused images, on eleven TNO pairs.

Usage: python benchmarks/report/sharpness_quality.py ../shared/data [-o FILE]

The authors' images are 456 x 456, so the pairs are brought to that size first; the
metrics compare with the pairs before any enhancement.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import cv2
import numpy as np

from skfusion.images import luma
from skfusion.metrics import registry
from skfusion.pipelines import get_pipeline

METRICS = "ei ce sf en qabf scd nabf mi sd df viff vif".split()
AUTHORS = "published_results/Eyob_sharpblur_enh_ssr/TNO_21"
SIZE = (456, 456)


def read(path):
    image = luma(path)
    if image.shape != SIZE:
        image = np.clip(cv2.resize(image, SIZE[::-1]), 0, 1)
    return image


def measure(infrared, visible, fused):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [float(registry[name](infrared, visible, fused)) for name in METRICS]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    published = sorted((arguments.data / AUTHORS).glob("*.jpg"))
    pairs = [
        tuple(
            read(arguments.data / "TNO_21" / folder / f"{path.stem}.png")
            for folder in ("ir", "vis")
        )
        for path in published
    ]
    rows = {
        "authors' images": [read(path) for path in published],
        "average": [(ir + vis) / 2 for ir, vis in pairs],
        "image_enhancement": get_pipeline("image_enhancement").transform(pairs),
        "relative_clarity": get_pipeline("relative_clarity").transform(pairs),
    }
    tables = {
        name: np.array([measure(*pair, image) for pair, image in zip(pairs, fused)])
        for name, fused in rows.items()
    }
    reference = tables["authors' images"].mean(0)
    better = [registry[name].higher_is_better for name in METRICS]
    lines = [
        "| | " + " | ".join(METRICS) + " | ahead of the authors' in |",
        "|---" * (len(METRICS) + 2) + "|",
        "| better | "
        + " | ".join("higher" if higher else "lower" for higher in better)
        + " | |",
    ]
    for name, table in tables.items():
        mean = table.mean(0)
        ahead = np.where(better, mean > reference, mean < reference)
        values = [
            f"**{value:.3f}**" if wins else f"{value:.3f}"
            for value, wins in zip(mean, ahead)
        ]
        count = "" if table is tables["authors' images"] else f"{ahead.sum()} of 12"
        lines.append(f"| {name} | " + " | ".join(values) + f" | {count} |")
    text = "\n".join(lines)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
