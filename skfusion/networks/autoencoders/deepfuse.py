"""DeepFuse: the sum of two shared encodings, decoded by large kernels."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from torch import nn

from ..blocks import Conv, FusionNetwork

__all__ = ["DeepFuseNet"]


class DeepFuseNet(FusionNetwork):
    """The network of DeepFuse.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of the first convolution; the second has twice as many.
    """

    min_size = 4
    reach = 12

    def __init__(self, n_channels=16):
        super().__init__()
        n, conv = n_channels, {"pad": "reflect", "activation": "relu"}
        self.encoder = nn.Sequential(Conv(1, n, 5, **conv), Conv(n, 2 * n, 7, **conv))
        self.decoder = nn.Sequential(
            Conv(2 * n, 2 * n, 7, **conv),
            Conv(2 * n, n, 5, **conv),
            Conv(n, 1, 5, pad="reflect"),
        )

    def encode(self, x):
        """Return the ``(n, 2 * n_channels, h, w)`` maps of images, in a tuple."""
        return (self.encoder(x),)

    def decode(self, maps):
        """Return the ``(n, 1, h, w)`` images of maps."""
        return self.decoder(maps)

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one."""
        (first,), (second,) = self.encode(infrared), self.encode(visible)
        return self.decode(first + second)
