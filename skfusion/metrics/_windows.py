"""Windows of pixels and their moments, which several families of metrics share."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from skfusion._kernels.metrics.features import squared_difference_sums
from skfusion._kernels.metrics.moments import local_moments
from skfusion._kernels.taps import gaussian_taps

from .context import Context

__all__ = ["FLAT", "difference_sums", "moments"]

# A window's variance below this (grey levels squared) is rounding: 1e-10 of 255^2.
FLAT = 1e-10 * 255.0**2


def moments(ctx: Context, size: int, sigma: float) -> np.ndarray:
    """Moments of Gaussian windows; see `local_moments` for their order."""

    def compute():
        w = gaussian_taps(size, sigma)
        return local_moments(ctx.a, ctx.b, ctx.f, w, 9)

    return ctx.get(("moments", size, sigma), compute)


def difference_sums(ctx: Context, which: str) -> np.ndarray:
    """Sums of squares of horizontal, vertical and both diagonal differences."""
    return ctx.get(
        ("difference sums", which), lambda: squared_difference_sums(ctx.image(which))
    )
