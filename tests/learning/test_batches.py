"""Pairs of one size together on a device, and what becomes of errors."""

# SPDX-License-Identifier: BSD-3-Clause
import threading

import numpy as np
import pytest
import torch

from skfusion.images import luma
from skfusion.learning import batches
from skfusion.learning.batches import BatchSizes, Sample, fuse_samples, grouped

CPU = torch.device("cpu")


def samples(*levels, shape=(2, 3)):
    """Return samples with the key and the infrared level of their place."""
    image = np.ones(shape, np.float32)
    return [Sample(i, image * level, image) for i, level in enumerate(levels)]


def infrared(ir, vis):
    return ir


def workers(fuse=infrared, size=2, n=1, device=CPU):
    return [(device, fuse, BatchSizes(device, size)) for _ in range(n)]


def test_pairs_of_a_size_wait_no_longer_than_memory_allows(monkeypatch):
    monkeypatch.setattr(batches, "_WAITING", 20)
    images = [np.zeros((1, 6 + i)) for i in range(4)]
    drawn = (Sample(i, image, image) for i, image in enumerate(images))
    groups = [[s.key for s in group] for group in grouped(drawn, lambda pixels: 9)]
    assert groups == [[0], [1], [2], [3]]
    again = (Sample(i, images[0], images[0]) for i in range(7))
    groups = [[s.key for s in group] for group in grouped(again, lambda pixels: 9)]
    assert groups == [[0, 1, 2, 3], [4, 5, 6]]


def test_dtypes_and_colour_make_batches_of_their_own():
    gray, colour = np.zeros((2, 2), np.uint8), np.zeros((2, 2, 3), np.uint8)
    images = [gray, colour, gray.astype(np.uint16), gray, colour]
    drawn = (Sample(i, gray, image) for i, image in enumerate(images))
    groups = [[s.key for s in group] for group in grouped(drawn, lambda pixels: 2)]
    assert groups == [[0, 3], [1, 4], [2]]


def test_nobody_waits_where_it_is_said_that_no_more_comes():
    drawn = [*samples(0, 0, 0), None, *samples(0), None, None, *samples(0)]
    groups = [len(group) for group in grouped(drawn, lambda pixels: 2)]
    assert groups == [2, 1, 0, 1, 0, 0, 1]

    def asking():
        for sample in samples(0, 0.25, 0.5):
            yield sample
            yield None
            assert handed and handed[-1] == sample.key  # before anything else is drawn

    handed = []
    for key, _ in fuse_samples(asking(), workers()):
        handed.append(key)
    assert handed == [0, 1, 2]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_sample_comes_back_once_with_its_key(n):
    levels = np.linspace(0, 1, 11)
    found = dict(fuse_samples(iter(samples(*levels)), workers(n=n)))
    assert sorted(found) == list(range(11))
    for key, level in enumerate(levels):
        np.testing.assert_array_equal(found[key], np.float32(level))


def test_devices_work_at_the_same_time():
    both = threading.Barrier(2, timeout=20)

    def fuse(ir, vis):
        both.wait()  # breaks where one works alone
        return ir

    assert len(list(fuse_samples(iter(samples(0, 0, 0, 0)), workers(fuse, n=2)))) == 4


def fails_on_one(ir, vis):
    """Fail as a whole for a batch that holds a level of one."""
    if (ir == 1).any():
        raise RuntimeError("a level of 1")
    return ir


@pytest.mark.parametrize("n", [1, 2])
def test_a_bad_pair_of_a_batch_costs_itself_alone(n):
    drawn = samples(0, 0.5, 1, 0.25, 0.75)
    made = workers(fails_on_one, size=5, n=n)
    found = dict(fuse_samples(iter(drawn), made, alone=True))
    assert isinstance(found.pop(2), RuntimeError)
    assert {key: image[0, 0] for key, image in found.items()} == {
        0: 0,
        1: 0.5,
        3: 0.25,
        4: 0.75,
    }


