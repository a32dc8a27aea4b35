"""Information theory: entropy, cross entropy, mutual information of grey levels."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ._checks import ratio
from ._metric import image_metric, metric
from .context import Context
from .correlation import pearson

__all__ = [
    "ce",
    "cross_entropy",
    "en",
    "entropy",
    "mi",
    "mutual_information",
    "nmi",
    "qncie",
    "qte",
]


def _bits(counts):
    """Entropy in bits of a histogram of any shape."""
    counts = counts[counts > 0]
    p = counts / counts.sum()
    return -float(np.sum(p * np.log2(p)))


def _merge_top(counts):
    """Let the levels 254 and 255 share a bin along every axis.

    MATLAB's uint8 saturates, so that an index ``level + 1`` maps 255 onto 254.
    """
    for axis in range(counts.ndim):
        counts = counts.copy()
        view = np.moveaxis(counts, axis, 0)
        view[254] += view[255]
        view[255] = 0
    return counts


def _mutual(joint):
    """Return I(X; Y) in bits of a joint histogram."""
    return _bits(joint.sum(axis=1)) + _bits(joint.sum(axis=0)) - _bits(joint)


def _h(ctx, which, kind="grey"):
    return ctx.get(("entropy", which, kind), lambda: _bits(ctx.hist(which, kind)))


def _h_joint(ctx, which, other, kind="grey"):
    return ctx.get(
        ("entropy", which, other, kind), lambda: _bits(ctx.joint(which, other, kind))
    )


def _i(ctx, which, other, kind="grey"):
    return (
        _h(ctx, which, kind) + _h(ctx, other, kind) - _h_joint(ctx, which, other, kind)
    )


def _undefined_stretch(ctx):
    """Whether min-max stretching one of the images is 0/0 (constant, but not 0)."""
    return any(
        ctx.is_constant(which) and ctx.image(which).flat[0] != 0 for which in "abf"
    )


@image_metric(
    title="Entropy",
    higher_is_better=True,
    range=(0.0, 8.0),
    variants=("plain", "saturating", "zoo"),
    citation="Roberts, van Aardt, Ahmed, J. Appl. Remote Sens. 2(1) 023522, 2008",
)
def en(ctx: Context, *, variant: str = "plain") -> float:
    """Entropy of the grey levels of one image, in bits (0 to 8; higher is better).

    Parameters
    ----------
    image : array-like or path
        ``(H, W)`` or ``(H, W, 3)``; rounded half up to 256 levels.
    variant : {"plain", "saturating", "zoo"}, default="plain"
        ``"saturating"``: levels 254 and 255 share a bin, the slip of MATLAB codes
        that index with ``uint8 + 1``. ``"zoo"``: 1e-7 inside the logarithm.

    Returns
    -------
    float

    See Also
    --------
    ce : How far the grey levels of the sources are from those of the fused image.
    mi : What the grey levels of both have in common.

    Notes
    -----
    ``-sum_k p_k log2(p_k)`` with the share p_k of the pixels that have grey level k.

    References
    ----------
    .. [1] J. W. Roberts, J. van Aardt, F. Ahmed, "Assessment of image fusion procedures
       using entropy, image quality, and multispectral classification", J. Appl. Remote
       Sens. 2(1), 023522, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import en
    >>> en(np.arange(256, dtype=np.uint8).reshape(16, 16))
    8.0
    """
    if variant == "plain":
        return _h(ctx, "f")
    counts = ctx.hist("f")
    if variant == "saturating":
        return _bits(_merge_top(counts))
    p = counts / counts.sum()
    return -np.sum(p * np.log2(p + 1e-7))


entropy = en


@metric(
    title="Cross entropy",
    higher_is_better=False,
    range=(-np.inf, np.inf),
    variants=("mean", "rms", "root", "myoce", "zoo_bce"),
    citation="Bulanon, Burks, Alchanatis, Biosyst. Eng. 103(1), 2009",
)
def ce(ctx: Context, *, variant: str = "mean") -> float:
    """Cross entropy of the sources with the fused image, in bits (lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"mean", "rms", "root", "myoce", "zoo_bce"}, default="mean"
        How CE(A, F) and CE(B, F) are joined: ``"rms"`` by the root of the mean of
        squares, ``"root"`` by the root of the mean (NaN when that is negative).
        ``"myoce"`` counts grey 0 as grey 1. ``"zoo_bce"`` is what IVIF_ZOO calls CE:
        the binary cross entropy of sigmoids of 0..255 values, an unrelated number.

    Returns
    -------
    float

    See Also
    --------
    en : Entropy of the fused image alone.
    mi : Mutual information, which sees where the levels lie.

    Notes
    -----
    ``CE(X, F) = sum_k P_X(k) log2(P_X(k) / P_F(k))`` over the levels that occur in
    both. Because the levels that F does not use are dropped it can fall below 0, and a
    constant fused image gets an excellent value: read it beside other metrics.

    References
    ----------
    .. [1] D. M. Bulanon, T. F. Burks, V. Alchanatis, "Image fusion of visible and
       thermal images for fruit detection", Biosyst. Eng. 103(1), 12-22, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import ce
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> ce(image, image, image)
    0.0
    """
    if variant == "zoo_bce":
        return ctx.get("ce zoo", lambda: _bce_of_sigmoids(ctx))
    hists = [ctx.hist(which) for which in "abf"]
    if variant == "myoce":  # grey 0 is counted as grey 1
        hists = [np.concatenate(([0, h[0] + h[1]], h[2:])) for h in hists]
    a, b, f = (h / h.sum() for h in hists)
    ce_a, ce_b = _kullback(a, f), _kullback(b, f)
    if variant == "rms":
        return np.sqrt((ce_a**2 + ce_b**2) / 2)
    if variant == "root":
        return np.sqrt((ce_a + ce_b) / 2)
    return (ce_a + ce_b) / 2


def _kullback(p, q):
    both = (p > 0) & (q > 0)  # bins that F does not use are dropped, as published
    return float(np.sum(p[both] * np.log2(p[both] / q[both])))


def _bce_of_sigmoids(ctx):
    f32 = np.float32
    a, b, f = (1 / (1 + np.exp(-x.astype(f32))) for x in (ctx.a, ctx.b, ctx.f))
    low, high = f32(1e-7), f32(1.0 - 1e-7)
    f = np.clip(f, low, high)
    target = np.clip((a + b) / 2, low, high)
    return np.mean(
        -(target * np.log(f) + (1 - target) * np.log1p(-f)), dtype=np.float64
    )


cross_entropy = ce


@metric(
    title="Mutual information",
    higher_is_better=True,
    range=(0.0, 16.0),
    variants=("bits", "nats", "vifb", "saturating", "lt", "rfn_2en"),
    citation="Qu, Zhang, Yan, Electron. Lett. 38(7), 2002",
)
def mi(ctx: Context, *, variant: str = "bits") -> float:
    """Mutual information I(A; F) + I(B; F) (0 to 16 bits; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : str, default="bits"
        ``"bits"`` base 2 on raw grey levels. ``"nats"`` natural logarithm. ``"vifb"``
        nats after a min-max stretch, as in VIFB. ``"saturating"`` levels 254 and 255
        share a bin (uint8 called MATLAB codes); ``"lt"`` only in the joint histogram.
        ``"rfn_2en"`` twice the entropy of the fused image: the number that
        ``analysis_MI`` of the RFN-Nest code prints under the name MI.

    Returns
    -------
    float

    See Also
    --------
    nmi : The same over the entropies.
    fmi : The same of features, window by window.

    Notes
    -----
    ``I(X, F) = H(X) + H(F) - H(X, F)`` with the entropies of the grey levels and of
    their pairs.

    References
    ----------
    .. [1] G. Qu, D. Zhang, P. Yan, "Information measure for performance of image
       fusion", Electron. Lett. 38(7), 313-315, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import mi
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> mi(image, image, image)
    16.0
    """
    if variant == "rfn_2en":
        return 2 * _h(ctx, "f")
    if variant == "saturating":
        return sum(_mutual(_merge_top(ctx.joint(x, "f"))) for x in "ab")
    if variant == "lt":
        return sum(
            _h(ctx, x) + _h(ctx, "f") - _bits(_merge_top(ctx.joint(x, "f")))
            for x in "ab"
        )
    if variant == "vifb":
        return np.log(2) * sum(_stretched_mutual(ctx, x) for x in "ab")
    bits = max(0.0, _i(ctx, "a", "f")) + max(0.0, _i(ctx, "b", "f"))
    return bits * np.log(2) if variant == "nats" else bits


def _stretched_mutual(ctx, which):
    # Stretching whole grey levels to a wider range keeps them apart: the stretch then
    # changes nothing and the raw histograms, which other metrics need too, serve.
    integer = all(ctx.is_integer(x) for x in (which, "f"))
    if integer or ctx.is_constant(which) or ctx.is_constant("f"):
        return max(0.0, _i(ctx, which, "f"))
    return max(0.0, _i(ctx, which, "f", "stretched"))


mutual_information = mi


@metric(
    title="Normalised mutual information",
    higher_is_better=True,
    range=(0.0, 2.0),
    variants=("hossny", "zoo"),
    citation="Hossny, Nahavandi, Creighton, Electron. Lett. 44(18), 2008",
)
def nmi(ctx: Context, *, variant: str = "hossny") -> float:
    """Normalised mutual information of Hossny et al. (0 to 2; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"hossny", "zoo"}, default="hossny"
        ``"zoo"`` divides by H(A) + H(B) and leaves out H(F); not bounded by 2.

    Returns
    -------
    float
        NaN, with a warning, if an image is constant (and not 0 everywhere).

    See Also
    --------
    mi : Without the division.
    qncie : The same correlations of all three images.

    Notes
    -----
    ``2 (I(A, F) / (H(A) + H(F)) + I(B, F) / (H(B) + H(F)))`` on images stretched to
    0..255.

    References
    ----------
    .. [1] M. Hossny, S. Nahavandi, D. Creighton, "Comments on 'Information measure for
       performance of image fusion'", Electron. Lett. 44(18), 1066-1067, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import nmi
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> nmi(image, image, image)
    2.0
    """
    if variant == "zoo":
        both = _i(ctx, "a", "f") + _i(ctx, "b", "f")
        guarded = sum(_guarded_entropy(ctx.hist(x)) for x in "ab")
        return 2 * both / (guarded + 1e-10)
    if _undefined_stretch(ctx):
        return np.nan
    h_a, h_b, h_f = (_h(ctx, x, "stretched") for x in "abf")
    i_a, i_b = (max(0.0, _i(ctx, x, "f", "stretched")) for x in "ab")
    return 2 * (ratio(i_a, h_a + h_f) + ratio(i_b, h_b + h_f))


def _guarded_entropy(counts, guard=1e-10):
    p = counts / counts.sum()
    return -np.sum(p * np.log2(p + guard))


@metric(
    title="Tsallis entropy metric",
    higher_is_better=True,
    range=(-np.inf, np.inf),
    variants=("nava", "corrected", "cvejic", "cvejic_corrected", "liu", "zoo"),
    citation="Nava, Cristobal, Escalante-Ramirez, 2007; Cvejic et al., 2006",
)
def qte(ctx: Context, *, variant: str = "nava") -> float:
    """Tsallis-entropy metric Q_TE (higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : str, default="nava"
        ``"nava"`` (also ``"liu"``): normalised form, q = 0.43137, exactly as in the
        toolbox of Liu et al., where the two marginals are swapped.
        ``"corrected"``: the same with the marginals in their places. ``"cvejic"`` and
        ``"cvejic_corrected"``: sum of both, q = 1.85; with the swap the value explodes
        (hundreds on ordinary images). ``"zoo"``: H(A) + H(B) - H(F), unrelated.

    Returns
    -------
    float
        NaN, with a warning, if an image is constant (and not 0 everywhere).

    See Also
    --------
    nmi : With Shannon's entropy.

    Notes
    -----
    ``(T(A, F) + T(B, F)) / (H(A)^q + H(B)^q + T(A, B))`` with Tsallis' mutual
    information ``T(X, Y) = (1 - sum_ij p_ij^q / (p_i p_j)^(q - 1)) / (1 - q)`` of
    images stretched to 0..255.

    The swap is kept by default because every published Q_TE table carries it.

    References
    ----------
    .. [1] R. Nava, G. Cristobal, B. Escalante-Ramirez, "Mutual information improves
       image fusion quality assessments", SPIE Newsroom, 2007.
    .. [2] N. Cvejic, C. N. Canagarajah, D. R. Bull, "Image fusion metric based on
       mutual information and Tsallis entropy", Electron. Lett. 42(11), 626-627, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qte
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> round(qte(image, image, image, variant="corrected"), 4)
    0.5111
    """
    if variant == "zoo":
        h_a, h_b, h_f = (_guarded_entropy(ctx.hist(x)) for x in "abf")
        return h_a + h_b - h_f
    if _undefined_stretch(ctx):
        return np.nan
    swapped = not variant.endswith("corrected")
    q = 1.85 if variant.startswith("cvejic") else 0.43137
    t_a, t_b = (
        _tsallis_mutual(ctx.joint(x, "f", "stretched"), q, swapped) for x in "ab"
    )
    if variant.startswith("cvejic"):
        return t_a + t_b
    h_a, h_b = (_h(ctx, x, "stretched") ** q for x in "ab")
    t_ab = _tsallis_mutual(ctx.joint("a", "b", "stretched"), q, swapped)
    return ratio(t_a + t_b, h_a + h_b + t_ab)


def _tsallis_mutual(joint, q, swapped):
    p = joint / joint.sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    if swapped:  # the toolbox pairs cell (i, j) with the marginals of (j, i)
        rows, columns = columns, rows
    product = np.outer(rows, columns)
    used = (product != 0) & (p != 0)
    return (1 - np.sum(p[used] ** q / product[used] ** (q - 1))) / (1 - q)


@metric(
    title="Nonlinear correlation information entropy",
    higher_is_better=True,
    range=(0.0, 1.0),
    variants=("wang", "zoo"),
    citation="Wang, Shen, Jin, in: Image Fusion (ed. Stathaki), ch. 19, 2008",
)
def qncie(ctx: Context, *, variant: str = "wang") -> float:
    """Nonlinear correlation information entropy Q_NCIE (0 to 1; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"wang", "zoo"}, default="wang"
        ``"zoo"`` takes Pearson's linear correlation for the nonlinear one.

    Returns
    -------
    float
        NaN, with a warning, if an image is constant (and not 0 everywhere).

    See Also
    --------
    nmi : Mutual information over the entropies.

    Notes
    -----
    ``1 + sum_i (l_i / 3) log_256(l_i / 3)`` with the eigenvalues l of the 3 x 3 matrix
    of pairwise ``(H(X) + H(Y) - H(X, Y)) / 8``.

    References
    ----------
    .. [1] Q. Wang, Y. Shen, J. Jin, "Performance evaluation of image fusion
       techniques", in: T. Stathaki (ed.), Image Fusion: Algorithms and Applications,
       ch. 19, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qncie
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> round(qncie(image, image, image), 9)
    1.0
    """
    pairs = (("a", "b"), ("a", "f"), ("b", "f"))
    if variant == "zoo":
        if any(ctx.is_constant(x) for x in "abf"):
            return np.nan
        values = [pearson(ctx, *pair) for pair in pairs]
    else:
        if _undefined_stretch(ctx):
            return np.nan
        values = [_i(ctx, *pair, "stretched") / 8.0 for pair in pairs]
    ab, af, bf = values
    matrix = np.array([[1.0, ab, af], [ab, 1.0, bf], [af, bf, 1.0]])
    share = np.linalg.eigvalsh(matrix) / 3.0
    share[np.abs(share) < 1e-12] = 0.0  # rounding of a singular matrix
    share = share[share != 0]
    return 1.0 + np.sum(share * np.log2(share)) / 8.0
