"""Places of a pair that the eye goes to: bright even skies, hot spots, rings, areas."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from ._filters import filtered, padded, strength

__all__ = ["halves", "near", "ring", "slope", "sky", "spots", "steady"]

_TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
_HOTTEST = 0.02  # share of the pixels round which rings are looked for
_RING = (3, 15)  # pixels from the nearest of them


def halves(x, times):
    """Return the images and `times` images, each half as large as the one before."""
    levels = [x]
    for _ in range(times):
        levels.append(filtered(levels[-1], _TAPS, "reflect", step=2))
    return levels


def slope(x):
    """Length of the forward differences, 0 beyond the last row and column."""
    x = padded(x, (0, 1, 0, 1), "replicate")
    across = x[:, :-1, 1:] - x[:, :-1, :-1]
    return strength(across, x[:, 1:, :-1] - x[:, :-1, :-1])


def sky(a, b):
    """How much each place is bright and even in b, and darker in a (0 to 1)."""
    even = torch.sigmoid((0.02 - slope(b)) * 300)
    return even * torch.sigmoid((b - 0.5) * 20) * torch.sigmoid((b - a - 0.08) * 30)


def spots(a, b):
    """How much each place stands out in a by its heat, and above b (0 to 1)."""
    mean = a.mean(dim=(1, 2), keepdim=True)
    deviation = a.std(dim=(1, 2), keepdim=True, correction=0)
    hot = torch.sigmoid((a - mean - 1.2 * deviation) * 20)
    return hot * torch.sigmoid((a - b - 0.1) * 25)


def steady(a, b):
    """How much each place is even in both images, edges and their next pixels out."""
    slopes = torch.maximum(slope(a), slope(b))
    slopes = F.max_pool2d(slopes[:, None], 3, stride=1, padding=1)[:, 0]
    return torch.sigmoid((0.02 - slopes) * 400)


def ring(a):
    """1 where the nearest of the hottest pixels is 3 to 15 pixels away, else 0."""
    n = a[0].numel()
    rank = max(1, math.ceil((1 - _HOTTEST) * n))
    least = a.flatten(1).kthvalue(rank, dim=1).values
    hot = a >= least[:, None, None]
    inner, outer = _RING
    return (near(hot, outer**2) & ~near(hot, inner**2 - 1)).to(a.dtype)


def near(mask, square):
    """Where a pixel of the mask lies within a squared distance."""
    radius = math.isqrt(square)
    h, w = mask.shape[-2:]
    # Numbers of set pixels left of each column: a window's count is a difference.
    before = F.pad(mask.to(torch.int32).cumsum(dim=2, dtype=torch.int32), (1, 0))
    columns = torch.arange(w, device=mask.device)
    found = torch.zeros_like(mask)
    reach = min(radius, h - 1)
    for dy in range(-reach, reach + 1):
        half = math.isqrt(square - dy * dy)
        first, last = (columns - half).clamp(min=0), (columns + half + 1).clamp(max=w)
        row = before[:, max(0, dy) : h + min(0, dy)]
        some = row[:, :, last] > row[:, :, first]
        found[:, max(0, -dy) : h - max(0, dy)] |= some
    return found
