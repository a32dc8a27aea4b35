"""The histogram of the retinex."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors


@kernel_numpy_errors
def hundredths(values, counts):
    """Count ``trunc(100 * value)`` into ``counts``, whose middle is bin 0."""
    zero = counts.shape[0] // 2
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            counts[zero + np.int64(100.0 * values[y, x])] += 1
