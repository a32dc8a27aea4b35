"""Checkpoints of networks of pairs, written here under their published names."""

import numpy as np
import pytest
import torch

from skfusion.learning.convert import convert_weights
from skfusion.learning.published_pairs import PUBLISHED_PAIRS
from skfusion.networks.adversarial.tardal import TarDALNet
from skfusion.networks.convolutional.lutfuse import LUTFuseNet
from skfusion.networks.convolutional.mmdrfuse import MMDRFuseNet
from skfusion.networks.convolutional.seafusion import SeAFusionNet
from skfusion.networks.transformers.datfuse import DATFuseNet
from skfusion.weights import WeightsError, read_metadata, read_weights


def fill(network):
    """Give every tensor of a state dict values of its own."""
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.rand(value.shape, generator=generator).to(value.dtype)
        for key, value in network.state_dict().items()
    }


def renamed(tensors, *changes):
    for old, new in changes:
        tensors = {key.replace(old, new): value for key, value in tensors.items()}
    return tensors


def mmdrfuse(folder):
    tensors = fill(MMDRFuseNet(3))
    names = (("first.conv", "conv1.1"), ("second.conv", "conv2.1"))
    torch.save(renamed(tensors, *names), folder / "student.model")
    return tensors, {"class": "MMDRFuse", "n_channels": "3"}


def tardal(folder, file="tardal.pt", norm="image"):
    tensors = fill(TarDALNet(2, norm))
    names = (("dense.layers", "dense"), ("decoder", "fuse"))
    names += ((".conv.", ".0."), (".norm.", ".1."))
    torch.save(renamed(tensors, *names), folder / file)
    return tensors, {"class": "TarDAL", "n_channels": "2", "norm": norm}


def tardal_plus(folder):
    return tardal(folder, "tardal++.pt", "batch")


def seafusion(folder):
    """With the normalisation that its program skips."""
    tensors = fill(SeAFusionNet(2))
    names = []
    for ours, theirs in (("visible", "vis"), ("infrared", "inf")):
        names += [(f"{ours}.0.conv", f"{theirs}_conv.conv")]
        names += [(f"{ours}.{i}.", f"{theirs}_rgbd{i}.") for i in (1, 2)]
    names += [("first.conv", "dense.conv1.conv"), ("second.conv", "dense.conv2.conv")]
    names += [("mix.conv", "convdown.conv"), ("mix_sobel.conv", "convup.conv")]
    names += [(f"sobel.{x}.weight", f"sobelconv.conv{x}.weight") for x in "xy"]
    names += [(f"decoder.{i}.", f"decode{4 - i}.") for i in range(4)]
    published = renamed(tensors, *names)
    published["decode4.bn.weight"] = torch.ones(8)
    torch.save(published, folder / "SeAFusion.pth")
    return tensors, {"class": "SeAFusion", "n_channels": "2"}


def datfuse(folder):
    """With queries and keys of its attention, which do nothing."""
    tensors = fill(DATFuseNet(4))
    names = (("input.conv", "convolutional.conv"), ("input.norm", "convolutional.bn"))
    names += (("features.layer.conv", "fem.conv"), ("features.layer.norm", "fem.bn"))
    names += (("attention.channel.0.conv", "cam.fc.0"),)
    names += (("attention.channel.1.conv", "cam.fc.2"),)
    for i in range(2):
        names += ((f"attention.spatial.{i}.conv", f"sam.body.{3 * i}"),)
        names += ((f"attention.spatial.{i}.norm", f"sam.body.{3 * i + 1}"),)
    names += (("tokens.blocks", "basicLayer.blocks"), ("norm_value", "norm1"))
    names += (("norm_mix", "norm2"), ("project", "attn.proj"), ("value", "attn.qkv"))
    names += (("expand", "mlp.fc1"), ("reduce", "mlp.fc2"))
    names += (("output.conv", "convolutional_out.conv"),)
    published = renamed(tensors, *names)
    for key, value in published.items():
        if "qkv" in key:
            published[key] = torch.cat([value + 1, value + 2, value])
    published["patch_embed.norm.weight"] = torch.ones(96)
    key = "basicLayer.blocks.0.attn.relative_position_index"
    published[key] = torch.zeros(1, 1, dtype=torch.int64)
    torch.save(published, folder / "model_10.pth")
    return tensors, {"class": "DATFuse", "n_channels": "4", "tokens": "runs"}


def lutfuse(folder):
    tensors = fill(LUTFuseNet(3, 2))
    np.save(folder / "fine_tuned_lut.npy", tensors["table"].numpy()[..., None])
    names = (("start.conv.conv", "input_layer.0"), ("start.norm", "input_layer.2"))
    for i in range(3):
        names += ((f"middle.{i}.conv.conv", f"mid_layer.{3 * i}"),)
        names += ((f"middle.{i}.norm", f"mid_layer.{3 * i + 2}"),)
    published = renamed(tensors, *names, ("output.conv", "output_layer.1"))
    del published["table"]
    torch.save(published, folder / "generator_context.pth")
    return tensors, {"class": "LUTFuse", "n_nodes": "3", "n_channels": "2"}


@pytest.mark.parametrize(
    "write", [mmdrfuse, seafusion, datfuse, lutfuse, tardal, tardal_plus]
)
def test_every_tensor_arrives_under_its_name(tmp_path, write):
    expected, metadata = write(tmp_path)
    output = tmp_path / "out.safetensors"
    convert_weights(write.__name__.removesuffix("_plus"), tmp_path, output)
    found = read_weights(output, expected)
    for key, value in expected.items():
        assert torch.equal(found[key], value), key
    assert metadata.items() <= read_metadata(output).items()


@pytest.mark.parametrize("method", PUBLISHED_PAIRS)
def test_an_empty_folder_says_which_file_is_missing(tmp_path, method):
    with pytest.raises(WeightsError, match="has 0 files named"):
        convert_weights(method, tmp_path, tmp_path / "out.safetensors")


@pytest.mark.parametrize("method", sorted(set(PUBLISHED_PAIRS) - {"lutfuse"}))
def test_another_checkpoint_says_what_it_lacks(tmp_path, method):
    if method in ("sdnet", "stdfusionnet"):
        pytest.skip("a TensorFlow checkpoint, tested with its reader")
    suffix = {"sage": ".pt", "tardal": ".pt"}.get(method, ".pth")
    suffix = {"mufusion": ".model", "lrrnet": ".model"}.get(method, suffix)
    name = {"mmdrfuse": "student.model", "tardal": "tardal.pt"}.get(method)
    path = tmp_path / (name or f"SeAFusion{suffix}")
    torch.save({"something.else": torch.ones(1)}, path)
    with pytest.raises(WeightsError, match="lacks '.*another network"):
        convert_weights(method, tmp_path, tmp_path / "out.safetensors")


def test_a_table_that_is_none_says_so(tmp_path):
    lutfuse(tmp_path)
    path = tmp_path / "fine_tuned_lut.npy"
    path.write_bytes(b"no table")
    with pytest.raises(WeightsError, match="is no NumPy table"):
        convert_weights("lutfuse", tmp_path, tmp_path / "out.safetensors")
    np.save(path, np.zeros((2, 3), np.float32))
    with pytest.raises(WeightsError, match="'table' has shape"):
        convert_weights("lutfuse", tmp_path, tmp_path / "out.safetensors")
    with pytest.raises(WeightsError, match="is no folder"):
        convert_weights("lutfuse", path, tmp_path / "out.safetensors")
