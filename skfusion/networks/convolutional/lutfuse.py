"""LUT-Fuse: a table of fused grey by four coordinates, one of them by a network."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork

__all__ = ["LUTFuseNet"]


class _Layer(nn.Module):
    """Convolution, leaky ReLU, normalisation of each map by itself."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.conv = Conv(n_in, n_out, 3, activation="leaky")
        self.norm = nn.InstanceNorm2d(n_out, affine=True)

    def forward(self, x):
        return self.norm(self.conv(x))


class LUTFuseNet(FusionNetwork):
    """A table by luma, gradient and context of the visible image and by infrared.

    Parameters
    ----------
    n_nodes : int, default=16
        Of the table along each coordinate.
    n_channels : int, default=16
        Of the context network.
    """

    def __init__(self, n_nodes=16, n_channels=16):
        super().__init__()
        n = n_channels
        self.n_nodes = n_nodes
        self.table = nn.Parameter(torch.zeros((n_nodes,) * 4))
        self.start = _Layer(4, n)
        self.middle = nn.Sequential(_Layer(n, n), _Layer(n, n), _Layer(n, n))
        self.output = Conv(n, 1, 3, activation="sigmoid")
        step = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        sobel = torch.stack([step, step.T])[:, None]
        self.register_buffer("sobel", sobel, persistent=False)

    def initialize(self, generator):
        """Draw the context network; the table starts as the larger of the two."""
        super().initialize(generator)
        grey = torch.arange(self.n_nodes) / self.n_nodes * 256 / 255
        with torch.no_grad():
            larger = torch.maximum(grey[:, None, None, None], grey)
            self.table.copy_(larger.expand_as(self.table))
        return self

    def forward(self, infrared, visible, color=None):
        """Fuse ``(n, 1, h, w)`` images.

        Parameters
        ----------
        infrared, visible : Tensor, shape (n, 1, h, w)
        color : Tensor, shape (n, 3, h, w), optional
            The visible image, for its context; gray without it.

        Returns
        -------
        Tensor, shape (n, 1, h, w)
        """
        color = visible if color is None else color
        coordinates = torch.cat(
            [visible, self._gradient(visible), self.context(infrared, color), infrared],
            dim=1,
        )
        return self.look_up(coordinates)

    def context(self, infrared, color):
        """Return the third coordinate, ``(n, 1, h, w)`` in (0, 1)."""
        color = color.expand(-1, 3, -1, -1)
        first = self.start(255 * torch.cat([color, infrared], dim=1))
        return self.output(self.middle(first) + first)

    def _gradient(self, visible):
        parts = nn.functional.conv2d(visible, self.sobel, padding=1)
        size = parts.square().sum(1, keepdim=True).sqrt()
        low, high = size.amin((1, 2, 3), True), size.amax((1, 2, 3), True)
        return (size - low) / (high - low).clamp_min(1e-8)

    def look_up(self, coordinates):
        """Interpolate in the table, linearly along each of the four coordinates."""
        n = self.n_nodes
        place = coordinates * (255 / 256 * n)
        low = place.floor().clamp(0, n - 1)
        part = place - low
        low = low.long()
        high = (low + 1).clamp(max=n - 1)
        flat = self.table.flatten()
        fused = 0
        for corner in range(16):
            index, weight = 0, 1
            for k in range(4):
                upper = corner >> k & 1
                index = index * n + (high if upper else low)[:, k]
                weight = weight * (part[:, k] if upper else 1 - part[:, k])
            fused = fused + weight * flat[index]
        return fused[:, None]
