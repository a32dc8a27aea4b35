"""What the fused image shows by itself: AG, EI, SF and SD."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch

from ._filters import sobel, strength
from ._shared import safe_sqrt
from .registry import differentiable

__all__ = ["ag", "ei", "sd", "sf"]


def _differences(x, dim):
    """Central differences along an axis, one-sided at its two ends."""
    n = x.shape[dim]
    first = x.narrow(dim, 1, 1) - x.narrow(dim, 0, 1)
    last = x.narrow(dim, n - 1, 1) - x.narrow(dim, n - 2, 1)
    inner = (x.narrow(dim, 2, n - 2) - x.narrow(dim, 0, n - 2)) / 2
    return torch.cat([first, inner, last], dim)


@differentiable("ag", variants=("central",), min_size=2)
def ag(m, *, variant="central"):
    """Average gradient by central differences."""
    h, w = m.f.shape[-2:]
    g = strength(_differences(m.f, 2), _differences(m.f, 1)) / math.sqrt(2)
    return g.sum(dim=(1, 2)) / ((h - 1) * (w - 1))


@differentiable("ei", variants=("replicate",))
def ei(m, *, variant="replicate"):
    """Mean Sobel magnitude, borders repeated."""
    return strength(*sobel(m.f, "replicate")).mean(dim=(1, 2))


@differentiable("sf", variants=("mn",))
def sf(m, *, variant="mn"):
    """Root of the sum of squared differences over the number of pixels."""
    h, w = m.f.shape[-2:]
    across = (m.f[:, :, 1:] - m.f[:, :, :-1]).square().sum(dim=(1, 2))
    down = (m.f[:, 1:] - m.f[:, :-1]).square().sum(dim=(1, 2))
    return safe_sqrt((across + down) / (h * w))


@differentiable("sd", variants=("population",))
def sd(m, *, variant="population"):
    """Standard deviation."""
    centred = m.f - m.f.mean(dim=(1, 2), keepdim=True)
    return safe_sqrt(centred.square().mean(dim=(1, 2)))
