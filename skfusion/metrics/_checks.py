"""What several families of metrics check: sizes, scales, denominators."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ._metric import ImageTooSmallError
from .context import Context

__all__ = ["check_data_range", "ratio", "require_size"]


def check_data_range(data_range: float) -> float:
    """Return what divides grey levels of 255 to bring them to `data_range`."""
    if not (np.isfinite(data_range) and data_range > 0):
        raise ValueError(
            f"data_range={data_range!r}: expected a positive number, 255 or 1."
        )
    return 255.0 / data_range


def ratio(x, y):
    """Return x / y, NaN where y is 0."""
    return x / y if y else np.nan


def require_size(ctx: Context, size: int, name: str, why: str) -> None:
    """Raise a ValueError for images with a side under `size` pixels."""
    h, w = ctx.f.shape
    if min(h, w) < size:
        raise ImageTooSmallError(
            f"{name}: images of {h} x {w} pixels are too small: {why} needs {size} on "
            "both sides; enlarge them or choose another metric."
        )
