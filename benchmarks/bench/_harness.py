"""What the benchmarks share: one stopwatch, one scene, one line about the machine."""

# SPDX-License-Identifier: BSD-3-Clause
import contextlib
import os
import platform
import time

import cv2
import numba
import numpy as np
import scipy
import torch
from scipy import fft, ndimage
from threadpoolctl import threadpool_limits

import skfusion

SHAPE = 512, 640
SLOW = 5.0


def rounds(*functions, repeats=1, within=0, clock=time.perf_counter):
    """Time functions in turns, after one call of each to warm up.

    Parameters
    ----------
    *functions : callable without arguments
    repeats : int, default=1
        Timed calls of each, at least.
    within : float, default=0
        Go on for so many seconds. What takes over five to warm up is then not called
        again: that call counts.
    clock : callable, default=time.perf_counter
        ``time.process_time`` and ``time.thread_time`` notice other work on the machine
        less.

    Returns
    -------
    ndarray of float, shape (number of functions, rounds)
        Seconds.
    """
    times = [[_elapsed(function, clock)] for function in functions]
    if within and max(times)[0] > SLOW:
        return np.array(times)
    start, n_rounds = time.perf_counter(), 0
    while n_rounds < repeats or time.perf_counter() - start < within:
        for function, spent in zip(functions, times):
            spent.append(_elapsed(function, clock))
        n_rounds += 1
    return np.array(times)[:, 1:]


def _elapsed(function, clock):
    before = clock()
    function()
    return clock() - before


def scene(shape=SHAPE, seed=0):
    """Draw an infrared and a visible image, uint8: textures, shading and boxes."""
    rng = np.random.default_rng(seed)
    images = []
    for fine, coarse in ((0.25, 1.0), (1.0, 0.5)):
        image = np.zeros(shape)
        for sigma, weight in ((1, fine), (4, fine), (16, 1.0), (64, coarse)):
            noise = ndimage.gaussian_filter(rng.standard_normal(shape), sigma)
            image += weight * noise / noise.std()
        for _ in range(30):
            top, left = rng.integers(0, shape[0] - 60), rng.integers(0, shape[1] - 60)
            high, wide = rng.integers(8, 60, 2)
            image[top : top + high, left : left + wide] += rng.normal(0, 2)
        image -= image.min()
        images.append(np.round(255 * image / image.max()).astype(np.uint8))
    return images


def unit_scene(shape=SHAPE, seed=0):
    """Return the images of `scene` as float32 in [0, 1]."""
    return [image / np.float32(255) for image in scene(shape, seed)]


@contextlib.contextmanager
def threads(count):
    """Limit every library to this many threads."""
    before = cv2.getNumThreads(), torch.get_num_threads(), numba.get_num_threads()
    _set_threads(count, count, count)
    try:
        with threadpool_limits(count), fft.set_workers(count):
            yield
    finally:
        _set_threads(*before)


def _set_threads(for_cv2, for_torch, for_numba):
    cv2.setNumThreads(for_cv2)
    torch.set_num_threads(for_torch)
    numba.set_num_threads(min(for_numba, numba.config.NUMBA_NUM_THREADS))


def print_machine(*modules):
    """Print the machine and the versions of the libraries, and of further modules."""
    processor = platform.processor() or platform.machine()
    print(f"{processor}, {os.cpu_count()} cores, {platform.platform()}")
    modules = skfusion, np, scipy, cv2, numba, torch, *modules
    versions = [f"{module.__name__} {module.__version__}" for module in modules]
    print(", ".join([f"Python {platform.python_version()}", *versions]))
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name())
