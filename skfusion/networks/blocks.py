"""What fusion networks are built from: convolution, dense block, nested decoder."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import math

import torch
from torch import nn
from torch.nn import functional

from ._unset import unset

__all__ = [
    "BareImageNorm",
    "Conv",
    "Dense",
    "DilatedTrio",
    "FusionNetwork",
    "ImageNorm",
    "NestedDecoder",
    "Sobel",
    "UnitTanh",
    "crop",
    "initialize",
    "make_activation",
    "mirror_to_multiple",
]


class UnitTanh(nn.Module):
    """``(tanh(x) + 1) / 2``: values in (0, 1)."""

    def forward(self, x):
        """Map any tensor to (0, 1)."""
        return torch.tanh(x) / 2 + 0.5


_ACTIVATIONS = {
    None: nn.Identity,
    "relu": nn.ReLU,
    "leaky": functools.partial(nn.LeakyReLU, 0.2),
    "elu": nn.ELU,
    "prelu": nn.PReLU,
    "tanh": nn.Tanh,
    "unit_tanh": UnitTanh,
    "sigmoid": nn.Sigmoid,
}


def make_activation(activation):
    """Return a new module for a name; a module is returned as it is.

    Parameters
    ----------
    activation : {None, "relu", "leaky", "elu", "prelu", "tanh", "unit_tanh", \
"sigmoid"} or nn.Module
        ``"leaky"`` has the slope 0.2 below zero.

    Returns
    -------
    nn.Module
    """
    if isinstance(activation, nn.Module):
        return activation
    return _ACTIVATIONS[activation]()


class ImageNorm(nn.BatchNorm2d):
    """Batch normalisation that uses the statistics of each single image after training.

    What networks of TensorFlow 1 do whose running averages are never read.
    """

    def forward(self, x):
        """Normalise ``(n, c, h, w)`` maps."""
        if self.training:
            return super().forward(x)
        mean = x.mean((2, 3), keepdim=True)
        variance = (x - mean).square().mean((2, 3), keepdim=True)
        return self._scaled((x - mean) * torch.rsqrt(variance + self.eps))

    def _scaled(self, x):
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class BareImageNorm(ImageNorm):
    """As :class:`ImageNorm`, without the trained scale and offset after training."""

    def _scaled(self, x):
        return x


_NORMS = {"batch": nn.BatchNorm2d, "image": ImageNorm, "bare": BareImageNorm}


class Conv(nn.Module):
    """Convolution that keeps the size, normalisation, activation.

    Parameters
    ----------
    n_in, n_out : int
    size : int, default=3
        Odd side of the kernel.
    stride, dilation, groups : int, default=1
    pad : {"reflect", "zeros", "replicate", None}, default="zeros"
        What lies beyond the border; ``None``: the output loses its border.
    bias : bool, default=True
    norm : {None, "batch", "image", "bare"}, default=None
    activation : str, nn.Module or None, default=None
        As for :func:`make_activation`.
    """

    def __init__(
        self,
        n_in,
        n_out,
        size=3,
        *,
        stride=1,
        dilation=1,
        groups=1,
        pad="zeros",
        bias=True,
        norm=None,
        activation=None,
    ):
        super().__init__()
        self.conv = unset(
            nn.Conv2d,
            n_in,
            n_out,
            size,
            stride=stride,
            dilation=dilation,
            groups=groups,
            padding=0 if pad is None else size // 2 * dilation,
            padding_mode=pad or "zeros",
            bias=bias,
        )
        self.norm = nn.Identity() if norm is None else _NORMS[norm](n_out)
        self.activation = make_activation(activation)

    def draw(self, generator):
        """Draw the weights so that the activation keeps the variance; bias zero."""
        slope = 1.0
        if isinstance(self.activation, nn.ReLU):
            slope = 0.0
        elif isinstance(self.activation, nn.LeakyReLU):
            slope = self.activation.negative_slope
        fan_in = self.conv.weight[0].numel()
        bound = math.sqrt(6 / ((1 + slope**2) * fan_in))
        nn.init.uniform_(self.conv.weight, -bound, bound, generator=generator)
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        """Map ``(n, n_in, h, w)`` to ``(n, n_out, h, w)``."""
        return self.activation(self.norm(self.conv(x)))


class Dense(nn.Module):
    """Convolutions each of which sees all maps before it.

    Parameters
    ----------
    n_in, growth, n_layers : int
        The output has ``n_out = n_in + n_layers * growth`` channels.
    newest_first : bool, default=False
        Whether new maps stand before the old ones or behind them.
    **conv
        Parameters of each :class:`Conv`.
    """

    def __init__(self, n_in, growth, n_layers, *, newest_first=False, **conv):
        super().__init__()
        self.newest_first = newest_first
        self.n_out = n_in + n_layers * growth
        self.layers = nn.ModuleList(
            Conv(n_in + i * growth, growth, **conv) for i in range(n_layers)
        )

    def forward(self, x):
        """Map ``n_in`` to ``n_out`` channels."""
        for layer in self.layers:
            maps = (layer(x), x) if self.newest_first else (x, layer(x))
            x = torch.cat(maps, 1)
        return x


class Sobel(nn.Module):
    """Depth-wise ``|gx| + |gy|``; Sobel's kernels are where the training starts.

    Parameters
    ----------
    n_channels : int
    """

    def __init__(self, n_channels):
        super().__init__()
        self.x, self.y = (
            unset(
                nn.Conv2d,
                n_channels,
                n_channels,
                3,
                padding=1,
                groups=n_channels,
                bias=False,
            )
            for _ in range(2)
        )

    def draw(self, generator):
        """Set Sobel's kernels; nothing is random."""
        kernel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
        with torch.no_grad():
            self.x.weight.copy_(kernel.expand_as(self.x.weight))
            self.y.weight.copy_(kernel.T.expand_as(self.y.weight))

    def forward(self, x):
        """Map ``(n, c, h, w)`` to that shape."""
        return self.x(x).abs() + self.y(x).abs()


