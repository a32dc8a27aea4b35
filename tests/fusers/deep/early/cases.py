"""The fusers around the earlier networks, made small."""

# SPDX-License-Identifier: BSD-3-Clause

import pytest
import torch

from skfusion import fusers

from ....common.estimators import CHEAP

SINGLE = ("DenseFuse", "NestFuse", "IFCNN", "DualBranch", "DeepFuse", "LiuCNN")


NAMES = (*SINGLE, "RFNNest", "U2Fusion", "PMGI", "FusionGAN", "DDcGAN")


each = pytest.mark.parametrize("name", NAMES)


def make(name, **params):
    cheap = {**CHEAP[name], "weights": None, "device": "cpu"}
    return getattr(fusers, name)(**{**cheap, **params})


def with_network(fuser, network):
    fuser.network_ = network
    return fuser


def crops(n=2, side=16, channels=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, side, side, generator=generator)


def drawn(fuser):
    network = fuser._build_network().initialize(torch.Generator().manual_seed(1))
    return network.eval()
