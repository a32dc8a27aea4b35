"""Fusion metrics as differentiable PyTorch losses."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
import torch.nn.functional as F

__all__ = [
    "dssim",
    "fusion_quality_loss",
    "qabf_loss",
    "qe_loss",
    "qw_loss",
    "ssim_loss",
    "vif_loss",
]

_LUMA = (0.299, 0.587, 0.114)
_WINDOW = 8  # blocks of the universal image quality index
_EPS = 1e-8  # guard of the block form
_FLAT = 1e-10 * 255.0**2


# Shared pieces -----------------------------------------------------------------------


def _gray(*images):
    """Luma of (N, 1 or 3, H, W) tensors; the gradient passes through."""
    names = ("infrared", "visible", "fused") if len(images) == 3 else ("x", "y")
    gray = []
    for name, image in zip(names, images):
        if image.ndim != 4 or image.shape[1] not in (1, 3):
            raise ValueError(
                f"{name} has shape {tuple(image.shape)}: expected (N, 1, H, W), or "
                "(N, 3, H, W) for colour; add the missing axes with image[None, None]."
            )
        if image.shape[1] == 3:
            weights = image.new_tensor(_LUMA).view(1, 3, 1, 1)
            image = (image * weights).sum(dim=1, keepdim=True)
        gray.append(image)
    if len({x.shape for x in gray}) > 1:
        shapes = ", ".join(f"{n} {tuple(x.shape)}" for n, x in zip(names, gray))
        raise ValueError(f"the images differ in shape ({shapes}): resize them first.")
    return gray


def _require(image, size, name):
    if min(image.shape[-2:]) < size:
        raise ValueError(
            f"{name}: images of {image.shape[-2]} x {image.shape[-1]} pixels are too "
            f"small: {size} on both sides are needed; train on larger crops."
        )


def _choice(value, allowed, name):
    if value not in allowed:
        raise ValueError(
            f"{name}={value!r}: expected one of {', '.join(map(repr, allowed))}."
        )


def _gaussian(size, sigma, like):
    x = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    taps = torch.exp(-(x**2) / (2.0 * sigma**2))
    return taps / taps.sum()


def _separable(x, down, along):
    """Correlate (N, 1, H, W) with two 1-D filters, inside the image only."""
    # The batch as channels: a depthwise convolution is vectorised over them, which one
    # of a single channel is not (20 times slower on a CPU).
    n = len(x)
    x = x.transpose(0, 1).contiguous(memory_format=torch.channels_last)
    x = F.conv2d(x, down.view(1, 1, -1, 1).expand(n, -1, -1, -1), groups=n)
    x = F.conv2d(x, along.view(1, 1, 1, -1).expand(n, -1, -1, -1), groups=n)
    return x.transpose(0, 1)


def _safe_sqrt(x):
    """Square root whose gradient at 0 is 0."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, torch.ones_like(x)).sqrt(), 0)


def _moments(taps, x, f):
    mx, mf = _separable(x, taps, taps), _separable(f, taps, taps)
    vx = _separable(x * x, taps, taps) - mx * mx
    vf = _separable(f * f, taps, taps) - mf * mf
    cov = _separable(x * f, taps, taps) - mx * mf
    return mx, mf, vx, vf, cov


def _ssim_map(x, f, taps, data_range=1.0):
    mx, mf, vx, vf, cov = _moments(taps, x, f)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    similarity = ((2 * mx * mf + c1) * (2 * cov + c2)) / (
        (mx * mx + mf * mf + c1) * (vx + vf + c2)
    )
    return similarity, vx


# Structural similarity ---------------------------------------------------------------