@pytest.mark.parametrize("n", [1, 2])
def test_without_that_the_first_error_ends_it(n):
    drawn = samples(*[0] * 20, 1, *[0] * 20)
    with pytest.raises(RuntimeError, match="a level of 1"):
        list(fuse_samples(iter(drawn), workers(fails_on_one, n=n)))


@pytest.mark.parametrize("n", [1, 2])
def test_who_stops_early_leaves_no_thread(n):
    before = threading.active_count()
    results = fuse_samples(iter(samples(*[0] * 30)), workers(n=n))
    next(results)
    results.close()
    assert threading.active_count() <= before


def test_a_batch_beyond_memory_is_halved_until_it_fits():
    sizes = []

    def fuse(ir, vis):
        sizes.append(len(ir))
        if len(ir) > 2:
            raise torch.cuda.OutOfMemoryError("all is taken")
        return ir

    found = dict(fuse_samples(iter(samples(*np.arange(7) / 7)), workers(fuse, size=7)))
    assert sorted(found) == list(range(7)) and sizes == [7, 3, 1, 2, 4, 2, 2]


def test_one_pair_beyond_memory_is_an_error():
    def fuse(ir, vis):
        raise torch.cuda.OutOfMemoryError("all is taken")

    with pytest.raises(torch.cuda.OutOfMemoryError):
        list(fuse_samples(iter(samples(0, 0)), workers(fuse)))


class FakeMemory:
    """The part of torch.cuda that tells of memory."""

    def __init__(self, monkeypatch, free, used_by_a_batch):
        self.peak, self.used = 0, used_by_a_batch
        told = {
            "mem_get_info": lambda device: (free, free),
            "memory_reserved": lambda device: 100,
            "memory_allocated": lambda device: 100,
            "reset_peak_memory_stats": self.reset,
            "max_memory_allocated": lambda device: self.peak,
        }
        for name, function in told.items():
            monkeypatch.setattr(torch.cuda, name, function)

    def reset(self, device):
        self.peak = 100 + self.used


def test_on_a_gpu_the_first_pair_tells_how_many_fit(monkeypatch):
    sizes = BatchSizes(torch.device("cuda"))
    FakeMemory(monkeypatch, free=10**6, used_by_a_batch=20 * 1000)
    assert sizes(1000) == 1
    with sizes.measured(1000):
        pass
    assert sizes(1000) == 0.4 * 10**6 // (20 * 1000)
    assert sizes(10**6) == 1 and sizes(10) == 64
    assert BatchSizes(torch.device("cuda"), 7)(1000) == 7


def test_enough_pixels_keep_a_gpu_busy(monkeypatch):
    sizes = BatchSizes(torch.device("cuda"))
    FakeMemory(monkeypatch, free=10**12, used_by_a_batch=1)
    with sizes.measured(1000):
        pass
    assert sizes(480 * 640) == 2**23 // (480 * 640)


def test_on_a_cpu_one_pair_is_a_batch():
    sizes = BatchSizes(CPU)
    with sizes.measured(10):
        pass
    assert sizes(10) == 1


def test_integers_are_scaled_on_the_device_as_at_the_door(rng):
    for dtype, shape in ((np.uint8, (9, 7, 3)), (np.uint16, (9, 7))):
        image = rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype)
        seen = []

        def fuse(ir, vis, seen=seen):
            seen.append(ir)
            return vis

        sample = Sample(0, image, image[::1])
        ((_, fused),) = fuse_samples(iter([sample]), workers(fuse))
        expected = image / np.float32(np.iinfo(dtype).max)
        assert fused.shape == shape and fused.dtype == np.float32
        np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-7)
        if image.ndim == 3:
            from skfusion.learning.transfers import luma_of

            np.testing.assert_array_equal(luma_of(seen[0])[0, 0], luma(image))
