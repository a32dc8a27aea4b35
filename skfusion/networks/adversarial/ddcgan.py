"""DDcGAN: a densely connected generator for two discriminators."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, Dense, FusionNetwork

__all__ = ["DDcGANNet"]


class DDcGANNet(FusionNetwork):
    """The generator of DDcGAN, for two images of one size.

    Parameters
    ----------
    n_channels : int, default=48
        Maps of the first convolution and of each of the four dense ones.
    """

    reach = 10

    def __init__(self, n_channels=48):
        super().__init__()
        n, conv = n_channels, {"pad": "reflect", "activation": "leaky"}
        self.first = Conv(2, n, **conv)
        self.dense = Dense(n, n, 4, **conv)
        shares = (240, 240, 128, 64, 32)
        widths = [round(n * share / 48) for share in shares]
        self.decoder = nn.Sequential(
            *(Conv(a, b, **conv) for a, b in zip(widths, widths[1:])),
            Conv(widths[-1], 1, pad="reflect", activation="unit_tanh"),
        )

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one in (0, 1)."""
        x = self.first(torch.cat([infrared, visible], 1))
        return self.decoder(self.dense(x))
