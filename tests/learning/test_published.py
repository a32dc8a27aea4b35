"""Checkpoints with the names that were published, of networks drawn here, convert."""

import re

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torch import nn

from skfusion.learning.checkpoints import permute_inputs, read_checkpoint, rename
from skfusion.learning.convert import convert_weights
from skfusion.networks.autoencoders.densefuse import DenseFuseNet
from skfusion.networks.autoencoders.dual_branch import DualBranchNet
from skfusion.networks.convolutional.ifcnn import IFCNNNet
from skfusion.networks.convolutional.pmgi import PMGINet
from skfusion.networks.convolutional.siamese import SiameseNet
from skfusion.networks.convolutional.u2fusion import U2FusionNet
from skfusion.weights import WeightsError, read_metadata, read_weights

from .test_tf_checkpoint import write


def fill(network):
    """Give every tensor of a state dict values of its own."""
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.rand(value.shape, generator=generator).to(value.dtype)
        for key, value in network.state_dict().items()
    }


def named(tensors, patterns):
    """Rename by patterns; every name has to match one."""
    out = {}
    for key, value in tensors.items():
        for old, new in patterns.items():
            match = re.fullmatch(old, key)
            if match:
                out[match.expand(new)] = value
                break
        else:
            raise AssertionError(key)
    return out


def as_tensorflow(folder, tensors, patterns):
    """Write tensors as TensorFlow does, some of its optimizer's among them."""
    arrays = {}
    for key, value in named(tensors, patterns).items():
        if not key:
            continue  # counters that TensorFlow does not have
        array = value.numpy()
        if array.ndim == 4:
            array = np.ascontiguousarray(array.transpose(2, 3, 1, 0))
        arrays[key] = array
        arrays[f"{key}/Adam_1"] = array + 1
    arrays["beta1_power"] = np.array(0.5, np.float32)
    write(folder, arrays)


def densefuse_tf(folder):
    tensors = fill(DenseFuseNet(3))
    patterns = {}
    for layer, scope in (
        (r"first\.conv", "encoder/conv1_1"),
        (r"dense\.layers\.0\.conv", "encoder/dense_block_conv1"),
        (r"dense\.layers\.1\.conv", "encoder/dense_block_conv2"),
        (r"dense\.layers\.2\.conv", "encoder/dense_block_conv3"),
        *((rf"decoder\.{i}\.conv", f"decoder/conv2_{i + 1}") for i in range(4)),
    ):
        patterns[rf"{layer}\.weight"] = f"{scope}/kernel"
        patterns[rf"{layer}\.bias"] = f"{scope}/bias"
    as_tensorflow(folder, tensors, patterns)
    return tensors


def densefuse_port(folder):
    """The port in PyTorch, whose maps stand oldest first."""
    tensors = fill(DenseFuseNet(3))
    published = named(
        tensors,
        {
            r"first\.conv\.(\w+)": r"conv1.conv2d.\1",
            r"dense\.layers\.(\d)\.conv\.(\w+)": (
                r"DB1.denseblock.\1.dense_conv.conv2d.\2"
            ),
            r"decoder\.0\.conv\.(\w+)": r"conv2.conv2d.\1",
            r"decoder\.1\.conv\.(\w+)": r"conv3.conv2d.\1",
            r"decoder\.2\.conv\.(\w+)": r"conv4.conv2d.\1",
            r"decoder\.3\.conv\.(\w+)": r"conv5.conv2d.\1",
        },
    )
    for key, n in (
        ("DB1.denseblock.1.dense_conv.conv2d.weight", 2),
        ("DB1.denseblock.2.dense_conv.conv2d.weight", 3),
        ("conv2.conv2d.weight", 4),
    ):
        blocks = published[key].chunk(n, 1)
        published[key] = torch.cat(blocks[::-1], 1)
    torch.save(published, folder / "densefuse_gray.model")
    return tensors


def u2fusion(folder):
    tensors = fill(U2FusionNet(11))
    patterns = {}
    for layer, scope in (
        (r"first\.conv", "Generator/encoder/conv1_1"),
        *(
            (rf"dense\.layers\.{i}\.conv", f"Generator/encoder/dense_block_conv{i + 1}")
            for i in range(5)
        ),
        *(
            (rf"decoder\.{i}\.conv", f"Generator_1/decoder/conv2_{i + 1}")
            for i in range(4)
        ),
    ):
        patterns[rf"{layer}\.weight"] = f"{scope}/kernel"
        patterns[rf"{layer}\.bias"] = f"{scope}/bias"
    as_tensorflow(folder, tensors, patterns)
    return tensors


