"""LRRNet: an unrolled low-rank and sparse decomposition of each image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork

__all__ = ["LRRNet"]


def _conv(n_in, n_out):
    return Conv(n_in, n_out, pad="reflect")


class _Unrolled(nn.Module):
    """Shrinkage steps on the code of one image.

    ``z <- soft(step z + W2 (x - W1 z), threshold)``; the first half of the code is the
    low-rank part, the second the sparse one.
    """

    def __init__(self, n_channels, n_steps):
        super().__init__()
        n = 2 * n_channels
        self.start = _conv(1, n)
        self.synthesis = nn.ModuleList(_conv(n, 1) for _ in range(n_steps))
        self.analysis = nn.ModuleList(_conv(1, n) for _ in range(n_steps))
        self.threshold = nn.Parameter(torch.full((1, n, 1, 1), 0.01))
        self.step = nn.Parameter(torch.ones(1, 1, 1, 1))

    def forward(self, x):
        z = self._soft(self.start(x))
        for synthesis, analysis in zip(self.synthesis, self.analysis):
            z = self._soft(self.step * z + analysis(x - synthesis(z)))
        return z.chunk(2, dim=1)

    def _soft(self, r):
        return torch.sign(r) * nn.functional.relu(r.abs() - self.threshold)


class LRRNet(FusionNetwork):
    """The network of LRRNet.

    Parameters
    ----------
    n_channels : int, default=128
        Of the low-rank part and of the sparse part.
    n_steps : int, default=4
    normalize : bool, default=False
        Stretch each image to [0, 1] first, as published.
    """

    def __init__(self, n_channels=128, n_steps=4, normalize=False):
        super().__init__()
        self.normalize = normalize
        self.reach = None if normalize else 3 + 2 * n_steps
        self.infrared, self.visible = (_Unrolled(n_channels, n_steps) for _ in "iv")
        self.low, self.sparse = (
            nn.ModuleList(_conv(n_channels, 1) for _ in "iv") for _ in "ls"
        )
        self.mix_low, self.mix_sparse = _conv(2, 1), _conv(2, 1)

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output has no bounds."""
        if self.normalize:
            infrared, visible = _stretched(infrared), _stretched(visible)
        codes = self.infrared(infrared), self.visible(visible)
        low, sparse = (
            [layer(code[k]) for layer, code in zip(layers, codes)]
            for k, layers in enumerate((self.low, self.sparse))
        )
        low, sparse = torch.cat(low, dim=1), torch.cat(sparse, dim=1)
        return self.mix_low(low) + self.mix_sparse(sparse)


def _stretched(image):
    low, high = image.amin((1, 2, 3), True), image.amax((1, 2, 3), True)
    # The published constant is 1e-5 of 255.
    return (image - low) / (high - low + 1e-5 / 255)
