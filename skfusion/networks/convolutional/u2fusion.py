"""U2Fusion: densely connected convolutions from both images to the fused one."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, Dense, FusionNetwork

__all__ = ["U2FusionNet"]


class U2FusionNet(FusionNetwork):
    """The network of U2Fusion.

    Parameters
    ----------
    n_channels : int, default=44
        Maps of the first convolution and of each of the five dense ones.
    """

    reach = 10

    def __init__(self, n_channels=44):
        super().__init__()
        n = n_channels
        conv = {"pad": "reflect", "activation": "leaky"}
        self.first = Conv(2, n, **conv)
        self.dense = Dense(n, n, 5, newest_first=True, **conv)
        widths = (6 * n, *(round(n * share / 44) for share in (128, 64, 32)))
        self.decoder = nn.Sequential(
            *(Conv(a, b, **conv) for a, b in zip(widths, widths[1:])),
            Conv(widths[-1], 1, pad="reflect", activation="unit_tanh"),
        )

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one in (0, 1)."""
        x = self.first(torch.cat([visible, infrared], 1))
        return self.decoder(self.dense(x))
