"""Dual-branch auto-encoder: dense detail maps beside coarse semantic ones."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from ..blocks import Conv, Dense, FusionNetwork

__all__ = ["DualBranchNet", "SoftRamp"]


class SoftRamp(nn.Module):
    """``log((1 + exp(2 x)) / 2) / 2``: smooth, zero at zero."""

    def forward(self, x):
        """Map any tensor to values above ``-log(2) / 2``."""
        return (functional.softplus(2 * x) - math.log(2)) / 2


class DualBranchNet(FusionNetwork):
    """Encoder and decoder of the dual-branch network.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of each dense convolution; the other widths are multiples.
    """

    min_size = 9  # so that no side of the coarsest maps is 1, which does not export

    def __init__(self, n_channels=16):
        super().__init__()
        n, act = n_channels, SoftRamp()
        self.first = Conv(1, 2 * n, activation=act)
        self.detail = nn.Sequential(
            Conv(2 * n, n, activation=act), Dense(n, n, 3, activation=act)
        )
        self.semantic = nn.Sequential(
            *(
                Conv(a * n, b * n, stride=2, activation=act)
                for a, b in ((2, 4), (4, 8), (8, 4))
            )
        )
        self.decoder = nn.Sequential(
            *(Conv(a * n, b * n, activation=act) for a, b in ((8, 4), (4, 2), (2, 1))),
            Conv(n, 1),
        )

    def encode(self, x):
        """Return the ``(n, 8 * n_channels, h, w)`` maps of images, in a tuple."""
        first = self.first(x)
        semantic = self.semantic(first)
        for size in ([8 * side for side in semantic.shape[2:]], x.shape[2:]):
            semantic = functional.interpolate(
                semantic, tuple(size), mode="bilinear", align_corners=True
            )
        return (torch.cat([self.detail(first), semantic], 1),)

    def decode(self, maps):
        """Return the ``(n, 1, h, w)`` images of maps."""
        return self.decoder(maps)

    def forward(self, x):
        """Reconstruct ``(n, 1, h, w)`` images."""
        return self.decode(*self.encode(x))
