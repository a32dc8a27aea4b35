"""Sums of the visual information fidelity in the pixel domain."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from .._jit import kernel, kernel_numpy_errors
from .moments import (
    along_row,
    centre,
    down_ring,
    push,
)

_TINY = 1e-10


@kernel
def filter_and_halve(x, w):
    """Every second sample of the separable filter inside the image."""
    n_rows, n_cols = x.shape
    n = w.size
    h, m = n_rows - n + 1, n_cols - n + 1
    out = np.empty(((h + 1) // 2, (m + 1) // 2))
    row = np.empty(m)
    tall = np.empty(n_cols)
    for i in range(out.shape[0]):
        tall[:] = 0.0
        for k in range(n):
            source = x[2 * i + k]
            c = w[k]
            for j in range(n_cols):
                tall[j] += c * source[j]
        along_row(row, tall, w, m)
        for j in range(out.shape[1]):
            out[i, j] = row[2 * j]
    return out


@kernel_numpy_errors
def _fidelity_row(gain, signal, carried, vx, vf, cov, noise, m):
    # f = g x + noise of variance sv in the window: g, the information that x holds
    # (`signal`) and that f carries of it (`carried`), both before the logarithm.
    for j in range(m):
        v1 = max(vx[j], 0.0)
        v2 = max(vf[j], 0.0)
        c = cov[j]
        g = c / (v1 + _TINY)
        sv = v2 - g * c
        flat_x = v1 < _TINY
        g = 0.0 if flat_x else g
        sv = v2 if flat_x else sv
        v1 = 0.0 if flat_x else v1
        flat_f = v2 < _TINY
        g = 0.0 if flat_f else g
        sv = 0.0 if flat_f else sv
        sv = v2 if g < 0.0 else sv
        g = 0.0 if g < 0.0 else g
        sv = _TINY if sv <= _TINY else sv
        gain[j] = g
        signal[j] = 1.0 + v1 / noise
        carried[j] = 1.0 + g * g * v1 / (sv + noise)


@kernel
def _log_product(x, m):
    """Sum of the logarithms of a row of numbers in [1, 1e7]: few calls of log10."""
    total = 0.0
    j = 0
    while j < m:
        product = 1.0
        for k in range(j, min(j + 32, m)):
            product *= x[k]
        total += math.log10(product)
        j += 32
    return total


@kernel
def _pick_row(out, first, second, gain_first, gain_second, m):
    for j in range(m):
        out[j] = first[j] if gain_first[j] < gain_second[j] else second[j]


@kernel
def vif_sums(a, b, f, w, noise):
    """Sums of one scale: [carried_a, held_a, carried_b, held_b, carried, held].

    The last two take in each window the source with the smaller gain (VIFF).
    """
    n_rows, n_cols = a.shape
    n = w.size
    h, m = n_rows - n + 1, n_cols - n + 1
    ring = np.empty((8, n, m))
    row = np.empty(n_cols)
    o = np.empty((8, m))
    ga, ha, ca = np.empty(m), np.empty(m), np.empty(m)
    gb, hb, cb = np.empty(m), np.empty(m), np.empty(m)
    picked = np.empty(m)
    sums = np.zeros(6)
    for i in range(n - 1):
        push(ring, i, a[i], b[i], f[i], row, w, m)
    for i in range(h):
        last = i + n - 1
        push(ring, last % n, a[last], b[last], f[last], row, w, m)
        for q in range(8):
            down_ring(o[q], ring[q], i, w, m)
        centre(o, m)
        _fidelity_row(ga, ha, ca, o[3], o[5], o[6], noise, m)
        _fidelity_row(gb, hb, cb, o[4], o[5], o[7], noise, m)
        sums[0] += _log_product(ca, m)
        sums[1] += _log_product(ha, m)
        sums[2] += _log_product(cb, m)
        sums[3] += _log_product(hb, m)
        _pick_row(picked, ca, cb, ga, gb, m)
        sums[4] += _log_product(picked, m)
        _pick_row(picked, ha, hb, ga, gb, m)
        sums[5] += _log_product(picked, m)
    return sums
