# SPDX-License-Identifier: BSD-3-Clause
"""Time the metrics against plain NumPy/SciPy statements and against a Gaussian blur.

One process, one thread, 640 x 512; the best of several runs of the CPU time.

    python benchmarks/bench/metrics.py [--all]
"""

import argparse
import time
import warnings
from functools import partial

import cv2
import numpy as np
from _harness import print_machine, rounds, scene, threads
from _plain_vifb import PLAIN

from skfusion.metrics import ImageTooSmallError, metric_set, registry
from skfusion.metrics.context import Context
from skfusion.metrics.sets import compute_entries


def best(function, n_runs):
    """Least CPU time of some runs, in milliseconds."""
    return 1e3 * rounds(function, repeats=n_runs, clock=time.process_time).min()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--all", action="store_true", help="every metric of the registry"
    )
    parser.add_argument(
        "-n", type=int, default=9, help="runs, of which the best counts"
    )
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    a, b = scene()
    f = ((a.astype(int) + b) // 2).astype(np.uint8)
    levels = [x.astype(np.float64) for x in (a, b, f)]
    single = a.astype(np.float32)
    entries = metric_set("vifb")

    print_machine()
    print("one thread, 640x512")
    blur = best(lambda: cv2.GaussianBlur(single, (0, 0), 5), args.n)
    context = best(lambda: Context(a, b, f), args.n)
    together = best(lambda: compute_entries(a, b, f, entries), args.n)
    print(f"cv2.GaussianBlur(sigma=5, float32)   {blur:9.2f} ms")
    print(f"three images to float64 levels       {context:9.2f} ms\n")
    print("each metric by itself, the conversion to levels included:")
    print(
        f"{'metric':8}{'skfusion':>10}{'plain':>10}{'ratio':>8}   relative difference"
    )
    total = 0.0
    for column, key, kwargs in entries:
        kwargs = {k: v for k, v in kwargs.items() if k != "channel"}
        record = registry[key]
        ours = best(partial(once, record, kwargs, a, b, f), args.n)
        plain = best(partial(PLAIN[column], *levels), 3)
        total += plain
        value, other = record(a, b, f, **kwargs), PLAIN[column](*levels)
        print(
            f"{column:8}{ours:10.2f}{plain:10.2f}"
            f"{plain / ours:8.1f}   {abs(value / other - 1):.1e}"
        )
    print(
        f"\nset vifb, 13 metrics sharing work: {together:.1f} ms = 1/"
        f"{total / together:.1f} of the plain statements ({total:.0f} ms, target 1/20) "
        f"= {together / blur:.1f} blurs (target 20)"
    )
    if args.all:
        report_all(a, b, f, together)


def once(record, kwargs, a, b, f):
    """Score with a context of its own."""
    return record.compute([Context(a, b, f)], **kwargs)


def report_all(a, b, f, vifb):
    """Time every metric in its default variant, and all of them together."""
    times = {}
    for key, record in registry.items():
        try:
            times[key] = best(partial(once, record, {}, a, b, f), 2)
        except ImageTooSmallError:
            continue
    print("\nevery metric in its default variant, ms:")
    print(", ".join(f"{key} {value:.1f}" for key, value in times.items()))
    entries = metric_set("all")
    everything = best(lambda: compute_entries(a, b, f, entries), 2)
    print(
        f"set all, {len(entries)} metrics sharing work: {everything:.0f} ms = "
        f"{everything / vifb:.1f} x the VIFB set (target 40)"
    )


if __name__ == "__main__":
    with threads(1):
        main()
