"""What one image shows by itself: gradients, spatial frequency, contrast."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from skfusion._kernels.metrics.features import (
    central_gradient_sum,
    forward_gradient_sum,
    sobel_magnitude_sum,
)

from ._metric import image_metric
from ._windows import difference_sums
from .context import Context

__all__ = [
    "ag",
    "average_gradient",
    "definition",
    "df",
    "edge_intensity",
    "ei",
    "sd",
    "sf",
    "spatial_frequency",
    "standard_deviation",
]


def _padded(ctx, mode):
    """Return the fused image with a border of one pixel: zero or replicate."""

    def compute():
        m, n = ctx.f.shape
        padded = np.zeros((m + 2, n + 2))
        padded[1:-1, 1:-1] = ctx.f
        if mode == "replicate":
            padded[0], padded[-1] = padded[1], padded[-2]
            padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
        return padded

    return ctx.get(("padded f", mode), compute)


def _central_sum(ctx):
    return ctx.get("central sum", lambda: central_gradient_sum(ctx.f))


def _forward_sum(ctx):
    return ctx.get("forward sum", lambda: forward_gradient_sum(ctx.f))


@image_metric(
    title="Average gradient",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("central", "zoo", "forward"),
    citation="Cui, Feng, Xu, Li, Chen, Opt. Commun. 341, 2015",
)
def ag(ctx: Context, *, variant: str = "central") -> float:
    """Average gradient of one image (0 upwards; higher is better).

    Parameters
    ----------
    image : array-like or path
        ``(H, W)`` or ``(H, W, 3)``.
    variant : {"central", "zoo", "forward"}, default="central"
        Central differences, divided by (H - 1)(W - 1); ``"zoo"`` divides by H W;
        ``"forward"`` takes forward differences and divides by H W.

    Returns
    -------
    float
        In grey levels of 255. NaN, with a warning, for a single row or column.

    See Also
    --------
    df : The same by forward differences.
    ei : Mean Sobel magnitude.
    sf : Root of the mean squared difference.

    Notes
    -----
    ``sum(sqrt((gx^2 + gy^2) / 2)) / ((H - 1) (W - 1))`` with central differences gx and
    gy, one-sided at the border.

    References
    ----------
    .. [1] G. Cui et al., "Detail preserved fusion of visible and infrared images using
       regional saliency extraction and multi-scale image decomposition", Opt. Commun.
       341, 199-209, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import ag
    >>> ag(np.full((4, 4), 7, dtype=np.uint8))
    0.0
    """
    m, n = ctx.f.shape
    if variant == "forward":
        return _forward_sum(ctx) / (m * n)
    if variant == "zoo":
        return _central_sum(ctx) / (m * n)
    return _per_inner(_central_sum(ctx), m, n)


def _per_inner(total, m, n):
    inner = (m - 1) * (n - 1)
    return total / inner if inner else np.nan


average_gradient = ag


@image_metric(
    title="Definition",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("forward",),
    citation="Forward-difference average gradient; Objective-evaluation collection",
)
def df(ctx: Context, *, variant: str = "forward") -> float:
    """Definition (clarity) of one image (0 upwards; higher is better).

    The average gradient by forward differences over (H - 1)(W - 1) pixels.

    Parameters
    ----------
    image : array-like or path
        ``(H, W)`` or ``(H, W, 3)``.
    variant : {"forward"}, default="forward"
        The one published form.

    Returns
    -------
    float
        In grey levels of 255. NaN, with a warning, for a single row or column.

    See Also
    --------
    ag : The same by central differences.

    Notes
    -----
    ``sum(sqrt((dx^2 + dy^2) / 2)) / ((H - 1) (W - 1))`` with forward differences dx and
    dy.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import df
    >>> round(df(np.arange(16, dtype=np.uint8).reshape(4, 4)), 6)
    2.915476
    """
    return _per_inner(_forward_sum(ctx), *ctx.f.shape)


definition = df


@image_metric(
    title="Edge intensity",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("replicate", "zoo"),
    citation="Rajalingam, Priya, Int. J. Eng. Sci. Invention 2018",
)
def ei(ctx: Context, *, variant: str = "replicate") -> float:
    """Edge intensity: mean Sobel magnitude (0 upwards; higher is better).

    Parameters
    ----------
    image : array-like or path
        ``(H, W)`` or ``(H, W, 3)``.
    variant : {"replicate", "zoo"}, default="replicate"
        ``"zoo"`` pads with zeros, which makes an edge of the frame.

    Returns
    -------
    float
        In grey levels of 255.

    See Also
    --------
    ag : Mean gradient by differences.

    Notes
    -----
    ``sum(sqrt(gx^2 + gy^2)) / (H W)`` with Sobel's gx and gy.

    References
    ----------
    .. [1] B. Rajalingam, R. Priya, "Hybrid multimodality medical image fusion technique
       for feature enhancement in medical diagnosis", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import ei
    >>> ei(np.full((4, 4), 7, dtype=np.uint8))
    0.0
    """
    padded = _padded(ctx, "zero" if variant == "zoo" else "replicate")
    return sobel_magnitude_sum(padded) / ctx.f.size


edge_intensity = ei


@image_metric(
    title="Spatial frequency",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("mn", "mean_of_differences", "uint8"),
    citation="Eskicioglu, Fisher, IEEE Trans. Commun. 43(12), 1995",
)
def sf(ctx: Context, *, variant: str = "mn", data_range: float = 255) -> float:
    """Spatial frequency of one image (0 upwards; higher is better).

    Parameters
    ----------
    image : array-like or path
        ``(H, W)`` or ``(H, W, 3)``.
    variant : {"mn", "mean_of_differences", "uint8"}, default="mn"
        Sum of squared differences divided by H W, or by the number of differences.
        ``"uint8"``: the latter where MATLAB is handed uint8, whose differences are cut
        off below 0 and whose squares above 255: at most 22.6.
    data_range : float, default=255
        Scale of the answer; 1 for codes that read images as [0, 1], as Tang's did until
        March 2023.

    Returns
    -------
    float

    See Also
    --------
    qsf : The same over what the sources hold.
    ag : Mean gradient.

    Notes
    -----
    ``sqrt((sum(dx^2) + sum(dy^2)) / (H W))`` with the differences dx and dy of
    neighbours.

    VIFB runs this on the colour image as one H x 3W matrix, with a difference between
    the last column of one channel and the first of the next;
    ``metric_set("vifb")`` reproduces that with the registry's ``channel="vifb"``.

    References
    ----------
    .. [1] A. M. Eskicioglu, P. S. Fisher, "Image quality measures and their
       performance", IEEE Trans. Commun. 43(12), 2959-2965, 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import sf
    >>> sf(np.full((4, 4), 7, dtype=np.uint8))
    0.0
    """
    m, n = ctx.f.shape
    if variant == "uint8":
        levels = ctx.grey("f").astype(np.float64)
        across, down = (
            _saturated_square(np.diff(levels, axis=axis)).sum() for axis in (1, 0)
        )
    else:
        across, down = difference_sums(ctx, "f")[:2]
    if variant == "mn":
        square = (across + down) / (m * n)
    elif m == 1 or n == 1:
        return np.nan
    else:
        square = across / (m * (n - 1)) + down / ((m - 1) * n)
    return np.sqrt(square) * (data_range / 255.0)


spatial_frequency = sf


def _saturated_square(difference):
    """Square of a difference in MATLAB's uint8: rounded, 0 to 255, before and after."""
    whole = np.clip(np.floor(difference + 0.5), 0, 255)
    return np.minimum(whole * whole, 255)


