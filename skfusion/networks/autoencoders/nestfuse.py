"""NestFuse and RFN-Nest: a pyramid of maps, nested decoding, residual fusion."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..blocks import Conv, FusionNetwork, NestedDecoder

__all__ = ["NestFuseNet", "RFNNestNet", "ResidualFusion"]

_CONV = {"pad": "reflect", "activation": "relu"}


def _block(n_in, n_out):
    """3x3 convolution to half the channels, then 1x1."""
    half = n_in // 2
    return nn.Sequential(Conv(n_in, half, **_CONV), Conv(half, n_out, 1, **_CONV))


class NestFuseNet(FusionNetwork):
    """Encoder of several scales and nested decoder.

    Parameters
    ----------
    widths : sequence of int, default=(64, 112, 160, 208)
        Channels of each scale.
    n_first : int, default=16
        Channels of the first convolution.

    Notes
    -----
    The convolutions see grey levels 0 to 255.
    """

    def __init__(self, widths=(64, 112, 160, 208), n_first=16):
        super().__init__()
        self.min_size = 2 ** len(widths)
        self.multiple = self.min_size // 2
        # Of the coarsest block, and of the decoder's at each scale.
        self.reach = self.multiple * (len(widths) + 3)
        self.first = Conv(1, n_first, 1, **_CONV)
        self.encoder = nn.ModuleList(
            _block(n_in, n_out) for n_in, n_out in zip((n_first, *widths), widths)
        )
        self.decoder = NestedDecoder(widths, _block)
        self.output = Conv(widths[0], 1, 1, **_CONV)

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``."""
        super().initialize(generator)
        with torch.no_grad():
            # The maps are positive: with weights of both signs the last ReLU could be
            # zero everywhere, and would stay so.
            self.output.conv.weight.abs_()
        return self

    def encode(self, x):
        """Return the maps of each scale, finest first, of ``(n, 1, h, w)`` images."""
        x = self.first(255 * x)
        maps = []
        for i, block in enumerate(self.encoder):
            x = block(functional.max_pool2d(x, 2) if i else x)
            maps.append(x)
        return tuple(maps)

    def decode(self, *maps):
        """Return the ``(n, 1, h, w)`` images of one tensor of maps a scale."""
        return self.output(self.decoder(maps)) / 255

    def forward(self, x):
        """Reconstruct ``(n, 1, h, w)`` images."""
        return self.decode(*self.encode(x))


class ResidualFusion(nn.Module):
    """The fusion of the maps of one scale.

    Parameters
    ----------
    n_channels : int
    """

    def __init__(self, n_channels):
        super().__init__()
        n = n_channels
        self.start = Conv(2 * n, n, **_CONV)
        self.infrared = Conv(n, n, **_CONV)
        self.visible = Conv(n, n, **_CONV)
        self.mix = nn.Sequential(
            Conv(2 * n, n, 1, **_CONV), Conv(n, n, **_CONV), Conv(n, n, **_CONV)
        )

    def forward(self, infrared, visible):
        """Map two ``(n, c, h, w)`` tensors to one."""
        start = self.start(torch.cat([infrared, visible], 1))
        both = torch.cat([self.infrared(infrared), self.visible(visible)], 1)
        return start + self.mix(both)


class RFNNestNet(FusionNetwork):
    """An auto-encoder whose maps are fused by trained residual networks.

    Parameters
    ----------
    widths, n_first
        As of :class:`NestFuseNet`.
    """

    def __init__(self, widths=(64, 112, 160, 208), n_first=16):
        super().__init__()
        self.autoencoder = NestFuseNet(widths, n_first)
        self.fusion = nn.ModuleList(ResidualFusion(n) for n in widths)
        self.min_size = self.autoencoder.min_size
        self.multiple = self.autoencoder.multiple
        self.reach = self.autoencoder.reach + 4 * self.multiple

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``."""
        super().initialize(generator)
        self.autoencoder.initialize(generator)
        return self

    def fuse(self, infrared, visible):
        """Return the fused maps of two tuples of maps."""
        return [
            block(first, second)
            for block, first, second in zip(self.fusion, infrared, visible)
        ]

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one."""
        maps = [self.autoencoder.encode(image) for image in (infrared, visible)]
        return self.autoencoder.decode(*self.fuse(*maps))
