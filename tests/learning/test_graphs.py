"""Recordings of what a GPU does: when they are made, kept, dropped and left out."""

# SPDX-License-Identifier: BSD-3-Clause
import gc
import weakref

import numpy as np
import pytest
import torch

from skfusion.fusers import SeAFusion
from skfusion.learning import graphs
from skfusion.learning.graphs import Replayed, record

CPU = torch.device("cpu")


class Owner:
    """What recordings belong to."""


@pytest.fixture
def card(monkeypatch):
    """Take the CPU for a GPU with memory for 80; return what was recorded."""
    made = []

    def fake(function, tensors):
        made.append(tensors[0].shape)
        return lambda *tensors: function(*tensors) + 100

    monkeypatch.setattr(graphs, "record", fake)
    monkeypatch.setattr(graphs, "_memory_of", lambda device: 80)
    monkeypatch.setattr(
        graphs, "_measured", lambda function, device, tensors: (function(*tensors), 10)
    )
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    return made


def replayed(function=torch.neg, owner=None, key=""):
    return Replayed(function, CPU, owner or Owner(), key)


def column(n):
    return torch.ones(n, 1)


def test_a_size_is_recorded_when_it_comes_for_the_third_time(card):
    call = replayed()
    found = [float(call(column(2))[0]) for _ in range(5)]
    assert found == [-1, -1, -1, 99, 99]
    assert card == [(2, 1)]
    assert float(call(column(3))[0]) == -1
    assert float(call(column(2).double())[0]) == -1  # another type is another form


def test_recordings_are_those_of_the_owner_and_the_key(card):
    owner = Owner()
    for _ in range(3):
        replayed(owner=owner)(column(2))
    assert float(replayed(owner=owner)(column(2))[0]) == 99
    assert float(replayed(owner=owner, key="other")(column(2))[0]) == -1
    assert float(replayed()(column(2))[0]) == -1


def test_recordings_go_with_their_owner(card):
    owner = Owner()
    call = replayed(owner=owner)
    for _ in range(3):
        call(column(2))
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None
    assert call(column(2)) is not None


def test_few_recordings_are_kept_and_few_are_made(card, monkeypatch):
    monkeypatch.setattr(graphs, "_KEPT", 2)
    monkeypatch.setattr(graphs, "_MOST", 4)
    call = replayed()
    for n in (1, 2, 3):
        for _ in range(3):
            call(column(n))
    assert float(call(column(2))[0]) == float(call(column(3))[0]) == 99
    assert float(call(column(1))[0]) == -1  # the first one went
    for n in (4, 5, 6):
        for _ in range(4):
            call(column(n))
    assert card == [(n, 1) for n in (1, 2, 3, 4)]


def test_sizes_that_never_come_again_leave_nothing_behind(card):
    call = replayed()
    for n in range(1, 200):
        call(column(n))
    assert len(call._kept.seen) <= 16 * graphs._KEPT
    assert not card


def test_what_takes_much_memory_is_not_recorded(card, monkeypatch):
    monkeypatch.setattr(graphs, "_memory_of", lambda device: 79)
    call = replayed()
    assert [float(call(column(2))[0]) for _ in range(5)] == [-1] * 5
    assert not card


def test_what_cannot_be_recorded_is_called(card, monkeypatch):
    tried = []

    def refuse(function, tensors):
        tried.append(1)
        raise RuntimeError("Cannot copy between CPU and CUDA tensors")

    monkeypatch.setattr(graphs, "record", refuse)
    call = replayed()
    assert [float(call(column(2))[0]) for _ in range(6)] == [-1] * 6
    assert tried == [1]


def test_errors_of_the_function_are_its_own(card):
    def fail(x):
        raise ValueError("no")

    call = replayed(fail)
    for _ in range(4):
        with pytest.raises(ValueError, match="no"):
            call(column(2))


def test_fusers_ask_for_recordings_on_a_gpu_alone():
    fuser = SeAFusion()
    assert fuser._fusing(CPU) == fuser._fuse_on_device
    one, two = (fuser._fusing(torch.device("cuda", 0)) for _ in range(2))
    assert isinstance(one, Replayed) and one._kept is two._kept
    other = SeAFusion(color="per_channel")._fusing(torch.device("cuda", 0))
    assert other._kept is not one._kept


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_replay_gives_what_the_function_gives():
    device = torch.device("cuda", 0)
    x, y = torch.rand(2, 3, 40, device=device)
    replay = record(lambda a, b: torch.sin(a) @ b.T, (x, y))
    first = replay(x, y)
    other = replay(y, x)
    torch.testing.assert_close(first, torch.sin(x) @ y.T, rtol=0, atol=0)
    torch.testing.assert_close(other, torch.sin(y) @ x.T, rtol=0, atol=0)
    with pytest.raises(RuntimeError):
        record(lambda a, b: a * float(b.sum()), (x, y))
    torch.cuda.synchronize()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_replayed_fusers_give_the_same(rng):
    pair = [(x, y) for x, y in rng.integers(0, 256, (9, 2, 64, 96), np.uint8)]
    fuser = SeAFusion(device="cuda", inference_batch_size=2)
    first = fuser.transform(pair)
    for one, two in zip(first, fuser.transform(pair)):
        np.testing.assert_array_equal(one, two)
