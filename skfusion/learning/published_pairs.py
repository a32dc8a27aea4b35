"""How the tensors of published networks of pairs are called in ours."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .checkpoints import find_file, permute_inputs, read_checkpoint, rename
from .weights import WeightsError

__all__ = ["PUBLISHED_PAIRS", "PublishedNetwork"]


@dataclass(frozen=True)
class PublishedNetwork:
    """One file and the way from its keys to ours.

    Attributes
    ----------
    files : str
        Pattern of the file's name.
    names : dict of str to str
        Regular expression of a published key -> our key; an empty one drops it.
    build : callable
        ``build(tensors, path)`` returns the network and the metadata.
    prepare : callable, optional
        ``prepare(tensors)`` changes the renamed tensors.
    """

    files: str
    names: dict
    build: Callable
    prepare: Callable | None = None

    def __call__(self, source):
        """Return tensors, network and metadata of a folder or file."""
        path = find_file(source, self.files)
        tensors = rename(read_checkpoint(path), self.names)
        if self.prepare is not None:
            self.prepare(tensors)
        network, metadata = self.build(tensors, path)
        return tensors, network, metadata


def _width(tensors, key, default):
    """Return the width of a network from the length of a bias."""
    return len(tensors[key]) if key in tensors else default


def _seafusion(tensors, path):
    from ..networks.convolutional.seafusion import SeAFusionNet

    n_channels = _width(tensors, "visible.0.conv.bias", 16)
    return SeAFusionNet(n_channels), {"class": "SeAFusion", "n_channels": n_channels}


def _seafusion_names():
    names = {}
    for theirs, ours in (("vis", "visible"), ("inf", "infrared")):
        names[rf"{theirs}_conv\.conv\.(\w+)"] = rf"{ours}.0.conv.\1"
        block = rf"{theirs}_rgbd([12])\."
        for old, new in (
            (r"dense\.conv1", "first"),
            (r"dense\.conv2", "second"),
            ("convdown", "mix"),
            ("convup", "mix_sobel"),
        ):
            names[rf"{block}{old}\.conv\.(\w+)"] = rf"{ours}.\1.{new}.conv.\2"
        names[rf"{block}sobelconv\.conv([xy])\.weight"] = rf"{ours}.\1.sobel.\2.weight"
    for i, number in enumerate((4, 3, 2, 1)):
        names[rf"decode{number}\.conv\.(\w+)"] = rf"decoder.{i}.conv.\1"
    names[r"decode\d\.bn\..*"] = ""  # never applied
    return names


def _sage(tensors, path):
    from ..networks.convolutional.sage import SAGENet

    n_channels = _width(tensors, "down.0.0.conv.bias", 32)
    return SAGENet(n_channels), {"class": "SAGE", "n_channels": n_channels}


def _sage_names():
    names = {r"final_decoder\.0\.(\w+)": r"output.conv.\1"}
    for number in range(1, 6):
        ours = f"down.{number - 1}" if number < 4 else f"up.{number - 4}"
        for i in range(3):
            for shift, layer in ((0, "conv"), (1, "norm")):
                old = rf"module{number}\.{3 * i + shift}\.(\w+)"
                names[old] = rf"{ours}.{i}.{layer}.\1"
    for number in (4, 5):
        for i, layer in enumerate(("conv", "norm")):
            old = rf"adjust_channels{number}\.{i}\.(\w+)"
            names[old] = rf"join.{number - 4}.{layer}.\1"
    return names


def _mmdrfuse(tensors, path):
    from ..networks.convolutional.mmdrfuse import MMDRFuseNet

    n_channels = _width(tensors, "first.conv.bias", 4)
    return MMDRFuseNet(n_channels), {"class": "MMDRFuse", "n_channels": n_channels}


def _datfuse(tensors, path):
    from ..networks.transformers.datfuse import DATFuseNet

    n_channels = _width(tensors, "input.conv.bias", 16)
    metadata = {"class": "DATFuse", "n_channels": n_channels, "tokens": "runs"}
    return DATFuseNet(n_channels, runs=True), metadata


def _ydtr(tensors, path):
    from ..networks.transformers.datfuse import YDTRNet

    n_channels = _width(tensors, "input.conv.bias", 64)
    metadata = {"class": "YDTR", "n_channels": n_channels, "tokens": "runs"}
    return YDTRNet(n_channels, runs=True), metadata


_TOKEN_NAMES = {
    rf"basicLayer\.blocks\.(\d)\.{old}\.(\w+)": rf"tokens.blocks.\1.{new}.\2"
    for old, new in (
        ("norm1", "norm_value"),
        (r"attn\.qkv", "value"),
        (r"attn\.proj", "project"),
        ("norm2", "norm_mix"),
        (r"mlp\.fc1", "expand"),
        (r"mlp\.fc2", "reduce"),
    )
} | {
    r"convolutional_out\.conv\.(\w+)": r"output.conv.\1",
    r"patch_embed\..*|.*\.relative_position_.*": "",
}


def _values_only(tensors):
    """Keep the third that makes values: queries and keys of one token do nothing."""
    for key in list(tensors):
        if ".value." in key:
            tensors[key] = tensors[key][2 * len(tensors[key]) // 3 :]


def _sfdfusion(tensors, path):
    from ..networks.convolutional.sfdfusion import SFDFusionNet

    n_channels = _width(tensors, "infrared.conv.bias", 8)
    metadata = {"class": "SFDFusion", "n_channels": n_channels, "parity": True}
    return SFDFusionNet(n_channels), metadata


def _sfdfusion_names():
    names = {r"fus_block\.encoder\.0\.(\w+)": r"decoder.0.conv.\1"}
    for theirs, ours in (("vi", "visible"), ("ir", "infrared")):
        names[rf"dmrm\.{theirs}_embed\.0\.(\w+)"] = rf"{ours}.conv.\1"
        for number, layer in ((1, "own"), (2, "common")):
            old = rf"dmrm\.{theirs}_att{number}\.att\.0\.(\w+)"
            names[old] = rf"refine_{ours}.{layer}.conv.\1"
        names[rf"dmrm\.grad_{theirs}\.conv([xy])\.weight"] = (
            rf"refine_{ours}.sobel.\1.weight"
        )
    for theirs, ours in (("ff1", "amplitude"), ("ff2", "phase"), ("ifft", "frequency")):
        for i in range(2):
            names[rf"{theirs}\.conv1\.{2 * i}\.(\w+)"] = rf"{ours}.{i}.conv.\1"
    for i in range(4):
        names[rf"fus_block\.down_conv\.{i}\.0\.(\w+)"] = rf"decoder.{i + 1}.conv.\1"
    return names


def _reconet(tensors, path):
    from ..networks.convolutional.reconet import ReCoNet

    n_channels = _width(tensors, "dilated.branches.0.conv.bias", 64)
    metadata = {"class": "ReCoNet", "n_channels": n_channels, "n_steps": 3}
    return ReCoNet(n_channels), metadata


_RECONET_NAMES = {
    r"att_a_conv\.weight": "attention.0.conv.weight",
    r"att_b_conv\.weight": "attention.1.conv.weight",
    r"fus_conv\.0\.(\w+)": r"fuse.conv.\1",
    r"fus_conv\.1\.(\w+)": r"fuse.norm.\1",
} | {
    rf"dil_conv_{i + 1}\.{k}\.(\w+)": rf"dilated.branches.{i}.{layer}.\1"
    for i in range(3)
    for k, layer in enumerate(("conv", "norm"))
}


def _tardal(tensors, path):
    from ..networks.adversarial.tardal import TarDALNet

    # The two variants for detectors carry a plus in the name and were made for
    # running statistics; the first one shows an image only with its own.
    norm = "batch" if "+" in path.stem else "image"
    n_channels = _width(tensors, "encoder.conv.bias", 32)
    metadata = {"class": "TarDAL", "n_channels": n_channels, "norm": norm}
    return TarDALNet(n_channels, norm), metadata


_TARDAL_NAMES = {
    rf"encoder\.{k}\.(\w+)": rf"encoder.{layer}.\1"
    for k, layer in enumerate(("conv", "norm"))
} | {
    rf"{theirs}\.(\d)\.{k}\.(\w+)": rf"{ours}.\1.{layer}.\2"
    for theirs, ours in (("dense", "dense.layers"), ("fuse", "decoder"))
    for k, layer in enumerate(("conv", "norm"))
}


def _lrrnet(tensors, path):
    from ..networks.convolutional.lrrnet import LRRNet

    n_channels = _width(tensors, "infrared.start.conv.bias", 256) // 2
    metadata = {"class": "LRRNet", "n_channels": n_channels, "n_steps": 4}
    return LRRNet(n_channels, normalize=True), {**metadata, "normalize": True}


def _lrrnet_names():
    names = {}
    for number, ours in ((1, "infrared"), (2, "visible")):
        names[rf"get_ls{number}\.lamj"] = f"{ours}.threshold"
        names[rf"get_ls{number}\.lamz"] = f"{ours}.step"
        names[rf"get_ls{number}\.conv_W00\.conv2d\.(\w+)"] = rf"{ours}.start.conv.\1"
        for theirs, layer in (("conv_Wdz", "synthesis"), ("conv_Wdtz", "analysis")):
            old = rf"get_ls{number}\.lrrblock(\d)\.{theirs}\.conv2d\.(\w+)"
            names[old] = rf"{ours}.{layer}.\1.conv.\2"
    for theirs, ours in (
        ("ReZx", "low.0"),
        ("ReZy", "low.1"),
        ("ReUx", "sparse.0"),
        ("ReUy", "sparse.1"),
        ("ReL", "mix_low"),
        ("ReH", "mix_sparse"),
    ):
        names[rf"decoder\.conv_{theirs}\.conv2d\.(\w+)"] = rf"{ours}.conv.\1"
    return names


def _four_dimensions(tensors):
    for key, tensor in tensors.items():
        if key.endswith((".threshold", ".step")) and tensor.ndim == 2:
            tensors[key] = tensor[:, :, None, None]


def _mufusion(tensors, path):
    from ..networks.convolutional.mufusion import MUFusionNet

    n_channels = _width(tensors, "encoder.0.conv.bias", 32)
    return MUFusionNet(n_channels), {"class": "MUFusion", "n_channels": n_channels}


def _sdnet(tensors, path):
    from ..networks.convolutional.sdnet import SDNet

    n_channels = _width(tensors, "infrared.0.conv.bias", 16)
    return SDNet(n_channels), {"class": "SDNet", "n_channels": n_channels}


def _sdnet_names():
    names = {}
    for kind, ours in (("w", "weight"), ("b", "bias")):
        for theirs, path in (("ir", "infrared"), ("vi", "visible")):
            for i in range(4):
                layer = "0" if i == 0 else f"1.layers.{i - 1}"
                scope = f"fusion_model/layer{i + 1}_{theirs}"
                names[f"{scope}/{kind}{i + 1}_{theirs}"] = f"{path}.{layer}.conv.{ours}"
        names[f"fusion_model/layer5_fuse/{kind}5_fuse"] = f"squeeze.conv.{ours}"
        names[rf"fusion_model/layer6_sept\w*/{kind}\w+"] = f"spread.conv.{ours}"
        for k, theirs in enumerate(("ir", "vi")):
            for i in range(3):
                old = rf"fusion_model/layer{i + 7}_{theirs}/{kind}\w+"
                names[old] = f"apart.{k}.{i}.conv.{ours}"
    return names


def _by_path(tensors):
    """Put the maps that alternate between the paths one path after the other."""
    kernel = tensors.get("squeeze.conv.weight")
    if kernel is not None and kernel.ndim == 4 and kernel.shape[1] % 8 == 0:
        widths = [kernel.shape[1] // 8] * 8
        order = (0, 2, 4, 6, 1, 3, 5, 7)
        tensors["squeeze.conv.weight"] = permute_inputs(kernel, widths, order)


def _stdfusionnet(tensors, path):
    from ..networks.convolutional.stdfusionnet import STDFusionNet

    n_channels = _width(tensors, "visible.0.conv.bias", 16)
    metadata = {"class": "STDFusionNet", "n_channels": n_channels}
    return STDFusionNet(n_channels), metadata


def _stdfusionnet_names():
    names = {}
    for kind, ours in (("w", "weight"), ("b", "bias")):
        for theirs, path in (("vi", "visible"), ("ir", "infrared")):
            scope = f"STMFusion_model/{theirs}_extraction_network"
            names[f"{scope}/conv1/{kind}"] = f"{path}.0.conv.{ours}"
            _name_unit(names, f"{scope}/block", kind, f"{path}.", 0, ours)
        scope = "STMFusion_model/reconstruction_network/block"
        _name_unit(names, scope, kind, "decoder.", 1, ours)
    return names


def _name_unit(names, scope, kind, path, shift, ours):
    """Name the layers of up to four bottleneck units."""
    for block in range(1, 5):
        unit = f"{path}{block - shift}"
        for i in range(3):
            old = f"{scope}{block}/conv{i + 1}/{kind}"
            names[old] = f"{unit}.body.{i}.conv.{ours}"
        names[f"{scope}{block}/identity_conv/{kind}"] = f"{unit}.side.conv.{ours}"


def _convert_lutfuse(source):
    """Read the table from its NumPy file and the context network beside it."""
    import numpy as np
    import torch

    from ..networks.convolutional.lutfuse import LUTFuseNet

    path = find_file(source, "*lut*.npy")
    try:
        table = np.load(path, allow_pickle=False)
    except (ValueError, OSError) as error:
        raise WeightsError(f"{str(path)!r} is no NumPy table ({error}).") from None
    names = {
        r"input_layer\.0\.(\w+)": r"start.conv.conv.\1",
        r"input_layer\.2\.(\w+)": r"start.norm.\1",
        r"output_layer\.1\.(\w+)": r"output.conv.\1",
    }
    for i in range(3):
        names[rf"mid_layer\.{3 * i}\.(\w+)"] = rf"middle.{i}.conv.conv.\1"
        names[rf"mid_layer\.{3 * i + 2}\.(\w+)"] = rf"middle.{i}.norm.\1"
    tensors = rename(read_checkpoint(find_file(source, "*context*.pth")), names)
    table = torch.from_numpy(np.ascontiguousarray(table, dtype=np.float32))
    tensors["table"] = table.squeeze(-1) if table.ndim == 5 else table
    n_channels = _width(tensors, "start.conv.conv.bias", 16)
    metadata = {"class": "LUTFuse", "n_nodes": len(table), "n_channels": n_channels}
    return tensors, LUTFuseNet(len(table), n_channels), metadata


#: Method name -> function from the source to tensors, network and metadata.
PUBLISHED_PAIRS = {
    "seafusion": PublishedNetwork("*SeAFusion*.pth", _seafusion_names(), _seafusion),
    "mmdrfuse": PublishedNetwork(
        "*student*.model",
        {r"conv1\.1\.(\w+)": r"first.conv.\1", r"conv2\.1\.(\w+)": r"second.conv.\1"},
        _mmdrfuse,
    ),
    "sdnet": PublishedNetwork("*.index", _sdnet_names(), _sdnet, _by_path),
    "stdfusionnet": PublishedNetwork("*.index", _stdfusionnet_names(), _stdfusionnet),
    "lutfuse": _convert_lutfuse,
    "sfdfusion": PublishedNetwork("*.pth", _sfdfusion_names(), _sfdfusion),
    "datfuse": PublishedNetwork(
        "*.pth",
        _TOKEN_NAMES
        | {
            r"convolutional\.conv\.(\w+)": r"input.conv.\1",
            r"convolutional\.bn\.(\w+)": r"input.norm.\1",
            r"fem\.conv\.(\w+)": r"features.layer.conv.\1",
            r"fem\.bn\.(\w+)": r"features.layer.norm.\1",
            r"cam\.fc\.0\.(\w+)": r"attention.channel.0.conv.\1",
            r"cam\.fc\.2\.(\w+)": r"attention.channel.1.conv.\1",
            r"sam\.body\.0\.(\w+)": r"attention.spatial.0.conv.\1",
            r"sam\.body\.1\.(\w+)": r"attention.spatial.0.norm.\1",
            r"sam\.body\.3\.(\w+)": r"attention.spatial.1.conv.\1",
            r"sam\.body\.4\.(\w+)": r"attention.spatial.1.norm.\1",
        },
        _datfuse,
        prepare=_values_only,
    ),
    "lrrnet": PublishedNetwork(
        "*.model", _lrrnet_names(), _lrrnet, prepare=_four_dimensions
    ),
    "mufusion": PublishedNetwork(
        "*.model",
        {rf"conv{i + 1}\.1\.(\w+)": rf"encoder.{i}.conv.\1" for i in range(6)}
        | {rf"conv{i + 1}{i + 1}\.1\.(\w+)": rf"decoder.{i}.conv.\1" for i in range(6)},
        _mufusion,
    ),
    "sage": PublishedNetwork("*.pt", _sage_names(), _sage),
    "reconet": PublishedNetwork("*.pth", _RECONET_NAMES, _reconet),
    "tardal": PublishedNetwork("*tardal*.pt", _TARDAL_NAMES, _tardal),
    "ydtr": PublishedNetwork(
        "*.pth",
        _TOKEN_NAMES
        | {
            r"convInput\.conv\.(\w+)": r"input.conv.\1",
            r"convInput\.bn\.(\w+)": r"input.norm.\1",
            r"conv64\..*|conv\..*": "",
            r"DDF\.spatial_branch\.body\.(\d)\.(\w+)": r"detail.spatial.\1.conv.\2",
            r"DDF\.channel_branch\.fc\.0\.(\w+)": r"detail.channel.0.conv.\1",
            r"DDF\.channel_branch\.fc\.2\.(\w+)": r"detail.channel.1.conv.\1",
        },
        _ydtr,
        prepare=_values_only,
    ),
}
