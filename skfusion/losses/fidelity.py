"""Visual information fidelity in the pixel domain: VIF and VIFF."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch

from ._filters import filtered, gaussian_taps
from ._shared import choice, gray, require
from .registry import differentiable
from .sources import Measured, Sources

__all__ = ["vif", "vif_loss", "viff"]

_TAPS = [gaussian_taps(size, size / 5) for size in (17, 9, 5, 3)]
_VIFF_WEIGHTS = (1.0, 0.0, 0.15, 1.0)


def vif_loss(infrared, visible, fused):
    """One less the mean visual information fidelity to the two sources.

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1], 41 x 41 pixels or more; colour is reduced to luma. Gradients
        reach the fused images only.

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
    infrared, visible, fused = gray(infrared, visible, fused)
    require(fused, 41, "vif_loss")
    return 1 - vif(Measured(fused, Sources(infrared, visible))).mean()


# On batches of sources ----------------------------------------------------------------


def _scales(x):
    """Image, window mean and variance at four scales, the image centred."""
    levels = []
    x = x - x.detach().mean(dim=(1, 2), keepdim=True)  # against rounding
    for scale, taps in enumerate(_TAPS):
        if scale:
            x = filtered(x, taps, step=2)
        mean = filtered(x, taps)
        levels.append((x, mean, (filtered(x * x, taps) - mean * mean).clamp(min=0)))
    return levels


def _source(m, which):
    def compute():
        return tuple(_scales(m.s.image(which)))

    return m.s.get(("fidelity", which), compute)


def _windows(m, which):
    """(variance of the source, of the fused image, covariance) at each scale."""

    def compute():
        fused = m.get("fidelity", lambda: _scales(m.f))
        pairs = zip(_source(m, which), fused, _TAPS)
        return [
            (vx, vf, filtered(x * f, taps) - mx * mf)
            for (x, mx, vx), (f, mf, vf), taps in pairs
        ]

    return m.get(("fidelity", which), compute)


def _carried(vx, vf, cov, noise):
    """Gain, information of the source and what the fused image carries of it."""
    # What rounding leaves of the variance of an even area.
    tiny = 1e-10 if vx.dtype == torch.float64 else 1e-2
    flat = (vx < tiny) | (vf < tiny)
    g = torch.where(flat, 0.0, cov / torch.where(flat, 1.0, vx)).clamp(min=0)
    rest = (vf - g * cov).clamp(min=1e-10)
    vx = torch.where(vx < tiny, 0.0, vx)
    return g, torch.log1p(vx / noise), torch.log1p(g * g * vx / (rest + noise))


@differentiable("vif", variants=("pixel",), min_size=41)
def vif(m, *, variant="pixel", reduction="mean"):
    """Visual information fidelity; a constant source counts as preserved."""
    choice(reduction, ("mean", "sum"), "reduction")
    total = 0.0
    for which in "ab":
        held = carried = 0.0
        for window in _windows(m, which):
            _, h, c = _carried(*window, 2.0)
            held, carried = held + h.sum(dim=(1, 2)), carried + c.sum(dim=(1, 2))
        total = total + (carried + 1e-9) / (held + 1e-9)
    return total / (2 if reduction == "mean" else 1)


@differentiable("viff", variants=("han",), min_size=41)
def viff(m, *, variant="han"):
    """Fidelity to the source with the weaker gain in each window."""
    total = 0.0
    for scale, weight in enumerate(_VIFF_WEIGHTS):
        if not weight:
            continue
        (ga, ha, ca), (gb, hb, cb) = (
            _carried(*_windows(m, which)[scale], 0.005 * 255.0**2) for which in "ab"
        )
        guard = 1e-7 * math.log(10) * ga[0].numel()
        carried = torch.where(ga < gb, ca, cb).sum(dim=(1, 2)) + guard
        held = torch.where(ga < gb, ha, hb).sum(dim=(1, 2)) + guard
        total = total + weight * carried / held
    return total / sum(_VIFF_WEIGHTS)
