"""IFCNN: two convolutions, an elementwise rule, two convolutions."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from ..blocks import Conv, FusionNetwork

__all__ = ["IFCNNNet"]

_LUMA = (0.299, 0.587, 0.114)


class IFCNNNet(FusionNetwork):
    """The convolutions of IFCNN, on a gray image in all three channels.

    Parameters
    ----------
    n_channels : int, default=64
    """

    min_size = 1
    reach = 5

    def __init__(self, n_channels=64):
        super().__init__()
        n = n_channels
        conv = {"pad": "replicate", "bias": False}
        self.first = Conv(3, n, 7, **conv)
        self.second = Conv(n, n, norm="batch", activation="relu", **conv)
        self.third = Conv(n, n, norm="batch", activation="relu", **conv)
        self.output = Conv(n, 3, 1)

    def encode(self, x):
        """Return the ``(n, n_channels, h, w)`` maps of images, in a tuple."""
        return (self.second(self.first(x.expand(-1, 3, -1, -1))),)

    def decode(self, maps):
        """Return the luma in [0, 1] of the colour image that maps stand for."""
        rgb = self.output(self.third(maps))
        if not self.training:  # in training, a clipped channel would learn no more
            rgb = rgb.clamp(0, 1)
        return (rgb * rgb.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one, by the maximum."""
        (first,), (second,) = self.encode(infrared), self.encode(visible)
        return self.decode(torch.maximum(first, second))
