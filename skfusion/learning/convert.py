"""Published checkpoints made into safetensors files that the fusers read."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from .weights import WeightsError, write_weights

__all__ = ["convert_weights", "converters"]


def convert_weights(method, source, output) -> None:
    """Convert a published checkpoint.

    Nothing in the checkpoint is executed: PyTorch files are read with
    ``weights_only=True``.

    Parameters
    ----------
    method : str
        A key of :data:`converters`: whose checkpoint it is.
    source : path
        The folder with the files as their authors published them.
    output : path
        The ``.safetensors`` file to write, for the ``weights`` of the fuser.

    Raises
    ------
    WeightsError
        If a file is missing, is no checkpoint, or does not hold what the network of
        this method needs; the message names the file and the key.
    ValueError
        For an unknown method or another ending of ``output``.

    Examples
    --------
    >>> from skfusion.learning.convert import convert_weights
    >>> convert_weights("auif", "no such folder", "auif.safetensors")
    Traceback (most recent call last):
    skfusion.weights.WeightsError: source='no such folder' is no folder: ...
    """
    if method not in converters:
        raise ValueError(
            f"method={method!r} has no published checkpoint that can be converted: use "
            f"one of {', '.join(converters)}."
        )
    folder = Path(source)
    if not folder.is_dir():
        raise WeightsError(
            f"source={str(source)!r} is no folder: give the one that holds the "
            f"published {method} files."
        )
    tensors, network, metadata = converters[method](folder)
    _match(folder, tensors, network.state_dict())
    write_weights(output, tensors, {**metadata, "source": f"published {method}"})


def _convert_auif(folder):
    from ..networks.auif import AUIFNet

    tensors = {}
    for part, file, prefix in (
        ("base", "*Encoder_Base*", "conv1"),
        ("detail", "*Encoder_Detail*", "conv2"),
    ):
        tensors |= _rename(
            _load(_find(folder, file)),
            {
                rf"{prefix}\.(\d+)\.(kernel|eta|theta)": rf"{part}.\1.\2",
                rf"{prefix}\.(\d+)\.rest\.0\.(\w+)": rf"{part}.\1.norm.\2",
                rf"{prefix}\.(\d+)\.rest\.1\.(\w+)": rf"{part}.\1.activation.\2",
            },
        )
    tensors |= _rename(
        _load(_find(folder, "*Decoder*")),
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
    from ..networks.didfuse import DIDFuseNet

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
        path = _find(folder, file)
        checkpoint = _load(path)
        if not isinstance(checkpoint.get("weight"), dict):
            raise WeightsError(f"{str(path)!r} holds no state dict named 'weight'.")
        tensors |= _rename(checkpoint["weight"], patterns)
    bias = tensors.get("deep.conv.bias")
    n_channels = 64 if bias is None else len(bias)
    metadata = {"class": "DIDFuse", "n_channels": n_channels}
    return tensors, DIDFuseNet(n_channels), metadata


#: Method name -> function from the folder to tensors, network and metadata.
converters: MappingProxyType[str, Callable] = MappingProxyType(
    {"auif": _convert_auif, "didfuse": _convert_didfuse}
)


def _find(folder, pattern):
    """Return the one file of a folder that matches a pattern."""
    found = sorted(path for path in folder.glob(pattern) if path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise WeightsError(
            f"source={str(folder)!r} has {len(found)} files named {pattern!r}"
            f"{f' ({names})' if names else ''}: expected one."
        )
    return found[0]


def _load(path):
    """Read a PyTorch file as data, onto the CPU."""
    import torch

    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise anything
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise WeightsError(
            f"{str(path)!r} is no checkpoint of plain tensors ({reason[0]})."
        ) from None
    if not isinstance(checkpoint, dict):
        raise WeightsError(
            f"{str(path)!r} holds a {type(checkpoint).__name__}: expected a state dict."
        )
    return checkpoint


def _rename(tensors, patterns):
    """Rename keys by the first pattern that matches; others stay, to be reported."""
    renamed = {}
    for key, tensor in tensors.items():
        for old, new in patterns.items():
            match = re.fullmatch(old, str(key))
            if match:
                key = match.expand(new)
                break
        renamed[key] = tensor
    return renamed


def _match(folder, tensors, expected):
    """Check names, shapes and values against a network's state dict."""
    import torch

    where = f"source={str(folder)!r}"
    for kind, names in (
        ("lacks", sorted(set(expected) - set(tensors), key=str)),
        ("has the unknown", sorted(set(tensors) - set(expected), key=str)),
    ):
        if names:
            raise WeightsError(
                f"{where} {kind} {names[0]!r} ({len(names)} such keys): it was made "
                "for another network."
            )
    for key, like in expected.items():
        if not isinstance(tensors[key], torch.Tensor):
            kind = type(tensors[key]).__name__
            raise WeightsError(f"{where}: {key!r} is a {kind}, expected a tensor.")
        if tensors[key].shape != like.shape:
            raise WeightsError(
                f"{where}: {key!r} has shape {tuple(tensors[key].shape)}, expected "
                f"{tuple(like.shape)}."
            )
        if not torch.isfinite(tensors[key]).all():
            raise WeightsError(f"{where}: {key!r} holds NaN or infinite values.")
