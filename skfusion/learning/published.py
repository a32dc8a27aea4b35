"""How the tensors of published checkpoints are called in our networks."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .checkpoints import find_file, permute_inputs, read_checkpoint, rename

__all__ = ["PUBLISHED", "SEVERAL_FILES"]

#: Methods whose checkpoint is a folder.
SEVERAL_FILES = ("auif", "didfuse", "lutfuse")


def _width(tensors, key, default):
    """Return the length of a bias that tells how wide the network is."""
    bias = tensors.get(key)
    return default if bias is None else len(bias)


def _without_counters(tensors, network):
    """Add the counters of batches that older versions of PyTorch do not write."""
    import torch

    for key, value in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            counter = torch.zeros(value.shape, dtype=value.dtype, device="cpu")
            tensors.setdefault(key, counter)
    return tensors


def _convert_auif(folder):
    from ..networks.autoencoders.auif import AUIFNet

    tensors = {}
    for part, file, prefix in (
        ("base", "*Encoder_Base*", "conv1"),
        ("detail", "*Encoder_Detail*", "conv2"),
    ):
        tensors |= rename(
            read_checkpoint(find_file(folder, file)),
            {
                rf"{prefix}\.(\d+)\.(kernel|eta|theta)": rf"{part}.\1.\2",
                rf"{prefix}\.(\d+)\.rest\.0\.(\w+)": rf"{part}.\1.norm.\2",
                rf"{prefix}\.(\d+)\.rest\.1\.(\w+)": rf"{part}.\1.activation.\2",
            },
        )
    tensors |= rename(
        read_checkpoint(find_file(folder, "*Decoder*")),
        {
            r"decoder\.1\.(\w+)": r"decoder.\1",
            r"decoder\.2\.(\w+)": r"decoder_norm.\1",
        },
    )
    n_layers = max(sum(f"base.{i}.eta" in tensors for i in range(len(tensors))), 1)
    kernel = tensors.get("base.0.kernel")
    n_channels = 64 if kernel is None else kernel.shape[0]
    metadata = {"class": "AUIF", "n_layers": n_layers, "n_channels": n_channels}
    metadata |= {"base_size": 11, "detail_size": 19}
    return tensors, AUIFNet(n_layers, n_channels), metadata


def _convert_didfuse(folder):
    from ..networks.autoencoders.didfuse import DIDFuseNet

    tensors = {}
    for file, blocks in (
        ("*Encoder*", {1: "shallow", 2: "deep", 3: "base", 4: "detail"}),
        ("*Decoder*", {5: "merge", 6: "refine", 7: "output"}),
    ):
        patterns = {}
        for number, block in blocks.items():
            # The first and the last block start with a padding layer.
            first = 1 if block in ("shallow", "output") else 0
            for i, layer in enumerate(("conv", "norm", "activation"), first):
                old = rf"cov{number}\.cov{number}\.{i}\.(\w+)"
                patterns[old] = rf"{block}.{layer}.\1"
        checkpoint = read_checkpoint(find_file(folder, file), "weight")
        tensors |= rename(checkpoint, patterns)
    bias = tensors.get("deep.conv.bias")
    n_channels = 64 if bias is None else len(bias)
    metadata = {"class": "DIDFuse", "n_channels": n_channels}
    return tensors, DIDFuseNet(n_channels), metadata


def _convert_densefuse(source):
    from ..networks.autoencoders.densefuse import DenseFuseNet

    path = find_file(source, "*.index", "*.model", "*.pth")
    tensors = read_checkpoint(path)
    if path.suffix == ".index":
        names = {"kernel": "weight", "bias": "bias"}
        patterns = {}
        for old, new in names.items():
            patterns[rf"encoder/conv1_1/{old}"] = f"first.conv.{new}"
            for i in range(3):
                patterns[rf"encoder/dense_block_conv{i + 1}/{old}"] = (
                    f"dense.layers.{i}.conv.{new}"
                )
            for i in range(4):
                patterns[rf"decoder/conv2_{i + 1}/{old}"] = f"decoder.{i}.conv.{new}"
        tensors = rename(tensors, patterns)
    else:
        patterns = {
            r"conv1\.conv2d\.(\w+)": r"first.conv.\1",
            r"DB1\.denseblock\.(\d)\.dense_conv\.conv2d\.(\w+)": (
                r"dense.layers.\1.conv.\2"
            ),
        }
        for i in range(4):
            patterns[rf"conv{i + 2}\.conv2d\.(\w+)"] = rf"decoder.{i}.conv.\1"
        tensors = rename(tensors, patterns)
        _oldest_last(tensors)
    n = _width(tensors, "first.conv.bias", 16)
    return tensors, DenseFuseNet(n), {"class": "DenseFuse", "n_channels": n}


def _oldest_last(tensors):
    """Turn maps that stand oldest first, as in the PyTorch port, newest first."""
    for key, n_blocks in (
        ("dense.layers.1.conv.weight", 2),
        ("dense.layers.2.conv.weight", 3),
        ("decoder.0.conv.weight", 4),
    ):
        kernel = tensors.get(key)
        if kernel is not None and kernel.ndim == 4 and kernel.shape[1] % n_blocks == 0:
            widths = [kernel.shape[1] // n_blocks] * n_blocks
            tensors[key] = permute_inputs(kernel, widths, range(n_blocks)[::-1])


def _convert_u2fusion(source):
    from ..networks.convolutional.u2fusion import U2FusionNet

    patterns = {}
    for old, new in {"kernel": "weight", "bias": "bias"}.items():
        patterns[rf"Generator/encoder/conv1_1/{old}"] = f"first.conv.{new}"
        for i in range(5):
            patterns[rf"Generator/encoder/dense_block_conv{i + 1}/{old}"] = (
                f"dense.layers.{i}.conv.{new}"
            )
        for i in range(4):
            patterns[rf"Generator_1/decoder/conv2_{i + 1}/{old}"] = (
                f"decoder.{i}.conv.{new}"
            )
    tensors = rename(read_checkpoint(find_file(source, "*.index")), patterns)
    n = _width(tensors, "first.conv.bias", 44)
    return tensors, U2FusionNet(n), {"class": "U2Fusion", "n_channels": n}


def _convert_ifcnn(source):
    from ..networks.convolutional.ifcnn import IFCNNNet

    tensors = rename(
        read_checkpoint(find_file(source, "*MAX*.pth", "*.pth")),
        {
            r"conv1\.weight": "first.conv.weight",
            r"conv2\.conv\.weight": "second.conv.weight",
            r"conv2\.bn\.(\w+)": r"second.norm.\1",
            r"conv3\.conv\.weight": "third.conv.weight",
            r"conv3\.bn\.(\w+)": r"third.norm.\1",
            r"conv4\.(\w+)": r"output.conv.\1",
        },
    )
    n = _width(tensors, "second.norm.bias", 64)
    network = IFCNNNet(n)
    tensors = _without_counters(tensors, network)
    return tensors, network, {"class": "IFCNN", "n_channels": n}


def _convert_pmgi(source):
    from ..networks.convolutional.pmgi import PMGINet

    norm = {
        "beta": "bias",
        "gamma": "weight",
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    }
    layers = {"1": "first", "2": "second", "3": "third", "4": "fourth"}
    layers |= {"2_3": "exchange.0", "3_4": "exchange.1"}
    patterns = {}
    for path, suffix in (("gradient", ""), ("intensity", "_vi")):
        for number, layer in layers.items():
            scope = f"fusion_model/layer{number}{suffix}"
            patterns[f"{scope}/w{number}{suffix}"] = f"{path}.{layer}.conv.weight"
            patterns[f"{scope}/b{number}{suffix}"] = f"{path}.{layer}.conv.bias"
            for old, new in norm.items():
                patterns[f"{scope}/BatchNorm/{old}"] = f"{path}.{layer}.norm.{new}"
    patterns["fusion_model/layer5/w5"] = "output.conv.weight"
    patterns["fusion_model/layer5/b5"] = "output.conv.bias"
    tensors = rename(read_checkpoint(find_file(source, "*.index")), patterns)
    n = _width(tensors, "gradient.first.conv.bias", 16)
    network = PMGINet(n)
    tensors = _without_counters(tensors, network)
    return tensors, network, {"class": "PMGI", "n_channels": n}


def _convert_dual_branch(source):
    from ..networks.autoencoders.dual_branch import DualBranchNet

    patterns = {
        r"encoder\.Conv1\.(\w+)": r"first.conv.\1",
        r"encoder\.Conv_d\.(\w+)": r"detail.0.conv.\1",
    }
    for i in range(3):
        patterns[rf"encoder\.layers\.DenseConv{i + 1}\.(\w+)"] = (
            rf"detail.1.layers.{i}.conv.\1"
        )
        patterns[rf"encoder\.Conv{i + 2}\.(\w+)"] = rf"semantic.{i}.conv.\1"
    for i in range(4):
        patterns[rf"decoder\.layers\.Conv{i + 2}\.(\w+)"] = rf"decoder.{i}.conv.\1"
    checkpoint = read_checkpoint(find_file(source, "*.pkl", "*.pth"))
    tensors = rename(checkpoint, patterns)
    n = _width(tensors, "detail.0.conv.bias", 16)
    return tensors, DualBranchNet(n), {"class": "DualBranch", "n_channels": n}


def _convert_liu_cnn(source):
    import torch

    from ..networks.convolutional.siamese import SiameseNet

    arrays = read_checkpoint(find_file(source, "*.mat"))
    arrays.pop("biases_output", None)  # The original never adds it.
    tensors = {}
    for key, layer in (
        ("b1_1", "fine.0"),
        ("b1_2", "fine.1"),
        ("b1_3", "coarse"),
    ):
        weights, bias = (arrays.pop(f"{x}_{key}", None) for x in ("weights", "biases"))
        if weights is not None and bias is not None:
            # in, 3 x 3 by columns, out
            weights = weights.reshape(-1, 9, weights.shape[-1])
            kernel = weights.permute(2, 0, 1).unflatten(2, (3, 3)).transpose(2, 3)
            tensors[f"{layer}.conv.weight"] = kernel.float().contiguous()
            tensors[f"{layer}.conv.bias"] = bias.float().flatten()
    head = arrays.pop("weights_output", None)
    if head is not None:
        kernel = head.permute(2, 0, 1).unflatten(2, (8, 8)).transpose(2, 3)
        tensors["head.conv.weight"] = kernel.float().contiguous()
        tensors["head.conv.bias"] = torch.zeros(2, device="cpu")
    tensors |= arrays
    n = _width(tensors, "fine.0.conv.bias", 64)
    return tensors, SiameseNet(n), {"class": "LiuCNN", "n_channels": n}


#: Method name -> function from the source to tensors, network and metadata.
PUBLISHED = {
    "auif": _convert_auif,
    "didfuse": _convert_didfuse,
    "densefuse": _convert_densefuse,
    "u2fusion": _convert_u2fusion,
    "ifcnn": _convert_ifcnn,
    "pmgi": _convert_pmgi,
    "dual_branch": _convert_dual_branch,
    "liu_cnn": _convert_liu_cnn,
}
