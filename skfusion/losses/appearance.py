"""What the eye objects to in a fused image, each as a number; less is better.

The metrics of the literature reward contrast and edges wherever they come from. These
terms say what such images look wrong by, and are 0 where all three images are alike.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
import torch.nn.functional as F

from ._filters import padded
from ._places import halves, ring, sky, slope, spots, steady
from .registry import differentiable
from .values import metric_values

__all__ = [
    "LOOKS",
    "dark_ring",
    "dark_sky",
    "false_edges",
    "looks",
    "marred_detail",
    "marred_heat",
    "raised_noise",
    "sky_level",
]

LOOKS = ("dark_sky", "marred_heat", "false_edges", "marred_detail", "raised_noise")

_N_HALVINGS = 4
_SKY = 0.92  # least level of a bright even sky, as a share of the visible one


def _fused(m):
    """The fused images in [0, 1] and at four smaller sizes."""
    return m.get("halves", lambda: halves(m.f / 255, _N_HALVINGS))


def _source(m, which):
    def compute():
        return tuple(halves(m.s.image(which) / 255, _N_HALVINGS))

    return m.s.get(("halves", which), compute)


def _pair(m, level):
    return _source(m, "a")[level], _source(m, "b")[level]


def _strongest(m, level):
    """The larger slope of the two sources."""

    def compute():
        return torch.maximum(*(slope(x) for x in _pair(m, level)))

    return m.s.get(("strongest", level), compute)


def _weighed(shortfall):
    """A shortfall and its square, so that a deep one counts more than a wide one."""
    return 4 * shortfall + 20 * shortfall.square()


def _mean(x):
    return x.mean(dim=(1, 2))


def _sky(m):
    return m.s.get("sky", lambda: sky(*_pair(m, 3)))


@differentiable("dark_sky", higher_is_better=False, variants=("coarse",))
def dark_sky(m, *, variant="coarse"):
    """Skies and other areas that turned dark."""
    f = _fused(m)[3]
    a, b = _pair(m, 3)
    lost = _mean(_weighed(F.relu(_SKY * b - f)) * _sky(m))
    # Nowhere darker than the darker source, nor far below the mean of both.
    least = torch.minimum(torch.minimum(a, b) - 0.01, (a + b) / 2 - 0.06)
    return 4 * lost + 2 * _mean(_weighed(F.relu(least - f)))


@differentiable("sky_level", variants=("coarse",))
def sky_level(m, *, variant="coarse"):
    """Mean level of the bright even sky, as a share of the visible one."""
    weight = _sky(m)
    # Without a sky worth the name (1/100 of the image) there is nothing to lose.
    total = (weight * _pair(m, 3)[1]).sum(dim=(1, 2))
    found = _mean(weight) > 0.01
    level = (weight * _fused(m)[3]).sum(dim=(1, 2)) / torch.where(found, total, 1.0)
    return torch.where(found, level, 1.0)


def _ring(m):
    """Where rings lie, and the darker source."""

    def compute():
        return ring(m.s.a), torch.minimum(m.s.a, m.s.b) / 255

    return m.s.get("ring", compute)


@differentiable("marred_heat", higher_is_better=False, variants=("plain",))
def marred_heat(m, *, variant="plain"):
    """Hot spots that faded, or got a dark ring."""
    f = _fused(m)
    a, b = _pair(m, 2)
    hot = m.s.get("spots", lambda: spots(a, b))
    faded = _mean(_weighed(F.relu(0.75 * a + 0.25 * b - f[2])) * hot)
    around, least = _ring(m)
    dark = _weighed(F.relu(least - 2 / 255 - f[0])) * around
    ringed = dark.sum(dim=(1, 2)) / around.sum(dim=(1, 2)).clamp(min=1)
    return 6 * faded + 12 * ringed


@differentiable("dark_ring", higher_is_better=False, variants=("share",))
def dark_ring(m, *, variant="share"):
    """Share of the ring round the hottest 2 % that is darker than both sources."""
    around, least = _ring(m)
    depth = least - 5 / 255 - _fused(m)[0]
    soft = torch.sigmoid(depth * 255)
    dark = (depth > 1e-6).to(soft.dtype) + (soft - soft.detach())
    return (dark * around).sum(dim=(1, 2)) / around.sum(dim=(1, 2)).clamp(min=1)


def _areas(m):
    """Weights of even areas, and the larger slope inside them, at three sizes."""

    def compute():
        even = steady(*_pair(m, 1))
        weights = halves(even, _N_HALVINGS - 1)
        slopes = [
            _inner_slopes(halves(x[1] * even, _N_HALVINGS - 1), weights)
            for x in (_source(m, "a"), _source(m, "b"))
        ]
        strongest = [torch.maximum(*x) for x in zip(*slopes)]
        return tuple(weights), tuple(strongest)

    return m.s.get("areas", compute)


def _inner_slopes(weighted, weights):
    return [slope(x / (w + 1e-3)) for x, w in zip(weighted[1:], weights[1:])]


def _covered(weight):
    """1 where a slope was taken between pixels that lie well inside an area."""
    inside = padded(torch.sigmoid((weight - 0.3) * 30), (0, 1, 0, 1), "replicate")
    return inside[:, :-1, :-1] * inside[:, 1:, :-1] * inside[:, :-1, 1:]


def _rims(m):
    # Beside an edge of the sources every coarse slope is excused. Here the areas are
    # smoothed each by itself, so that the edge at their border excuses nothing.
    weights, strongest = _areas(m)
    fused = halves(_fused(m)[1] * weights[0], _N_HALVINGS - 1)
    total = 0.0
    for x, y, w in zip(_inner_slopes(fused, weights), strongest, weights[1:]):
        total = total + _mean(_excess(x, y) * _covered(w))
    return total


def _excess(fused, strongest):
    excess = F.relu(fused - 1.05 * strongest - 0.004)
    return 10 * excess + 100 * excess.square()


@differentiable("false_edges", higher_is_better=False, variants=("coarse",))
def false_edges(m, *, variant="coarse"):
    """Coarse edges, halos and rims that neither source holds."""
    total = 3 * _rims(m)
    for level, weight in ((2, 0.5), (3, 1.0), (4, 1.0)):
        excess = _excess(slope(_fused(m)[level]), _strongest(m, level))
        total = total + weight * _mean(excess)
    return total


@differentiable("marred_detail", higher_is_better=False, variants=("half_size",))
def marred_detail(m, *, variant="half_size"):
    """Fine detail that neither source holds, or that was lost."""
    strongest = _strongest(m, 1)
    fused = slope(_fused(m)[1])
    invented = F.relu(fused - 1.45 * strongest - 0.01)
    lost = F.relu(0.6 * strongest - 0.01 - fused)
    return 20 * _mean(invented) + 10 * _mean(lost)


@differentiable("raised_noise", higher_is_better=False, variants=("full_size",))
def raised_noise(m, *, variant="full_size"):
    """How much steeper the fused image is where neither source has an edge."""
    strongest = _strongest(m, 0)
    quiet = m.s.get("quiet", lambda: torch.sigmoid((0.035 - strongest) * 200))
    raised = F.relu(slope(_fused(m)[0]) - strongest) * quiet
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
        0 and up, in the order of ``LOOKS``; each is also a name for
        :func:`metric_values` and a key of :data:`skfusion.metrics.registry`.

        ``"dark_sky"``: at an eighth of the size, how far a place that is bright and
        even in the visible image, and darker in the infrared one, falls below 0.92 of
        its visible level; and how far any place falls below both sources, or by more
        than 15 levels below their mean.

        ``"marred_heat"``: at a quarter of the size, how far places that are hot and
        stand out above the visible image fall below 3/4 infrared + 1/4 visible; and how
        far the ring of 3 to 15 pixels round the hottest 2 % is darker than both
        sources, from 2 levels on.

        ``"false_edges"``: slopes at 1/4, 1/8 and 1/16 of the size that exceed both
        sources' slopes by 5 % and one level. Areas that are even in both sources are
        also judged by themselves, so that a rim along a warm skyline counts though an
        edge lies beside it.

        ``"marred_detail"``: at half the size, slopes above 1.45 or below 0.6 times the
        larger of the sources', by more than 2.5 levels.

        ``"raised_noise"``: slopes above both sources' where neither has an edge (less
        than 9 levels from pixel to pixel).

    Raises
    ------
    ValueError
        If the images do not belong to the sources.

    Notes
    -----
    Shortfalls d (on [0, 1]) count as 4 d + 20 d^2, false edges as 10 d + 100 d^2, in
    the mean over the image; the factors bring the terms of published methods to one
    order of magnitude. ``"dark_ring"``, the share of the ring that is darker than both
    sources by more than 5 levels, and ``"sky_level"``, the level of the bright even sky
    as a share of the visible one, measure two of them in plain units.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import LOOKS, Sources, looks
    >>> a, b = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    >>> looks((a + b) / 2, Sources(a, b)).shape
    torch.Size([3, 5])
    >>> LOOKS[0]
    'dark_sky'
    """
    return metric_values(fused, sources, LOOKS)
