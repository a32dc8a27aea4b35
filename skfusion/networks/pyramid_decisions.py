"""Decisions on Laplacian pyramids: which band to take where, and how strongly."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from ._unset import unset

__all__ = ["Decisions", "Pyramids", "PyramidDecisions", "expand", "reduce"]

N_KNOTS = 16  # pieces of the histograms that the network sees, and of its tone curve
N_FINE = 64  # pieces of the curve that matches histograms
_HALF = 0.05  # a detail of this height counts one half
_TINY = 4e-4


class Pyramids(NamedTuple):
    """What is known of a batch of pairs before any decision.

    Lists run from fine to coarse; maps are ``(n, h, w)``.

    Attributes
    ----------
    infrared, visible : list of Tensor
        Gaussian pyramids, ``n_levels + 1`` long.
    infrared_bands, visible_bands : list of Tensor
        Laplacian bands, ``n_levels`` long.
    shares : Tensor, shape (n, 34)
        Histograms of both images.
    fine_shares : Tensor, shape (n, 65)
        The mean of both histograms, in finer pieces.
    """

    infrared: list
    visible: list
    infrared_bands: list
    visible_bands: list
    shares: torch.Tensor
    fine_shares: torch.Tensor


class Decisions(NamedTuple):
    """What the network decides for a batch of pairs; maps are ``(n, h, w)``.

    Attributes
    ----------
    weights : list of Tensor
        Share of the visible band in [0, 1], fine to coarse.
    gains : list of Tensor
        Positive factors of the joined bands, fine to coarse.
    base : Tensor
        Share of the visible image in the coarsest level.
    """

    weights: list
    gains: list
    base: torch.Tensor


class PyramidDecisions(nn.Module):
    """A network that weighs the Laplacian bands of two images.

    Two convolutions a level, shared by all levels and run from coarse to fine, read
    the levels of both images, the heights and the agreement of their details. They
    give the share of the visible band and a gain at each pixel of each level but the
    finest, whose decisions are those of the next one, enlarged; at the coarsest level
    they give the share of the visible image. The fused image is rebuilt from the bands
    and passed through a monotone curve, chosen by the histograms.

    Parameters
    ----------
    n_channels : int, default=12
    n_levels : int, default=5
    max_gain : float, default=0.7
        Largest logarithm of a gain, before its dependence on the height.
    tone : bool, default=True
        Whether there is a tone curve.
    matching : bool, default=False
        Whether the tone curve also holds a share, chosen by the network, of the curve
        that gives the fused image the mean histogram of its sources.
    n_hidden : int, default=0
        Channels of a hidden layer beside the linear output; 0 for none.
    """

    def __init__(
        self,
        n_channels=12,
        n_levels=5,
        max_gain=0.7,
        tone=True,
        matching=False,
        n_hidden=0,
    ):
        super().__init__()
        self.n_channels, self.n_levels = n_channels, n_levels
        self.max_gain, self.tone, self.matching = max_gain, tone, matching
        self.n_hidden = n_hidden
        c = n_channels
        self.read = unset(nn.Conv2d, 8, c, 3, padding=1, padding_mode="replicate")
        self.mix = unset(nn.Conv2d, 2 * c, c, 3, padding=1, padding_mode="replicate")
        self.level_bias = nn.Parameter(torch.zeros(n_levels, c))
        # Share and gain of this level, then of the finest one.
        self.head = unset(nn.Conv2d, c, 4, 1)
        self.base = unset(nn.Conv2d, c, 1, 1)
        if n_hidden:
            self.hidden = unset(nn.Conv2d, c, n_hidden, 1)
            self.hidden_head = unset(nn.Conv2d, n_hidden, 4, 1, bias=False)
        self.growth = nn.Parameter(torch.zeros(n_levels))
        self.preference = nn.Parameter(torch.full((n_levels,), 4.0))
        n_shares = N_KNOTS + 1
        self.scene = _layers(2 * n_shares, 24, c + 3)
        if tone:
            self.curve = _layers(3 * n_shares, 32, N_KNOTS + bool(matching))

    def settings(self):
        """Return the parameters that the network was built with."""
        names = ("n_channels", "n_levels", "max_gain", "tone", "matching", "n_hidden")
        return {name: getattr(self, name) for name in names}

    def initialize(self, generator):
        """Draw the parameters: at first a choice by the larger detail, gain one."""
        for layer in (self.read, self.mix):
            nn.init.kaiming_uniform_(layer.weight, math.sqrt(5), generator=generator)
            _uniform(layer.bias, layer.weight[0].numel(), generator)
        nets = [self.scene, self.curve] if self.tone else [self.scene]
        for net in nets:
            nn.init.kaiming_uniform_(net[0].weight, math.sqrt(5), generator=generator)
            _uniform(net[0].bias, net[0].in_features, generator)
        last = [self.head, self.base, *(net[2] for net in nets)]
        for layer in last:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        if self.n_hidden:
            weight = self.hidden.weight
            nn.init.kaiming_uniform_(weight, math.sqrt(5), generator=generator)
            _uniform(self.hidden.bias, self.n_channels, generator)
            nn.init.zeros_(self.hidden_head.weight)
        if self.tone and self.matching:
            with torch.no_grad():
                self.curve[2].bias[N_KNOTS] = -3.0

    def forward(self, infrared, visible, strength=1.0, tone=1.0):
        """Fuse a batch.

        Parameters
        ----------
        infrared, visible : Tensor, shape (n, 1, h, w)
            In [0, 1], of any size from 1 x 1.
        strength, tone : float, default=1.0
            See :meth:`rebuild` and :meth:`toned`.

        Returns
        -------
        Tensor, shape (n, 1, h, w)
            Not clipped.
        """
        pyramids = self.decompose(infrared[:, 0], visible[:, 0])
        decisions = soften(self.decide(pyramids), strength)
        fused = self.rebuild(pyramids, decisions)
        if self.tone and tone:
            fused = fused + tone * (self.toned(fused, pyramids) - fused)
        return fused[:, None]

    def decompose(self, infrared, visible):
        """Return the :class:`Pyramids` of ``(n, h, w)`` images."""
        levels = [self._levels(image) for image in (infrared, visible)]
        bands = [self._bands(pyramid) for pyramid in levels]
        few = [self._sample(image) for image in (infrared, visible)]
        sides = [histogram(image, N_KNOTS) for image in few]
        fine = [histogram(image, N_FINE) for image in few]
        mean = (fine[0] + fine[1]) / 2
        return Pyramids(*levels, *bands, torch.cat(sides, 1), mean)

    def decide(self, pyramids, shares=None):
        """Return the :class:`Decisions` for :class:`Pyramids`.

        `shares`, if given, stand for the histograms of the pyramids.
        """
        shares = pyramids.shares if shares is None else shares
        scene = self.scene(shares)
        bias, shift = scene[:, : self.n_channels], scene[:, self.n_channels :]
        heights = [
            [_height(band) for band in bands]
            for bands in (pyramids.infrared_bands, pyramids.visible_bands)
        ]
        agreements = [
            _agreement(a, b)
            for a, b in zip(pyramids.infrared_bands, pyramids.visible_bands)
        ]
        weights, gains = [None] * self.n_levels, [None] * self.n_levels
        carried = base = None
        for level in range(self.n_levels, 0, -1):
            inputs = self._inputs(pyramids, heights, agreements, level)
            carried = self._step(inputs, carried, bias, level)
            if level == self.n_levels:
                base = torch.sigmoid(self.base(carried)[:, 0] + _wide(shift[:, 0]))
            if level < self.n_levels or self.n_levels == 1:
                out = self._outputs(carried)
            if level < self.n_levels:
                weights[level], gains[level] = self._join(
                    out[:, 0], out[:, 1] + _wide(shift[:, 1]), heights, level
                )
        log_gain = self.max_gain * torch.tanh(out[:, 3] + _wide(shift[:, 2]))
        finest = torch.stack([out[:, 2], torch.exp(log_gain)], 1)
        finest = self._enlarge(finest, pyramids.infrared[0].shape[-2:])
        difference = heights[1][0] - heights[0][0]
        weights[0] = torch.sigmoid(finest[:, 0] + self.preference[0] * difference)
        gains[0] = finest[:, 1] * self._grown(heights, 0)
        return Decisions(weights, gains, base)

    def rebuild(self, pyramids, decisions, visible=None, visible_bands=None):
        """Return the ``(n, h, w)`` image that the decisions make, before the curve.

        `visible` and `visible_bands`, if given, are the pyramid of another plane of
        the visible image, as a colour channel.
        """
        visible = pyramids.visible if visible is None else visible
        bands = pyramids.visible_bands if visible_bands is None else visible_bands
        fused = torch.lerp(pyramids.infrared[-1], visible[-1], decisions.base)
        for level in range(self.n_levels - 1, -1, -1):
            band = torch.lerp(
                pyramids.infrared_bands[level], bands[level], decisions.weights[level]
            )
            fused = self._expand(fused, band.shape[-2:])
            fused = fused + decisions.gains[level] * band
        return fused

    def toned(self, fused, pyramids):
        """Return the fused ``(n, h, w)`` images behind their tone curve."""
        few = self._sample(fused)
        fine = histogram(few.detach(), N_FINE) if self.matching else None
        shares = pyramids.shares, histogram(few, N_KNOTS), fine, pyramids.fine_shares
        return apply_curve(fused, self.curve_of(*shares))

    def curve_of(self, known, coarse, fine, wanted):
        """Return the curve for the histograms of the sources and the fused image.

        Parameters
        ----------
        known : Tensor, shape (n, 34)
            Of the sources.
        coarse, fine : Tensor, shape (n, 17) and (n, 65)
            Of the fused image.
        wanted : Tensor, shape (n, 65)
            Mean of the sources.
        """
        out = self.curve(torch.cat([known, coarse], 1))
        steps = 0.25 / N_KNOTS + 0.75 * torch.softmax(out[:, :N_KNOTS], 1)
        knots = torch.cumsum(functional.pad(steps, (1, 0)), 1)
        if not self.matching:
            return knots
        share = torch.sigmoid(out[:, N_KNOTS:])
        repeat = N_FINE // N_KNOTS
        fine_steps = (steps / repeat).repeat_interleave(repeat, 1)
        own = torch.cumsum(functional.pad(fine_steps, (1, 0)), 1)
        return torch.lerp(own, match(fine, wanted), share)

    # How maps change their size; a form for export may do it in another way.
    def _reduce(self, image):
        return reduce(image)

    def _expand(self, image, size):
        return expand(image, size)

    def _sample(self, image):
        return image[:, ::4, ::4]

    def _halve(self, maps):
        return functional.avg_pool2d(maps, 2, ceil_mode=True)

    def _repeat(self, maps, size):
        doubled = functional.interpolate(maps, scale_factor=2, mode="nearest")
        return doubled[:, :, : size[0], : size[1]]

    def _enlarge(self, maps, size):
        doubled = functional.interpolate(
            maps, scale_factor=2, mode="bilinear", align_corners=False
        )
        return doubled[:, :, : size[0], : size[1]]

    def planes(self, plane):
        """Return the levels and bands of one more ``(n, h, w)`` plane."""
        levels = self._levels(plane)
        return levels, self._bands(levels)

    def _levels(self, image):
        levels = [image]
        for _ in range(self.n_levels):
            levels.append(self._reduce(levels[-1]))
        return levels

    def _bands(self, levels):
        return [
            fine - self._expand(coarse, fine.shape[-2:])
            for fine, coarse in zip(levels, levels[1:])
        ]

    def _inputs(self, pyramids, heights, agreements, level):
        """The eight maps that the network sees of a level."""
        infrared, visible = pyramids.infrared[level], pyramids.visible[level]
        finer = torch.stack(
            [heights[0][level - 1], heights[1][level - 1], agreements[level - 1]], 1
        )
        finer = self._halve(finer)
        if level < self.n_levels:
            here = heights[0][level], heights[1][level], agreements[level]
        else:
            here = (torch.zeros_like(infrared),) * 3
        maps = [infrared * 2 - 1, visible * 2 - 1, here[0], here[1]]
        maps += [finer[:, 0], finer[:, 1], here[2], finer[:, 2]]
        return torch.stack(maps, 1)

    def _step(self, inputs, carried, bias, level):
        read = functional.relu(self.read(inputs))
        if carried is None:
            carried = torch.zeros_like(read)
        else:
            carried = self._repeat(carried, inputs.shape[-2:])
        mixed = self.mix(torch.cat([read, carried], 1))
        return functional.relu(mixed + _wide(self.level_bias[level - 1] + bias))

    def _outputs(self, carried):
        out = self.head(carried)
        if self.n_hidden:
            out = out + self.hidden_head(functional.relu(self.hidden(carried)))
        return out

    def _join(self, choice, gain, heights, level):
        difference = heights[1][level] - heights[0][level]
        weight = torch.sigmoid(choice + self.preference[level] * difference)
        gain = torch.exp(self.max_gain * torch.tanh(gain))
        return weight, gain * self._grown(heights, level)

    def _grown(self, heights, level):
        """How the gain grows with the height of the larger detail."""
        larger = torch.maximum(heights[0][level], heights[1][level])
        return 1 + torch.tanh(self.growth[level]) * (larger - 0.4)


def soften(decisions, strength):
    """Draw decisions to those of the plain average; `strength` 0 is the average."""
    if isinstance(strength, (int, float)) and strength == 1:
        return decisions
    return Decisions(
        [0.5 + strength * (w - 0.5) for w in decisions.weights],
        [1 + strength * (g - 1) for g in decisions.gains],
        0.5 + strength * (decisions.base - 0.5),
    )


def reduce(image):
    """Smooth ``(n, h, w)`` with [1 4 6 4 1]/16, mirrored, and keep the even pixels."""
    # Sums of slices, not a convolution: a GPU may round the factors of those.
    for dim in (1, 2):
        n = (image.shape[dim] + 1) // 2
        padded = _mirrored(image, dim)
        a, b, c, d, e = (_even(padded.narrow(dim, k, 2 * n - 1), dim) for k in range(5))
        image = (a + e) * (1 / 16) + (b + d) * (1 / 4) + c * (3 / 8)
    return image


def expand(image, size):
    """Double the size of ``(n, h, w)`` to `size`: zeros between, smoothed, times four.

    Mirrored at the upper and the left border, repeated at the others, as OpenCV does.
    """
    for dim in (1, 2):
        n = image.shape[dim]
        before = image.narrow(dim, min(1, n - 1), 1)
        after = image.narrow(dim, n - 1, 1)
        padded = torch.cat([before, image, after], dim)
        below, above = padded.narrow(dim, 0, n), padded.narrow(dim, 2, n)
        even = (below + above) * (1 / 8) + image * (3 / 4)
        odd = (image + above) * (1 / 2)
        both = torch.stack([even, odd], dim + 1).flatten(dim, dim + 1)
        image = both.narrow(dim, 0, size[dim - 1])
    return image


def _even(image, dim):
    return image[:, ::2] if dim == 1 else image[:, :, ::2]


def _mirrored(image, dim):
    """Two more pixels at both ends, mirrored at the outer ones."""
    n = image.shape[dim]
    if n > 2:
        order = [2, 1], [n - 2, n - 3]
    elif n == 2:
        order = [0, 1], [0, 1]
    else:
        order = [0, 0], [0, 0]
    before, after = ([image.narrow(dim, i, 1) for i in side] for side in order)
    return torch.cat([*before, image, *after], dim)


def histogram(image, n):
    """Return the shares ``(N, n + 1)`` of even spaced grey levels of ``(N, h, w)``.

    A pixel between two levels counts for both.
    """
    place = image.flatten(1).clamp(0, 1) * n
    low = place.detach().floor().clamp(0, n - 1)
    part = place - low
    low = low.long()
    count = torch.zeros_like(part[:, :1]).expand(-1, n + 1).contiguous()
    count = count.scatter_add(1, low, 1 - part).scatter_add(1, low + 1, part)
    return count / place.shape[1]


def apply_curve(image, knots):
    """Apply a piecewise linear curve ``(n, k + 1)`` to images ``(n, h, w)``.

    Beyond [0, 1] it goes on with a slope of a quarter.
    """
    k = knots.shape[1] - 1
    inside = image.clamp(0, 1)
    place = inside * k
    low = place.detach().floor().clamp(0, k - 1)
    part = place - low
    low = low.long().flatten(1)
    first = knots.gather(1, low).view_as(image)
    second = knots.gather(1, low + 1).view_as(image)
    return first + part * (second - first) + 0.25 * (image - inside)


def match(given, wanted):
    """Return the curve ``(n, k + 1)`` from one histogram to another one.

    Both are mixed with a little of an even histogram, which bounds the slope.
    """
    k = given.shape[1] - 1
    given, wanted = (_distribution(0.95 * h + 0.05 / (k + 1)) for h in (given, wanted))
    below = (wanted[:, None, :] <= given[:, :, None]).sum(2) - 1
    below = below.clamp(0, k - 1)
    low, high = wanted.gather(1, below), wanted.gather(1, below + 1)
    part = ((given - low) / (high - low)).clamp(0, 1)
    return (below + part) / k


def _distribution(shares):
    """Share of the pixels below each level; half of its own counts as below."""
    return torch.cumsum(shares, 1) - shares / 2


def _height(band):
    size = band.abs()
    return size / (size + _HALF)


def _agreement(first, second):
    product = first * second
    return product / (product.abs() + _TINY)


def _wide(values):
    return values[..., None, None]


def _layers(n_in, n_inner, n_out):
    first, last = unset(nn.Linear, n_in, n_inner), unset(nn.Linear, n_inner, n_out)
    return nn.Sequential(first, nn.ReLU(), last)


def _uniform(bias, fan_in, generator):
    bound = 1 / math.sqrt(fan_in)
    nn.init.uniform_(bias, -bound, bound, generator=generator)
