"""Copies to a device and back, with streams that only write down what is asked."""

# SPDX-License-Identifier: BSD-3-Clause
import contextlib

import numpy as np
import pytest
import torch

from skfusion.images import to_dtype
from skfusion.images.pixels import as_stored
from skfusion.learning.device_fuser import _clipped
from skfusion.learning.transfers import Transfer, scaled_planes


class FakeStream:
    """A stream that writes down its name where something waits or is copied."""

    def __init__(self, log, name):
        self.log, self.name = log, name

    def wait_stream(self, other):
        self.log.append(f"{self.name} waits for {other.name}")

    def record_event(self):
        self.log.append(f"{self.name} records")
        return self

    def synchronize(self):
        self.log.append(f"host waits for {self.name}")


def with_streams(monkeypatch):
    """Return a transfer that takes the CPU for a GPU, and what it did."""
    log, names = [], iter(["in", "out"])
    now = FakeStream(log, "work")

    @contextlib.contextmanager
    def stream(chosen):
        log.append(f"copy on {chosen.name}")
        yield

    monkeypatch.setattr(torch.cuda, "Stream", lambda _: FakeStream(log, next(names)))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: now)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(
        torch.Tensor, "record_stream", lambda x, s: log.append(f"kept for {s.name}")
    )

    class OnCPU(Transfer):
        def _staging(self, shape, dtype):
            return torch.empty(shape, dtype=dtype)

    transfer = OnCPU(torch.device("cuda"))
    transfer.device = torch.device("cpu")
    return transfer, log


def test_work_waits_for_its_images_and_the_host_for_the_results(monkeypatch, rng):
    transfer, log = with_streams(monkeypatch)
    images = list(rng.integers(0, 256, (3, 4, 5), np.uint8))
    planes = transfer.enter(images)
    assert log == ["copy on in", "work waits for in", "kept for work"]
    del log[:]
    finish = transfer.leave(planes)
    asked = ["out waits for work", "copy on out", "kept for out", "out records"]
    assert log == asked
    fused = finish()
    assert log == [*asked, "host waits for out"]
    np.testing.assert_allclose(fused, np.stack(images) / 255, rtol=0, atol=1e-7)


def test_results_are_copies_of_what_the_next_batch_uses_again(monkeypatch):
    transfer, _ = with_streams(monkeypatch)
    staged = []
    staging = transfer._staging
    monkeypatch.setattr(
        transfer, "_staging", lambda *form: staged.append(staging(*form)) or staged[-1]
    )
    planes = torch.rand(2, 3, 4, 5)
    first, second = transfer.leave(planes)()
    assert first.shape == (4, 5, 3) and not np.shares_memory(first, second)
    (host,) = staged
    host.zero_()
    expected = planes.permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal([first, second], expected)
    first[:] = 0  # and each is its own
    np.testing.assert_array_equal(second, expected[1])


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 27])
def test_threads_copy_every_image_of_a_batch_once(monkeypatch, rng, n):
    transfer, _ = with_streams(monkeypatch)
    images = list(rng.integers(0, 65536, (n, 3, 4), np.uint16))
    planes = transfer.enter(images)
    np.testing.assert_allclose(
        planes[:, 0], np.stack(images) / 65535, rtol=0, atol=1e-7
    )
    np.testing.assert_array_equal(np.stack(transfer.leave(planes)()), planes[:, 0])


def test_a_cpu_needs_no_streams():
    transfer = Transfer(torch.device("cpu"))
    image = np.full((2, 2), 65535, np.uint16)
    assert (transfer.enter([image]) == 1).all()
    (fused,) = transfer.leave(torch.ones(1, 1, 2, 2))()
    assert fused.shape == (2, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
@pytest.mark.parametrize("n", [1, 3])
def test_on_a_cpu_images_are_scaled_to_the_same_bits(rng, dtype, shape, n):
    images = [as_stored(rng.random(shape, np.float32)) for _ in range(n)]
    if dtype is not np.float32:
        images = [to_dtype(image, dtype) for image in images]
    stored = torch.from_numpy(np.stack(images).view(f"i{images[0].itemsize}"))
    if dtype is np.uint8:
        stored = stored.view(torch.uint8)
    elif dtype is np.float32:
        stored = stored.view(torch.float32)
    planes = Transfer(torch.device("cpu")).enter(images)
    assert torch.equal(planes, scaled_planes(stored))
    before = images[0].copy()
    planes += 1  # a network may work in place
    np.testing.assert_array_equal(images[0], before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_black_and_no_white(value):
    fused = torch.tensor([[-1.0, 0.25, 2.0]])
    assert _clipped(fused).tolist() == [[0.0, 0.25, 1.0]]
    fused[0, 0] = value
    clipped = _clipped(fused)
    assert clipped[0, 1:].tolist() == [0.25, 1.0] and clipped[0, 0].isnan()
