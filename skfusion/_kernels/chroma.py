"""Put chroma onto another luma."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors
from .luma import LUMA

_RED, _GREEN, _BLUE = (np.float32(weight) for weight in LUMA)

__all__ = ["with_chroma"]


@kernel_numpy_errors
def with_chroma(fused, colour, out):
    """Write ``fused + k (colour - luma)``, k the largest in [0, 1] that stays inside.

    Parameters
    ----------
    fused : ndarray of float32, shape (H, W)
    colour, out : ndarray of float32, shape (H, W, 3)
    """
    zero, one = np.float32(0), np.float32(1)
    for i in range(fused.shape[0]):
        for j in range(fused.shape[1]):
            r, g, b = colour[i, j, 0], colour[i, j, 1], colour[i, j, 2]
            y = _RED * r + _GREEN * g + _BLUE * b
            r, g, b = r - y, g - y, b - y
            f = fused[i, j]
            above = max(r, g, b)
            below = -min(r, g, b)
            k = one
            if above > one - f:
                k = (one - f) / above
            if below * k > f:
                k = f / below
            k = max(k, zero)
            out[i, j, 0] = min(max(f + k * r, zero), one)
            out[i, j, 1] = min(max(f + k * g, zero), one)
            out[i, j, 2] = min(max(f + k * b, zero), one)
