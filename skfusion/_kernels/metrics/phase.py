"""Phase congruency of one orientation from its filter responses at all scales."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from .._jit import kernel_numpy_errors

_EPS = 1e-4


@kernel_numpy_errors
def oriented_energy(responses, threshold, cut_off, gain):
    """Weighted energy and summed amplitude of (n_scales, H, W, 2) responses.

    The two channels are the even and the odd response. Energy is the amplitude that
    points along the mean phase less the part across it, above the noise `threshold`,
    weighted down where few scales respond.
    """
    n_scales, h, w = responses.shape[:3]
    energy, amplitude = np.empty((h, w)), np.empty((h, w))
    for i in range(h):
        for j in range(w):
            even = odd = total = largest = 0.0
            for s in range(n_scales):
                e, o = responses[s, i, j, 0], responses[s, i, j, 1]
                even += e
                odd += o
                a = math.sqrt(e * e + o * o)
                total += a
                largest = max(largest, a)
            length = math.sqrt(even * even + odd * odd) + _EPS
            even /= length
            odd /= length
            value = 0.0
            for s in range(n_scales):
                e, o = responses[s, i, j, 0], responses[s, i, j, 1]
                value += e * even + o * odd - abs(e * odd - o * even)
            width = total / (largest + _EPS) / n_scales
            weight = 1.0 / (1.0 + math.exp((cut_off - width) * gain))
            energy[i, j] = weight * max(value - threshold, 0.0)
            amplitude[i, j] = total
    return energy, amplitude
