"""Orthogonal matching pursuit of many signals."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from ._jit import kernel_numpy_errors


@kernel_numpy_errors
def matching_pursuit(signals, dictionary, tolerance, approximations):
    """Code each row of `signals`; return the sums of the magnitudes of the codes.

    `signals` and `approximations`, written to, are (n, d); the columns of `dictionary`
    (d, m) have unit length. A code grows by the atom that correlates best with what is
    left, until that has a length of `tolerance` or d atoms are in use; the chosen
    atoms are kept orthogonal by a Gram-Schmidt step done twice.
    """
    n, d = signals.shape
    m = dictionary.shape[1]
    size = min(d, m)
    totals = np.zeros(n)
    rest = np.empty(d)
    correlation = np.empty(m)
    used = np.empty(m, np.bool_)
    frame = np.empty((size, d))
    triangle = np.zeros((size, size))
    along = np.empty(size)
    code = np.empty(size)
    for s in range(n):
        length = 0.0
        for k in range(d):
            rest[k] = signals[s, k]
            length += rest[k] * rest[k]
        floor = max(tolerance * tolerance, 1e-28 * length)
        used[:] = False
        count = 0
        while length > floor and count < size:
            correlation[:] = 0
            for k in range(d):
                for a in range(m):
                    correlation[a] += dictionary[k, a] * rest[k]
            best = -1
            largest = 0.0
            for a in range(m):
                if abs(correlation[a]) > largest and not used[a]:
                    largest = abs(correlation[a])
                    best = a
            if best < 0:
                break
            used[best] = True
            q = frame[count]
            for k in range(d):
                q[k] = dictionary[k, best]
            triangle[:count, count] = 0
            for _ in range(2):
                for c in range(count):
                    dot = 0.0
                    for k in range(d):
                        dot += frame[c, k] * q[k]
                    triangle[c, count] += dot
                    for k in range(d):
                        q[k] -= dot * frame[c, k]
            norm = 0.0
            for k in range(d):
                norm += q[k] * q[k]
            norm = math.sqrt(norm)
            if norm < 1e-10:
                # The atom lies in the span of those before it: it explains nothing.
                continue
            triangle[count, count] = norm
            step = 0.0
            for k in range(d):
                q[k] /= norm
                step += q[k] * rest[k]
            along[count] = step
            length = 0.0
            for k in range(d):
                rest[k] -= step * q[k]
                length += rest[k] * rest[k]
            count += 1
        for c in range(count - 1, -1, -1):
            value = along[c]
            for e in range(c + 1, count):
                value -= triangle[c, e] * code[e]
            code[c] = value / triangle[c, c]
            totals[s] += abs(code[c])
        for k in range(d):
            approximations[s, k] = signals[s, k] - rest[k]
    return totals
