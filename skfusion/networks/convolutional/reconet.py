"""ReCoNet: a fused image that is refined three times by the same layers."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, DilatedTrio, FusionNetwork

__all__ = ["ReCoNet"]


class ReCoNet(FusionNetwork):
    """The fusion network of ReCoNet, without its registration.

    Parameters
    ----------
    n_channels : int, default=64
        Maps of each dilation.
    n_steps : int, default=3
        How often the image is refined.
    """

    def __init__(self, n_channels=64, n_steps=3):
        super().__init__()
        self.n_steps = n_steps
        self.reach = 5 * n_steps
        self.attention = nn.ModuleList(
            Conv(2, 1, 3, activation="sigmoid", bias=False) for _ in "iv"
        )
        self.dilated = DilatedTrio(3, n_channels, norm="batch", activation="relu")
        self.fuse = Conv(3 * n_channels, 1, 3, activation="tanh", norm="batch")

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (-1, 1)."""
        fused = torch.maximum(infrared, visible)
        for _ in range(self.n_steps):
            weighted = [
                image * attention(self._extremes(image, fused))
                for image, attention in zip((infrared, visible), self.attention)
            ]
            x = torch.cat([weighted[0], fused, weighted[1]], dim=1)
            fused = self.fuse(self.dilated(x))
        return fused

    def _extremes(self, image, fused):
        return torch.cat([torch.maximum(image, fused), (image + fused) / 2], dim=1)
