"""Squared error of the fused image against its sources: MSE, RMSE, PSNR."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ._checks import check_data_range
from ._metric import metric
from .context import Context

__all__ = ["mse", "psnr", "rmse"]


def _sse(ctx, which):
    """Sum of squared differences to the fused image."""

    def compute():
        difference = (ctx.image(which) - ctx.f).ravel()
        return float(difference @ difference)

    return ctx.get(("sse", which), compute)


def _mean_error(ctx, variant):
    """Mean over both sources of the squared error, in grey levels squared."""
    total, n = 0.0, ctx.f.size
    for which in "ab":
        sse = _sse(ctx, which)
        # VIFB takes the root of the sum before it divides by the number of pixels.
        total += (np.sqrt(sse) if variant == "vifb" else sse) / n
    return total / 2


@metric(
    title="Mean squared error",
    higher_is_better=False,
    range=(0.0, 65025.0),
    variants=("mean", "vifb"),
    citation="Jagalingam, Hegde, Aquatic Procedia 4, 133-142, 2015",
)
def mse(ctx: Context, *, variant: str = "mean", data_range: float = 255) -> float:
    """Mean squared error against both sources (0 to 65025; lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"mean", "vifb"}, default="mean"
        ``"vifb"``: root of the summed squares, divided by the number of pixels.
    data_range : float, default=255
        Scale of the answer; 1 gives the numbers of codes that read images as [0, 1].

    Returns
    -------
    float

    See Also
    --------
    rmse : Its root.
    psnr : In decibels below the peak.

    Notes
    -----
    ``(mean((A - F)^2) + mean((B - F)^2)) / 2``.

    References
    ----------
    .. [1] P. Jagalingam, A. V. Hegde, "A review of quality metrics for fused image",
       Aquatic Procedia 4, 133-142, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import mse
    >>> black, gray = np.zeros((4, 4), np.uint8), np.full((4, 4), 10, np.uint8)
    >>> mse(black, gray, black)
    50.0
    """
    return _mean_error(ctx, variant) / check_data_range(data_range) ** 2


@metric(
    title="Root mean squared error",
    higher_is_better=False,
    range=(0.0, 255.0),
    variants=("mean", "vifb"),
    citation="Jagalingam, Hegde, Aquatic Procedia 4, 133-142, 2015",
)
def rmse(ctx: Context, *, variant: str = "mean", data_range: float = 255) -> float:
    """Root of the mean squared error (0 to 255; lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"mean", "vifb"}, default="mean"
        ``"vifb"``: root of the summed squares, divided by the number of pixels, mean of
        both sources; about sqrt(H W) times too small.
    data_range : float, default=255
        Scale of the answer.

    Returns
    -------
    float

    See Also
    --------
    mse : Its square.

    Notes
    -----
    ``sqrt((mean((A - F)^2) + mean((B - F)^2)) / 2)``.

    References
    ----------
    .. [1] P. Jagalingam, A. V. Hegde, "A review of quality metrics for fused image",
       Aquatic Procedia 4, 133-142, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import rmse
    >>> black, gray = np.zeros((4, 4), np.uint8), np.full((4, 4), 10, np.uint8)
    >>> round(rmse(black, gray, black), 6)
    7.071068
    """
    if variant == "vifb":  # "MSE" is a root already and is not taken again
        return _mean_error(ctx, "vifb") / check_data_range(data_range)
    return np.sqrt(_mean_error(ctx, "mean")) / check_data_range(data_range)


@metric(
    title="Peak signal-to-noise ratio",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("mean", "vifb", "lt", "mean_db"),
    citation="Jagalingam, Hegde, Aquatic Procedia 4, 133-142, 2015",
)
def psnr(ctx: Context, *, variant: str = "mean") -> float:
    """Peak signal-to-noise ratio in dB (0 to infinity; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"mean", "vifb", "lt", "mean_db"}, default="mean"
        ``"mean"``: of the mean of both squared errors. ``"mean_db"``: mean of the two
        ratios. ``"vifb"``: of VIFB's error, which carries a root too many (54 to 61 dB
        on images that have 10 to 20). ``"lt"``: error on [0, 1] against a peak of 255,
        exactly 48.1308 dB too much: Tang's code, and IVIF_ZOO until 17 July 2025, which
        is ``"mean"`` since.

    Returns
    -------
    float
        Infinity where the fused image equals both sources.

    See Also
    --------
    mse : The error itself.

    Notes
    -----
    ``10 log10(255^2 / MSE)`` with the mean squared error of :func:`mse`.

    References
    ----------
    .. [1] P. Jagalingam, A. V. Hegde, "A review of quality metrics for fused image",
       Aquatic Procedia 4, 133-142, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import psnr
    >>> black, white = np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)
    >>> round(psnr(black, white, black), 4)
    3.0103
    """
    if variant == "mean_db":
        both = [_decibel(_sse(ctx, which) / ctx.f.size) for which in "ab"]
        return (both[0] + both[1]) / 2
    value = _decibel(_mean_error(ctx, variant))
    # Error on the [0, 1] scale against a peak of 255.
    return value + 20 * np.log10(255.0) if variant == "lt" else value


def _decibel(error):
    return 10 * np.log10(255.0**2 / error) if error else np.inf
