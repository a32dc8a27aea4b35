"""The network whose features a fuser looks at: a file, a module, or our own."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
import functools
import os
from pathlib import Path

import numpy as np
import torch
from sklearn.utils._param_validation import StrOptions

from ....base import BaseFuser
from ....learning.checkpoints import check_tensor, read_checkpoint
from ....learning.devices import resolve_device
from ....learning.pair_fuser import reflect_to
from ....learning.weights import WeightsError, read_once, read_weights
from ....networks.backbones import SharpnessFeatures
from ....networks.sharpness import sharpness_planes

__all__ = ["BACKBONE_CONSTRAINTS", "feature_maps", "read_backbone"]

BACKBONE_CONSTRAINTS: dict = {
    **BaseFuser._parameter_constraints,
    "backbone": [StrOptions({"sharpness"}), str, os.PathLike, torch.nn.Module],
    "device": [str],
}


def feature_maps(module, image, device):
    """Return the maps of an image, one array ``(c, h, w)`` a layer.

    Parameters
    ----------
    module : nn.Module
        From ``(1, 1, h, w)`` to a list of ``(1, c, h', w')``; ``min_size`` and
        ``gray_scale`` tell the least size and the grey level of white, 1 without them.
    image : ndarray of float, shape (H, W)
    device : str

    Returns
    -------
    list of ndarray
    """
    device = resolve_device(device)
    x = torch.from_numpy(np.array(image, dtype=np.float32))  # theirs may be read-only
    x = reflect_to(x, getattr(module, "min_size", 1))
    x = x[None, None].to(device) * getattr(module, "gray_scale", 1.0)
    if module.training or device.type != "cpu":
        module = copy.deepcopy(module).to(device).eval()  # it is not ours to change
    with torch.inference_mode():
        maps = module(x)
    return [layer[0].cpu().numpy() for layer in maps]


def read_backbone(backbone, network, *options, last_only=False):
    """Return the module that a parameter ``backbone`` stands for.

    Parameters
    ----------
    backbone : "sharpness", path or nn.Module
    network : class
        The network of ImageNet that a path is read into.
    *options
        Its arguments.
    last_only : bool, default=False
        Whether the substitute gives its last maps only.

    Returns
    -------
    nn.Module

    Raises
    ------
    WeightsError
        If the file is missing, damaged or of another network.
    """
    if isinstance(backbone, torch.nn.Module):
        return backbone
    if backbone == "sharpness":
        return _sharpness(last_only)
    path = Path(backbone)
    if not path.is_file():
        raise WeightsError(
            f"backbone={str(backbone)!r}: there is no such file; give the path of a "
            "state dict of torchvision, a module, or 'sharpness'."
        )
    make = functools.partial(_read, network=network, options=options)
    return read_once(make, path, (network, options))


def _read(path, network, options):
    network = network(*options)
    read = read_weights if path.suffix == ".safetensors" else read_checkpoint
    tensors = read(path)
    expected = network.state_dict()
    for name, like in expected.items():
        if name.endswith("num_batches_tracked"):
            tensors.setdefault(name, like)
        if getattr(tensors.get(name), "shape", None) != like.shape:
            raise WeightsError(
                f"backbone={str(path)!r} lacks {name!r} of shape {tuple(like.shape)}: "
                f"it is not of the network that {type(network).__name__} is part of."
            )
        check_tensor(f"backbone={str(path)!r}", name, tensors[name], like)
    network.load_state_dict({name: tensors[name] for name in expected})
    return network.eval().requires_grad_(False)


@functools.lru_cache(maxsize=2)
def _sharpness(last_only):
    from ..sharpness.classifier import SharpnessClassifier

    network = SharpnessClassifier("six-path")._loaded()
    # What a gray plane is divided by, from what makes the planes.
    step = torch.tensor([0.0, 1.0])[:, None, None].expand(2, 3, 3)
    black, white = sharpness_planes(step)[:, 0, 1, 1].tolist()
    return SharpnessFeatures(network, 1 / (white - black), last_only).eval()
