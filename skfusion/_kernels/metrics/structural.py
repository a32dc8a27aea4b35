"""Pooling for multi-scale SSIM, and the multi-exposure SSIM from window moments."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from .._jit import kernel


@kernel
def halve(x):
    """Mean of each 2 x 2 block; an odd last row or column is repeated."""
    h, w = x.shape
    out = np.empty(((h + 1) // 2, (w + 1) // 2))
    for i in range(out.shape[0]):
        i0 = 2 * i
        i1 = min(i0 + 1, h - 1)
        for j in range(out.shape[1]):
            j0 = 2 * j
            j1 = min(j0 + 1, w - 1)
            out[i, j] = 0.25 * ((x[i0, j0] + x[i0, j1]) + (x[i1, j0] + x[i1, j1]))
    return out


@kernel
def mef_ssim_mean(flat, gauss, size, c):
    """Mean over windows of MEF-SSIM (Ma, Zeng, Wang 2015) of two sources.

    `flat` and `gauss` are `local_moments(a, b, f, ..., 9)` of the uniform and of the
    Gaussian window, `size` the number of pixels in a window.

    The desired patch is r = alpha (x_a - mean) + beta (x_b - mean), so its variance
    and its covariance with the fused patch follow from those of the sources.
    """
    h, m = flat.shape[1:]
    side = math.sqrt(size)
    eps = 2.0**-52
    total = 0.0
    for i in range(h):
        row = 0.0
        for j in range(m):
            va = max(flat[3, i, j], 0.0)
            vb = max(flat[4, i, j], 0.0)
            vab = flat[8, i, j]
            norm_a = math.sqrt(size * va)
            norm_b = math.sqrt(size * vb)
            both = math.sqrt(max(size * (va + vb + 2.0 * vab), 0.0))
            # Agreement of the two structures: 1 where they point the same way.
            agree = (both + eps) / (norm_a + norm_b + eps)
            agree = min(max(agree, eps), 1.0 - eps)
            power = min(math.tan(0.5 * math.pi * agree), 10.0)
            ed_a, ed_b = norm_a + 0.001, norm_b + 0.001
            wa = (ed_a / side) ** power + eps
            wb = (ed_b / side) ** power + eps
            alpha = wa / (wa + wb) / ed_a
            beta = wb / (wa + wb) / ed_b
            norm_r = math.sqrt(
                max(
                    size
                    * (alpha * alpha * va + beta * beta * vb + 2 * alpha * beta * vab),
                    0.0,
                )
            )
            if norm_r > 0.0:
                scale = max(ed_a, ed_b) / norm_r
                alpha *= scale
                beta *= scale
            var_r = (
                alpha * alpha * gauss[3, i, j]
                + beta * beta * gauss[4, i, j]
                + 2.0 * alpha * beta * gauss[8, i, j]
            )
            cov = alpha * gauss[6, i, j] + beta * gauss[7, i, j]
            row += (2.0 * cov + c) / (var_r + gauss[5, i, j] + c)
        total += row
    return total / (h * m)
