"""MMDRFuse: the student, two convolutions of 113 parameters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from ..blocks import Conv, FusionNetwork

__all__ = ["MMDRFuseNet"]


class MMDRFuseNet(FusionNetwork):
    """The student network of MMDRFuse.

    Parameters
    ----------
    n_channels : int, default=4
    """

    reach = 2

    def __init__(self, n_channels=4):
        super().__init__()
        self.first = Conv(2, n_channels, 3, activation="relu", pad="reflect")
        self.second = Conv(n_channels, 1, 3, activation="tanh", pad="reflect")

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (-1, 1)."""
        return self.second(self.first(torch.cat([infrared, visible], dim=1)))
