"""TarDAL: the generator, a dense block and four layers that narrow it down."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, Dense, FusionNetwork

__all__ = ["TarDALNet"]


class TarDALNet(FusionNetwork):
    """The generator of TarDAL.

    Parameters
    ----------
    n_channels : int, default=32
    norm : {"batch", "image"}, default="batch"
        Whose statistics normalise in use: those of the training, or of the image
        itself, as the published weights need it.
    """

    def __init__(self, n_channels=32, norm="batch"):
        super().__init__()
        n = n_channels
        self.reach = 8 if norm == "batch" else None
        self.encoder = Conv(2, n, norm=norm, activation="relu")
        self.dense = Dense(n, n, 3, norm=norm, activation="relu")
        self.decoder = nn.Sequential(
            Conv(4 * n, 4 * n, activation="relu"),
            Conv(4 * n, 2 * n, norm=norm, activation="relu"),
            Conv(2 * n, n, norm=norm, activation="relu"),
            Conv(n, 1, activation="tanh"),
        )

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (-1, 1)."""
        pair = torch.cat([infrared, visible], dim=1)
        return self.decoder(self.dense(self.encoder(pair)))
