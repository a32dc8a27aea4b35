"""The learned pyramid in the form that exports well."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ....networks.pyramid_decisions import PyramidDecisions
from ....networks.pyramid_grain import without_grain
from ....networks.pyramid_guard import SHARES, missing_light

__all__ = ["PyramidGraph"]

_TAPS = (1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16)
_AT_EVEN, _AT_ODD = (1 / 8, 3 / 4, 1 / 8), (0.0, 1 / 2, 1 / 2)


class PyramidGraph(nn.Module):
    """The learned pyramid with the settings of its fuser.

    Parameters
    ----------
    network : skfusion.networks.pyramid_decisions.PyramidDecisions
        Trained.
    strength, tone, guard, denoise : float
    """

    def __init__(self, network, strength, tone, guard, denoise):
        super().__init__()
        self.network = _PyramidsByIndex(**network.settings())
        self.network.load_state_dict(network.state_dict())
        self.network.eval().requires_grad_(False)
        self.strength, self.tone, self.guard = strength, tone, guard
        self.denoise = denoise
        # Below, a side of the coarsest level or of the pixels that the histograms see
        # is 1, which an exporter takes for fixed.
        self.min_size = 2 ** max(network.n_levels, len(SHARES) - 1) + 1

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one, in [0, 1]."""
        try:
            return self._fused(infrared, visible)
        finally:
            self.network.tables.clear()

    def _fused(self, infrared, visible):
        if self.denoise:
            infrared, visible = (
                self.network.without_grain(x[:, 0], self.denoise)[:, None]
                for x in (infrared, visible)
            )
        fused = self.network(infrared, visible, self.strength, self.tone)
        if self.guard:
            images = (x[:, 0] for x in (fused, infrared, visible))
            light = self.network.missing_light(*images)
            fused = fused + self.guard * light[:, None]
        return fused.clamp(0, 1)


class _PyramidsByIndex(PyramidDecisions):
    """The network with sizes changed by index: strides and cuts do not export."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.tables = _Tables()
        for name, values in (("taps", _TAPS), ("even_odd", (_AT_EVEN, _AT_ODD))):
            self.register_buffer(name, torch.tensor(values), persistent=False)

    def missing_light(self, *images):
        return missing_light(*images, self._reduce, self._expand)

    def without_grain(self, images, share):
        return without_grain(images, share, self._reduce, self._expand)

    def _reduce(self, image):
        for dim in (1, 2):
            table = self.tables(_reduced_from, image.shape[dim], taps=self.taps)
            image = _weighed(image, dim, *table)
        return image

    def _expand(self, image, size):
        for dim in (1, 2):
            sides = image.shape[dim], size[dim - 1]
            table = self.tables(_expanded_from, *sides, taps=self.even_odd)
            image = _weighed(image, dim, *table)
        return image

    def _sample(self, image):
        for dim in (1, 2):
            index = self.tables(_fourth, image.shape[dim])
            image = image.index_select(dim, index)
        return image

    def _halve(self, maps):
        for dim in (2, 3):
            pair = self.tables(_pairs, maps.shape[dim])
            maps = sum(maps.index_select(dim, index) for index in pair) / 2
        return maps

    def _repeat(self, maps, size):
        for dim in (2, 3):
            maps = maps.index_select(dim, self.tables(_half, size[dim - 2]))
        return maps

    def _enlarge(self, maps, size):
        for dim in (2, 3):
            pair = self.tables(_neighbours, maps.shape[dim], size[dim - 2])
            near, far = (maps.index_select(dim, index) for index in pair)
            maps = 0.75 * near + 0.25 * far
        return maps


class _Tables:
    """Tables of indices for one pass: most images of a pass share their sizes.

    Each is a dozen operations of the graph, and what an exporter needs for a graph
    grows faster than it.
    """

    def __init__(self):
        self._made = {}

    def __call__(self, make, *sides, **constants):
        # A side that is free is known by how it is written.
        key = make, *map(str, sides)
        if key not in self._made:
            self._made[key] = make(*sides, **constants)
        return self._made[key]

    def clear(self):
        self._made.clear()


def _weighed(image, dim, index, column, row, k):
    """Sum each ``k`` of the pixels that are named along a side, weighed."""
    taken = image.index_select(dim, index)
    # A mean and no convolution: a GPU may round the factors of those.
    if dim == 1:
        return functional.avg_pool2d(taken * column, (k, 1))
    return functional.avg_pool2d(taken * row, (1, k))


def _reduced_from(n, taps):
    index = (2 * torch.arange((n + 1) // 2)[:, None] + torch.arange(-2, 3)).abs()
    index = n - 1 - (n - 1 - index).abs()  # mirrored at both ends
    return _table(index, taps.repeat((n + 1) // 2), len(taps))


def _expanded_from(n, larger, taps):
    place = torch.arange(larger)[:, None]
    index = (place // 2 + torch.arange(-1, 2)).abs().clamp(max=n - 1)
    weights = torch.where(place % 2 == 1, taps[1], taps[0])
    return _table(index, weights.flatten(), taps.shape[1])


def _table(index, weights, k):
    row = k * weights
    return index.flatten(), row[:, None], row, k


def _fourth(n):
    return 4 * torch.arange((n + 3) // 4)


def _half(n):
    return torch.arange(n) // 2


def _pairs(n):
    first = 2 * torch.arange((n + 1) // 2)
    return first, (first + 1).clamp(max=n - 1)


def _neighbours(n, larger):
    place = torch.arange(larger)
    here = place // 2
    return here, (here + 2 * (place % 2) - 1).clamp(min=0).clamp(max=n - 1)
