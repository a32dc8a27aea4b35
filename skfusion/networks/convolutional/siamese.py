"""The siamese network of Liu that tells which of two patches is sharper."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..blocks import Conv, FusionNetwork

__all__ = ["SiameseNet"]


class SiameseNet(FusionNetwork):
    """One branch for both images, and a decision for each patch of 16 pixels.

    Parameters
    ----------
    n_channels : int, default=64
        Maps of the first convolution, doubled by each further one.
    """

    patch, stride = 16, 2
    min_size = 16

    def __init__(self, n_channels=64):
        super().__init__()
        n = n_channels
        self.fine = nn.Sequential(
            Conv(1, n, activation="relu"), Conv(n, 2 * n, activation="relu")
        )
        self.coarse = Conv(2 * n, 4 * n, activation="relu")
        self.head = Conv(8 * n, 2, 8, pad=None)

    def forward(self, first, second):
        """Return the two logits of each patch, ``(n, 2, h', w')``: second, first.

        Parameters
        ----------
        first, second : Tensor, shape (n, 1, h, w)
            The patches lie 2 pixels apart; maps of odd sides get a zero row or column.
        """
        maps = []
        for image in (first, second):
            x = self.fine(image)
            height, width = x.shape[2:]
            x = functional.pad(x, (0, width % 2, 0, height % 2))
            maps.append(self.coarse(functional.max_pool2d(x, 2)))
        return self.head(torch.cat(maps, 1))