@image_metric(
    title="Standard deviation",
    higher_is_better=True,
    range=(0.0, 127.5),
    variants=("population", "sample", "rfn", "uint8"),
    citation="Rao, Meas. Sci. Technol. 8(4), 1997",
)
def sd(ctx: Context, *, variant: str = "population") -> float:
    """Standard deviation of one image (0 to 127.5; higher is better).

    Parameters
    ----------
    image : array-like or path
        ``(H, W)`` or ``(H, W, 3)``.
    variant : {"population", "sample", "rfn", "uint8"}, default="population"
        Division by H W or by H W - 1. ``"rfn"``: on [0, 1] and undivided, the number of
        the RFN-Nest code, sqrt(H W) / 255 times the population value. ``"uint8"``: the
        number of Tang's code until March 2023, which handed uint8 to MATLAB: what is
        darker than the mean counts 0 and no square more than 255, so that images of 35
        to 40 get 8 to 11 and none more than 15.97.

    Returns
    -------
    float

    See Also
    --------
    en : Entropy of the grey levels.

    Notes
    -----
    ``sqrt(sum((F - mean(F))^2) / (H W))``.

    References
    ----------
    .. [1] Y.-J. Rao, "In-fibre Bragg grating sensors", Meas. Sci. Technol. 8(4), 355,
       1997 (the citation that fusion papers give).

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import sd
    >>> sd(np.array([[0, 255], [255, 0]], dtype=np.uint8))
    127.5
    """
    n = ctx.f.size
    if variant == "uint8":
        levels = ctx.grey("f").astype(np.float64)
        return np.sqrt(_saturated_square(levels - levels.mean()).sum() / n)

    def compute():
        centred = (ctx.f - ctx.f.mean()).ravel()
        return float(centred @ centred)

    square = ctx.get("variance sum", compute)
    if variant == "sample":
        return np.sqrt(square / (n - 1)) if n > 1 else np.nan
    if variant == "rfn":  # on [0, 1], without the division by the number of pixels
        return np.sqrt(square) / 255.0
    return np.sqrt(square / n)


standard_deviation = sd
