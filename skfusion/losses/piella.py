"""Weighted fusion quality and edge quality of Piella and Heijmans."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
import torch.nn.functional as F

from ._filters import padded, strength
from ._shared import choice, gaussian, gray, require, safe_sqrt, separable, ssim_map
from .registry import differentiable
from .structural import scaled_statistics, similarity_terms, window_statistics

__all__ = ["qe", "qe_loss", "qw", "qw_loss"]

_WINDOW = 8  # blocks of the universal image quality index
_EPS = 1e-8  # guard of the block form
_FLAT = 1e-10 * 255.0**2


def _blocks(x):
    """(N, 1, H, W) to (N, blocks, 64); rows and columns beyond the last block drop."""
    return F.unfold(x, _WINDOW, stride=_WINDOW).transpose(1, 2)


def _block_quality(a, b, f, share):
    """Similarity and variances of the 8 x 8 blocks: (N, blocks) each."""

    def statistics(x):
        x = _blocks(x)
        mean = x.mean(dim=2)
        centred = x - mean[..., None]
        return mean, centred, (centred**2).sum(dim=2) / (_WINDOW**2 - 1)

    mf, df, vf = statistics(f)

    def q0(m, d, v):
        cov = (d * df).sum(dim=2) / (_WINDOW**2 - 1)
        product = (v + _EPS).sqrt() * (vf + _EPS).sqrt()
        light = 2 * m * mf / (m**2 + mf**2 + _EPS)
        return cov / (product + _EPS) * light * (2 * product / (v + vf + _EPS))

    sa, sb = statistics(a), statistics(b)
    va, vb = sa[2], sb[2]
    if share == "deviation":
        part = safe_sqrt(vb) / (safe_sqrt(va) + safe_sqrt(vb) + _EPS)
    else:
        part = vb / (va + vb + _EPS)
    return part * q0(*sb) + (1 - part) * q0(*sa), va, vb


def _window_quality(a, b, f, share):
    """The same in sliding 11 x 11 Gaussian windows with SSIM, images in 0..255."""
    taps = gaussian(11, 1.5, f)
    qa, va = ssim_map(a, f, taps, 255.0)
    qb, vb = ssim_map(b, f, taps, 255.0)
    va, vb = (v.clamp(min=0) for v in (va, vb))  # rounding in single precision
    flat = (va < _FLAT) & (vb < _FLAT)
    va, vb = (torch.where(flat, 0.5, v) for v in (va, vb))
    pa, pb = va, vb
    if share == "deviation":
        pa, pb = (safe_sqrt(v) for v in (va, vb))
    q = qb + pa / (pa + pb) * (qa - qb)
    return q.flatten(1), va.flatten(1), vb.flatten(1)


def _weighted(a, b, f, variant, weighting, scope, share):
    """Qw of each image, shape (N,), or with scope "batch" of all of them, shape ()."""
    quality = _block_quality if variant == "uiqi_blocks" else _window_quality
    q, va, vb = quality(a, b, f, share)
    if weighting == "uniform":
        saliency = torch.ones_like(q)
    else:
        saliency = torch.maximum(va, vb) + 1e-12  # all alike where nothing varies
    dims = (1,) if scope == "image" else (0, 1)
    return (saliency * q).sum(dim=dims) / saliency.sum(dim=dims)


def _edges(x, variant):
    if variant == "uiqi_blocks":
        # Normalised Sobel magnitude of the image in [-1, 1], stretched to [0, 1].
        x = F.pad(2 * x - 1, [1] * 4, mode="replicate")
        smooth, eps = x.new_tensor([1.0, 2.0, 1.0]) / 8, 1e-6
    else:
        x = F.pad(x, [1] * 4)  # Prewitt, zeros beyond the border
        smooth, eps = x.new_ones(3), 0.0
    step = x.new_tensor([-1.0, 0.0, 1.0])
    gx, gy = separable(x, smooth, step), separable(x, step, smooth)
    g = safe_sqrt(gx * gx + gy * gy + eps)
    if variant != "uiqi_blocks":
        return g
    low, high = g.amin(dim=(2, 3), keepdim=True), g.amax(dim=(2, 3), keepdim=True)
    return (g - low) / (high - low + eps)


def _prepared(images, variant, weighting, scope, share, name):
    choice(variant, ("uiqi_blocks", "ssim"), "variant")
    choice(weighting, ("saliency", "uniform"), "weighting")
    choice(scope, ("image", "batch"), "scope")
    choice(share, ("variance", "deviation"), "share")
    images = gray(*images)
    require(images[2], _WINDOW if variant == "uiqi_blocks" else 11, name)
    if variant == "ssim":  # its constants are made for 0..255
        images = [255 * x for x in images]
    return images


def qw_loss(
    infrared,
    visible,
    fused,
    *,
    variant: str = "uiqi_blocks",
    weighting: str = "saliency",
    scope: str = "image",
    share: str = "variance",
):
    """One less the weighted fusion quality of Piella and Heijmans.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma.
    variant : {"uiqi_blocks", "ssim"}, default="uiqi_blocks"
        Index of a window: the universal quality index in 8 x 8 blocks side by side, or
        SSIM in sliding 11 x 11 Gaussian windows; see :func:`skfusion.metrics.qw`.
    weighting : {"saliency", "uniform"}, default="saliency"
        Weight of a window: the larger source variance, or the same for all.
    scope : {"image", "batch"}, default="image"
        Normalise the saliency within each image, or over the whole batch.
    share : {"variance", "deviation"}, default="variance"
        What sets a source's share of a window.

    Returns
    -------
    Tensor
        Scalar, averaged over the batch; 0 at best.

    Raises
    ------
    ValueError
        For an unknown option, other shapes or images smaller than a window.

    References
    ----------
    .. [1] G. Piella, H. Heijmans, "A new quality metric for image fusion", IEEE
       International Conference on Image Processing, III-173-176, 2003.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import qw_loss
    >>> image = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> abs(float(qw_loss(image, image, image))) < 1e-5
    True
    """
    images = infrared, visible, fused
    images = _prepared(images, variant, weighting, scope, share, "qw_loss")
    return 1 - _weighted(*images, variant, weighting, scope, share).mean()


def qe_loss(
    infrared,
    visible,
    fused,
    *,
    variant: str = "uiqi_blocks",
    alpha: float = 1.0,
    weighting: str = "saliency",
    scope: str = "image",
    share: str = "variance",
):
    """One less the edge-dependent fusion quality of Piella and Heijmans.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma.
    variant : {"uiqi_blocks", "ssim"}, default="uiqi_blocks"
        ``"uiqi_blocks"``: the quality of the edge images to the power `alpha`;
        ``"ssim"``: that times the quality of the images; see
        :func:`skfusion.metrics.qe`.
    alpha : float, default=1.0
        Exponent of the edge term where it is positive.
    weighting, scope, share : str
        As for :func:`qw_loss`.

    Returns
    -------
    Tensor
        Scalar, averaged over the batch; 0 at best.

    Raises
    ------
    ValueError
        For an unknown option, other shapes or images smaller than a window.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import qe_loss
    >>> image = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> abs(float(qe_loss(image, image, image))) < 1e-3
    True
    """
    images = infrared, visible, fused
    images = _prepared(images, variant, weighting, scope, share, "qe_loss")
    options = variant, weighting, scope, share
    edges = _weighted(*(_edges(x, variant) for x in images), *options)
    # Below 0 a power is not defined; the term itself still has a gradient.
    positive = edges > 0
    power = torch.where(positive, edges, 1.0) ** alpha
    quality = torch.where(positive, power, edges)
    if variant == "ssim":
        quality = quality * _weighted(*images, *options)
    return 1 - quality.mean()


# On batches of sources ----------------------------------------------------------------


def _prewitt(x):
    """Prewitt strength, with zeros beyond the border."""
    x = padded(x, (1, 1, 1, 1), "zero")
    across, down = x[:, :, 2:] - x[:, :, :-2], x[:, 2:] - x[:, :-2]
    gx = across[:, :-2] + across[:, 1:-1] + across[:, 2:]
    gy = down[:, :, :-2] + down[:, :, 1:-1] + down[:, :, 2:]
    return strength(gx, gy)


def _edge_statistics(m):
    def source(which):
        key = "edge statistics", which
        return m.s.get(key, lambda: window_statistics(_prewitt(m.s.image(which))))

    fused = m.get("edge statistics", lambda: window_statistics(_prewitt(m.f)))
    return source("a"), source("b"), fused


def _shares(a, b):
    """The infrared image's share of each window, and the window's of the image."""
    va, vb = (x[2].clamp(min=0) for x in (a, b))
    flat = (va < _FLAT) & (vb < _FLAT)
    va, vb = (torch.where(flat, 0.5, v) for v in (va, vb))
    saliency = torch.maximum(va, vb)
    return va / (va + vb), saliency / saliency.sum(dim=(1, 2), keepdim=True)


def _quality(m, name, statistics):
    """Qw of each image or of its edges, shape (N,)."""

    def compute():
        a, b, fused = statistics()
        share, weight = m.s.get(("piella", name), lambda: _shares(a, b))
        qa, qb = (
            light * rest for light, rest in (similarity_terms(x, fused) for x in (a, b))
        )
        return (weight * (qb + share * (qa - qb))).sum(dim=(1, 2))

    return m.get(("piella", name), compute)


@differentiable("qw", variants=("ssim",), min_size=11)
def qw(m, *, variant="ssim"):
    """Quality with more weight for windows where a source varies."""
    return _quality(m, "levels", lambda: scaled_statistics(m, 0))


@differentiable("qe", variants=("ssim",), min_size=11)
def qe(m, *, variant="ssim"):
    """That quality times the same of the edge images."""
    return qw(m) * _quality(m, "edges", lambda: _edge_statistics(m))
