"""Gradients carried over from the sources: Qabf and Nabf."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch

from ._filters import sobel, strength
from ._shared import choice, gray, safe_sqrt
from .registry import differentiable
from .sources import Measured, Sources

__all__ = ["nabf", "qabf", "qabf_loss"]

_RIGHT = math.pi / 2


def qabf_loss(infrared, visible, fused):
    """One less the edge transfer Q^AB/F of Xydeas and Petrovic.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma. Gradients reach the fused images
        only.

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
    infrared, visible, fused = gray(infrared, visible, fused)
    return 1 - qabf(Measured(fused, Sources(infrared, visible)), tie="one").mean()


# On batches of sources ----------------------------------------------------------------


def _angle(gx, gy, upright, eps):
    """Angle atan(gy / gx), `upright` where gx is 0.

    The gradient is that of an angle that fades where the edge itself is weak: the
    squared length `eps` is added to that of the edge.
    """
    x, y = gx.detach(), gy.detach()
    level = x == 0
    value = torch.where(level, upright, torch.atan(y / torch.where(level, 1.0, x)))
    turn = (x * gy - y * gx) / (x * x + y * y + eps)  # 0, with the gradient of an angle
    return value + turn


def _ratio(g, gf, tie):
    larger = torch.maximum(g, gf)
    ratio = torch.minimum(g, gf) / torch.where(larger > 0, larger, 1.0)
    return torch.where(g == gf, tie, ratio)


def _hong(x):
    """Strength and angle of the edges in Hong's code."""
    gx, gy = sobel(x, "zero")
    upright = torch.full_like(gx, _RIGHT)
    return strength(gx, gy), _angle(gx, -gy, upright, 1e-2)


@differentiable("qabf", variants=("hong",))
def qabf(m, *, variant="hong", tie="gf"):
    """Edge transfer; 0 where the sources have no edge."""
    choice(tie, ("gf", "one"), "tie")
    gf, angle_f = m.get("hong edges", lambda: _hong(m.f))
    top = bottom = 0.0
    for which in "ab":
        g, angle = m.s.get(("hong edges", which), lambda x=which: _hong(m.s.image(x)))
        kept = torch.sigmoid(15 * (_ratio(g, gf, gf if tie == "gf" else 1.0) - 0.5))
        turn = 1 - (angle - angle_f).abs() / _RIGHT
        kept = kept * torch.sigmoid(22 * (turn - 0.8))
        top = top + (0.9994 * 0.9879 * kept * g).sum(dim=(1, 2))
        bottom = bottom + g.sum(dim=(1, 2))
    return top / bottom.clamp(min=1e-6)


def _kumar(x):
    """Strength, angle and weight of the edges in Shreyamsha Kumar's code."""
    across, down = (g / 8 for g in sobel(x, "reflect"))
    g = strength(across, down)
    upright = torch.sign(across.detach()) * _RIGHT
    weight = torch.where(g >= 2, g * safe_sqrt(g), 0.001)
    return g, _angle(down, across, upright, 2e-4), weight


def _invented(g, gf):
    """1 where the fused edge is the strongest; the gradient is that of a soft step."""
    excess = gf - g
    soft = torch.sigmoid(2 * excess)
    return (excess > 0).to(soft.dtype) + (soft - soft.detach())


@differentiable("nabf", higher_is_better=False, variants=("modified",), min_size=2)
def nabf(m, *, variant="modified"):
    """Edges that fusion invented; 0 for equal images."""
    gf, angle_f, _ = _kumar(m.f)
    missing = weight = strongest = 0.0
    for which in "ab":
        g, angle, w = m.s.get(
            ("kumar edges", which), lambda x=which: _kumar(m.s.image(x))
        )
        turn = ((angle - angle_f).abs() - _RIGHT).abs() / _RIGHT
        kept = 0.9999 * torch.sigmoid(19 * (_ratio(g, gf, 1.0) - 0.5))
        kept = kept * 0.9995 * torch.sigmoid(22 * (turn - 0.5))
        missing = missing + (1 - safe_sqrt(kept)) * w
        weight = weight + w
        strongest = torch.clamp(g, min=strongest)
    missing = (missing * _invented(strongest, gf)).sum(dim=(1, 2))
    return missing / weight.sum(dim=(1, 2))
