"""Elementary functions over rows of doubles, written so that compilers vectorise them.

``math.exp`` and ``math.atan`` are calls: one pixel at a time. The loops below are plain
arithmetic and selects, four or eight pixels at a time; their relative error is below
1e-12, far below what a mean over an image resolves.
"""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from .._jit import kernel

HALF_PI = math.pi / 2
LOG2_E = 1.0 / math.log(2.0)
LN2_HIGH = 0.6931471803691238  # 33 leading bits of ln 2: n * LN2_HIGH is exact
LN2_LOW = 1.9082149292705877e-10
# 1.5 * 2**52: adding it leaves a rounded integer in the low bits.
MAGIC = 6755399441055744.0

# atan(u) / u as a polynomial in u^2 on [0, 1], interpolated at Chebyshev's nodes.
A0 = 0.9999999999997067
A1 = -0.3333333332018236
A2 = 0.19999999010049285
A3 = -0.1428568459346683
A4 = 0.11110640040352462
A5 = -0.09086355487615597
A6 = 0.07663153529209107
A7 = -0.06536152436673698
A8 = 0.054580653603342924
A9 = -0.04232177425284742
A10 = 0.02840731032676255
A11 = -0.015229828127970295
A12 = 0.00593495803574721
A13 = -0.001466220368941625
A14 = 0.00017039676507314046


@kernel
def exp_row(x, out, scale):
    """Write exp(x) of a row to `out`; `scale` is room of the same length.

    `x` is cut to [-700, 700].
    """
    bits = scale.view(np.int64)
    for j in range(x.size):
        v = min(max(x[j], -700.0), 700.0)
        t = v * LOG2_E + MAGIC
        n = t - MAGIC
        r = v - n * LN2_HIGH - n * LN2_LOW
        p = 2.505210838544172e-08
        p = p * r + 2.755731922398589e-07
        p = p * r + 2.7557319223985893e-06
        p = p * r + 2.48015873015873e-05
        p = p * r + 0.0001984126984126984
        p = p * r + 0.001388888888888889
        p = p * r + 0.008333333333333333
        p = p * r + 0.041666666666666664
        p = p * r + 0.16666666666666666
        p = p * r + 0.5
        p = p * r + 1.0
        p = p * r + 1.0
        out[j] = p
        scale[j] = t
    for j in range(x.size):  # 2**n, by its exponent bits
        bits[j] = (bits[j] << 52) + (1023 << 52)
    for j in range(x.size):
        out[j] *= scale[j]


@kernel
def angle_row(x, y, out):
    """Write atan(y / x) of a row to `out`; pi/2 where x is 0."""
    for j in range(x.size):
        u, v = abs(x[j]), abs(y[j])
        steep = v > u
        low = u if steep else v
        high = v if steep else u
        r = low / (high if high > 0.0 else 1.0)
        s = r * r
        p = A14
        p = p * s + A13
        p = p * s + A12
        p = p * s + A11
        p = p * s + A10
        p = p * s + A9
        p = p * s + A8
        p = p * s + A7
        p = p * s + A6
        p = p * s + A5
        p = p * s + A4
        p = p * s + A3
        p = p * s + A2
        p = p * s + A1
        p = p * s + A0
        p *= r
        p = HALF_PI - p if steep else p
        p = -p if (x[j] < 0.0) != (y[j] < 0.0) else p
        out[j] = HALF_PI if x[j] == 0.0 else p
