"""SAGE: the student, a small U-Net."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork, crop, mirror_to_multiple

__all__ = ["SAGENet"]


def _layer(n_in, n_out, size=3):
    return Conv(n_in, n_out, size, norm="batch", activation=nn.LeakyReLU(0.01))


def _module(n_in, n):
    return nn.Sequential(_layer(n_in, n), _layer(n, n), _layer(n, n))


class SAGENet(FusionNetwork):
    """The student network of SAGE.

    Parameters
    ----------
    n_channels : int, default=32
    pad : bool, default=True
        Mirror the image to multiples of 4, where the three scales lie on each other;
        else a row or column that is left over at half the size is dropped there, and
        the rest is stretched over it.
    """

    min_size = 4
    multiple = 4

    def __init__(self, n_channels=32, pad=True):
        super().__init__()
        n = n_channels
        self.pad, self.reach = pad, 48 if pad else None
        self.down = nn.ModuleList([_module(2, n), _module(n, n), _module(n, n)])
        self.join = nn.ModuleList([_layer(2 * n, n, 1), _layer(2 * n, n, 1)])
        self.up = nn.ModuleList([_module(n, n), _module(n, n)])
        self.output = Conv(n, 1, 3, activation="tanh")

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (-1, 1)."""
        x = torch.cat([visible, infrared], dim=1)
        height, width = x.shape[2:]
        if self.pad:
            x = mirror_to_multiple(x, 4)
        full = self.down[0](x)
        half = self.down[1](nn.functional.max_pool2d(full, 2))
        x = self.down[2](nn.functional.max_pool2d(half, 2))
        for skip, join, up in zip((half, full), self.join, self.up):
            x = nn.functional.interpolate(
                x, size=skip.shape[2:], mode="bilinear", align_corners=False
            )
            x = up(join(torch.cat([x, skip], dim=1)))
        return crop(self.output(x), height, width)
