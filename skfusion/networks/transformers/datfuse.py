"""DATFuse and YDTR: attention by channel and by place, and token-wise layers."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from .._unset import unset
from ..blocks import Conv, FusionNetwork

__all__ = ["DATFuseNet", "YDTRNet"]


class _TokenBlock(nn.Module):
    """What a transformer block of one-token windows comes to.

    The softmax over a single token is one, so that attention is its value.
    """

    def __init__(self, n):
        super().__init__()
        self.norm_value, self.norm_mix = nn.LayerNorm(n), nn.LayerNorm(n)
        self.value, self.project = _linear(n, n), _linear(n, n)
        self.expand, self.reduce = _linear(n, 4 * n), _linear(4 * n, n)

    def forward(self, tokens):
        tokens = tokens + self.project(self.value(self.norm_value(tokens)))
        hidden = nn.functional.gelu(self.expand(self.norm_mix(tokens)))
        return tokens + self.reduce(hidden)


def _linear(n_in, n_out):
    return unset(nn.Linear, n_in, n_out)


class _Tokens(nn.Module):
    """Token blocks on ``(n, c, h, w)`` maps.

    Parameters
    ----------
    n : int
        Width of a token.
    runs : bool
        A token is a run of `n` values of the flattened maps, as in the published code;
        else the maps of a pixel.
    """

    def __init__(self, n, runs):
        super().__init__()
        self.n, self.runs = n, runs
        self.blocks = nn.Sequential(_TokenBlock(n), _TokenBlock(n))

    def forward(self, maps):
        if self.runs:
            tokens = maps.flatten(1).unflatten(1, (-1, self.n))
            return self.blocks(tokens).reshape(maps.shape)
        return self.blocks(maps.movedim(1, 3)).movedim(3, 1)


class _Features(nn.Module):
    """One convolution with its normalisation, used twice."""

    def __init__(self, n):
        super().__init__()
        self.layer = Conv(n, n, 3, norm="batch", pad="replicate")

    def forward(self, x):
        return self.layer(nn.functional.relu(self.layer(x)))


class _Attention(nn.Module):
    """Weights by channel, of the mean over the image, and by place."""

    def __init__(self, n):
        super().__init__()
        self.channel = nn.Sequential(
            Conv(n, n // 4, 1, activation="relu"),
            Conv(n // 4, n, 1, activation="sigmoid"),
        )
        self.spatial = nn.Sequential(
            Conv(n, n // 4, 3, activation="relu", norm="batch"),
            Conv(n // 4, 1, 3, activation="sigmoid", norm="batch"),
        )

    def forward(self, x):
        return x * self.channel(x.mean((2, 3), True)) + x * self.spatial(x)


class DATFuseNet(FusionNetwork):
    """The network of DATFuse.

    Parameters
    ----------
    n_channels : int, default=16
        At least 4.
    runs : bool, default=False
        Tokens as in the published code: runs of the flattened maps, not pixels.
    """

    def __init__(self, n_channels=16, runs=False):
        super().__init__()
        n = n_channels
        self.input = Conv(2, n, 5, activation="relu", norm="batch", pad="replicate")
        self.features = _Features(n)
        self.attention = _Attention(n)
        self.tokens = _Tokens(n, runs)
        self.output = Conv(n, 1, 1, activation="tanh")

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (-1, 1)."""
        start = self.input(torch.cat([infrared, visible], dim=1))
        maps = nn.functional.relu(self.attention(self.features(start)) + start)
        maps = self.features(self.tokens(maps))
        return self.output(self.attention(maps) + maps)


class _DynamicDetail(nn.Module):
    """A sum of the maps weighted by place and by channel, without bounds."""

    def __init__(self, n):
        super().__init__()
        self.spatial = nn.Sequential(Conv(n, n // 8), Conv(n // 8, 1))
        self.channel = nn.Sequential(
            Conv(n, n // 8, 1, activation="relu"), Conv(n // 8, n, 1)
        )

    def forward(self, x):
        return x * self.spatial(x) + x * self.channel(x.mean((2, 3), True))


class YDTRNet(FusionNetwork):
    """The network of YDTR: the same weights for both images and after their sum.

    Parameters
    ----------
    n_channels : int, default=64
        At least 8.
    runs : bool, default=False
        As of :class:`DATFuseNet`.
    """

    def __init__(self, n_channels=64, runs=False):
        super().__init__()
        n = n_channels
        self.input = Conv(1, n, 3, activation="relu", norm="batch", pad="replicate")
        self.detail = _DynamicDetail(n)
        self.tokens = _Tokens(n, runs)
        self.output = Conv(n, 1, 1, activation="tanh")

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``.

        What multiplies the maps starts small, and so does the output: its tanh would
        saturate, and stay so.
        """
        super().initialize(generator)
        with torch.no_grad():
            for branch in (self.detail.spatial, self.detail.channel):
                branch[1].conv.weight *= 0.3
            self.output.conv.weight *= 0.1
        return self

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images; the output lies in (-1, 1)."""
        # In one batch: its statistics, in training, are those of both images, as they
        # are in use.
        both = self.input(torch.cat([infrared, visible]))
        # Its len() would be a constant to the exporter.
        n = infrared.shape[0]
        maps = self.tokens(self.detail(both))
        maps = maps[:n] + maps[n:]
        return self.output(self.tokens(self.detail(maps)))
