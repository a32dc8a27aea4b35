"""Piella and Heijmans' fusion qualities: Q (QS), weighted (QW), edge-dependent (QE)."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from skfusion._kernels.metrics.piella import piella_sums, uiqi_sums

from ._checks import require_size
from ._metric import metric
from ._windows import FLAT, moments
from .context import Context

__all__ = ["qe", "qs", "qw"]

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_WINDOW = 8  # of the universal image quality index
_EPS = 1e-8  # guard of the block form


def _sums(ctx, kind):
    """(mean q, sum of saliency x q, sum of saliency) over the windows of a context."""

    def compute():
        if kind == "uiqi_blocks":
            return _block_sums(ctx)
        if kind == "ssim":
            o = moments(ctx, 11, 1.5)
            total, weighted, weights = piella_sums(o, _C1, _C2, FLAT)
        else:
            o = _box_moments(ctx)
            total, weighted, weights = uiqi_sums(o, FLAT)
        return total / o[0].size, weighted, weights

    return ctx.get(("piella", kind), compute)


def _box_moments(ctx):
    """Moments of the sliding 8 x 8 windows, in the order of `local_moments`."""
    a, b, f = ctx.a, ctx.b, ctx.f
    h, w = f.shape[0] - _WINDOW + 1, f.shape[1] - _WINDOW + 1

    def mean(x):
        box = cv2.boxFilter(x, cv2.CV_64F, (_WINDOW, _WINDOW), anchor=(0, 0))
        return box[:h, :w]

    ma, mb, mf = mean(a), mean(b), mean(f)
    second = [(a, a, ma, ma), (b, b, mb, mb), (f, f, mf, mf), (a, f, ma, mf)]
    second.append((b, f, mb, mf))
    return np.stack([ma, mb, mf, *(mean(x * y) - mx * my for x, y, mx, my in second)])


def _block_sums(ctx):
    """Non-overlapping 8 x 8 blocks, images in [0, 1], guarded as in training code."""

    def blocks(x):
        h, w = x.shape[0] // _WINDOW, x.shape[1] // _WINDOW
        x = x[: h * _WINDOW, : w * _WINDOW] / 255.0
        x = x.reshape(h, _WINDOW, w, _WINDOW).swapaxes(1, 2)
        return x.reshape(h * w, _WINDOW**2)

    means, deviations, variances = {}, {}, {}
    for name in "abf":
        x = blocks(ctx.image(name))
        means[name] = x.mean(axis=1)
        deviations[name] = x - means[name][:, None]
        variances[name] = (deviations[name] ** 2).sum(axis=1) / (_WINDOW**2 - 1)

    def q0(name):
        mx, mf = means[name], means["f"]
        vx, vf = variances[name], variances["f"]
        cov = (deviations[name] * deviations["f"]).sum(axis=1) / (_WINDOW**2 - 1)
        product = np.sqrt(vx + _EPS) * np.sqrt(vf + _EPS)
        correlation = cov / (product + _EPS)
        light = 2 * mx * mf / (mx**2 + mf**2 + _EPS)
        contrast = 2 * product / (vx + vf + _EPS)
        return correlation * light * contrast

    va, vb = variances["a"], variances["b"]
    share = vb / (va + vb + _EPS)
    q = share * q0("b") + (1 - share) * q0("a")
    saliency = np.maximum(va, vb)
    return q.mean(), (saliency * q).sum(), saliency.sum()


def _edges(ctx, kind):
    """The context of the three edge images."""

    def compute():
        form = _sobel_unit if kind == "uiqi_blocks" else _prewitt
        return Context.of_levels(*(form(x) for x in (ctx.a, ctx.b, ctx.f)))

    return ctx.get(("piella edges", kind == "uiqi_blocks"), compute)


def _prewitt(x):
    sum_, difference = np.ones(3), np.array([1.0, 0.0, -1.0])
    border = cv2.BORDER_CONSTANT
    gx = cv2.sepFilter2D(x, cv2.CV_64F, difference, sum_, borderType=border)
    gy = cv2.sepFilter2D(x, cv2.CV_64F, sum_, difference, borderType=border)
    return np.sqrt(gx * gx + gy * gy)


def _sobel_unit(x):
    # Normalised Sobel of the image in [-1, 1], as the network sees it; the magnitude is
    # stretched to [0, 1] (here 0..255).
    smooth, difference = np.array([1.0, 2.0, 1.0]) / 8, np.array([-1.0, 0.0, 1.0])
    border = cv2.BORDER_REPLICATE
    x = x / 127.5
    gx = cv2.sepFilter2D(x, cv2.CV_64F, difference, smooth, borderType=border)
    gy = cv2.sepFilter2D(x, cv2.CV_64F, smooth, difference, borderType=border)
    g = np.sqrt(gx * gx + gy * gy + 1e-6)
    return 255.0 * (g - g.min()) / (g.max() - g.min() + 1e-6)


def _require(ctx, kind, name):
    size = 11 if kind == "ssim" else _WINDOW
    require_size(ctx, size, name, f"the {size} x {size} window")


def _weighted(ctx, kind):
    _, weighted, weights = _sums(ctx, kind)
    return weighted / weights if weights > 0 else np.nan


@metric(
    title="Piella-Heijmans fusion quality",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=("ssim", "uiqi", "uiqi_blocks"),
    citation="Piella, Heijmans, ICIP 2003",
)
def qs(ctx: Context, *, variant: str = "ssim") -> float:
    """Similarity to the sources, each window's share set by its variance.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, at least as large as the window; see
        :func:`skfusion.images.as_levels`.
    variant : {"ssim", "uiqi", "uiqi_blocks"}, default="ssim"
        Index of one window. ``"ssim"``: SSIM in 11 x 11 Gaussian windows, the form of
        the toolbox that most tables come from. ``"uiqi"``: the paper's universal image
        quality index in sliding 8 x 8 windows. ``"uiqi_blocks"``: the same in blocks
        side by side, as a network was trained with; the rest of the image is left out.

    Returns
    -------
    float
        -1 to 1, higher is better.

    Raises
    ------
    ValueError
        If the images are smaller than a window.

    See Also
    --------
    qw : With more weight where a source varies.
    qe : Times the quality of the edges.
    qy, qc : Other shares of the sources.

    Notes
    -----
    With lambda the share of the infrared image's variance in a window, the mean of
    ``lambda Q0(a, f) + (1 - lambda) Q0(b, f)``. Where neither source varies, both count
    alike.

    References
    ----------
    .. [1] G. Piella, H. Heijmans, "A new quality metric for image fusion", IEEE
       International Conference on Image Processing, III-173-176, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qs
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> round(qs(image, image, image), 12)
    1.0
    """
    _require(ctx, variant, "qs")
    return _sums(ctx, variant)[0]


@metric(
    title="Piella-Heijmans weighted fusion quality",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=("ssim", "uiqi", "uiqi_blocks"),
    citation="Piella, Heijmans, ICIP 2003",
)
def qw(ctx: Context, *, variant: str = "ssim") -> float:
    """Like :func:`qs`, with more weight for windows where a source varies.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, at least as large as the window; see
        :func:`skfusion.images.as_levels`.
    variant : {"ssim", "uiqi", "uiqi_blocks"}, default="ssim"
        As for :func:`qs`.

    Returns
    -------
    float
        -1 to 1; higher is better. NaN, with a warning, if both sources are constant
        (``"ssim"`` gives every window the same weight then).

    Raises
    ------
    ValueError
        If the images are smaller than a window.

    See Also
    --------
    qs : All windows alike.
    qe : Times the quality of the edges.

    Notes
    -----
    ``sum(c q) / sum(c)`` over the windows, with q of :func:`qs` and the larger source
    variance c.

    The weight of a window is the larger of the two source variances, over its sum.

    References
    ----------
    .. [1] G. Piella, H. Heijmans, "A new quality metric for image fusion", IEEE
       International Conference on Image Processing, III-173-176, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qw
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> round(qw(image, image, image), 12)
    1.0
    """
    _require(ctx, variant, "qw")
    return _weighted(ctx, variant)


@metric(
    title="Piella-Heijmans edge-dependent fusion quality",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=("ssim", "ssim_edges", "uiqi", "uiqi_blocks"),
    citation="Piella, Heijmans, ICIP 2003",
)
def qe(ctx: Context, *, variant: str = "ssim", alpha: float | None = None) -> float:
    """Quality of the images times the quality of their edge images (higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, at least as large as the window; see
        :func:`skfusion.images.as_levels`.
    variant : {"ssim", "ssim_edges", "uiqi", "uiqi_blocks"}, default="ssim"
        Index of one window, as for :func:`qs`. ``"ssim_edges"``: the edge term in both
        places, as one toolbox has it. ``"uiqi_blocks"``: the edge term alone, on Sobel
        magnitudes stretched to [0, 1], to the power 0.7.
    alpha : float or None, default=None
        Exponent of the edge term; None is 1, and 0.7 for ``"uiqi_blocks"``.

    Returns
    -------
    float
        -1 to 1; NaN, with a warning, where :func:`qw` of the images or of their edges
        is undefined, or a negative edge term would take a broken exponent.

    Raises
    ------
    ValueError
        If the images are smaller than a window.

    See Also
    --------
    qw : Quality of the images alone.

    Notes
    -----
    ``QW(images) * QW(edges) ** alpha``; edges are Prewitt magnitudes with zeros beyond
    the border.

    References
    ----------
    .. [1] G. Piella, H. Heijmans, "A new quality metric for image fusion", IEEE
       International Conference on Image Processing, III-173-176, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qe
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> round(qe(image, image, image), 12)
    1.0
    """
    kind = "ssim" if variant == "ssim_edges" else variant
    _require(ctx, kind, "qe")
    if alpha is None:
        alpha = 0.7 if variant == "uiqi_blocks" else 1.0
    edges = _weighted(_edges(ctx, kind), kind)
    first = {"ssim_edges": edges, "uiqi_blocks": 1.0}.get(variant)
    if first is None:
        first = _weighted(ctx, kind)
    if edges < 0 and alpha != int(alpha):
        return np.nan
    return first * edges**alpha
