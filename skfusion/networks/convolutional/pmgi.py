"""PMGI: a gradient and an intensity path that exchange their maps."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork

__all__ = ["PMGINet"]


class _Path(nn.Module):
    """Four convolutions that see all before, and the two that take in the exchange."""

    def __init__(self, n, norm):
        super().__init__()
        conv = {"norm": norm, "activation": "leaky"}
        self.first = Conv(3, n, 5, **conv)
        self.second = Conv(n, n, **conv)
        self.exchange = nn.ModuleList(Conv(2 * n, n, 1, **conv) for _ in range(2))
        self.third = Conv(3 * n, n, **conv)
        self.fourth = Conv(4 * n, n, **conv)


class PMGINet(FusionNetwork):
    """The network of PMGI.

    Parameters
    ----------
    n_channels : int, default=16
    norm : {"batch", "image", "bare"}, default="batch"
        Running statistics or those of the image, after training.
    """

    min_size = 1

    def __init__(self, n_channels=16, norm="batch"):
        super().__init__()
        self.reach = 5 if norm == "batch" else None
        self.gradient = _Path(n_channels, norm)
        self.intensity = _Path(n_channels, norm)
        self.output = Conv(8 * n_channels, 1, 1, activation="tanh")

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one in (0, 1)."""
        ir, vis = 2 * infrared - 1, 2 * visible - 1
        paths = self.gradient, self.intensity
        inputs = torch.cat([ir, ir, vis], 1), torch.cat([vis, vis, ir], 1)
        maps = [[path.first(x)] for path, x in zip(paths, inputs)]
        for path, done in zip(paths, maps):
            done.append(path.second(done[0]))
        for i in range(2):
            # Each path adds what it draws from the newest maps of both.
            both = torch.cat([done[-1] for done in maps], 1)
            for path, done in zip(paths, maps):
                layer = path.third if i == 0 else path.fourth
                done.append(layer(torch.cat([*done, path.exchange[i](both)], 1)))
        mixed = [x for layer in zip(*maps) for x in layer]
        return self.output(torch.cat(mixed, 1)) / 2 + 0.5