def pmgi(folder):
    tensors = fill(PMGINet(3))
    numbers = {"first": "1", "second": "2", "third": "3", "fourth": "4"}
    numbers |= {r"exchange\.0": "2_3", r"exchange\.1": "3_4"}
    patterns = {r".*num_batches_tracked": ""}
    for path, suffix in (("gradient", ""), ("intensity", "_vi")):
        for layer, number in numbers.items():
            scope = f"fusion_model/layer{number}{suffix}"
            layer = rf"{path}\.{layer}"
            patterns[rf"{layer}\.conv\.weight"] = f"{scope}/w{number}{suffix}"
            patterns[rf"{layer}\.conv\.bias"] = f"{scope}/b{number}{suffix}"
            patterns[rf"{layer}\.norm\.weight"] = f"{scope}/BatchNorm/gamma"
            patterns[rf"{layer}\.norm\.bias"] = f"{scope}/BatchNorm/beta"
            patterns[rf"{layer}\.norm\.running_mean"] = f"{scope}/BatchNorm/moving_mean"
            patterns[rf"{layer}\.norm\.running_var"] = (
                f"{scope}/BatchNorm/moving_variance"
            )
    patterns[r"output\.conv\.weight"] = "fusion_model/layer5/w5"
    patterns[r"output\.conv\.bias"] = "fusion_model/layer5/b5"
    as_tensorflow(folder, tensors, patterns)
    for key, value in tensors.items():
        if key.endswith("tracked"):
            value.zero_()
    return tensors


def ifcnn(folder):
    tensors = fill(IFCNNNet(3))
    patterns = {
        r".*num_batches_tracked": "",
        r"first\.conv\.(\w+)": r"conv1.\1",
        r"second\.conv\.(\w+)": r"conv2.conv.\1",
        r"second\.norm\.(\w+)": r"conv2.bn.\1",
        r"third\.conv\.(\w+)": r"conv3.conv.\1",
        r"third\.norm\.(\w+)": r"conv3.bn.\1",
        r"output\.conv\.(\w+)": r"conv4.\1",
    }
    published = {k: v for k, v in named(tensors, patterns).items() if k}
    # As DataParallel and a trainer leave it.
    published = {f"module.{key}": value for key, value in published.items()}
    torch.save({"state_dict": published, "epoch": 3}, folder / "IFCNN-MAX.pth")
    for key, value in tensors.items():
        if key.endswith("tracked"):
            value.zero_()
    return tensors


def dual_branch(folder):
    tensors = fill(DualBranchNet(3))
    patterns = {
        r"first\.conv\.(\w+)": r"encoder.Conv1.\1",
        r"detail\.0\.conv\.(\w+)": r"encoder.Conv_d.\1",
    }
    for i in range(3):
        patterns[rf"detail\.1\.layers\.{i}\.conv\.(\w+)"] = (
            rf"encoder.layers.DenseConv{i + 1}.\1"
        )
        patterns[rf"semantic\.{i}\.conv\.(\w+)"] = rf"encoder.Conv{i + 2}.\1"
    for i in range(4):
        patterns[rf"decoder\.{i}\.conv\.(\w+)"] = rf"decoder.layers.Conv{i + 2}.\1"
    torch.save({"weight": named(tensors, patterns)}, folder / "best.pkl")
    return tensors


def liu_cnn(folder):
    tensors = fill(SiameseNet(3))
    arrays = {}
    for i, layer in enumerate(("fine.0", "fine.1", "coarse"), 1):
        kernel = tensors[f"{layer}.conv.weight"].numpy()
        # in, 3 x 3 column by column, out
        columns = kernel.transpose(1, 3, 2, 0).reshape(kernel.shape[1], 9, -1)
        arrays[f"weights_b1_{i}"] = columns[0] if i == 1 else columns
        arrays[f"biases_b1_{i}"] = tensors[f"{layer}.conv.bias"].numpy()[:, None]
    kernel = tensors["head.conv.weight"].numpy()
    arrays["weights_output"] = kernel.transpose(1, 3, 2, 0).reshape(-1, 64, 2)
    arrays["biases_output"] = np.full((2, 1), 7.0)
    tensors["head.conv.bias"].zero_()  # never added
    savemat(folder / "cnnmodel.mat", arrays)
    return tensors


