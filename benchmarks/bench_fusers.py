"""Time every fusion method on a 640 x 512 pair, in units of one bilateral filter.

    python benchmarks/bench_fusers.py [--seconds S] [NAME ...]

One process. The unit is cv2.bilateralFilter(d=9) on a float32 image of the same size
with the same number of threads. Each figure is the least time of `transform` on one
gray pair, of runs that take S seconds together after one to warm up (one alone where it
takes more than five seconds): the processor time with one thread, which other work on
the machine disturbs less, and that of the clock with two.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import contextlib
import platform
import time
import warnings

import cv2
import numba
import numpy as np
import scipy
import torch
from scipy import fft, ndimage
from sklearn.utils._tags import get_tags
from threadpoolctl import threadpool_limits

import skfusion
from skfusion import fusers
from skfusion.base import BaseFuser

SHAPE = 512, 640
_SLOW = 5.0
# Further forms of a class that have a name of their own.
FORMS = {
    "SparseRepresentationFuser (RP_SR)": lambda: fusers.SparseRepresentationFuser(
        "ratio"
    ),
}


def scene():
    """Draw a pair: textures and shading of several scales, boxes and a hot spot."""
    rng = np.random.default_rng(0)
    images = []
    for fine, coarse in ((0.25, 1.0), (1.0, 0.5)):
        image = np.zeros(SHAPE)
        for sigma, weight in ((1, fine), (4, fine), (16, 1.0), (64, coarse)):
            noise = ndimage.gaussian_filter(rng.standard_normal(SHAPE), sigma)
            image += weight * noise / noise.std()
        for _ in range(30):
            top, left = rng.integers(0, SHAPE[0] - 60), rng.integers(0, SHAPE[1] - 60)
            high, wide = rng.integers(8, 60, 2)
            image[top : top + high, left : left + wide] += rng.normal(0, 2)
        image -= image.min()
        images.append(np.round(255 * image / image.max()).astype(np.uint8))
    return images


@contextlib.contextmanager
def threads(count):
    """Limit every library to this many threads."""
    cv2.setNumThreads(count)
    torch.set_num_threads(count)
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    with threadpool_limits(count), fft.set_workers(count):
        yield


def least(call, seconds, clock):
    """Return the least time of a call in milliseconds."""
    times, start = [], time.perf_counter()
    while len(times) < 2 or time.perf_counter() - start < seconds:
        before = clock()
        call()
        times.append(clock() - before)
        if times[0] > _SLOW:  # no use in warming up for what takes this long
            return 1e3 * times[0]
    return 1e3 * min(times[1:])


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
    image = infrared.astype(np.float32) / 255
    clocks = {1: time.process_time, 2: time.perf_counter}
    unit = {}
    for count, clock in clocks.items():
        with threads(count):
            unit[count] = least(
                lambda: cv2.bilateralFilter(image, 9, 0.1, 3.0), 1.0, clock
            )
    print(f"{platform.processor() or platform.machine()}, {platform.platform()}")
    print(
        f"skfusion {skfusion.__version__}, Python {platform.python_version()}, NumPy "
        f"{np.__version__}, SciPy {scipy.__version__}, OpenCV {cv2.__version__}, numba "
        f"{numba.__version__}, torch {torch.__version__}"
    )
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