def ssim_loss(infrared, visible, fused):
    """One less the mean structural similarity with the two sources.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1], 11 x 11 pixels or more; colour is reduced to luma.

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
    infrared, visible, fused = _gray(infrared, visible, fused)
    _require(fused, 11, "ssim_loss")
    taps = _gaussian(11, 1.5, fused)
    similar = [_ssim_map(x, fused, taps)[0].mean() for x in (infrared, visible)]
    return 1 - sum(similar) / 2


def dssim(x, y, *, window: int = 11, reduction: str = "mean"):
    """Half of one less the structural similarity of two images, between 0 and 1/2.

    Parameters
    ----------
    x, y : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma.
    window : int, default=11
        Odd side of the Gaussian window (standard deviation 1.5); AUIF was trained with
        3, DIDFuse with 11.
    reduction : {"mean", "none"}, default="mean"
        ``"none"``: one value for each pair of images.

    Returns
    -------
    Tensor
        Mean over the whole image (borders mirrored): a scalar, over the batch too, or
        of shape (N,).

    Raises
    ------
    ValueError
        For an even window, an unknown reduction, other shapes or images smaller than
        half a window.

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
    _choice(reduction, ("mean", "none"), "reduction")
    x, y = _gray(x, y)
    pad = window // 2
    _require(x, pad + 1, "dssim")
    x, y = (F.pad(image, [pad] * 4, mode="reflect") for image in (x, y))
    similarity, _ = _ssim_map(x, y, _gaussian(window, 1.5, x))
    unlike = 0.5 * (1 - similarity).clamp(0, 1)
    return unlike.mean() if reduction == "mean" else unlike.mean((1, 2, 3))


# Piella and Heijmans -----------------------------------------------------------------


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
        part = _safe_sqrt(vb) / (_safe_sqrt(va) + _safe_sqrt(vb) + _EPS)
    else:
        part = vb / (va + vb + _EPS)
    return part * q0(*sb) + (1 - part) * q0(*sa), va, vb


def _window_quality(a, b, f, share):
    """The same in sliding 11 x 11 Gaussian windows with SSIM, images in 0..255."""
    taps = _gaussian(11, 1.5, f)
    qa, va = _ssim_map(a, f, taps, 255.0)
    qb, vb = _ssim_map(b, f, taps, 255.0)
    va, vb = (v.clamp(min=0) for v in (va, vb))  # rounding in single precision
    flat = (va < _FLAT) & (vb < _FLAT)
    va, vb = (torch.where(flat, 0.5, v) for v in (va, vb))
    pa, pb = va, vb
    if share == "deviation":
        pa, pb = (_safe_sqrt(v) for v in (va, vb))
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
    gx, gy = _separable(x, smooth, step), _separable(x, step, smooth)
    g = _safe_sqrt(gx * gx + gy * gy + eps)
    if variant != "uiqi_blocks":
        return g
    low, high = g.amin(dim=(2, 3), keepdim=True), g.amax(dim=(2, 3), keepdim=True)
    return (g - low) / (high - low + eps)


def _prepared(images, variant, weighting, scope, share, name):
    _choice(variant, ("uiqi_blocks", "ssim"), "variant")
    _choice(weighting, ("saliency", "uniform"), "weighting")
    _choice(scope, ("image", "batch"), "scope")
    _choice(share, ("variance", "deviation"), "share")
    images = _gray(*images)
    _require(images[2], _WINDOW if variant == "uiqi_blocks" else 11, name)
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


def fusion_quality_loss(
    infrared,
    visible,
    fused,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.0,
    target: str = "both",
    variant: str = "uiqi_blocks",
    compat: bool = False,
):
    """Weighted sum of quality, edge quality and squared error (Ataman and Akar).

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma.
    alpha, beta, gamma : float, default=1.0, 1.0, 0.0
        Weights of :func:`qw_loss`, of :func:`qe_loss` and of the mean squared error to
        the target.
    target : {"both", "infrared", "visible", "brighter"}, default="both"
        What the squared error compares with: the mean over the two sources, one of
        them, or the brighter of the two in each pixel.
    variant : {"uiqi_blocks", "ssim"}, default="uiqi_blocks"
        Form of the two qualities.
    compat : bool, default=False
        Compute what the authors' code computes: saliency normalised over the batch, the
        edge term to the power 0.7, and the error to the infrared image alone, on images
        in [-1, 1]. `target` and `variant` then do not count.

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    ValueError
        For other shapes or images smaller than 8 x 8 pixels.

    References
    ----------
    .. [1] O. Ataman, G. B. Akar, "Visible and infrared image fusion using
       encoder-decoder network", arXiv:2412.08073.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import fusion_quality_loss
    >>> image = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> abs(float(fusion_quality_loss(image, image, image, gamma=1.0))) < 1e-3
    True
    """
    infrared, visible, fused = _gray(infrared, visible, fused)
    images = infrared, visible, fused
    if compat:
        error = 4 * F.mse_loss(fused, infrared)
        options = {"scope": "batch"}
    else:
        _choice(target, ("both", "infrared", "visible", "brighter"), "target")
        if target == "both":
            errors = [F.mse_loss(fused, infrared), F.mse_loss(fused, visible)]
            error = sum(errors) / 2
        else:
            brighter = torch.maximum(infrared, visible)
            targets = {"infrared": infrared, "visible": visible, "brighter": brighter}
            error = F.mse_loss(fused, targets[target])
        options = {"variant": variant}
    quality = qw_loss(*images, **options)
    edges = qe_loss(*images, alpha=0.7 if compat else 1.0, **options)
    return alpha * quality + beta * edges + gamma * error


