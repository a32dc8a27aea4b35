"""Time every fusion method on a 640 x 512 pair, in units of one bilateral filter.

    python benchmarks/bench/fusers.py [--seconds S] [NAME ...]

One process. The unit is cv2.bilateralFilter(d=9) on a float32 image of the same size
with the same number of threads. Each figure is the least time of `transform` on one
gray pair, of runs that take S seconds together after one to warm up (one alone where it
takes more than five seconds): the processor time with one thread, which other work on
the machine disturbs less, and that of the clock with two.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import time
import warnings

import cv2
from _harness import print_machine, rounds, scene, threads
from sklearn.utils._tags import get_tags

from skfusion import fusers
from skfusion.base import BaseFuser

# Further forms of a class that have a name of their own.
FORMS = {
    "SparseRepresentationFuser (RP_SR)": lambda: fusers.SparseRepresentationFuser(
        "ratio"
    ),
}


def least(call, seconds, clock):
    """Return the least time of a call in milliseconds."""
    return 1e3 * rounds(call, within=seconds, clock=clock).min()


def candidates(names):
    """Yield the name and the call that makes each exported fuser."""
    for name in sorted(fusers.__all__):
        cls = getattr(fusers, name)
        if isinstance(cls, type) and issubclass(cls, BaseFuser):
            if not names or name in names:
                yield name, cls
            for form, make in FORMS.items():
                if form.startswith(name) and (not names or name in names):
                    yield form, make


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=1.0)
    args = parser.parse_args()
    infrared, visible = scene()
    X = [(infrared, visible)]
    image = infrared.astype("float32") / 255
    clocks = {1: time.process_time, 2: time.perf_counter}
    unit = {}
    for count, clock in clocks.items():
        with threads(count):
            unit[count] = least(
                lambda: cv2.bilateralFilter(image, 9, 0.1, 3.0), 1.0, clock
            )
    print_machine()
    print(f"unit: {unit[1]:.1f} ms with one thread, {unit[2]:.1f} ms with two\n")
    print("| method | ms, 1 thread | units | ms, 2 threads | units |")
    print("|---|--:|--:|--:|--:|")
    for name, make in candidates(args.names):
        cells = []
        for count, clock in clocks.items():
            try:
                fuser = make()
                if get_tags(fuser).requires_fit:
                    cells = ["needs fit", "", "", ""]
                    break
                with threads(count), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    spent = least(
                        lambda: fuser.transform(X),  # noqa: B023
                        args.seconds,
                        clock,
                    )
            except Exception as error:  # the others are measured all the same
                cells = [type(error).__name__, "", "", ""]
                break
            cells += [f"{spent:.1f}", f"{spent / unit[count]:.1f}"]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
