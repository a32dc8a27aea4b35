"""Structural similarity with both sources (SSIM, MS-SSIM), and DSSIM of two images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch.nn.functional as F

from ._filters import filtered, gaussian_taps, halved
from ._shared import choice, gaussian, gray, require, ssim_map
from .registry import differentiable
from .sources import Measured, Sources

__all__ = ["dssim", "ms_ssim", "ssim", "ssim_loss"]
__all__ += ["scaled_statistics", "similarity_terms", "window_statistics"]

_TAPS = gaussian_taps(11, 1.5)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ssim_loss(infrared, visible, fused):
    """One less the mean structural similarity with the two sources.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1], 11 x 11 pixels or more; colour is reduced to luma. Gradients
        reach the fused images only.

    Returns
    -------
    Tensor
        Scalar, ``1 - ssim`` averaged over the batch; see :func:`skfusion.metrics.ssim`.

    Raises
    ------
    ValueError
        For other shapes or images that are too small.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import ssim_loss
    >>> image = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> round(float(ssim_loss(image, image, image)), 5)
    0.0
    """
    infrared, visible, fused = gray(infrared, visible, fused)
    require(fused, 11, "ssim_loss")
    return 1 - ssim(Measured(fused, Sources(infrared, visible))).mean()


def dssim(x, y, *, window: int = 11, per_image: bool = False):
    """Half of one less the structural similarity of two images, between 0 and 1/2.

    Parameters
    ----------
    x, y : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma.
    window : int, default=11
        Odd side of the Gaussian window (standard deviation 1.5); AUIF was trained with
        3, DIDFuse with 11.
    per_image : bool, default=False
        Return one value for each pair of images.

    Returns
    -------
    Tensor
        Mean over the whole image (borders mirrored): a scalar, over the batch too, or
        of shape (N,).

    Raises
    ------
    ValueError
        For an even window, other shapes or images smaller than half a window.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import dssim
    >>> image = torch.zeros(1, 1, 16, 16)
    >>> round(float(dssim(image, image + 1)), 3)
    0.5
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window={window}: expected an odd number of pixels, e.g. 11.")
    x, y = gray(x, y)
    pad = window // 2
    require(x, pad + 1, "dssim")
    x, y = (F.pad(image, [pad] * 4, mode="reflect") for image in (x, y))
    similarity, _ = ssim_map(x, y, gaussian(window, 1.5, x))
    unlike = 0.5 * (1 - similarity).clamp(0, 1)
    return unlike.mean((1, 2, 3)) if per_image else unlike.mean()


# On batches of sources ----------------------------------------------------------------


def window_statistics(x):
    """Image, window means and variances; centred, for rounding."""
    x = x - 127.5
    mean = filtered(x, _TAPS)
    return x, mean, filtered(x * x, _TAPS) - mean * mean


def similarity_terms(source, fused):
    """Luminance and contrast-structure of SSIM in each window."""
    x, mx, vx = source
    f, mf, vf = fused
    cov = filtered(x * f, _TAPS) - mx * mf
    mx, mf = mx + 127.5, mf + 127.5
    light = (2 * mx * mf + _C1) / (mx * mx + mf * mf + _C1)
    return light, (2 * cov + _C2) / (vx + vf + _C2)


def _halved(x, times):
    for _ in range(times):
        x = halved(x)
    return x


def scaled_statistics(m, scale):
    """Statistics of infrared, visible and fused images halved `scale` times."""

    def at_scale(x):
        return window_statistics(_halved(x, scale))

    def source(which):
        key = "statistics", which, scale
        return m.s.get(key, lambda: at_scale(m.s.image(which)))

    fused = m.get(("statistics", scale), lambda: at_scale(m.f))
    return source("a"), source("b"), fused


def _pair(m, scale):
    """Terms of both sources at a scale of halved images."""
    *sources, fused = scaled_statistics(m, scale)
    return [similarity_terms(source, fused) for source in sources]


def _reduced(pair, reduction):
    choice(reduction, ("mean", "sum"), "reduction")
    return sum(pair) / (2 if reduction == "mean" else 1)


@differentiable("ssim", variants=("wang", "vifb"), min_size=11)
def ssim(m, *, variant="wang", reduction=None):
    """Structural similarity with the two sources."""
    pair = [(light * rest).mean(dim=(1, 2)) for light, rest in _pair(m, 0)]
    return _reduced(pair, reduction or ("sum" if variant == "vifb" else "mean"))


@differentiable("ms_ssim", variants=("wang",), min_size=161)
def ms_ssim(m, *, variant="wang", reduction=None):
    """Five-scale structural similarity; a term below 1e-6 counts as that."""
    product = [1.0, 1.0]
    last = len(_SCALES) - 1
    for scale, weight in enumerate(_SCALES):
        for k, (light, rest) in enumerate(_pair(m, scale)):
            term = (light * rest if scale == last else rest).mean(dim=(1, 2))
            product[k] = product[k] * term.clamp(min=1e-6) ** weight
    return _reduced(product, reduction or "mean")