# Edge transfer -----------------------------------------------------------------------


def _strength_and_angle(x):
    smooth, step = x.new_tensor([1.0, 2.0, 1.0]), x.new_tensor([-1.0, 0.0, 1.0])
    x = F.pad(255 * x, [1] * 4)
    gx, gy = _separable(x, smooth, step), _separable(x, step, smooth)
    upright = gx == 0
    slope = gy / torch.where(upright, 1.0, gx)
    return _safe_sqrt(gx * gx + gy * gy), torch.where(
        upright, math.pi / 2, torch.atan(slope)
    )


def qabf_loss(infrared, visible, fused):
    """One less the edge transfer Q^AB/F of Xydeas and Petrovic.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma.

    Returns
    -------
    Tensor
        Scalar, averaged over the batch; equal to ``1 - qabf(..., tie="one")`` of
        :func:`skfusion.metrics.qabf`. Sources without edges give 1.

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import qabf_loss
    >>> image = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> round(float(qabf_loss(image, image, image)), 3)
    0.025
    """
    infrared, visible, fused = _gray(infrared, visible, fused)
    gf, angle_f = _strength_and_angle(fused)
    top = bottom = 0.0
    for source in (infrared, visible):
        g, angle = _strength_and_angle(source)
        larger = torch.maximum(g, gf)
        none = larger == 0
        strength = torch.where(
            none, 1.0, torch.minimum(g, gf) / torch.where(none, 1.0, larger)
        )
        turn = 1 - (angle - angle_f).abs() / (math.pi / 2)
        kept = 0.9994 * torch.sigmoid(15 * (strength - 0.5))
        kept = kept * 0.9879 * torch.sigmoid(22 * (turn - 0.8))
        top = top + (kept * g).sum(dim=(1, 2, 3))
        bottom = bottom + g.sum(dim=(1, 2, 3))
    return 1 - (top / (bottom + 1e-12)).mean()


# Visual information fidelity ---------------------------------------------------------


def _fidelity(x, f):
    """VIF of f with x as the reference, per image of the batch, shape (N,)."""
    tiny, noise = 1e-10, 2.0
    carried = held = 0.0
    for scale in range(4):
        size = 2 ** (4 - scale) + 1
        taps = _gaussian(size, size / 5, x)
        if scale:
            x, f = (_separable(y, taps, taps)[..., ::2, ::2] for y in (x, f))
        _, _, vx, vf, cov = _moments(taps, x, f)
        vx, vf = vx.clamp(min=0), vf.clamp(min=0)
        flat = (vx < tiny) | (vf < tiny)
        g = cov / (torch.where(flat, 1.0, vx) + tiny)
        residual = (vf - g * cov).clamp(min=tiny)
        signal = torch.where(flat | (g < 0), 0.0, g * g * vx / (residual + noise))
        carried = carried + torch.log1p(signal).sum(dim=(1, 2, 3))
        vx = torch.where(vx < tiny, 0.0, vx)
        held = held + torch.log1p(vx / noise).sum(dim=(1, 2, 3))
    return (carried + 1e-9) / (held + 1e-9)


def vif_loss(infrared, visible, fused):
    """One less the mean visual information fidelity to the two sources.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1], 41 x 41 pixels or more; colour is reduced to luma.

    Returns
    -------
    Tensor
        Scalar, averaged over the batch; see :func:`skfusion.metrics.vif` (pixel form,
        mean). Contrast beyond the sources' makes it negative; a constant source counts
        as preserved.

    Raises
    ------
    ValueError
        For other shapes or images that are too small.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import vif_loss
    >>> image = torch.rand(1, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    >>> abs(float(vif_loss(image, image, image))) < 1e-4
    True
    """
    infrared, visible, fused = _gray(infrared, visible, fused)
    _require(fused, 41, "vif_loss")
    pair = [_fidelity(255 * x, 255 * fused).mean() for x in (infrared, visible)]
    return 1 - sum(pair) / 2
