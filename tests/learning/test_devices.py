"""Devices by name, precisions, and float32 that is float32."""

# SPDX-License-Identifier: BSD-3-Clause
import contextlib
import threading

import numpy as np
import pytest
import torch

from skfusion.fusers import DDcGAN, DIDFuse, SeAFusion, SFDFusion, U2Fusion
from skfusion.learning.devices import (
    inference,
    resolve_device,
    resolve_devices,
    resolve_precision,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def flags():
    backends = torch.backends
    if hasattr(backends.cudnn, "conv"):
        return (
            backends.cudnn.conv.fp32_precision,
            backends.cuda.matmul.fp32_precision,
        )
    return backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32


EXACT = ("ieee", "ieee") if hasattr(torch.backends.cudnn, "conv") else (False, False)


def test_auto_is_a_gpu_if_there_is_one():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == expected
    assert resolve_device("cpu") == CPU and resolve_device(CPU) == CPU


def test_several_devices_are_named_with_commas():
    assert resolve_devices("cpu, cpu") == [CPU, CPU]
    assert resolve_device("cpu,cpu") == CPU


@pytest.mark.parametrize("device", ["cpu,abacus", "cuda:99", ""])
def test_a_device_that_is_not_here_is_named(device):
    with pytest.raises(ValueError, match="cannot be used here .*: use 'auto' or 'cpu'"):
        resolve_devices(device)


def test_auto_precision_is_short_on_a_gpu_alone():
    assert resolve_precision("auto", CPU, "float16") is torch.float32
    assert resolve_precision("auto", CUDA, "float16") is torch.float16
    assert resolve_precision("auto", CUDA) is torch.float32
    assert resolve_precision("bfloat16", CPU, "float16") is torch.bfloat16
    assert resolve_precision("float32", CUDA, "float16") is torch.float32


def test_tf32_is_off_inside_and_as_before_behind():
    before = flags()
    with inference(CUDA):
        assert flags() == EXACT and torch.is_inference_mode_enabled()
        with inference(CUDA):
            pass
        assert flags() == EXACT
    assert flags() == before


def test_tf32_comes_back_after_an_error():
    before = flags()
    with pytest.raises(KeyError), inference(CUDA):
        raise KeyError
    assert flags() == before


def test_tf32_comes_back_with_the_last_of_several_threads():
    before, inside, leave = flags(), threading.Event(), threading.Event()

    def hold():
        with inference(CUDA):
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=hold)
    with inference(CUDA):
        thread.start()
        assert inside.wait(20)
    assert flags() == EXACT
    leave.set()
    thread.join()
    assert flags() == before


def test_a_numbered_gpu_is_the_current_one_inside(monkeypatch):
    entered = []
    monkeypatch.setattr(
        torch.cuda, "device", lambda x: contextlib.nullcontext(entered.append(x))
    )
    with inference(torch.device("cuda:1")):
        assert entered == [torch.device("cuda:1")] and flags() == EXACT


def test_a_cpu_has_no_flags_to_set():
    before = flags()
    with inference(CPU):
        assert flags() == before


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("cls", [DIDFuse, SeAFusion])
def test_a_short_type_is_close_and_not_the_same(cls, precision, small_pairs):
    exact, short = cls(), cls(precision=precision)
    for one, two in zip(exact.transform(small_pairs), short.transform(small_pairs)):
        assert two.dtype == np.float32
        assert 0 < np.abs(one - two).max() < 0.1


def test_an_unknown_precision_is_refused(small_pairs):
    with pytest.raises(ValueError, match="'precision' parameter .* 'float8'"):
        DIDFuse(precision="float8").transform(small_pairs)


def test_an_empty_batch_is_refused(small_pairs):
    with pytest.raises(ValueError, match="'inference_batch_size' parameter"):
        DIDFuse(inference_batch_size=0).transform(small_pairs)


@pytest.mark.parametrize("cls", [DDcGAN, DIDFuse, U2Fusion])
def test_tiles_for_the_cache_are_those_of_a_cpu(cls):
    assert cls()._tile_size_on(CPU) in (128, 256)
    assert cls()._tile_size_on(CUDA) is None
    for given in (None, 64):
        fuser = cls(tile_size=given)
        assert fuser._tile_size_on(CPU) == fuser._tile_size_on(CUDA) == given


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_what_goes_to_frequencies_is_float32(precision, small_pairs):
    fuser = SFDFusion(precision=precision, weights=None)
    with pytest.raises(ValueError, match=f"precision='{precision}': SFDFusion"):
        fuser.fit(small_pairs)
