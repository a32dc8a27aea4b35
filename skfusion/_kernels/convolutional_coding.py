"""The pointwise steps of convolutional basis pursuit, each in one pass."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel, kernel_numpy_errors


@kernel_numpy_errors
def solve_frequencies(spectra, filters, signal, power, rho):
    """Replace the spectra z by the minimiser of |D x - s|^2 / 2 + rho |x - z|^2 / 2.

    `spectra` and `filters` are complex (m, f), `signal` (f,), `power` the sum of the
    squared magnitudes of the filters (f,). D has rank one at each frequency, so
    x = z + conj(D) (s - D z) / (rho + |D|^2).
    """
    m, f = spectra.shape
    rest = signal.copy()
    for k in range(m):
        for i in range(f):
            rest[i] -= filters[k, i] * spectra[k, i]
    for i in range(f):
        rest[i] /= rho + power[i]
    for k in range(m):
        for i in range(f):
            spectra[k, i] += filters[k, i].conjugate() * rest[i]


@kernel_numpy_errors
def shrink_maps(x, y, u, relaxation, limit, sums):
    """Update the sparse maps Y and the scaled multipliers U, all (m, n), in place.

    `sums` receives the squared lengths of X - Y, X, Y, the step of Y, and U.
    """
    m, n = x.shape
    kind = x.dtype.type
    zero, one = kind(0), kind(1)
    block = 512
    parts = np.zeros((5, block), x.dtype)
    sums[:] = 0
    for k in range(m):
        for start in range(0, n, block):
            width = min(block, n - start)
            for i in range(width):
                a = x[k, start + i]
                old = y[k, start + i]
                moved = relaxation * a + (one - relaxation) * old + u[k, start + i]
                new = max(moved - limit, zero) - max(-moved - limit, zero)
                multiplier = moved - new
                y[k, start + i] = new
                u[k, start + i] = multiplier
                parts[0, i] += (a - new) * (a - new)
                parts[1, i] += a * a
                parts[2, i] += new * new
                parts[3, i] += (old - new) * (old - new)
                parts[4, i] += multiplier * multiplier
        for s in range(5):
            for i in range(block):
                sums[s] += parts[s, i]
                parts[s, i] = zero


@kernel
def target(y, u, scale, out):
    """Scale the multipliers U in place and write Y - U into `out`; all are (m, n)."""
    for k in range(y.shape[0]):
        for i in range(y.shape[1]):
            u[k, i] *= scale
            out[k, i] = y[k, i] - u[k, i]
