"""Squared error of the fused image against its sources: MSE, RMSE, PSNR."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from ._shared import safe_sqrt
from .registry import differentiable

__all__ = ["mse", "psnr", "rmse"]

# Least error that PSNR sees, in grey levels squared: the metric is infinite for equal
# images.
_LEAST = 1e-6


def _mean_error(m, variant):
    def compute():
        errors = [(x - m.f).square().sum(dim=(1, 2)) for x in (m.s.a, m.s.b)]
        if variant == "vifb":  # the root of the sum, before the division
            errors = [safe_sqrt(x) for x in errors]
        return sum(errors) / (2 * m.f[0].numel())

    return m.get(("mean error", variant), compute)


@differentiable("mse", higher_is_better=False, variants=("mean", "vifb"))
def mse(m, *, variant="mean"):
    """Mean squared error, in grey levels squared."""
    return _mean_error(m, variant)


@differentiable("rmse", higher_is_better=False, variants=("mean", "vifb"))
def rmse(m, *, variant="mean"):
    """Root of the mean squared error."""
    error = _mean_error(m, variant)
    return error if variant == "vifb" else safe_sqrt(error)


@differentiable("psnr", variants=("mean", "vifb"))
def psnr(m, *, variant="mean"):
    """Peak signal-to-noise ratio in dB, of an error of 1e-6 at least."""
    error = _mean_error(m, variant).clamp(min=_LEAST)
    return 10 * torch.log10(255.0**2 / error)
