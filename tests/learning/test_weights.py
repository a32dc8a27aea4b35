"""Weights files: data only, read defensively."""

import json
import os
import struct

import numpy as np
import pytest
import safetensors
import torch
from safetensors.torch import load_file, save_file
from sklearn.base import clone
from torch import nn

from skfusion.fusers import EncoderDecoderFuser, LearnedPyramid, SeAFusion
from skfusion.learning.weights import load_once
from skfusion.networks._unset import unset
from skfusion.weights import (
    WeightsError,
    load_network,
    pretrained_names,
    read_metadata,
    read_weights,
    write_weights,
)


@pytest.fixture
def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


@pytest.fixture
def path(tmp_path, network):
    write_weights(tmp_path / "net.safetensors", network.state_dict(), {"class": "Net"})
    return tmp_path / "net.safetensors"


def test_round_trip(path, network):
    tensors = read_weights(path, network.state_dict())
    for key, value in network.state_dict().items():
        assert torch.equal(tensors[key], value)
    assert read_metadata(path)["class"] == "Net"
    assert "skfusion" in read_metadata(path)
    assert [file.name for file in path.parent.iterdir()] == ["net.safetensors"]


def test_the_same_weights_give_the_same_bytes(path, network, tmp_path):
    metadata = {"z": 1, "class": "Net", "a": "é"}
    for name in ("one.safetensors", "two.safetensors"):
        write_weights(tmp_path / name, network.state_dict(), metadata)
    one, two = ((tmp_path / f"{n}.safetensors").read_bytes() for n in ("one", "two"))
    assert one == two
    assert read_metadata(tmp_path / "one.safetensors")["a"] == "é"


def test_half_precision_is_read_as_single(tmp_path):
    write_weights(tmp_path / "h.safetensors", {"w": torch.ones(3)}, storage="float16")
    stored = load_file(tmp_path / "h.safetensors")
    assert stored["w"].dtype == torch.float16
    assert read_weights(tmp_path / "h.safetensors")["w"].dtype == torch.float32


def test_only_safetensors_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"weights end in '\.safetensors'"):
        write_weights(tmp_path / "net.pth", {})


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(AttributeError):
        write_weights(tmp_path / "x.safetensors", {"w": 3})
    (tmp_path / "x.safetensors").mkdir()
    with pytest.raises(OSError):
        write_weights(tmp_path / "x.safetensors", {"w": torch.ones(2)})
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]


def test_missing_files_and_names(tmp_path):
    with pytest.raises(WeightsError, match="there is no such file"):
        read_weights(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match="neither a .safetensors file nor one of"):
        read_weights("no_such_name")
    with pytest.raises(WeightsError, match="convert-weights"):
        read_weights(tmp_path / "model.pth")


def test_shipped_names_are_read():
    for name in pretrained_names():
        assert read_weights(name)


def header(entries, data=b""):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


HOSTILE = {
    "empty": b"",
    "short": b"\x10\x00\x00",
    "text": b"this is not a model, whatever its name says",
    "huge_header": struct.pack("<Q", 2**62) + b"{}",
    "header_beyond_the_end": struct.pack("<Q", 1000) + b"{}",
    "no_json": struct.pack("<Q", 4) + b"{{{{",
    "overlap": header(
        {
            "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        },
        bytes(12),
    ),
    "hole": header(
        {
            "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
            "b": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]},
        },
        bytes(12),
    ),
    "shape_and_size_disagree": header(
        {"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}, bytes(4)
    ),
    "unknown_dtype": header(
        {"a": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)
    ),
    "pickle": b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_weights_errors(case, tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(HOSTILE[case])
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        read_weights(path)
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        read_metadata(path)


def test_a_truncated_file_is_a_weights_error(path, tmp_path):
    data = path.read_bytes()
    for size in range(0, len(data), 23):
        (tmp_path / "cut.safetensors").write_bytes(data[:size])
        with pytest.raises(WeightsError):
            read_weights(tmp_path / "cut.safetensors")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(tmp_path, value):
    write_weights(tmp_path / "n.safetensors", {"w": torch.tensor([1.0, value])})
    with pytest.raises(WeightsError, match="'w' holds 1 NaN or infinite"):
        read_weights(tmp_path / "n.safetensors")


def test_keys_and_shapes_must_match(path, network):
    expected = dict(network.state_dict())
    expected.pop("0.bias")
    with pytest.raises(WeightsError, match="has the unknown '0.bias'"):
        read_weights(path, expected)
    with pytest.raises(WeightsError, match="lacks 'more'"):
        read_weights(path, {**network.state_dict(), "more": torch.ones(1)})
    wide = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    with pytest.raises(WeightsError, match="another width"):
        read_weights(path, wide.state_dict())


def test_too_large_files_are_not_opened(tmp_path):
    with open(tmp_path / "big.safetensors", "wb") as file:
        file.truncate(2**31 + 1)
    with pytest.raises(WeightsError, match="is larger than"):
        read_weights(tmp_path / "big.safetensors")


def test_networks_are_loaded_once_and_again_when_the_file_changes(path, network):
    built = []

    def build():
        built.append(1)
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))

    first = load_network(build, path, {"form": "a"})
    assert load_network(lambda: build(), path, {"form": "a"}) is first
    assert len(built) == 1 and not first.training
    assert not any(p.requires_grad for p in first.parameters())
    load_network(build, path, {"form": "b"})
    assert len(built) == 2
    network[0].bias.data += 1
    write_weights(path, network.state_dict())
    again = load_network(build, path, {"form": "a"})
    assert torch.equal(again[0].bias, network[0].bias) and len(built) == 3


