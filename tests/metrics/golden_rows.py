"""Rows of the reference tables and the images that they were computed from."""

import csv
import math
from functools import cache
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
SHARED = ROOT.parent / "shared"


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def read_gray(path):
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert image is not None, path
    return image


def _folder(pair):
    """The committed pair, or the folder with the larger ones beside the repository."""
    return GOLDEN if pair == "odd" else SHARED / "golden"


def drawn_available(row):
    pair = row["pair"].split("_")[-1]
    return (_folder(pair) / "inputs" / f"{pair}_ir.png").exists()


@cache
def drawn_images(pair, fused):
    """Infrared, visible, fused image of a row of metrics.csv."""
    name = pair.split("_")[-1]
    folder = _folder(name)
    images = [
        read_gray(folder / "inputs" / f"{name}_ir.png"),
        read_gray(folder / "inputs" / f"{name}_vis.png"),
        read_gray(folder / "fused" / f"{name}_{fused}.png"),
    ]
    if pair.startswith("crop"):
        h, w = images[0].shape
        images = [
            x[h // 2 - 32 : h // 2 + 32, w // 2 - 32 : w // 2 + 32] for x in images
        ]
    if pair.startswith("crop20"):
        images = [x[22:42, 22:42] for x in images]
    return [np.ascontiguousarray(x) for x in images]


@cache
def real_images(pair, fused):
    """Infrared, visible, fused image of a row of the tables on real pairs."""
    folder = SHARED / "reference" / "metrics_inputs"
    parts = ("ir", "vi", f"f_{fused}")
    return [read_gray(folder / f"{pair}_{part}.png") for part in parts]


def value_of(row):
    """The published value; NaN where the published code stopped with an error."""
    return math.nan if row["value"].startswith("ERR") else float(row["value"])


def deviation(got, expected):
    """Relative deviation; 0 for equal values, both NaN and equal infinities."""
    if got == expected or (math.isnan(got) and math.isnan(expected)):
        return 0.0
    if not (math.isfinite(got) and math.isfinite(expected)):
        return math.inf
    return abs(got - expected) / abs(expected) if expected else abs(got)
