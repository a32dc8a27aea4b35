"""Correlation of the fused image with its sources: CC and SCD."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ._metric import metric
from .context import Context

__all__ = ["cc", "pearson", "scd"]


def _centred(ctx, which):
    """One image less its mean, as a vector, and its sum of squares."""

    def compute():
        image = ctx.image(which).ravel()
        centred = image - image.mean()
        return centred, centred @ centred

    return ctx.get(("centred", which), compute)


def pearson(ctx, which: str, other: str) -> float:
    """Pearson correlation of two images of a context; NaN if one is constant."""
    if ctx.is_constant(which) or ctx.is_constant(other):
        return np.nan
    (x, xx), (y, yy) = _centred(ctx, which), _centred(ctx, other)
    return float(np.clip((x @ y) / np.sqrt(xx * yy), -1.0, 1.0))


def _corr(x, y):
    if x.min() == x.max() or y.min() == y.max():
        return np.nan
    x, y = (x - x.mean()).ravel(), (y - y.mean()).ravel()
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))


@metric(
    title="Correlation coefficient",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=("mean", "uint8"),
    citation="Pearson correlation with each source, mean",
)
def cc(ctx: Context, *, variant: str = "mean") -> float:
    """Mean Pearson correlation with the two sources (-1 to 1; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"mean", "uint8"}, default="mean"
        ``"uint8"`` is the number that ``my_cc`` gives when it is called with uint8
        images in MATLAB, whose arithmetic saturates.

    Returns
    -------
    float
        NaN, with a warning, if an image is constant.

    See Also
    --------
    scd : Correlation of what the fused image adds to one source with the other.

    Notes
    -----
    ``(r(A, F) + r(B, F)) / 2``.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import cc
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> cc(image, image, image)
    1.0
    """
    if variant == "mean":
        return (pearson(ctx, "a", "f") + pearson(ctx, "b", "f")) / 2
    return (_uint8_corr(ctx, "a") + _uint8_corr(ctx, "b")) / 2


def _uint8_corr(ctx, which):
    # MATLAB arithmetic on uint8: the mean is a double, the difference is rounded and
    # saturates at 0, the product and the square saturate at 255.
    x, f = (
        np.clip(np.floor(g - g.mean() + 0.5), 0, 255)
        for g in (ctx.grey(which).astype(float), ctx.grey("f").astype(float))
    )
    squares = [np.minimum(g * g, 255).sum() for g in (x, f)]
    return np.minimum(x * f, 255).sum() / np.sqrt(squares[0] * squares[1])


@metric(
    title="Sum of the correlations of differences",
    higher_is_better=True,
    range=(-2.0, 2.0),
    variants=("float", "uint8"),
    citation="Aslantas, Bendes, AEU 69(12), 2015",
)
def scd(ctx: Context, *, variant: str = "float") -> float:
    """Sum of the correlations of differences (-2 to 2; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"float", "uint8"}, default="float"
        ``"uint8"``: differences below 0 are cut off, as MATLAB does when the published
        code is called with uint8 images.

    Returns
    -------
    float
        NaN, with a warning, if a source is constant or the fused image equals one.

    See Also
    --------
    cc : Correlation of the images themselves.

    Notes
    -----
    ``corr(F - B, A) + corr(F - A, B)``: what F has beyond one source should be what the
    other source brings.

    References
    ----------
    .. [1] V. Aslantas, E. Bendes, "A new image quality metric for image fusion: the sum
       of the correlations of differences", AEU 69(12), 1890-1896, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import scd
    >>> a = np.arange(128, dtype=np.uint8).reshape(8, 16)
    >>> b = a[::-1].copy()
    >>> scd(a, b, a + b)
    2.0
    """
    if variant == "uint8":  # MATLAB's uint8 subtraction saturates at 0
        a, b, f = (ctx.grey(x).astype(float) for x in "abf")
        return _corr(np.maximum(f - b, 0), a) + _corr(np.maximum(f - a, 0), b)
    return _difference_corr(ctx, "b", "a") + _difference_corr(ctx, "a", "b")


def _difference_corr(ctx, minus, source):
    """Return corr(f - minus, source)."""
    difference = ctx.f - ctx.image(minus)
    if difference.min() == difference.max() or ctx.is_constant(source):
        return np.nan
    return _corr(difference, ctx.image(source))
