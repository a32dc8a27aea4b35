"""Metrics that model human contrast sensitivity: Chen-Blum and Chen-Varshney."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools

import torch
import torch.nn.functional as F

from ._filters import filtered, gaussian_taps, padded, sobel
from .registry import differentiable

__all__ = ["qcb", "qcv"]

_CENTRE = gaussian_taps(31, 2.0, normalised=False)
_SURROUND = gaussian_taps(31, 4.0, normalised=False)
_BLOCK = 16  # of Chen and Varshney
# Least surround that a contrast is divided by: 1/100 of a grey level.
_LEAST = 1e-2


def _stretched(x):
    """Stretch to 0..255 and round; the gradient passes as if nothing were rounded.

    The darkest and the brightest pixel count as fixed. A constant image becomes 0.
    """
    low = x.detach().amin(dim=(1, 2), keepdim=True)
    span = x.detach().amax(dim=(1, 2), keepdim=True) - low
    levels = (x - low) / torch.where(span > 0, span, torch.ones_like(span)) * 255
    return levels + ((levels.detach() + 0.5).floor() - levels.detach())


@functools.lru_cache(maxsize=32)
def _sensitivity(h, w, model, dtype, device):
    """Contrast sensitivity over the half spectrum of an image of h x w pixels."""
    with torch.inference_mode(False):
        rows = torch.fft.fftfreq(h, 1 / h, dtype=torch.float64).abs()
        columns = torch.fft.rfftfreq(w, 1 / w, dtype=torch.float64)
        cycles = torch.hypot(*torch.meshgrid(rows, columns, indexing="ij"))
        if model == "mannos_sakrison":
            r = 0.144 * (cycles / 4)
            theta = 2.6 * (0.0192 + r) * torch.exp(-(r**1.1))
        else:  # difference of Gaussians
            r = cycles / 15
            theta = torch.exp(-((r / 15.387) ** 2))
            theta -= 0.7622 * torch.exp(-((r / 1.3456) ** 2))
        return theta.to(device=device, dtype=dtype)


def _seen(levels, model):
    """An image through a contrast sensitivity function."""
    h, w = levels.shape[-2:]
    theta = _sensitivity(h, w, model, levels.dtype, levels.device)
    return torch.fft.irfft2(torch.fft.rfft2(levels) * theta, s=(h, w))


def _contrast(levels):
    """Masked contrast |centre / surround - 1| of Chen and Blum."""
    seen = _seen(levels, "dog")
    centre, surround = (filtered(seen, w, "zero") for w in (_CENTRE, _SURROUND))
    least = torch.where(surround < 0, -_LEAST, _LEAST)
    surround = torch.where(surround.abs() < _LEAST, least, surround)
    c = (centre / surround - 1).abs()
    return c.square() * c / (c.square() + 1e-4)


def _levels(m):
    return m.get("stretched", lambda: _stretched(m.f))


@differentiable("qcb", variants=("chen_blum",))
def qcb(m, *, variant="chen_blum"):
    """Contrast preservation."""
    f = _contrast(_levels(m))
    top = bottom = 0.0
    for which in "ab":
        c = m.s.get(
            ("contrast", which), lambda x=which: _contrast(_stretched(m.s.image(x)))
        )
        top = top + c * c * torch.minimum(c, f) / torch.maximum(c, f).clamp(min=1e-9)
        bottom = bottom + c * c
    return (top / (bottom + 1e-20)).mean(dim=(1, 2))


def _blocks(x):
    """Sums over blocks of 16 x 16; those at the border are completed by zeros."""
    h, w = x.shape[-2:]
    x = padded(x, (0, -w % _BLOCK, 0, -h % _BLOCK), "zero")
    return F.avg_pool2d(x[:, None], _BLOCK)[:, 0] * _BLOCK**2


def _regions(source):
    """A source through the eye, and the saliency of its blocks."""
    levels = _stretched(source)
    gx, gy = sobel(levels, "zero")
    square = (gx * gx + gy * gy) / 1e4  # fifth powers stay in single precision
    saliency = _blocks(square.square() * square.sqrt())
    return _seen(levels, "mannos_sakrison"), saliency


@differentiable("qcv", higher_is_better=False, variants=("chen_varshney",))
def qcv(m, *, variant="chen_varshney"):
    """Visible error in the salient regions of the sources."""
    f = _seen(_levels(m), "mannos_sakrison")
    total = weight = 0.0
    for which in "ab":
        seen, saliency = m.s.get(
            ("regions", which), lambda x=which: _regions(m.s.image(x))
        )
        error = _blocks((seen - f).square()) / _BLOCK**2
        total = total + (saliency * error).sum(dim=(1, 2))
        weight = weight + saliency.sum(dim=(1, 2))
    return total / weight.clamp(min=1e-9)
