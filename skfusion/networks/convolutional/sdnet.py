"""SDNet: squeeze two images into one, and decompose it again to learn how."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, Dense, FusionNetwork

__all__ = ["SDNet"]


class SDNet(FusionNetwork):
    """The network of SDNet, in its own range (-1, 1) inside.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of each layer.
    """

    reach = 5

    def __init__(self, n_channels=16):
        super().__init__()
        n = n_channels
        self.infrared, self.visible = (
            nn.Sequential(
                Conv(1, n, 5, activation="leaky"), Dense(n, n, 3, activation="leaky")
            )
            for _ in range(2)
        )
        self.squeeze = Conv(8 * n, 1, 1, activation="unit_tanh")
        self.spread = Conv(1, 8 * n, 1, activation="leaky")
        self.apart = nn.ModuleList(
            nn.Sequential(
                Conv(8 * n, n, activation="leaky"),
                Conv(n, 4, activation="leaky"),
                Conv(4, 1, activation="unit_tanh"),
            )
            for _ in range(2)
        )

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (0, 1)."""
        maps = [self.infrared(2 * infrared - 1), self.visible(2 * visible - 1)]
        return self.squeeze(torch.cat(maps, dim=1))

    def decompose(self, fused):
        """Return the infrared and the visible image that a fused one is made of."""
        maps = self.spread(2 * fused - 1)
        return tuple(part(maps) for part in self.apart)
