"""DenseFuse: an auto-encoder around a dense block."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from torch import nn

from ..blocks import Conv, Dense, FusionNetwork

__all__ = ["DenseFuseNet"]


class DenseFuseNet(FusionNetwork):
    """Encoder and decoder of DenseFuse.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of the first convolution and of each dense one.

    Notes
    -----
    The convolutions see grey levels 0 to 255.
    """

    reach = 8

    def __init__(self, n_channels=16):
        super().__init__()
        n = n_channels
        conv = {"pad": "reflect", "activation": "relu"}
        self.first = Conv(1, n, **conv)
        self.dense = Dense(n, n, 3, newest_first=True, **conv)
        self.decoder = nn.Sequential(
            Conv(4 * n, 4 * n, **conv),
            Conv(4 * n, 2 * n, **conv),
            Conv(2 * n, n, **conv),
            Conv(n, 1, pad="reflect"),
        )

    def encode(self, x):
        """Return the ``(n, 4 * n_channels, h, w)`` maps of images, in a tuple."""
        return (self.dense(self.first(255 * x)),)

    def decode(self, maps):
        """Return the ``(n, 1, h, w)`` images of maps."""
        return self.decoder(maps) / 255

    def forward(self, x):
        """Reconstruct ``(n, 1, h, w)`` images."""
        return self.decode(*self.encode(x))