def test_what_is_made_of_a_file_is_made_once_for_each_state(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    write_weights(path, {"a": torch.zeros(1)})
    made = []

    def make(source):
        made.append(source)
        return len(made)

    assert [load_once(make, path, "k"), load_once(make, str(path), "k")] == [1, 1]
    assert load_once(make, path, "other key") == 2
    before = path.stat()
    write_weights(path, {"a": torch.ones(1)})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load_once(make, path, "k") == 3
    # A relative path means another file in another folder.
    (tmp_path / "sub").mkdir()
    write_weights(tmp_path / "sub" / "w.safetensors", {"a": torch.ones(1)})
    monkeypatch.chdir(tmp_path)
    assert load_once(make, "w.safetensors", "k") == 3
    monkeypatch.chdir(tmp_path / "sub")
    assert load_once(make, "w.safetensors", "k") == 4


def test_a_learned_array_is_read_once_a_process(tmp_path, monkeypatch):
    from skfusion.fusers import LatLRR
    from skfusion.learning import arrays

    path = tmp_path / "p.safetensors"
    LatLRR().save_weights(path)
    reads = []
    monkeypatch.setattr(
        arrays, "read_weights", lambda source: reads.append(source) or read(source)
    )
    read = read_weights
    X = [(np.eye(16) / 2, np.ones((16, 16)) / 2)] * 3
    LatLRR(weights=path).transform(X)
    LatLRR(projection=path).transform(X)
    assert len(reads) == 1


def test_loading_a_network_draws_nothing(path, network):
    class Computed(nn.Module):
        """With a filter that no state dict holds."""

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.register_buffer("filter", torch.arange(3.0), persistent=False)

    before = torch.get_rng_state()
    state = load_network(lambda: type(network)(*network), path).state_dict()
    other = path.with_name("computed.safetensors")
    write_weights(other, Computed().state_dict())
    torch.set_rng_state(before)
    computed = load_network(Computed, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert computed.filter.tolist() == [0, 1, 2]
    assert state.keys() == network.state_dict().keys()


def test_an_outline_is_compared_before_anything_is_allocated(tmp_path):
    write_weights(tmp_path / "w.safetensors", {"weight": torch.ones(2, 2)})
    built = []

    def build():  # 4 TB of it
        built.append(unset(nn.Linear, 10**6, 10**6, bias=False))
        return built[-1]

    with pytest.raises(WeightsError, match=r"needs \(1000000, 1000000\); was it made"):
        load_network(build, tmp_path / "w.safetensors")
    assert [layer.weight.device.type for layer in built] == ["meta"]


def test_tensors_that_a_few_bytes_claim_are_refused_by_the_header(tmp_path):
    path = tmp_path / "w.safetensors"
    n = 10**6
    parts = {"w::left": torch.ones(n, 1), "w::right": torch.ones(1, n)}
    save_file(parts, path)  # 8 MB for a product of 4 TB
    with pytest.raises(WeightsError, match=r"w\.safetensors.*'w' is larger than"):
        read_weights(path)


KINDS = [torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_whole_numbers_are_no_floating_ones(kind, network, tmp_path):
    path = tmp_path / "w.safetensors"
    state = network.state_dict()
    save_file({key: x.to(kind) for key, x in state.items()}, path)
    with pytest.raises(
        WeightsError, match=rf"'0.weight' holds {kind}, .* floating num"
    ):
        read_weights(path, state)
    save_file({key: x.float() for key, x in state.items()}, path)
    with pytest.raises(WeightsError, match="tracked' holds torch.float32, .* whole"):
        read_weights(path, state)


# Kinds that safetensors itself took up after the oldest release that is supported.
LATER_KINDS = {"F4": (0, 6), "F6_E2M3": (0, 6), "C64": (0, 7)}


@pytest.mark.parametrize(
    ("dtype", "n_bytes"),
    [("F4", 1), ("F8_E4M3", 2), ("C64", 16), ("U16", 4), ("U64", 16), ("F6_E2M3", 3)],
)
def test_other_kinds_of_numbers_are_refused_by_name(dtype, n_bytes, tmp_path):
    shape = [4] if dtype == "F6_E2M3" else [2]
    entry = {"dtype": dtype, "shape": shape, "data_offsets": [0, n_bytes]}
    (tmp_path / "w.safetensors").write_bytes(header({"a": entry}, bytes(n_bytes)))
    said = rf"'a' is stored as {dtype}.*F32, F16"
    version = safetensors.__version__
    if tuple(map(int, version.split(".")[:2])) < LATER_KINDS.get(dtype, (0, 0)):
        said = f"no intact safetensors file to safetensors {version} "
    with pytest.raises(WeightsError, match=said):
        read_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("fuser", "parameters", "said", "way_out"),
    [
        (LearnedPyramid(), {"tone_curve": False}, "tone='True'", "set tone_curve to"),
        (
            EncoderDecoderFuser("leaky_relu", 16),
            {"color": "rgb"},
            "visible_channels='1'",
            "set color='rgb' for 3 and another",
        ),
        (SeAFusion(), {"n_channels": 8}, "n_channels='16'", "set n_channels to that"),
    ],
    ids=repr,
)
def test_weights_of_another_form_name_the_parameter(
    tmp_path, fuser, parameters, said, way_out
):
    path = tmp_path / "own.safetensors"
    fuser.save_weights(path)
    other = clone(fuser).set_params(weights=path, **parameters)
    with pytest.raises(WeightsError) as caught:
        other.fit()
    assert said in str(caught.value) and way_out in str(caught.value)
