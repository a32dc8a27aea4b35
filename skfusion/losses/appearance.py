"""What the eye objects to in a fused image, as five numbers."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
import torch.nn.functional as F

from ._filters import filtered, strength
from .sources import Measured

__all__ = ["LOOKS", "looks"]

LOOKS = ("dark_sky", "lost_heat", "false_edges", "false_detail", "noise")

_TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
_N_LEVELS = 5


def _pyramid(x):
    """The images in [0, 1] at five sizes, each half of the one before."""
    levels = [x / 255]
    for _ in range(_N_LEVELS - 1):
        levels.append(filtered(levels[-1], _TAPS, "reflect", step=2))
    return levels


def _slope(x):
    """Length of the forward differences, one row and column less."""
    across = x[:, :-1, 1:] - x[:, :-1, :-1]
    return strength(across, x[:, 1:, :-1] - x[:, :-1, :-1])


def _weighed(shortfall):
    """A shortfall and its square, so that a deep one counts more than a wide one."""
    return 4 * shortfall + 20 * shortfall.square()


def _source(m, which):
    return m.s.get(("pyramid", which), lambda: tuple(_pyramid(m.s.image(which))))


def _strongest(m, level):
    """The larger slope of the two sources."""

    def compute():
        return torch.maximum(
            _slope(_source(m, "a")[level]), _slope(_source(m, "b")[level])
        )

    return m.s.get(("slope", level), compute)


def _dark_sky(m, pyramid):
    f, a, b = pyramid[3], _source(m, "a")[3], _source(m, "b")[3]

    def compute():
        slope = F.pad(_slope(b)[:, None], (0, 1, 0, 1), mode="replicate")[:, 0]
        even = torch.sigmoid((0.02 - slope) * 300)
        bright = torch.sigmoid((b - 0.5) * 20) * torch.sigmoid((b - a - 0.08) * 30)
        return bright * even

    sky = m.s.get("sky", compute)
    wanted = 0.75 * b + 0.25 * torch.minimum(a, b)
    lost = (_weighed(F.relu(wanted - f)) * sky).mean(dim=(1, 2))
    # Nowhere darker than the darker source, nor far below their mean.
    floor = torch.minimum(torch.minimum(a, b) - 0.01, (a + b) / 2 - 0.06)
    return 4 * lost + 2 * _weighed(F.relu(floor - f)).mean(dim=(1, 2))


def _lost_heat(m, pyramid):
    f, a, b = pyramid[2], _source(m, "a")[2], _source(m, "b")[2]

    def compute():
        mean = a.mean(dim=(1, 2), keepdim=True)
        deviation = a.std(dim=(1, 2), keepdim=True)
        hot = torch.sigmoid((a - mean - 1.2 * deviation) * 20)
        return hot * torch.sigmoid((a - b - 0.1) * 25)

    hot = m.s.get("hot", compute)
    lost = F.relu(0.75 * a + 0.25 * b - f)
    return 6 * (_weighed(lost) * hot).mean(dim=(1, 2))


def _false_edges(m, pyramid):
    total = 0.0
    for level, weight in ((2, 0.5), (3, 1.0), (4, 1.0)):
        excess = F.relu(_slope(pyramid[level]) - 1.05 * _strongest(m, level) - 0.004)
        excess = 10 * excess + 100 * excess.square()
        total = total + weight * excess.mean(dim=(1, 2))
    return total


def _false_detail(m, pyramid):
    excess = F.relu(_slope(pyramid[1]) - 1.45 * _strongest(m, 1) - 0.01)
    return 20 * excess.mean(dim=(1, 2))


def _noise(m, pyramid):
    strongest = _strongest(m, 0)
    # No edge in either source: what is there is noise.
    quiet = m.s.get("quiet", lambda: torch.sigmoid((0.035 - strongest) * 200))
    raised = F.relu(_slope(pyramid[0]) - strongest) * quiet
    return 60 * raised.sum(dim=(1, 2)) / quiet.sum(dim=(1, 2)).clamp(min=50)


def looks(fused, sources):
    """Measure what the eye objects to in a batch of fused images; less is better.

    Parameters
    ----------
    fused : Tensor, shape (N, H, W) or (N, 1, H, W)
        Gray fused images in [0, 1].
    sources : Sources
        Their sources, of the same shape.

    Returns
    -------
    Tensor, shape (N, 5)
        In the order of ``LOOKS``.
    """
    m = Measured(fused, sources)
    pyramid = _pyramid(m.f)
    terms = (_dark_sky, _lost_heat, _false_edges, _false_detail, _noise)
    return torch.stack([term(m, pyramid) for term in terms], dim=1)
