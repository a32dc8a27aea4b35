"""Nuclear norms of many small square patches, and their overlapped sum."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from ._jit import kernel_numpy_errors

# Patches that are worked on side by side, so that each step is a vector operation.
_LANES = 64
_MAX_SWEEPS = 30


@kernel_numpy_errors
def nuclear_norms(patches, side, tolerance):
    """Return the sums of singular values of n patches: (n,).

    `patches` is (side * side, n). One-sided Jacobi rotations make the columns of a
    patch orthogonal, until a sweep meets no squared cosine above `tolerance` (that
    sweep squares it once more); then the singular values are the columns' lengths.
    """
    n = patches.shape[1]
    out = np.empty(n, patches.dtype)
    a = np.empty((side, side, _LANES), patches.dtype)
    square = np.empty((side, _LANES), patches.dtype)
    dot = np.empty(_LANES, patches.dtype)
    cosine = np.empty(_LANES, patches.dtype)
    sine = np.empty(_LANES, patches.dtype)
    angle = np.empty(_LANES, patches.dtype)
    kind = patches.dtype.type
    one, two, four, tiny = kind(1), kind(2), kind(4), kind(1e-30)
    for start in range(0, n, _LANES):
        width = min(_LANES, n - start)
        for p in range(side):
            for r in range(side):
                for b in range(width):
                    a[p, r, b] = patches[p * side + r, start + b]
                for b in range(width, _LANES):
                    a[p, r, b] = 0
        for _ in range(_MAX_SWEEPS):
            for p in range(side):
                for b in range(_LANES):
                    square[p, b] = 0
                for r in range(side):
                    for b in range(_LANES):
                        square[p, b] += a[p, r, b] * a[p, r, b]
            for b in range(_LANES):
                angle[b] = 0
            for p in range(side - 1):
                for q in range(p + 1, side):
                    for b in range(_LANES):
                        dot[b] = 0
                    for r in range(side):
                        for b in range(_LANES):
                            dot[b] += a[p, r, b] * a[q, r, b]
                    for b in range(_LANES):
                        g = dot[b]
                        gap = square[q, b] - square[p, b]
                        root = abs(gap) + math.sqrt(gap * gap + four * g * g)
                        t = two * g / (root + tiny)
                        t = t if gap >= 0 else -t
                        c = one / math.sqrt(one + t * t)
                        cosine[b] = c
                        sine[b] = c * t
                        both = square[p, b] * square[q, b]
                        angle[b] = max(angle[b], g * g / (both + tiny))
                        square[p, b] -= t * g
                        square[q, b] += t * g
                    for r in range(side):
                        for b in range(_LANES):
                            x = a[p, r, b]
                            y = a[q, r, b]
                            a[p, r, b] = cosine[b] * x - sine[b] * y
                            a[q, r, b] = sine[b] * x + cosine[b] * y
            worst = angle[0]
            for b in range(1, _LANES):
                worst = max(worst, angle[b])
            if worst <= tolerance:
                break
        for b in range(_LANES):
            dot[b] = 0
        for p in range(side):
            for b in range(_LANES):
                square[p, b] = 0
            for r in range(side):
                for b in range(_LANES):
                    square[p, b] += a[p, r, b] * a[p, r, b]
            for b in range(_LANES):
                dot[b] += math.sqrt(square[p, b])
        for b in range(width):
            out[start + b] = dot[b]
    return out


@kernel_numpy_errors
def overlap_add(patches, side, n_across, stride, image):
    """Add patches (side * side, n), row by row of n_across, to `image` in place."""
    n_down = patches.shape[1] // n_across
    for a in range(side):
        for b in range(side):
            values = patches[a * side + b]
            for i in range(n_down):
                row = image[i * stride + a]
                for j in range(n_across):
                    row[j * stride + b] += values[i * n_across + j]
