"""Structural similarity with the two sources: SSIM, MS-SSIM and MEF-SSIM."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from skfusion._kernels.metrics.moments import local_moments, ssim_means
from skfusion._kernels.metrics.structural import halve, mef_ssim_mean
from skfusion._kernels.taps import gaussian_taps

from ._checks import require_size
from ._metric import metric
from .context import Context

__all__ = ["mef_ssim", "ms_ssim", "ssim"]

_SIZE = 11
_K = (0.01, 0.03)
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

# variant -> (border, dynamic range that C1 and C2 are made for, reduction)
_SSIM = {
    "wang": ("valid", 255.0, "mean"),
    "vifb": ("valid", 255.0, "sum"),
    "matlab": ("replicate", 255.0, "mean"),
    "tang": ("replicate", 1.0, "mean"),
    "zoo": ("valid", 1.0, "sum"),
}


def _constants(data_range):
    return (_K[0] * data_range) ** 2, (_K[1] * data_range) ** 2


def _pair(ctx, border, data_range):
    """SSIM of (a, f) and of (b, f)."""

    def compute():
        images = (ctx.a, ctx.b, ctx.f)
        if border == "replicate":
            images = (np.pad(x, _SIZE // 2, mode="edge") for x in images)
        w = gaussian_taps(_SIZE, 1.5)
        return ssim_means(*images, w, *_constants(data_range), False)[:2]

    return ctx.get(("ssim", border, data_range), compute)


def _reduced(values, reduction, name):
    if reduction not in ("mean", "sum"):
        raise ValueError(f'{name}: reduction={reduction!r}: expected "mean" or "sum".')
    return sum(values) if reduction == "sum" else sum(values) / 2


@metric(
    title="Structural similarity",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=tuple(_SSIM),
    citation="Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004",
)
def ssim(ctx: Context, *, variant: str = "wang", reduction: str | None = None) -> float:
    """Structural similarity with the two sources (-1 to 1; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, 11 x 11 pixels or more; see
        :func:`skfusion.images.as_levels`.
    variant : {"wang", "vifb", "matlab", "tang", "zoo"}, default="wang"
        ``"wang"``: 11 x 11 Gaussian of standard deviation 1.5, windows inside the image
        only, mean of the two similarities. ``"vifb"``: their sum. ``"matlab"``: borders
        replicated, as MATLAB's ``ssim`` does. ``"tang"`` and ``"zoo"``: the same
        as ``"matlab"`` and ``"vifb"`` with the stabilising constants of images in
        [0, 1] on images in 0..255, a slip that leaves them without effect.
    reduction : {"mean", "sum"} or None, default=None
        How the two sources are put together; None takes what the variant says.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a side is under 11 pixels (not for the variants with a border).

    See Also
    --------
    ms_ssim : At five scales.
    mef_ssim : Against the stronger of the source structures.
    qs : With the share of each source set by its variance.

    Notes
    -----
    For a window with means m, variances v and covariance c,
    ``(2 m_x m_f + C1) (2 c_xf + C2) / ((m_x^2 + m_f^2 + C1) (v_x + v_f + C2))`` with
    C1 = (0.01 L)^2, C2 = (0.03 L)^2, L = 255. Equal to scikit-image's
    ``structural_similarity`` with ``gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False``.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality
       assessment: from error visibility to structural similarity", IEEE Transactions on
       Image Processing 13(4), 600-612, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import ssim
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> round(ssim(image, image, image), 12)
    1.0
    """
    border, data_range, default = _SSIM[variant]
    if border == "valid":
        require_size(ctx, _SIZE, "ssim", "the 11 x 11 window")
    reduction = default if reduction is None else reduction
    return _reduced(_pair(ctx, border, data_range), reduction, "ssim")


def _halve_zero(x):
    # torch's avg_pool2d(2, padding=size % 2): zeros in front of an odd side, and they
    # count in the mean.
    x = np.pad(x, [(n % 2, 0) for n in x.shape])
    return halve(np.ascontiguousarray(x))


def _multi_scale(ctx, pool, data_range):
    """Five-scale SSIM of (a, f) and of (b, f)."""

    def compute():
        images = [ctx.a, ctx.b, ctx.f]
        w = gaussian_taps(_SIZE, 1.5)
        product = np.ones(2)
        for level, weight in enumerate(_SCALES):
            last = level == len(_SCALES) - 1
            result = ssim_means(*images, w, *_constants(data_range), not last)
            terms = np.maximum(result[:2] if last else result[2:], 0.0)
            product *= terms**weight
            if not last:
                images = [pool(x) for x in images]
        return tuple(product)

    return ctx.get(("ms_ssim", pool.__name__, data_range), compute)


@metric(
    title="Multi-scale structural similarity",
    higher_is_better=True,
    range=(0.0, 1.0),
    variants=("wang", "zoo_uint8", "zoo", "mef"),
    citation="Wang, Simoncelli, Bovik, Asilomar 2003",
)
def ms_ssim(
    ctx: Context, *, variant: str = "wang", reduction: str | None = None
) -> float:
    """Five-scale structural similarity (0 to 1; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, 161 x 161 pixels or more; see
        :func:`skfusion.images.as_levels`.
    variant : {"wang", "zoo_uint8", "zoo", "mef"}, default="wang"
        ``"wang"``: mean over the two sources, an odd side repeats its last pixel when
        it is halved. ``"zoo_uint8"``: sum, and zeros before an odd side. ``"zoo"``: the
        same with the stabilising constants of [0, 1] on 0..255, a slip.
        ``"mef"``: what several fusion toolboxes print as MS-SSIM,
        :func:`mef_ssim` at three scales.
    reduction : {"mean", "sum"} or None, default=None
        How the two sources are put together; None takes what the variant says.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a side is under 161 pixels (41 for ``"mef"``).

    See Also
    --------
    ssim : At one scale.
    mef_ssim : What several toolboxes print under this name.

    Notes
    -----
    ``c_1^w_1 c_2^w_2 c_3^w_3 c_4^w_4 s_5^w_5`` of the mean contrast-structure terms c
    of four scales and the mean SSIM s of the fifth, with w = 0.0448, 0.2856, 0.3001,
    0.2363 and 0.1333; a negative term counts as 0.

    References
    ----------
    .. [1] Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural similarity for
       image quality assessment", Asilomar Conference 2, 1398-1402, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import ms_ssim
    >>> image = np.random.default_rng(0).random((170, 164))
    >>> round(ms_ssim(image, image, image), 12)
    1.0
    """
    if variant == "mef":
        return mef_ssim.function(ctx, variant="multi_scale")
    require_size(ctx, 161, "ms_ssim", "an 11 x 11 window at the fifth scale")
    if variant == "wang":
        pair, default = _multi_scale(ctx, halve, 255.0), "mean"
    else:
        data_range = 255.0 if variant == "zoo_uint8" else 1.0
        pair, default = _multi_scale(ctx, _halve_zero, data_range), "sum"
    reduction = default if reduction is None else reduction
    return _reduced(pair, reduction, "ms_ssim")


def _mef_scale(a, b, f):
    flat = local_moments(a, b, f, np.full(_SIZE, 1 / _SIZE), 9)
    gauss = local_moments(a, b, f, gaussian_taps(_SIZE, 1.5), 9)
    return mef_ssim_mean(flat, gauss, float(_SIZE**2), (_K[1] * 255.0) ** 2)


@metric(
    title="Structural similarity of multi-exposure fusion",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=("single_scale", "multi_scale"),
    citation="Ma, Zeng, Wang, IEEE TIP 24(11), 2015",
)
def mef_ssim(ctx: Context, *, variant: str = "single_scale") -> float:
    """Structural similarity with the stronger source structure (higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, 11 x 11 pixels or more (41 for ``"multi_scale"``); see
        :func:`skfusion.images.as_levels`.
    variant : {"single_scale", "multi_scale"}, default="single_scale"
        ``"multi_scale"``: weighted geometric mean over three scales, printed as MS-SSIM
        by the toolboxes of DenseFuse and RFN-Nest.

    Returns
    -------
    float
        -1 to 1; NaN, with a warning, if the mean of a scale of ``"multi_scale"`` is
        negative.

    Raises
    ------
    ValueError
        If the images are too small.

    See Also
    --------
    ssim : Mean of the similarities to both sources.

    Notes
    -----
    The mean of ``(2 c_rf + C) / (v_r + v_f + C)`` over the windows, with the variances
    v and the covariance c of the wanted patch r and the fused one, C = (0.03 L)^2, L =
    255.

    Made for exposure stacks: in each 11 x 11 window the wanted structure is a weighted
    sum of the sources' structures, with the largest of their contrasts, and luminance
    is left out. The published code visits every window in a loop; here the same numbers
    come from window variances and covariances.

    References
    ----------
    .. [1] K. Ma, K. Zeng, Z. Wang, "Perceptual quality assessment for multi-exposure
       image fusion", IEEE Transactions on Image Processing 24(11), 3345-3356, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import mef_ssim
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> round(mef_ssim(image, image, image), 6)
    1.0
    """
    if variant == "single_scale":
        require_size(ctx, _SIZE, "mef_ssim", "the 11 x 11 window")
        return ctx.get("mef_ssim", lambda: _mef_scale(ctx.a, ctx.b, ctx.f))
    require_size(ctx, 41, "mef_ssim", "an 11 x 11 window at the third scale")
    first = ctx.get("mef_ssim", lambda: _mef_scale(ctx.a, ctx.b, ctx.f))
    weights = np.array(_SCALES[:3]) / sum(_SCALES[:3])
    images, values = [ctx.a, ctx.b, ctx.f], [first]
    for _ in weights[1:]:
        images = [halve(x) for x in images]
        values.append(_mef_scale(*images))
    return float(np.prod(np.power(values, weights)))