CASES = {
    "densefuse": (densefuse_tf, "DenseFuse", 3),
    "densefuse port": (densefuse_port, "DenseFuse", 3),
    "u2fusion": (u2fusion, "U2Fusion", 11),
    "pmgi": (pmgi, "PMGI", 3),
    "ifcnn": (ifcnn, "IFCNN", 3),
    "dual_branch": (dual_branch, "DualBranch", 3),
    "liu_cnn": (liu_cnn, "LiuCNN", 3),
}


@pytest.mark.parametrize("case", CASES)
def test_every_tensor_arrives_under_its_name(tmp_path, case):
    publish, cls, width = CASES[case]
    expected = publish(tmp_path)
    output = tmp_path / "out.safetensors"
    convert_weights(case.split()[0], tmp_path, output)
    found = read_weights(output, expected)
    for key, value in expected.items():
        torch.testing.assert_close(found[key].to(value.dtype), value, msg=key)
    metadata = read_metadata(output)
    assert metadata["class"] == cls and metadata["n_channels"] == str(width)


@pytest.mark.parametrize("case", CASES)
def test_what_is_missing_is_named(tmp_path, case):
    publish, _, _ = CASES[case]
    publish(tmp_path)
    method = case.split()[0]
    source = tmp_path / "other"
    source.mkdir()
    with pytest.raises(WeightsError, match="has 0 files named"):
        convert_weights(method, source, tmp_path / "out.safetensors")
    if method == "liu_cnn":
        savemat(source / "a.mat", {"weights_output": np.ones((24, 64, 2))})
    elif case in ("densefuse", "u2fusion", "pmgi"):
        write(source, {"x": np.ones(3, np.float32)})
    else:
        torch.save({"x": torch.ones(3)}, source / "a.pth")
    with pytest.raises(WeightsError, match="lacks '"):
        convert_weights(method, source, tmp_path / "out.safetensors")


def test_one_file_is_enough(tmp_path):
    dual_branch(tmp_path)
    convert_weights("dual_branch", tmp_path / "best.pkl", tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").is_file()
    with pytest.raises(WeightsError, match="is no folder"):
        convert_weights("ifcnn", tmp_path / "nowhere", tmp_path / "b.safetensors")


def test_a_pointer_of_git_lfs_is_recognised(tmp_path):
    path = tmp_path / "IFCNN-MAX.pth"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
    with pytest.raises(WeightsError, match="Git LFS pointer.*git lfs pull"):
        convert_weights("ifcnn", tmp_path, tmp_path / "a.safetensors")


def test_a_pickled_module_is_refused_with_the_way_out(tmp_path):
    torch.save(nn.Sequential(nn.Linear(1, 1)), tmp_path / "IFCNN-MAX.pth")
    with pytest.raises(WeightsError, match="pickled objects.*state_dict"):
        convert_weights("ifcnn", tmp_path, tmp_path / "a.safetensors")


@pytest.mark.parametrize(("name", "content"), [("a.mat", b"x" * 200), ("a.mat", b"")])
def test_a_damaged_matlab_file_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match="no MATLAB file"):
        convert_weights("liu_cnn", tmp_path, tmp_path / "a.safetensors")


def test_a_damaged_tensorflow_index_is_refused(tmp_path):
    (tmp_path / "a.index").write_bytes(b"x" * 100)
    (tmp_path / "a.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(WeightsError, match="no intact checkpoint index"):
        convert_weights("pmgi", tmp_path, tmp_path / "a.safetensors")


def test_a_named_entry_may_be_asked_for(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"other": {"x": torch.ones(1)}, "weight": {"y": torch.ones(1)}}, path)
    assert list(read_checkpoint(path, "other")) == ["x"]
    assert list(read_checkpoint(path)) == ["y"]
    with pytest.raises(WeightsError, match="no state dict named 'net'"):
        read_checkpoint(path, "net")


def test_names_change_by_the_first_pattern_and_vanish_where_empty():
    tensors = {"a.1": 1, "b.2": 2, "c": 3}
    patterns = {r"a\.(\d)": r"A\1", r"b\..*": "", r"\w\.\d": "never"}
    assert rename(tensors, patterns) == {"A1": 1, "c": 3}


def test_blocks_of_inputs_change_places():
    kernel = torch.arange(6.0).reshape(1, 6, 1, 1)
    moved = permute_inputs(kernel, (1, 2, 3), (2, 0, 1))
    assert moved.flatten().tolist() == [3, 4, 5, 0, 1, 2]
