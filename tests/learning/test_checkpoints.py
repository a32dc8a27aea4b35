"""Checkpoints of people who mean harm: nothing runs, nothing is claimed for nothing."""

# SPDX-License-Identifier: BSD-3-Clause
import io
import os
import pickle
import zipfile

import pytest
import torch
from scipy.io import savemat

from skfusion.learning.checkpoints import read_checkpoint
from skfusion.learning.convert import convert_weights
from skfusion.learning.tf_checkpoint import read_tf_checkpoint
from skfusion.weights import WeightsError

from .test_tf_checkpoint import block, entry, field, varint


class Harmful:
    def __reduce__(self):
        return os.system, ("touch executed",)


def script(path):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(1, 1), torch.ones(1)), path)


def old(path):
    torch.save({"a": Harmful()}, path, _use_new_zipfile_serialization=False)


PICKLES = {
    "saved": lambda path: torch.save({"a": Harmful()}, path),
    "saved the old way": old,
    "protocol 0": lambda path: path.write_bytes(b"cos\nsystem\n(S'touch x'\ntR."),
    "protocol 4": lambda path: path.write_bytes(pickle.dumps(Harmful(), 4)),
    "protocol 5": lambda path: path.write_bytes(pickle.dumps({"a": Harmful()}, 5)),
    "an unknown instruction": lambda path: path.write_bytes(b"\x80\x02\x95junk."),
    "a state": lambda path: path.write_bytes(b"\x80\x02ctorch\nTensor\n}b."),
    "TorchScript": pytest.param(
        script,
        marks=pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),
    ),
}


@pytest.mark.parametrize("write", PICKLES.values(), ids=PICKLES)
def test_no_advice_to_switch_the_protection_off_is_passed_on(
    write, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pth"
    write(path)
    with pytest.raises(WeightsError, match=r"a\.pth.*not executed.*state_dict") as told:
        read_checkpoint(path)
    for word in ("weights_only", "False", "torch.load", "issue", "option"):
        assert word not in str(told.value)
    assert [file.name for file in tmp_path.iterdir()] == ["a.pth"]


@pytest.mark.parametrize("n", [77_000_000_000, 3])
def test_a_view_that_claims_more_numbers_than_there_are_is_refused(n, tmp_path):
    torch.save({"a": torch.ones(1).expand(n)}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=rf"'a' has shape \({n},\), {4 * n} bytes"):
        read_checkpoint(tmp_path / "a.pth")


def test_the_same_numbers_over_and_over_are_refused(tmp_path):
    shared = torch.ones(10_000)
    torch.save({"a": shared, "b": shared}, tmp_path / "a.pth")
    assert set(read_checkpoint(tmp_path / "a.pth")) == {"a", "b"}
    torch.save({str(i): shared for i in range(50)}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="views that repeat the same numbers"):
        read_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "tensor",
    [
        torch.empty(10**10, device="meta"),
        torch.eye(3).to_sparse(),
    ],
    ids=["without numbers", "sparse"],
)
def test_other_kinds_of_tensors_are_refused(tensor, tmp_path):
    torch.save({"a": tensor}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="'a' is no plain tensor|not executed"):
        read_checkpoint(tmp_path / "a.pth")


def test_an_archive_that_unpacks_to_more_than_it_is_is_refused(tmp_path):
    plain = io.BytesIO()
    torch.save({"a": torch.zeros(10**6)}, plain)
    with (
        zipfile.ZipFile(plain) as found,
        zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in found.namelist():
            packed.writestr(name, found.read(name))
    with pytest.raises(WeightsError, match="compressed archive.*unpack it first"):
        read_checkpoint(tmp_path / "a.pth")


def test_a_network_is_not_built_as_large_as_a_file_asks(tmp_path):
    # Of 20,000 channels, 14 GB of them, were they made.
    weight = {"deep.conv.bias": torch.zeros(20_000)}
    for name in ("Encoder", "Decoder"):
        old = {"cov2.cov2.0.bias": weight["deep.conv.bias"]}
        torch.save({"weight": old}, tmp_path / f"{name}.pkl")
    with pytest.raises(WeightsError, match="lacks '"):
        convert_weights("didfuse", tmp_path, tmp_path / "a.safetensors")


def test_whole_numbers_for_floating_ones_are_refused(tmp_path):
    from .test_convert import auif_checkpoint, change

    auif_checkpoint(tmp_path)
    change(tmp_path, lambda d: {**d, "decoder.2.bias": torch.tensor([1])})
    with pytest.raises(WeightsError, match=r"norm.bias' holds torch.int64, exp"):
        convert_weights("auif", tmp_path, tmp_path / "a.safetensors")


def test_a_matlab_file_that_claims_too_much_is_refused(tmp_path, monkeypatch):
    savemat(tmp_path / "a.mat", {"x": torch.ones(3, 4).numpy()})
    assert list(read_checkpoint(tmp_path / "a.mat")) == ["x"]
    monkeypatch.setattr("skfusion.learning.checkpoints._MAX_NUMBERS", 11)
    with pytest.raises(WeightsError, match=r"a\.mat.*claims 12 numbers"):
        read_checkpoint(tmp_path / "a.mat")


def write_index(folder, body, data):
    import struct

    from .test_tf_checkpoint import MAGIC

    file = body + bytes(5)
    index = block([(b"\xff", varint(0) + varint(len(body)))])
    footer = varint(0) + varint(0) + varint(len(file)) + varint(len(index))
    path = folder / "a.index"
    path.write_bytes(
        file + index + bytes(5) + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    )
    (folder / "a.data-00000-of-00001").write_bytes(data)
    return path


def test_an_index_that_names_one_tensor_a_thousand_times_is_refused(tmp_path):
    entries = [(b"%04d" % i, entry(1, [1000], 0, 4000)) for i in range(1000)]
    path = write_index(tmp_path, block([(b"", field(1, 1)), *entries]), bytes(4000))
    with pytest.raises(ValueError, match="names the same data again and again"):
        read_tf_checkpoint(path)


def test_names_that_grow_and_grow_are_refused(tmp_path):
    entries = [(b"x" * 5000 + b"%04d" % i, b"") for i in range(3)]
    path = write_index(tmp_path, block([(b"", field(1, 1)), *entries]), b"")
    with pytest.raises(ValueError, match="no intact checkpoint index"):
        read_tf_checkpoint(path)
