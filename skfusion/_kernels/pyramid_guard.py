"""Light that a fused image lacks where a source holds it, at one level."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_inlined, kernel_numpy_errors

_ZERO, _ONE, _TWO, _THREE = (np.float32(x) for x in range(4))


@kernel_inlined
def _step(x, low, width):
    t = min(max((x - low) / width, _ZERO), _ONE)
    return t * t * (_THREE - _TWO * t)


@kernel_numpy_errors
def add_missing_light(fused, infrared, visible, share, bright, darker, level, light):
    """Add to `light` what a level lacks; all float32 (h, w).

    `bright` and `darker` are arrays of a lower end and a width. At level 1 nothing
    stays darker than both sources; at level 0 nothing gets brighter than both.
    """
    b0, b1, d0, d1 = bright[0], bright[1], darker[0], darker[1]
    for i in range(light.shape[0]):
        for j in range(light.shape[1]):
            f, a, b = fused[i, j], infrared[i, j], visible[i, j]
            m = light[i, j]
            weight = _step(b, b0, b1) * _step(b - a, d0, d1)
            m += weight * max(share * b - f - m, _ZERO)
            if level == 1:
                m += max(min(a, b) - f - m, _ZERO)
            elif level == 0:
                m = min(m, max(max(a, b) - f, _ZERO))
            light[i, j] = m
