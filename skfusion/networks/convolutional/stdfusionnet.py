"""STDFusionNet: bottleneck units, an encoder for each image, one decoder."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork, make_activation

__all__ = ["STDFusionNet"]


class _Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a 1x1 convolution or the maps themselves."""

    def __init__(self, n_in, n_mid, n_out, activation):
        super().__init__()
        self.body = nn.Sequential(
            Conv(n_in, n_mid, 1, activation="leaky"),
            Conv(n_mid, n_mid, 3, activation="leaky"),
            Conv(n_mid, n_out, 1),
        )
        same = n_in == n_out
        self.side = nn.Identity() if same else Conv(n_in, n_out, 1, bias=False)
        self.activation = make_activation(activation)

    def forward(self, x):
        return self.activation(self.body(x) + self.side(x))


class STDFusionNet(FusionNetwork):
    """The network of STDFusionNet, in its own range (-1, 1) inside.

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
                Conv(1, n, 5, activation="leaky"),
                _Bottleneck(n, n, n, "leaky"),
                _Bottleneck(n, n, 2 * n, "leaky"),
                _Bottleneck(2 * n, 2 * n, 4 * n, "leaky"),
            )
            for _ in "vi"
        )
        self.decoder = nn.Sequential(
            _Bottleneck(8 * n, 8 * n, 4 * n, "elu"),
            _Bottleneck(4 * n, 4 * n, 2 * n, "elu"),
            _Bottleneck(2 * n, 2 * n, n, "leaky"),
            _Bottleneck(n, n, 1, "tanh"),
        )

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (0, 1)."""
        maps = [self.visible(2 * visible - 1), self.infrared(2 * infrared - 1)]
        return (self.decoder(torch.cat(maps, dim=1)) + 1) / 2
