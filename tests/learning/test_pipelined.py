"""Threads around a device: bounded, in order, and an error costs itself."""

# SPDX-License-Identifier: BSD-3-Clause
import threading
import time

import numpy as np
import pytest

from skfusion.learning.pipelined import pipelined

IMAGE = np.zeros((2, 2), np.float32)


def fuse(samples):
    for sample in samples:
        yield sample.key, sample.infrared


def run(items, n_threads=2, read=None, fuse=fuse, write=None):
    read = read or (lambda item: (IMAGE, IMAGE, item))
    write = write or (lambda item, rest, image: rest)
    return pipelined(items, read, fuse, write, n_threads)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_every_item_is_read_fused_and_written_once(n_threads):
    assert list(run(range(20), n_threads)) == [(i, i) for i in range(20)]


def test_an_item_that_cannot_be_read_fused_or_written_costs_itself():
    def read(item):
        if item == 3:
            raise OSError("no file")
        return IMAGE, IMAGE, item

    def fails(samples):
        for sample in samples:
            bad = sample.key[0] == 5
            yield sample.key, ValueError("no image") if bad else sample.infrared

    def write(item, rest, image):
        if item == 7:
            raise OSError("disk full")
        return "written"

    found = dict(run(range(10), read=read, fuse=fails, write=write))
    assert sorted(found) == list(range(10))
    errors = {i: str(x) for i, x in found.items() if isinstance(x, Exception)}
    assert errors == {3: "no file", 5: "no image", 7: "disk full"}


@pytest.mark.parametrize("slow", ["fuse", "write"])
def test_what_waits_is_bounded_whatever_is_slow(slow):
    lock, alive, most = threading.Lock(), set(), []

    def read(item):
        with lock:
            alive.add(item)
            most.append(len(alive))
        return IMAGE, IMAGE, item

    def fused(samples):
        for sample in samples:
            time.sleep(0.002 * (slow == "fuse"))
            yield sample.key, sample.infrared

    def write(item, rest, image):
        time.sleep(0.002 * (slow == "write"))
        with lock:
            alive.discard(item)

    assert len(list(run(range(200), read=read, fuse=fused, write=write))) == 200
    assert max(most) <= 12


def test_who_stops_early_leaves_no_thread():
    before = threading.active_count()
    results = run(range(100))
    next(results)
    results.close()
    assert threading.active_count() <= before


def test_an_error_of_the_device_itself_ends_it():
    def broken(samples):
        next(iter(samples))
        raise RuntimeError("the device is lost")
        yield

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="the device is lost"):
        list(run(range(100), fuse=broken))
    assert threading.active_count() <= before
