# SPDX-License-Identifier: BSD-3-Clause
"""skfusion's search against scikit-learn's GridSearchCV: one process, taken in turns.

    python benchmarks/bench/search.py [--pairs 4] [--repeats 3]

The same candidates and scores three times: GridSearchCV, which fits and scores each
pipeline and so enhances every image twice a candidate; the search without its cache of
enhanced images; and with it. Once with the enhancement of this library, which is too
quick for a cache, once with non-local means, which is not.
"""

import argparse

import cv2
import numpy as np
import sklearn
from _harness import print_machine, rounds, threads
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skfusion.base import ImageTransformer
from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import LaplacianPyramid
from skfusion.metrics import FusionScorer, single_split
from skfusion.search import SearchSpace, cache, run_search
from skfusion.transforms import HDRC, LinearStretch


class NonLocalMeans(ImageTransformer):
    """A denoiser that is slow enough to be worth keeping."""

    _parameter_constraints = {"strength": [float, int]}

    def __init__(self, strength=5):
        self.strength = strength

    def _transform_image(self, image):
        levels = np.rint(image * 255).astype(np.uint8)
        done = cv2.fastNlMeansDenoising(levels, h=self.strength, searchWindowSize=11)
        return done.astype(np.float32) / 255


METRICS = ["qabf", "en"]
LEVELS = [2, 3, 4, 5]
CASES = {
    "HDRC, LinearStretch": (
        EnhanceByModality(LinearStretch(), HDRC()),
        {"enhance__visible__target_contrast": [4.0, 8.0]},
    ),
    "non-local means": (
        EnhanceByModality(NonLocalMeans(), NonLocalMeans()),
        {"enhance__visible__strength": [3, 8]},
    ),
}


def searches(estimator, grid, X):
    """The three ways, each returns the means of the first metric by candidate."""
    inner = {f"estimator__{name}": values for name, values in grid.items()}
    space = SearchSpace(estimator, inner, METRICS)

    def plain():
        found = GridSearchCV(
            estimator, inner, scoring=FusionScorer(METRICS), refit=False,
            cv=single_split(X), error_score="raise",
        ).fit(X)  # fmt: skip
        return np.sort(found.cv_results_["mean_test_qabf"])

    def with_transform(method):
        def run():
            original, cache.Candidate.transform = cache.Candidate.transform, method
            try:
                return np.sort(run_search(X, space)[0]["qabf"])
            finally:
                cache.Candidate.transform = original

        return run

    return {
        "GridSearchCV": plain,
        "without cache": with_transform(lambda c, X: c.estimator_.transform(X)),
        "skfusion search": with_transform(cache.Candidate.transform),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    X = make_scene_pairs(args.pairs, size=(512, 640), random_state=0).pack()
    print_machine(sklearn)
    print(f"{args.pairs} pairs of 640x512, 8 candidates, metrics {METRICS}")
    for name, (enhance, grid) in CASES.items():
        steps = [("enhance", enhance), ("fuse", LaplacianPyramid())]
        grid = {**grid, "fuse__n_levels": LEVELS}
        ways = searches(PreserveChroma(Pipeline(steps)), grid, X)
        scores = {way: run() for way, run in ways.items()}
        times = rounds(*ways.values(), repeats=args.repeats)
        best = dict(zip(ways, times.min(axis=1)))
        equal = all(np.array_equal(s, scores["GridSearchCV"]) for s in scores.values())
        print(f"{name} (scores bitwise equal: {equal})")
        for way, value in best.items():
            ratio = best["GridSearchCV"] / value
            print(f"  {way:16} {value:7.3f} s   {ratio:5.2f} x GridSearchCV")


if __name__ == "__main__":
    with threads(1):
        main()
