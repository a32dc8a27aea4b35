"""Gradients carried over from the sources: Qabf, Labf, Nabf, QM and QSF."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from skfusion._kernels.metrics.features import largest_difference_sums
from skfusion._kernels.metrics.gradient import (
    haar_step,
    hong_sums,
    kumar_sums,
    liu_sums,
    wavelet_preservation_sums,
)

from ._checks import check_data_range, ratio
from ._metric import metric
from ._windows import difference_sums
from .context import Context

__all__ = ["labf", "nabf", "qabf", "qm", "qsf"]


def _kumar(ctx, data_range, w_min=0.001):
    divisor = check_data_range(data_range)
    return ctx.get(
        ("kumar sums", divisor, w_min),
        lambda: kumar_sums(ctx.a, ctx.b, ctx.f, divisor, 2.0, w_min),
    )


def _liu(ctx, data_range):
    divisor = check_data_range(data_range)
    return ctx.get(
        ("liu sums", divisor), lambda: liu_sums(ctx.a, ctx.b, ctx.f, divisor)
    )


@metric(
    title="Edge transfer Q^AB/F",
    higher_is_better=True,
    range=(0.0, 1.0),
    variants=("hong", "liu", "pyf", "petrovic_kumar"),
    citation="Xydeas, Petrovic, Electron. Lett. 36(4), 2000",
)
def qabf(
    ctx: Context, *, variant: str = "hong", tie: str = "gf", data_range: float = 255
) -> float:
    """Edge transfer Q^AB/F of Xydeas and Petrovic (0 to 1; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"hong", "liu", "pyf", "petrovic_kumar"}, default="hong"
        ``"hong"``: the code behind VIFB and most tables. ``"liu"``: the toolbox of Liu
        et al., mean of the local ratio; ``"pyf"``: the same constants, ratio of sums.
        ``"petrovic_kumar"``: constants of the Nabf code, for which Qabf + Labf + Nabf =
        1.
    tie : {"gf", "one"}, default="gf"
        Relative strength where source and fused gradient are equal (``"hong"`` only):
        the fused gradient itself, as everybody computes it, or 1, as the paper means
        it.
    data_range : float, default=255
        Scale on which the edges are measured. 1 gives the numbers of codes that read
        images as [0, 1]; they differ because of `tie` and of absolute thresholds.

    Returns
    -------
    float
        NaN, with a warning, if there is no edge in either source.

    See Also
    --------
    labf : What of the edges is lost.
    nabf : Edges that were invented.

    Notes
    -----
    ``sum(Q_AF g_A + Q_BF g_B) / sum(g_A + g_B)`` with Sobel magnitudes g and angles a,
    ``Q_XF = 0.9994 / (1 + exp(-15 (G - 0.5))) * 0.9879 / (1 + exp(-22 (D - 0.8)))``,
    ``G = min(g_X, g_F) / max(g_X, g_F)`` and ``D = 1 - |a_X - a_F| / (pi / 2)``.

    References
    ----------
    .. [1] C. S. Xydeas, V. Petrovic, "Objective image fusion performance measure",
       Electron. Lett. 36(4), 308-309, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qabf
    >>> image = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    >>> round(qabf(image, image, image), 4)
    0.9753
    """
    if tie not in ("gf", "one"):
        raise ValueError(f'tie={tie!r}: expected "gf" (as coded) or "one" (as meant).')
    if variant == "hong":
        divisor = check_data_range(data_range)
        top, bottom = ctx.get(
            ("hong sums", tie, divisor),
            lambda: hong_sums(ctx.a, ctx.b, ctx.f, divisor, tie == "one"),
        )
        return ratio(top, bottom)
    if variant == "petrovic_kumar":
        sums = _kumar(ctx, data_range)
        return ratio(sums[0], sums[4])
    sums = _liu(ctx, data_range)
    return sums[0] / ctx.f.size if variant == "liu" else sums[1] / sums[2]


@metric(
    title="Fusion loss L^AB/F",
    higher_is_better=False,
    range=(0.0, 1.0),
    variants=("kumar", "pyf"),
    citation="Petrovic, Xydeas 2005; Shreyamsha Kumar, SIViP 7(6), 2013",
)
def labf(ctx: Context, *, variant: str = "kumar", data_range: float = 255) -> float:
    """Edge information lost in fusion (0 to 1; lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"kumar", "pyf"}, default="kumar"
        ``"pyf"``: constants of the toolbox of Liu et al. and loss only where the fused
        gradient is below both sources'.
    data_range : float, default=255
        Scale on which the edges are measured; on 1 no edge reaches the threshold of 2
        and all pixels weigh the same.

    Returns
    -------
    float

    See Also
    --------
    qabf : What of the edges is kept.
    nabf : Edges that were invented.

    Notes
    -----
    ``sum((1 - Q_AF) w_A + (1 - Q_BF) w_B) / sum(w_A + w_B)``, the first sum over the
    pixels whose fused gradient is no larger than one of the sources', with Q of
    :func:`qabf` in its form ``"petrovic_kumar"`` and the gradients to the power 1.5 as
    weights w, 0.001 where a gradient is below 2.

    References
    ----------
    .. [1] B. K. Shreyamsha Kumar, "Multifocus and multispectral image fusion based on
       pixel significance using discrete cosine harmonic wavelet transform", SIViP 7(6),
       1125-1143, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import labf, nabf, qabf
    >>> rng = np.random.default_rng(0)
    >>> a, b, f = rng.integers(0, 256, (3, 16, 16), dtype=np.uint8)
    >>> kept = qabf(a, b, f, variant="petrovic_kumar")
    >>> round(kept + labf(a, b, f) + nabf(a, b, f), 9)
    1.0
    """
    if variant == "kumar":
        sums = _kumar(ctx, data_range)
        return ratio(sums[1], sums[4])
    sums = _liu(ctx, data_range)
    return sums[3] / sums[2]


@metric(
    title="Fusion artefacts N^AB/F",
    higher_is_better=False,
    range=(0.0, 1.0),
    variants=("modified", "petrovic", "pyf", "zoo", "lt_wrong_order"),
    citation="Shreyamsha Kumar, SIViP 7(6), 2013",
)
def nabf(ctx: Context, *, variant: str = "modified", data_range: float = 255) -> float:
    """Edges that fusion invented (0 to 1; lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : str, default="modified"
        ``"modified"``: Shreyamsha Kumar's. ``"petrovic"``: the form before it.
        ``"pyf"``: that form with the constants of Liu et al. (may exceed 1). ``"zoo"``:
        without the least weight of 0.001. ``"lt_wrong_order"``: the published call that
        hands over the infrared image as the fused one.
    data_range : float, default=255
        Scale on which the edges are measured. 1 reproduces the tables of DenseFuse,
        NestFuse and RFN-Nest, where no edge reaches the threshold of 2 and all pixels
        weigh the same: up to ten times larger numbers in another order.

    Returns
    -------
    float

    See Also
    --------
    qabf : What of the edges is kept.
    labf : What of them is lost.

    Notes
    -----
    ``sum((1 - Q_AF) w_A + (1 - Q_BF) w_B) / sum(w_A + w_B)``, the first sum over the
    pixels whose fused gradient is larger than both of the sources', with Q and w of
    :func:`labf`.

    References
    ----------
    .. [1] B. K. Shreyamsha Kumar, "Multifocus and multispectral image fusion based on
       pixel significance using discrete cosine harmonic wavelet transform", SIViP 7(6),
       1125-1143, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import nabf
    >>> image = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    >>> nabf(image, image, image)
    0.0
    """
    if variant == "pyf":
        sums = _liu(ctx, data_range)
        return sums[4] / sums[2]
    if variant == "lt_wrong_order":  # the infrared image judged as fused image
        ctx = ctx.get("wrong order", lambda: Context.of_levels(ctx.b, ctx.f, ctx.a))
    sums = _kumar(ctx, data_range, 0.0 if variant == "zoo" else 0.001)
    return ratio(sums[3 if variant == "petrovic" else 2], sums[4])


@metric(
    title="Multiscale wavelet edge preservation",
    higher_is_better=True,
    range=(0.0, 3.0),
    variants=("liu",),
    citation="Wang, Liu, ICSP 2008",
)
def qm(ctx: Context, *, variant: str = "liu") -> float:
    """Edge preservation over two levels of a Haar transform (0 to 3; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, at least 4 x 4; see :func:`skfusion.images.as_levels`.
    variant : {"liu"}, default="liu"
        The form of the toolbox of Liu et al.

    Returns
    -------
    float
        NaN, with a warning, where the sources have no detail at one of the levels.

    See Also
    --------
    qabf : Edge transfer by gradients.

    Notes
    -----
    ``Q_1^(2/3) Q_2^(1/3)`` with, at level l, ``Q_l = sum(E_A w_A + E_B w_B) / sum(w_A +
    w_B)``, ``E_X = sum(exp(-|X - F|))`` and ``w_X = sum(X^2)`` over the three bands of
    detail.

    The preservation of a pixel is a sum over three bands, so that identical images give
    3.

    References
    ----------
    .. [1] P.-W. Wang, B. Liu, "A novel image fusion metric based on multi-scale
       analysis", ICSP 2008, 965-968.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qm
    >>> image = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    >>> round(qm(image, image, image), 9)
    3.0
    """
    low = [ctx.a, ctx.b, ctx.f]
    quality = 1.0
    for exponent in (2 / 3, 1 / 3):
        low, detail = zip(*(haar_step(x) for x in low))
        top, bottom = wavelet_preservation_sums(*detail)
        quality *= ratio(top, bottom) ** exponent
    return quality


@metric(
    title="Ratio of spatial frequency error",
    higher_is_better=True,
    range=(-1.0, np.inf),
    variants=("zheng",),
    citation="Zheng, Essock, Hansen, Haun, Inf. Fusion 8(2), 2007",
    target=0.0,
)
def qsf(ctx: Context, *, variant: str = "zheng") -> float:
    """Spatial frequency relative to that of the sources (-1 upwards; best at 0).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"zheng"}, default="zheng"
        The one published form.

    Returns
    -------
    float
        Below 0 detail was lost, above 0 detail was invented. NaN, with a warning, if
        both sources are constant.

    See Also
    --------
    sf : Spatial frequency of one image.

    Notes
    -----
    ``(SF_F - SF_R) / SF_R`` with ``SF^2 = (sum(dx^2) + sum(dy^2) + (sum(du^2) +
    sum(dv^2)) / sqrt(2)) / (H W)``, du and dv the differences along the diagonals; R
    holds at each pixel and in each direction the larger difference of the sources.

    Some tables read it as higher is better, which holds below 0 only; a scorer made of
    it maximises ``-abs(qsf)``.

    References
    ----------
    .. [1] Y. Zheng, E. A. Essock, B. C. Hansen, A. M. Haun, "A new metric based on
       extended spatial frequency and its application to DWT based fusion algorithms",
       Inf. Fusion 8(2), 177-192, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qsf
    >>> image = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    >>> qsf(image, image, image)
    0.0
    """
    weights = np.array([1.0, 1.0, np.sqrt(0.5), np.sqrt(0.5)])
    reference = np.sqrt(weights @ largest_difference_sums(ctx.a, ctx.b))
    fused = np.sqrt(weights @ difference_sums(ctx, "f"))
    return ratio(fused - reference, reference)