class DilatedTrio(nn.Module):
    """Three convolutions of dilation 1, 2 and 3 side by side: ``3 * n_out`` channels.

    Parameters
    ----------
    n_in, n_out : int
    **conv
        Parameters of each :class:`Conv`.
    """

    def __init__(self, n_in, n_out, **conv):
        super().__init__()
        self.branches = nn.ModuleList(
            Conv(n_in, n_out, dilation=dilation, **conv) for dilation in (1, 2, 3)
        )

    def forward(self, x):
        """Map ``n_in`` to ``3 * n_out`` channels."""
        return torch.cat([branch(x) for branch in self.branches], 1)


class NestedDecoder(nn.Module):
    """Decode a pyramid of maps by nested blocks with dense skips, as UNet++ does.

    Block ``j`` of level ``i`` sees the maps of its level and its blocks before, and
    the enlarged output of block ``j - 1`` one level coarser.

    Parameters
    ----------
    widths : sequence of int
        Channels of each level, finest first; each level has half the size.
    make_block : callable
        ``make_block(n_in, n_out)`` returns a block that keeps the size.
    """

    def __init__(self, widths, make_block):
        super().__init__()
        self.n_levels = len(widths)
        self.blocks = nn.ModuleDict()
        for j in range(1, self.n_levels):
            for i in range(self.n_levels - j):
                n_in = j * widths[i] + widths[i + 1]
                self.blocks[f"{i}_{j}"] = make_block(n_in, widths[i])

    def forward(self, maps):
        """Return the last maps of the finest level, from one tensor a level."""
        levels = [[x] for x in maps]
        for j in range(1, self.n_levels):
            for i in range(self.n_levels - j):
                coarser = levels[i + 1][j - 1]
                larger = self._enlarge(coarser, levels[i][0].shape[2:])
                x = torch.cat([*levels[i], larger], 1)
                levels[i].append(self.blocks[f"{i}_{j}"](x))
        return levels[0][-1]

    def _enlarge(self, x, shape):
        """Double the size, nearest; mirror the row or column an odd size lacks."""
        if self.training:  # crops that halve without rest
            return functional.interpolate(x, scale_factor=2)
        for dim, side in zip((2, 3), shape):
            index = torch.arange(side, device=x.device)
            double = 2 * x.shape[dim]
            index = torch.where(index < double, index, 2 * double - 2 - index)
            x = x.index_select(dim, index // 2)
        return x


def mirror_to_multiple(images, multiple, *, dims=(2, 3), repeat_edge=False):
    """Mirror the last rows and columns to a multiple of a number.

    By index, since a pad of a computed length does not export. The image needs as
    many rows and columns as are missing, and one more without ``repeat_edge``.

    Parameters
    ----------
    images : Tensor, shape (n, c, h, w)
    multiple : int
    dims : sequence of int, default=(2, 3)
        Rows, columns or both.
    repeat_edge : bool, default=False
        As ``numpy.pad`` does with ``"symmetric"``; else as with ``"reflect"``.

    Returns
    -------
    Tensor, shape (n, c, h', w')
    """
    for dim in dims:
        side = images.shape[dim]
        whole = (side + multiple - 1) // multiple * multiple
        index = torch.arange(whole, device=images.device)
        beyond = 2 * side - 2 + repeat_edge - index
        images = images.index_select(dim, torch.where(index < side, index, beyond))
    return images


def crop(images, height, width, scale=1):
    """Enlarge ``(n, c, h, w)`` by a whole number and keep the first rows and columns.

    By index too: the exporter cannot know that a slice of an image that was mirrored
    to a multiple lies inside.
    """
    for dim, side in ((2, height), (3, width)):
        index = torch.arange(side, device=images.device) // scale
        images = images.index_select(dim, index)
    return images


def initialize(network, generator):
    """Draw all parameters of a network from one ``torch.Generator``.

    Blocks with a method ``draw`` draw their own; linear layers are drawn as PyTorch
    does.

    Parameters
    ----------
    network : nn.Module
    generator : torch.Generator

    Returns
    -------
    nn.Module
        The same network.
    """
    for module in network.modules():
        if hasattr(module, "draw"):
            module.draw(generator)
        elif isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            for parameter in module.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return network


class FusionNetwork(nn.Module):
    """Base class of the networks that fusers of two images are built around.

    ``forward(infrared, visible)`` maps ``(n, 1, h, w)`` images in [0, 1] to the fused
    ones, which may lie outside.

    Attributes
    ----------
    min_size : int
        Least height and width that it takes.
    multiple : int
        Tiles must begin at multiples of this.
    reach : int or None
        How far, in pixels, an input pixel reaches in the output; ``None``: everywhere.
    """

    min_size = 2
    multiple = 1
    reach: int | None = None

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``."""
        return initialize(self, generator)
