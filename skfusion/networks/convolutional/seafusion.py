"""SeAFusion: two encoders of gradient residual dense blocks, one decoder."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork, Sobel

__all__ = ["SeAFusionNet"]


class _GradientResidualDense(nn.Module):
    """Two dense layers beside the gradient of the maps."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.first = Conv(n_in, n_in, 3, activation="leaky")
        self.second = Conv(2 * n_in, n_in, 3, activation="leaky")
        self.mix = Conv(3 * n_in, n_out, 1)
        self.sobel = Sobel(n_in)
        self.mix_sobel = Conv(n_in, n_out, 1)
        self.activation = nn.LeakyReLU(0.1)

    def forward(self, x):
        dense = torch.cat([x, self.first(x)], dim=1)
        dense = torch.cat([dense, self.second(dense)], dim=1)
        return self.activation(self.mix(dense) + self.mix_sobel(self.sobel(x)))


class SeAFusionNet(FusionNetwork):
    """The network of SeAFusion.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of the first layer; the others grow with it.
    """

    reach = 9

    def __init__(self, n_channels=16):
        super().__init__()
        n = n_channels
        self.visible, self.infrared = (
            nn.Sequential(
                Conv(1, n, 3, activation="leaky"),
                _GradientResidualDense(n, 2 * n),
                _GradientResidualDense(2 * n, 3 * n),
            )
            for _ in "vi"
        )
        self.decoder = nn.Sequential(
            Conv(6 * n, 4 * n, 3, activation="leaky"),
            Conv(4 * n, 2 * n, 3, activation="leaky"),
            Conv(2 * n, n, 3, activation="leaky"),
            Conv(n, 1, 3, activation="unit_tanh"),
        )

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (0, 1)."""
        maps = torch.cat([self.visible(visible), self.infrared(infrared)], dim=1)
        return self.decoder(maps)
