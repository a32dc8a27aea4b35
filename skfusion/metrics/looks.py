"""What the eye objects to: dark skies, rings, rims, lost detail, noise.

The differentiable forms of :mod:`skfusion.losses` are the definition; a metric runs
them on the one pair, in double precision.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ._metric import metric
from .context import Context

__all__ = [
    "dark_ring",
    "dark_sky",
    "false_edges",
    "marred_detail",
    "marred_heat",
    "raised_noise",
    "sky_level",
]

_CITATION = "skfusion; see skfusion.losses.looks"


def _value(ctx, name):
    def compute():
        import torch

        from ..losses import Sources, metric_values

        a, b, f = (torch.from_numpy(x / 255.0)[None] for x in (ctx.a, ctx.b, ctx.f))
        with torch.no_grad():
            values = metric_values(f, Sources(a, b), __all__)[0]
        return dict(zip(__all__, values.tolist()))

    return ctx.get("looks", compute)[name]


@metric(
    title="Dark sky",
    higher_is_better=False,
    range=(0.0, np.inf),
    variants=("coarse",),
    citation=_CITATION,
)
def dark_sky(ctx: Context, *, variant: str = "coarse") -> float:
    """How far skies and other areas turned dark (0 and up; lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"coarse"}, default="coarse"
        There is one form, at an eighth of the size.

    Returns
    -------
    float

    Notes
    -----
    The shortfall against 0.92 of the visible level where the visible image is bright
    and even and the infrared image darker, and against both sources everywhere; see
    :func:`skfusion.losses.looks`. :data:`sky_level` says how bright the sky is.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import dark_sky
    >>> infrared, visible = np.zeros((32, 32)), np.full((32, 32), 0.8)
    >>> dark_sky(infrared, visible, visible)
    0.0
    >>> dark_sky(infrared, visible, infrared) > dark_sky(infrared, visible, visible / 2)
    True
    """
    return _value(ctx, "dark_sky")


@metric(
    title="Level of the bright even sky",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("coarse",),
    citation=_CITATION,
)
def sky_level(ctx: Context, *, variant: str = "coarse") -> float:
    """Mean level of the bright even sky over that of the visible image.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"coarse"}, default="coarse"
        There is one form, at an eighth of the size.

    Returns
    -------
    float
        1 for the visible image itself, and for a pair without such a sky; from about
        0.9 on the sky looks as bright as it was. Higher is better.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import sky_level
    >>> infrared, visible = np.zeros((32, 32)), np.full((32, 32), 0.8)
    >>> round(sky_level(infrared, visible, visible / 2), 6)
    0.5
    """
    return _value(ctx, "sky_level")


@metric(
    title="Faded or ringed hot spots",
    higher_is_better=False,
    range=(0.0, np.inf),
    variants=("plain",),
    citation=_CITATION,
)
def marred_heat(ctx: Context, *, variant: str = "plain") -> float:
    """How far hot spots faded or got a dark ring (0 and up; lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"plain"}, default="plain"
        There is one form.

    Returns
    -------
    float

    Notes
    -----
    The shortfall against 3/4 infrared + 1/4 visible where the infrared image is hot and
    above the visible one, and that against the darker source in the ring of 3 to 15
    pixels round the hottest 2 %; see :func:`skfusion.losses.looks`. :data:`dark_ring`
    says how much of that ring is too dark.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import marred_heat
    >>> visible = np.full((48, 48), 0.5)
    >>> infrared = np.full((48, 48), 0.2)
    >>> infrared[20:28, 20:28] = 1.0
    >>> marred_heat(infrared, visible, infrared) < 1e-3
    True
    >>> marred_heat(infrared, visible, visible) > 0.1
    True
    """
    return _value(ctx, "marred_heat")


@metric(
    title="Dark ring round hot spots",
    higher_is_better=False,
    range=(0.0, 1.0),
    variants=("share",),
    citation=_CITATION,
)
def dark_ring(ctx: Context, *, variant: str = "share") -> float:
    """Share of the ring round the hottest spots that is darker than both sources.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"share"}, default="share"
        There is one form.

    Returns
    -------
    float
        0 to 1: of the pixels at 3 to 15 pixels from the nearest of the hottest 2 % of
        the infrared image, those darker than both sources by more than 5 levels of 255.
        Lower is better; above 0.01 a ring can be seen.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import dark_ring
    >>> visible = np.full((48, 48), 0.5)
    >>> infrared = np.full((48, 48), 0.2)
    >>> infrared[20:28, 20:28] = 1.0
    >>> dark_ring(infrared, visible, infrared)
    0.0
    >>> dark_ring(infrared, visible, 0 * visible)
    1.0
    """
    return _value(ctx, "dark_ring")


@metric(
    title="Coarse edges of neither source",
    higher_is_better=False,
    range=(0.0, np.inf),
    variants=("coarse",),
    citation=_CITATION,
)
def false_edges(ctx: Context, *, variant: str = "coarse") -> float:
    """Coarse edges, halos and rims that neither source holds (lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"coarse"}, default="coarse"
        There is one form, at 1/4, 1/8 and 1/16 of the size.

    Returns
    -------
    float
        0 and up.

    Notes
    -----
    Slopes above both sources'; areas that are even in both are also judged by
    themselves, so that a rim along a warm skyline counts though an edge lies beside it.
    See :func:`skfusion.losses.looks`.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import false_edges
    >>> even = np.full((64, 64), 0.5)
    >>> halo = even - 0.2 * np.exp(-((np.arange(64) - 30.0) ** 2) / 50)
    >>> false_edges(even, even, even), false_edges(even, even, halo) > 0.1
    (0.0, True)
    """
    return _value(ctx, "false_edges")


@metric(
    title="Invented or lost fine detail",
    higher_is_better=False,
    range=(0.0, np.inf),
    variants=("half_size",),
    citation=_CITATION,
)
def marred_detail(ctx: Context, *, variant: str = "half_size") -> float:
    """Fine detail that neither source holds, or that was lost (lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"half_size"}, default="half_size"
        There is one form, at half the size.

    Returns
    -------
    float
        0 and up; see :func:`skfusion.losses.looks`.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import marred_detail
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> marred_detail(image, image, image)
    0.0
    """
    return _value(ctx, "marred_detail")


@metric(
    title="Raised noise",
    higher_is_better=False,
    range=(0.0, np.inf),
    variants=("full_size",),
    citation=_CITATION,
)
def raised_noise(ctx: Context, *, variant: str = "full_size") -> float:
    """How far noise exceeds both sources' where neither has an edge (lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"full_size"}, default="full_size"
        There is one form.

    Returns
    -------
    float
        0 and up; see :func:`skfusion.losses.looks`.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import raised_noise
    >>> image = 0.5 + 0.01 * np.random.default_rng(0).standard_normal((32, 32))
    >>> raised_noise(image, image, image)
    0.0
    >>> raised_noise(image, image, 3 * image - 1) > 0.1
    True
    """
    return _value(ctx, "raised_noise")
