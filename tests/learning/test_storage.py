"""Weights stored in half, as bytes with scales, and as products."""

# SPDX-License-Identifier: BSD-3-Clause
import pytest
import torch
from safetensors.torch import load_file, save_file

from skfusion.learning._storage import pack, unpack
from skfusion.weights import WeightsError, read_weights, write_weights


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def tensors():
    scales = torch.tensor([1e-3, 0.0, 50.0, 1.0]).view(4, 1, 1, 1)
    return {
        "conv.weight": drawn(4, 3, 3, 3) * scales,
        "conv.bias": drawn(4),
        "count": torch.tensor(7),
    }


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_every_storage_reads_back_as_single(tensors, storage, tmp_path):
    path = tmp_path / "w.safetensors"
    write_weights(path, tensors, storage=storage)
    found = read_weights(path, tensors)
    assert set(found) == set(tensors)
    assert {x.dtype for x in found.values()} == {torch.float32, torch.int64}
    assert int(found["count"]) == 7
    weight, got = tensors["conv.weight"], found["conv.weight"]
    # Half a step of the channel's largest value, or 2 ** -11 of the value itself.
    allowed = {
        "float32": 0 * weight,
        "float16": weight.abs() / 2048 + 1e-7,
        "int8": weight.abs().amax((1, 2, 3), keepdim=True) / 254 * 1.0001 + 0 * weight,
    }[storage]
    assert ((got - weight).abs() <= allowed).all()
    if storage != "float16":
        assert torch.equal(found["conv.bias"], tensors["conv.bias"])


def test_bytes_take_a_quarter(tmp_path):
    tensors = {"w": drawn(32, 64, 3, 3)}
    sizes = {}
    for storage in ("float32", "float16", "int8"):
        path = tmp_path / f"{storage}.safetensors"
        write_weights(path, tensors, storage=storage)
        sizes[storage] = path.stat().st_size
    assert sizes["float16"] < 0.51 * sizes["float32"]
    assert sizes["int8"] < 0.27 * sizes["float32"]


def test_stored_whole_numbers_are_kept_exactly():
    whole = torch.tensor([[127.0, -3.0, 0.0], [0.25, -31.75, 5.25]])
    found = unpack(pack({"w": whole}, "int8"), 2**31)["w"]
    assert torch.equal(found, whole)


def test_a_product_of_the_rank_of_a_tensor_is_the_tensor():
    left, right = drawn(40, 3), drawn(3, 7 * 9, seed=1)
    weight = (left @ right).view(40, 7, 3, 3)
    stored = pack({"w": weight}, ranks={"w": 3})
    assert {key: tuple(x.shape) for key, x in stored.items()} == {
        "w::left": (40, 3),
        "w::right": (3, 7, 3, 3),
    }
    found = unpack(stored, 2**31)["w"]
    assert torch.allclose(found, weight, atol=1e-5)
    coarse = unpack(pack({"w": weight}, "int8", {"w": 3}), 2**31)["w"]
    assert 0 < (coarse - weight).norm() < 0.02 * weight.norm()


def test_a_product_of_lower_rank_is_the_nearest():
    weight = torch.diag(torch.tensor([3.0, 2.0, 1.0]))
    found = unpack(pack({"w": weight}, ranks={"w": 2}), 2**31)["w"]
    assert torch.allclose(found, torch.diag(torch.tensor([3.0, 2.0, 0.0])), atol=1e-6)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(storage="int4"), "storage='int4': expected one of"),
        (dict(ranks={"none": 1}), "ranks names 'none'"),
        (dict(ranks={"conv.bias": 1}), "ranks names 'conv.bias'"),
        (dict(ranks={"conv.weight": 5}), "expected a whole number from 1 to 4"),
        (dict(ranks={"conv.weight": 0}), "expected a whole number from 1 to 4"),
        (dict(ranks={"conv.weight": 1.5}), "expected a whole number from 1 to 4"),
    ],
)
def test_bad_options_of_writing(tensors, change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_weights(tmp_path / "w.safetensors", tensors, **change)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "tensors, storage, message",
    [
        ({"a::scale": torch.ones(2)}, "float32", "is kept for parts of tensors"),
        ({"a": torch.ones(2, 2).to(torch.int8)}, "float32", "stands for storage"),
        ({"a": torch.full((2,), 1e6)}, "float16", "too large for float16"),
        (
            {"a": torch.full((2, 2), torch.nan)},
            "int8",
            "4 NaN or infinite values: int8",
        ),
    ],
)
def test_tensors_that_cannot_be_stored(tensors, storage, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_weights(tmp_path / "w.safetensors", tensors, storage=storage)


def without(key):
    return lambda stored: stored.pop(key)


def with_value(key, value):
    return lambda stored: stored.update({key: value})


DAMAGE = {
    "no scale": (without("w::left::scale"), "'w::left' is int8 and lacks"),
    "no right": (
        lambda stored: [stored.pop("w::right"), stored.pop("w::right::scale")],
        "'w' lacks 'w::right'",
    ),
    "no left": (
        lambda stored: [stored.pop("w::left"), stored.pop("w::left::scale")],
        "'w::right' is a part without the tensor",
    ),
    "lonely scale": (with_value("v::scale", torch.ones(3)), "'v::scale' is a part"),
    "short scale": (with_value("w::left::scale", torch.ones(3)), "does not fit"),
    "wide scale": (with_value("w::left::scale", torch.ones(6, 1)), "does not fit"),
    "half scale": (with_value("w::left::scale", torch.ones(6).half()), "float16"),
    "zero scale": (with_value("w::left::scale", torch.zeros(6)), "not above 0"),
    "minus scale": (with_value("w::left::scale", -torch.ones(6)), "not above 0"),
    "nan scale": (with_value("w::left::scale", torch.ones(6) * torch.nan), "not above"),
    "inf scale": (with_value("w::left::scale", torch.ones(6) / 0), "not above 0"),
    # Finite, but 127 of it are not.
    "huge scale": (with_value("w::left::scale", torch.full((6,), 3e38)), "NaN or inf"),
    "other rank": (
        lambda stored: stored.update(
            {
                "w::left": torch.ones(6, 3, dtype=torch.int8),
                "w::left::scale": torch.ones(6),
            }
        ),
        "are no factors",
    ),
    "vector": (
        lambda stored: stored.update(
            {"v": torch.ones(6, dtype=torch.int8), "v::scale": torch.ones(6)}
        ),
        "does not fit",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_parts_are_weights_errors(case, tmp_path):
    path = tmp_path / "bad.safetensors"
    write_weights(path, {"w": drawn(6, 5)}, storage="int8", ranks={"w": 2})
    stored = load_file(path)
    change, message = DAMAGE[case]
    change(stored)
    save_file(stored, path)
    with pytest.raises(WeightsError, match=message) as caught:
        read_weights(path)
    assert "bad.safetensors" in str(caught.value)


def test_the_shape_of_what_bytes_stand_for_must_match(tmp_path):
    path = tmp_path / "w.safetensors"
    write_weights(path, {"w": drawn(6, 5)}, storage="int8", ranks={"w": 2})
    assert read_weights(path, {"w": (6, 5)})["w"].shape == (6, 5)
    with pytest.raises(WeightsError, match="another width"):
        read_weights(path, {"w": (6, 4)})


def test_a_small_file_does_not_become_a_huge_tensor():
    stored = {"w::left": torch.ones(2**17, 1), "w::right": torch.ones(1, 2**17)}
    with pytest.raises(ValueError, match="is larger than 2147483648 bytes"):
        unpack(stored, 2**31)
