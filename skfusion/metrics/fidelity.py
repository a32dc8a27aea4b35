"""Visual information fidelity: VIF in the pixel domain and in wavelets, and VIFF."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from skfusion._kernels.metrics.fidelity import filter_and_halve, vif_sums
from skfusion._kernels.taps import gaussian_taps

from ._checks import ratio, require_size
from ._metric import metric
from ._vif_wavelet import gain, steerable_bands, wavelet_vif
from .context import Context

__all__ = ["vif", "viff"]

_N_SCALES = 4
# Weights of the four scales in VIFF (Han et al. 2013).
_VIFF_WEIGHTS = np.array([1.0, 0.0, 0.15, 1.0]) / 2.15


def _taps(scale):
    size = 2 ** (_N_SCALES - scale) + 1  # 17, 9, 5, 3
    return gaussian_taps(size, size / 5)


def _pyramid(ctx):
    """The three images at the four scales."""

    def compute():
        levels = [(ctx.a, ctx.b, ctx.f)]
        for scale in range(1, _N_SCALES):
            w = _taps(scale)
            levels.append(tuple(filter_and_halve(x, w) for x in levels[-1]))
        return levels

    return ctx.get("vif pyramid", compute)


def _scale_sums(ctx, noise):
    """Return (4, 6) sums (see `vif_sums`) and the number of windows of each scale."""
    sums, n_windows = [], []
    for scale, images in enumerate(_pyramid(ctx)):
        w = _taps(scale)
        sums.append(vif_sums(*images, w, noise))
        h, m = images[0].shape
        n_windows.append((h - w.size + 1) * (m - w.size + 1))
    return np.array(sums), np.array(n_windows)


def _pixel_pair(ctx):
    def compute():
        sums = _scale_sums(ctx, 2.0)[0].sum(axis=0)
        return tuple(
            np.nan if ctx.is_constant(x) else ratio(*sums[k : k + 2])
            for x, k in (("a", 0), ("b", 2))
        )

    return ctx.get("vif", compute)


def _uint8_pair(ctx):
    """As `_pixel_pair`, with products at the first scale that saturate at 255.

    MATLAB's filter2 makes doubles of what it is given, so that all others are right.
    """
    levels = Context.of_levels(*(ctx.grey(which) for which in "abf"))
    sums = _scale_sums(levels, 2.0)[0][1:].sum(axis=0)
    f = levels.f
    pair = []
    for which, k in (("a", 0), ("b", 2)):
        x = levels.image(which)
        mx, mf = _valid(x), _valid(f)
        vx = np.maximum(_valid(np.minimum(x * x, 255)) - mx * mx, 0.0)
        vf = np.maximum(_valid(np.minimum(f * f, 255)) - mf * mf, 0.0)
        cov = _valid(np.minimum(x * f, 255)) - mx * mf
        carried, held = _information(vx, vf, cov)
        constant = levels.is_constant(which)
        pair.append(
            np.nan if constant else ratio(carried + sums[k], held + sums[k + 1])
        )
    return tuple(pair)


def _valid(x):
    """Gaussian mean in the windows of the first scale inside the image."""
    w = _taps(0)
    border = w.size // 2
    full = cv2.sepFilter2D(x, cv2.CV_64F, w, w, borderType=cv2.BORDER_CONSTANT)
    return full[border:-border, border:-border]


def _information(vx, vf, cov):
    """Sums over windows of what is carried and of what there is, in log10."""
    g, sv, vx = gain(vx, vf, cov, 1e-10)
    carried = np.log10(1.0 + g * g * vx / (sv + 2.0)).sum()
    return carried, np.log10(1.0 + vx / 2.0).sum()


def _zoo_filter(x, size):
    # The taps run from -(size + 1) / 2 to (size - 1) / 2 in `size` steps, so that the
    # window sits off the pixel; zeros beyond the border.
    t = np.linspace(-(size // 2 + 1), size // 2, size)
    w = np.exp(-(t**2) / (2.0 * (size / 5) ** 2))
    w /= w.sum()
    return cv2.sepFilter2D(x, cv2.CV_64F, w, w, borderType=cv2.BORDER_CONSTANT)


def _zoo_one(x, f):
    carried = held = 0.0
    for scale in range(_N_SCALES):
        size = 2 ** (_N_SCALES - scale) + 1
        if scale:
            x = np.ascontiguousarray(_zoo_filter(x, size)[::2, ::2])
            f = np.ascontiguousarray(_zoo_filter(f, size)[::2, ::2])
        mx, mf = _zoo_filter(x, size), _zoo_filter(f, size)
        vx = np.maximum(_zoo_filter(x * x, size) - mx * mx, 0.0)
        vf = np.maximum(_zoo_filter(f * f, size) - mf * mf, 0.0)
        cov = _zoo_filter(x * f, size) - mx * mf
        more = _information(vx, vf, cov)
        carried, held = carried + more[0], held + more[1]
    return ratio(carried, held)


def _wavelet_pair(ctx, data_range):
    if ctx.is_constant("a") or ctx.is_constant("b"):
        return np.nan, np.nan

    def compute():
        scale = data_range / 255.0
        a, b, f = (steerable_bands(ctx.image(x) * scale) for x in "abf")
        return wavelet_vif(a, f), wavelet_vif(b, f)

    return ctx.get(("vif wavelet", data_range), compute)


@metric(
    title="Visual information fidelity",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("pixel", "uint8", "wavelet", "wavelet_unit", "zoo"),
    citation="Sheikh, Bovik, IEEE TIP 15(2), 2006",
)
def vif(ctx: Context, *, variant: str = "pixel", reduction: str | None = None) -> float:
    """Share of the sources' information that the fused image carries.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, 41 x 41 pixels or more (72 in wavelets); see
        :func:`skfusion.images.as_levels`.
    variant : {"pixel", "uint8", "wavelet", "wavelet_unit", "zoo"}, default="pixel"
        ``"pixel"``: four scales of the images themselves. ``"uint8"``: the same where
        MATLAB is handed uint8, as in Tang's code until March 2023: products of levels
        end at 255, so that the first scale counts in near-black windows only; tables of
        it print ``reduction="sum"``. ``"wavelet"``: the original
        form in a steerable pyramid, needs the package pyrtools. ``"wavelet_unit"``:
        the same on images in [0, 1], where its noise hides nearly everything, a slip.
        ``"zoo"``: pixel form with zeros beyond the border and windows half a pixel off.
    reduction : {"mean", "sum"} or None, default=None
        How the two sources are put together; most tables print the sum. None is the
        mean, and the sum for ``"zoo"``.

    Returns
    -------
    float
        0 and up, 1 for an image that equals both sources; higher is better. NaN, with a
        warning, if a source is constant.

    Raises
    ------
    ValueError
        If the images are too small.
    ImportError
        For the wavelet variants, if pyrtools is missing.

    See Also
    --------
    viff : Of the source with the weaker gain in each window.

    Notes
    -----
    With ``f = g x + noise`` of variance s in each window of a source x of variance v:
    ``sum(log(1 + g^2 v / (s + n))) / sum(log(1 + v / n))`` over the windows of all
    scales, n = 2 on grey levels of 255.

    References
    ----------
    .. [1] H. R. Sheikh, A. C. Bovik, "Image information and visual quality", IEEE
       Transactions on Image Processing 15(2), 430-444, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import vif
    >>> image = np.random.default_rng(0).random((48, 48))
    >>> round(vif(image, image, image), 6)
    1.0
    """
    if variant == "zoo":
        pair = tuple(_zoo_one(x, ctx.f) for x in (ctx.a, ctx.b))
    elif variant in ("pixel", "uint8"):
        require_size(ctx, 41, "vif", "a 3 x 3 window at the fourth scale")
        pair = _pixel_pair(ctx) if variant == "pixel" else _uint8_pair(ctx)
    else:
        require_size(ctx, 72, "vif", "a 9 x 9 filter at the fourth scale")
        pair = _wavelet_pair(ctx, 255.0 if variant == "wavelet" else 1.0)
    if reduction is None:
        reduction = "sum" if variant == "zoo" else "mean"
    if reduction not in ("mean", "sum"):
        raise ValueError(f'vif: reduction={reduction!r}: expected "mean" or "sum".')
    return sum(pair) / (2 if reduction == "mean" else 1)


@metric(
    title="Visual information fidelity for fusion",
    higher_is_better=True,
    range=(0.0, np.inf),
    variants=("han",),
    citation="Han, Cai, Cao, Xu, Information Fusion 14(2), 2013",
)
def viff(ctx: Context, *, variant: str = "han") -> float:
    """Visual information fidelity of the source with the weaker gain in each window.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, 41 x 41 pixels or more; see
        :func:`skfusion.images.as_levels`.
    variant : {"han"}, default="han"
        There is one form.

    Returns
    -------
    float
        0 and up, 1 for an image that equals both sources; higher is better. Constant
        sources give 1, a constant fused image gives about 0.

    Raises
    ------
    ValueError
        If a side is under 41 pixels.

    See Also
    --------
    vif : Of each source, then their mean.

    Notes
    -----
    ``sum_s p_s sum(log(1 + g^2 v / (s + n))) / sum(log(1 + v / n))`` over the scales s
    and the windows of a scale, in the terms of :func:`vif`, with n = 0.005 * 255^2.

    The four scales count 1 : 0 : 0.15 : 1, in the published code as here. A tie of the
    two gains takes the visible image.

    References
    ----------
    .. [1] Y. Han, Y. Cai, Y. Cao, X. Xu, "A new image fusion performance metric based
       on visual information fidelity", Information Fusion 14(2), 127-135, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import viff
    >>> image = np.random.default_rng(0).random((48, 48))
    >>> round(viff(image, image, image), 6)
    1.0
    """
    require_size(ctx, 41, "viff", "a 3 x 3 window at the fourth scale")

    def compute():
        sums, n_windows = _scale_sums(ctx, 0.005 * 255.0**2)
        guard = 1e-7 * n_windows
        return float(_VIFF_WEIGHTS @ ((sums[:, 4] + guard) / (sums[:, 5] + guard)))

    return ctx.get("viff", compute)
