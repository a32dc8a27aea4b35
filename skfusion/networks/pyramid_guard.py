"""Light that a fused image lacks where a source holds it: dark skies, dark rings."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from .pyramid_decisions import expand, reduce

__all__ = ["BRIGHT", "DARKER", "SHARES", "missing_light"]

# Of the visible image, what the fused one keeps at full size, a half, a quarter and an
# eighth of it, where that is bright and the infrared image dark.
SHARES = (0.6, 0.76, 0.86, 0.93)
BRIGHT = (0.2, 0.7)  # the visible image, from not at all to fully bright
DARKER = (0.05, 0.25)  # how far the infrared image lies below it, likewise


def missing_light(fused, infrared, visible, reduce=reduce, expand=expand):
    """Return what to add to a fused image so that it keeps the light of its sources.

    Parameters
    ----------
    fused, infrared, visible : Tensor, shape (n, h, w)
    reduce, expand : callable
        Of :mod:`skfusion.networks.pyramid_decisions`, or equal to them.

    Returns
    -------
    Tensor, shape (n, h, w)
        0 and up. Where light is added nothing gets brighter than both sources.

    Notes
    -----
    From an eighth of the size to the full one, with ``m`` the light added so far, ``f,
    a, b`` the reduced images and ``s`` a smooth step from 0 to 1::

        m <- m + s(b; 0.2, 0.7) s(b - a; 0.05, 0.25) max(q b - f - m, 0)

    with ``q`` from ``SHARES``; at half the size then ``m <- m + max(min(a, b) - f -
    m, 0)``, and at last ``m <- min(m, max(a - f, b - f, 0))``, so that no light leaks
    over the edge of a sky.
    """
    pyramids = []
    for image in (fused, infrared, visible):
        levels = [image]
        for _ in SHARES[1:]:
            levels.append(reduce(levels[-1]))
        pyramids.append(levels)
    light = torch.zeros_like(pyramids[0][-1])
    for level in range(len(SHARES) - 1, -1, -1):
        f, a, b = (levels[level] for levels in pyramids)
        bright = _step(b, *BRIGHT) * _step(b - a, *DARKER)
        light = light + bright * (SHARES[level] * b - f - light).clamp(min=0)
        if level == 1:
            light = light + (torch.minimum(a, b) - f - light).clamp(min=0)
        if level:
            light = expand(light, pyramids[0][level - 1].shape[-2:])
    return torch.minimum(light, (torch.maximum(a, b) - f).clamp(min=0))


def _step(x, low, high):
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)
