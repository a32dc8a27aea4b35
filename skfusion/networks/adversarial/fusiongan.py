"""FusionGAN: a generator without padding and its discriminator."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from .._unset import unset
from ..blocks import Conv, FusionNetwork, initialize

__all__ = ["FusionGANNet", "StridedCritic"]


class FusionGANNet(FusionNetwork):
    """The generator of FusionGAN.

    Parameters
    ----------
    n_channels : int, default=32
        Maps of the last hidden convolution; the first has eight times as many.
    norm : {"batch", "image", "bare"}, default="batch"
        Running statistics or those of the image, after training.
    """

    min_size = 1
    border = 6

    def __init__(self, n_channels=32, norm="batch"):
        super().__init__()
        self.reach = self.border if norm == "batch" else None
        n, conv = n_channels, {"pad": None, "norm": norm, "activation": "leaky"}
        self.layers = nn.Sequential(
            Conv(2, 8 * n, 5, **conv),
            Conv(8 * n, 4 * n, 5, **conv),
            Conv(4 * n, 2 * n, 3, **conv),
            Conv(2 * n, n, 3, **conv),
            Conv(n, 1, 1, pad=None, activation="tanh"),
        )

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one in (0, 1)."""
        x = 2 * torch.cat([infrared, visible], 1) - 1
        x = functional.pad(x, (self.border,) * 4, mode="replicate")
        return self.layers(x) / 2 + 0.5


class StridedCritic(nn.Module):
    """A discriminator: four convolutions that halve the size, one number an image.

    Parameters
    ----------
    crop_size : int
        Side of the images.
    n_channels : int, default=32
        Maps of the first convolution, doubled by each further one.
    """

    def __init__(self, crop_size, n_channels=32):
        super().__init__()
        widths = (1, *(n_channels * 2**i for i in range(4)))
        conv = {"stride": 2, "pad": None, "activation": "leaky"}
        self.layers = nn.Sequential(
            *(
                Conv(a, b, norm="batch" if i else None, **conv)
                for i, (a, b) in enumerate(zip(widths, widths[1:]))
            )
        )
        side = crop_size
        for _ in range(4):
            side = (side - 3) // 2 + 1
        self.linear = unset(nn.Linear, widths[-1] * side**2, 1)

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``."""
        return initialize(self, generator)

    def forward(self, x):
        """Judge ``(n, 1, crop_size, crop_size)`` images: ``(n,)`` numbers."""
        return self.linear(self.layers(2 * x - 1).flatten(1))[:, 0]
