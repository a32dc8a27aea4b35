"""Metrics that model human contrast sensitivity: Chen-Blum and Chen-Varshney."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools

import cv2
import numpy as np

from skfusion._kernels.metrics.perceptual import (
    RADIUS,
    chen_blum_mean,
    saliency_and_error,
)

from ._metric import metric
from .context import Context

__all__ = ["qcb", "qcv"]

_BLOCK = 16  # of Chen and Varshney


def _radial_frequency(shape):
    """Cycles per image at each place of OpenCV's packed real spectrum.

    Column 0 (and the last one of an even width) holds the real and imaginary parts of
    one column of the spectrum below each other, every other column either the real or
    the imaginary parts: a real filter multiplies both.
    """
    h, w = shape
    packed = (np.arange(h) + 1) // 2
    rows = np.minimum(np.arange(h), h - np.arange(h))[:, None].repeat(w, axis=1)
    rows[:, 0] = packed
    if w % 2 == 0:
        rows[:, -1] = packed
    columns = (np.arange(w) + 1) // 2
    return np.hypot(rows, columns)


@functools.lru_cache(maxsize=6)
def _sensitivity(shape, model):
    """Contrast sensitivity filter for the packed spectrum of an image shape."""
    cycles = _radial_frequency(shape)
    if model == "mannos_sakrison":
        r = 0.144 * (cycles / 4)
        return 2.6 * (0.0192 + r) * np.exp(-(r**1.1))
    # Difference of Gaussians; the "half" model sees half the frequency.
    r = cycles / (15 if model == "dog" else 30)
    return np.exp(-((r / 15.387) ** 2)) - 0.7622 * np.exp(-((r / 1.3456) ** 2))


def _spectrum(ctx, which, kind):
    """Packed real spectrum of a stretched image, shared by the two metrics."""

    def compute():
        return cv2.dft(_stretched(ctx, which, kind))

    return ctx.get(("spectrum", which, kind), compute)


def _stretched(ctx, which, kind):
    if kind == "levels":
        return ctx.stretched(which)
    image = ctx.image(which)
    low, high = image.min(), image.max()
    if kind == "unit":
        return (image - low) / (high - low)
    # MATLAB: im2double, then the stretch; halves round differently.
    image = image / 255.0
    low, high = image.min(), image.max()
    if low == high:
        return ctx.stretched(which)
    return np.floor((image - low) / (high - low) * 255.0 + 0.5)


def _back(spectrum, out):
    """Inverse transform of a packed spectrum into `out`, whose rows may be apart."""
    flags = cv2.DFT_INVERSE | cv2.DFT_REAL_OUTPUT | cv2.DFT_SCALE
    cv2.dft(spectrum, dst=out, flags=flags)
    return out


def _gaussian(sigma):
    x = np.arange(-RADIUS, RADIUS + 1)
    return np.exp(-(x**2) / (2.0 * sigma**2)) / (np.sqrt(2.0 * np.pi) * sigma)


@metric(
    title="Chen-Varshney perceptual error",
    higher_is_better=False,
    range=(0.0, np.inf),
    variants=("chen_varshney",),
    citation="Chen, Varshney, Information Fusion 8(2), 2007",
)
def qcv(ctx: Context, *, variant: str = "chen_varshney") -> float:
    """Visible error in the salient regions of the sources (0 and up; lower is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"chen_varshney"}, default="chen_varshney"
        There is one form.

    Returns
    -------
    float
        NaN, with a warning, if an image is constant (a black fused image is defined) or
        both sources are without edges.

    See Also
    --------
    qcb : Contrasts in place of errors.

    Notes
    -----
    ``sum(w_A D_A + w_B D_B) / sum(w_A + w_B)`` over the blocks, with the weights w and
    the mean squares D of what follows.

    In blocks of 16 x 16 pixels, the mean square of the difference to each source, seen
    through the contrast sensitivity function of Mannos and Sakrison, is weighted by the
    sum of the fifth powers of that source's Sobel magnitudes. Images are stretched to
    0..255 first. Blocks that reach beyond the image are completed by zeros.

    References
    ----------
    .. [1] H. Chen, P. K. Varshney, "A human perception inspired quality metric for
       image fusion based on regional information", Information Fusion 8(2), 193-207,
       2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qcv
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> qcv(image, image, image)
    0.0
    """
    if any(np.isnan(ctx.stretched(x)[0, 0]) for x in "abf"):
        return np.nan

    def compute():
        theta = _sensitivity(ctx.f.shape, "mannos_sakrison")
        total = weight = 0.0
        error = np.empty_like(theta)
        fused = _spectrum(ctx, "f", "levels")
        for which in "ab":
            np.subtract(_spectrum(ctx, which, "levels"), fused, out=error)
            error *= theta
            _back(error, error)
            sums = saliency_and_error(ctx.stretched(which), error, _BLOCK)
            total += sums[0]
            weight += sums[1]
        return total / weight if weight > 0 else np.nan

    return ctx.get("qcv", compute)


@metric(
    title="Chen-Blum contrast preservation",
    higher_is_better=True,
    range=(0.0, 1.0),
    variants=("chen_blum", "im2double", "zoo"),
    citation="Chen, Blum, Image and Vision Computing 27(10), 2009",
)
def qcb(ctx: Context, *, variant: str = "chen_blum") -> float:
    """Preservation of the contrasts that the eye sees (0 to 1; higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"chen_blum", "im2double", "zoo"}, default="chen_blum"
        ``"im2double"``: stretched after division by 255, which rounds some halves the
        other way. ``"zoo"``: images stretched to [0, 1] without rounding, frequencies
        halved.

    Returns
    -------
    float
        NaN, with a warning, if an image is constant.

    See Also
    --------
    qcv : Errors in place of contrasts.

    Notes
    -----
    ``C = |G_2 * x / (G_4 * x) - 1|``, masked to ``C^3 / (C^2 + 0.0001)``; the mean of
    ``w_A Q_AF + w_B Q_BF`` with the ratio Q of the smaller to the larger and the
    weights ``w_A = C_A^2 / (C_A^2 + C_B^2)`` of the masked contrasts.

    Each image is stretched to 0..255, filtered by a contrast sensitivity function
    (difference of Gaussians), and its local contrast is the ratio of a Gaussian of
    standard deviation 2 to one of 4, less one. The ratio of the smaller to the larger
    masked contrast of source and fused image is averaged, each source weighted by its
    squared contrast. The transform takes the image as periodic and the Gaussians see
    zeros beyond the border, as in the published code.

    References
    ----------
    .. [1] Y. Chen, R. S. Blum, "A new automated quality assessment algorithm for image
       fusion", Image and Vision Computing 27(10), 1421-1432, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qcb
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> round(qcb(image, image, image), 12)
    1.0
    """
    if any(ctx.is_constant(x) for x in "abf"):
        return np.nan
    kind, model, eps = {
        "chen_blum": ("levels", "dog", 0.0),
        "im2double": ("im2double", "dog", 0.0),
        "zoo": ("unit", "half", 1e-10),
    }[variant]

    def compute():
        h, w = ctx.f.shape
        theta = _sensitivity((h, w), model)
        padded = np.zeros((3, h + 2 * RADIUS, w + 2 * RADIUS))
        inside = slice(RADIUS, RADIUS + h), slice(RADIUS, RADIUS + w)
        seen = np.empty((h, w))
        for image, which in zip(padded, "abf"):
            np.multiply(theta, _spectrum(ctx, which, kind), out=seen)
            _back(seen, image[inside])
        return chen_blum_mean(padded, _gaussian(2.0), _gaussian(4.0), eps)

    return ctx.get(("qcb", variant), compute)
