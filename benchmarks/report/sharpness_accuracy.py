"""Accuracy and calibration of the shipped sharpness networks on held-out images.

Usage: python benchmarks/report/sharpness_accuracy.py FOLDER [FOLDER ...] [-n 1000]
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from skfusion.datasets import make_sharpness_patches
from skfusion.fusers import SharpnessClassifier


def energy(X):
    """Sum of the squared differences of neighbours, inside the window."""
    across, down = np.diff(X, axis=3), np.diff(X, axis=2)
    return (across**2).sum((2, 3)) + (down**2).sum((2, 3))


def calibration_error(probability, right, n_bins=10):
    """Mean distance between confidence and accuracy, over bins of confidence."""
    bins = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    gaps = [
        abs(probability[bins == k].mean() - right[bins == k].mean()) * (bins == k).sum()
        for k in np.unique(bins)
    ]
    return sum(gaps) / len(right)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--images", type=int, default=100)
    arguments = parser.parse_args()
    print("| images | kernel | context | six-path | three-path | energy | ECE |")
    print("|---" * 7 + "|")
    networks = [SharpnessClassifier(name) for name in ("six-path", "three-path")]
    for folder in arguments.folders:
        images = sorted(folder.iterdir())[: arguments.images]
        for size in (9, 11, 13, 15):
            X, y = make_sharpness_patches(
                images, arguments.n, kernel_sizes=[size], context=2, random_state=size
            )
            inner = X[..., 2:-2, 2:-2]
            e = energy(inner)
            decided = np.mean((e[:, 1] > e[:, 0]) == y) * 100
            for context, samples in ((2, X), (0, inner)):
                cells, errors = [], []
                for network in networks:
                    probabilities = network.predict_proba(samples)
                    right = probabilities.argmax(1) == y
                    cells.append(f"{100 * right.mean():.2f} %")
                    errors.append(calibration_error(probabilities.max(1), right))
                print(
                    f"| {folder.parent.name}/{folder.name} | {size} | {context} | "
                    + " | ".join(cells)
                    + f" | {decided:.2f} % | "
                    + ", ".join(f"{x:.4f}" for x in errors)
                    + " |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
