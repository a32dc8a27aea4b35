"""Fit the statistics that NIQE ships with: ``python benchmarks/train/niqe.py FOLDER``.

FOLDER holds photographs, e.g. the 200 training images of BSDS500. Writes
``skfusion/weights/niqe_bsds500.safetensors``; with
``--test`` it prints the scores of other photographs, of blurred and of noisy copies.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
from pathlib import Path

import cv2
import numpy as np

from skfusion.images import as_levels
from skfusion.metrics.no_reference import NIQE


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--test", type=Path, help="photographs to score, not to fit")
    parser.add_argument("-o", "--out", type=Path)
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    out = arguments.out or root / "skfusion/weights/niqe_bsds500.safetensors"
    paths = sorted(arguments.folder.glob("*.jpg"))
    model = NIQE(weights=None).fit(paths)
    model.save_weights(out)
    print(f"{len(paths)} photographs -> {out}")
    if arguments.test:
        images = [as_levels(p) / 255 for p in sorted(arguments.test.glob("*.jpg"))]
        rng = np.random.default_rng(0)
        forms = {
            "photographs": lambda x: x,
            "blurred, sigma 2": lambda x: cv2.GaussianBlur(x, (0, 0), 2),
            "noisy, sigma 20": lambda x: np.clip(
                x + rng.normal(0, 20 / 255, x.shape), 0, 1
            ),
        }
        for name, form in forms.items():
            scores = model.predict(form(x) for x in images)
            print(f"{name}: median {np.median(scores):.2f}")


if __name__ == "__main__":
    main()
