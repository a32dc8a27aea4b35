"""The learned pyramid in the form that exports well."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ....networks.pyramid_decisions import PyramidDecisions
from ....networks.pyramid_grain import without_grain
from ....networks.pyramid_guard import SHARES, missing_light

__all__ = ["PyramidGraph"]


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

    def missing_light(self, *images):
        return missing_light(*images, self._reduce, self._expand)

    def without_grain(self, images, share):
        return without_grain(images, share, self._reduce, self._expand)

    def _reduce(self, image):
        for dim in (1, 2):
            n = image.shape[dim]
            middle = 2 * torch.arange((n + 1) // 2)
            total = 0
            for step, tap in ((-2, 1), (-1, 4), (0, 6), (1, 4), (2, 1)):
                index = (middle + step).abs()
                index = torch.where(index > n - 1, 2 * (n - 1) - index, index)
                taken = image.index_select(dim, index.clamp(min=0))
                total = total + tap / 16 * taken
            image = total
        return image

    def _expand(self, image, size):
        for dim in (1, 2):
            place, last = torch.arange(size[dim - 1]), image.shape[dim] - 1
            here, odd = place // 2, place % 2 == 1
            before = (here - 1).abs().clamp(max=last)
            after = (here + 1).clamp(max=last)
            shape = (-1, 1) if dim == 1 else (-1,)
            total = 0
            for index, at_even, at_odd in (
                (before, 1 / 8, 0.0),
                (here, 3 / 4, 1 / 2),
                (after, 1 / 8, 1 / 2),
            ):
                weight = torch.where(odd, at_odd, at_even).reshape(shape)
                total = total + weight * image.index_select(dim, index)
            image = total
        return image

    def _sample(self, image):
        for dim in (1, 2):
            index = 4 * torch.arange((image.shape[dim] + 3) // 4)
            image = image.index_select(dim, index)
        return image

    def _halve(self, maps):
        for dim in (2, 3):
            n = maps.shape[dim]
            first = 2 * torch.arange((n + 1) // 2)
            second = (first + 1).clamp(max=n - 1)
            pair = (maps.index_select(dim, index) for index in (first, second))
            maps = sum(pair) / 2
        return maps

    def _repeat(self, maps, size):
        for dim in (2, 3):
            maps = maps.index_select(dim, torch.arange(size[dim - 2]) // 2)
        return maps

    def _enlarge(self, maps, size):
        for dim in (2, 3):
            place, last = torch.arange(size[dim - 2]), maps.shape[dim] - 1
            here = place // 2
            other = (here + 2 * (place % 2) - 1).clamp(min=0).clamp(max=last)
            near, far = (maps.index_select(dim, index) for index in (here, other))
            maps = 0.75 * near + 0.25 * far
        return maps
