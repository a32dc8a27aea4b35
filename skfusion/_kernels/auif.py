"""The collapsed layers of AUIF: one 5x5 correlation and one update in a pass."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel


@kernel
def correlate(x, kernel):
    """Correlate a reflected (H, W) float32 image with an odd square kernel."""
    n_rows, n_columns = x.shape
    n = len(kernel)
    h = n // 2
    z = np.zeros((n_rows + 2 * h, n_columns + 2 * h + 4), np.float32)
    right = h + n_columns
    z[h : h + n_rows, h:right] = x
    for i in range(h):
        z[i, h:right] = x[h - i]
        z[-1 - i, h:right] = x[i - h - 1]
    for j in range(h):
        z[:, j] = z[:, 2 * h - j]
        z[:, right + j] = z[:, right - 2 - j]
    # Five taps at a time; the missing ones of the last group are zero.
    taps = np.zeros((n, -(-n // 5) * 5), np.float32)
    taps[:, :n] = kernel
    out = np.zeros((n_rows, n_columns), np.float32)
    for i in range(n_rows):
        for p in range(n):
            _add_row(z[i + p], taps[p], out[i])
    return out


@kernel
def _add_row(row, taps, out):
    for q in range(0, len(taps), 5):
        t0, t1, t2, t3, t4 = taps[q : q + 5]
        part = row[q:]
        for j in range(len(out)):
            total = out[j] + t0 * part[j]
            total += t1 * part[j + 1]
            total += t2 * part[j + 2]
            total += t3 * part[j + 3]
            out[j] = total + t4 * part[j + 4]


@kernel
def run_layers(first, x, kernels, numbers):
    """Run all layers of one model on one image.

    Parameters
    ----------
    first : ndarray of float32, shape (H, W)
        First map; at least 3 rows and columns.
    x : ndarray of float32, shape (H, W)
        Image.
    kernels : ndarray of float32, shape (n_layers, 3, 3, 5, 5)
        Collapsed kernels for first row, inside, last row x first column, inside, last
        column, with the normalisation's scale folded in. Those of the inside are
        symmetric about their centre.
    numbers : ndarray of float32, shape (n_layers, 5)
        Shift, PReLU slope, eta, and the weights of the old map and of the image.

    Returns
    -------
    ndarray of float32, shape (H, W)
        Last map.
    """
    n_rows, n_columns = x.shape
    old = np.empty((n_rows + 4, n_columns + 4), np.float32)
    new = np.empty_like(old)
    old[2:-2, 2:-2] = first
    for layer in range(len(kernels)):
        reflect(old)
        k = kernels[layer]
        shift, slope, eta, keep, pull = numbers[layer]
        for i in range(n_rows):
            _inner_row(
                old[i],
                old[i + 1],
                old[i + 2],
                old[i + 3],
                old[i + 4],
                k[1, 1],
                x[i],
                numbers[layer],
                new[i + 2, 2:],
            )
        for i in range(n_rows):
            where = 0 if i == 0 else 2 if i == n_rows - 1 else 1
            step = n_columns - 1 if where == 1 else 1
            for j in range(0, n_columns, step):
                side = 0 if j == 0 else 2 if j == n_columns - 1 else 1
                u = shift
                for p in range(5):
                    for q in range(5):
                        u += k[where, side, p, q] * old[i + p, j + q]
                u = u if u > 0 else slope * u
                z = keep * old[i + 2, j + 2] + pull * x[i, j]
                new[i + 2, j + 2] = z - eta * u
        old, new = new, old
    return old[2:-2, 2:-2].copy()


@kernel
def _inner_row(a, b, c, d, e, k, x, numbers, out):
    """Update a row as if it were inside; the kernel is symmetric about its centre."""
    shift, slope, eta, keep, pull = numbers
    k00, k01, k02, k03, k04 = k[0]
    k10, k11, k12, k13, k14 = k[1]
    k20, k21, k22 = k[2, 0], k[2, 1], k[2, 2]
    for j in range(len(x)):
        u = shift + k22 * c[j + 2]
        u += k00 * (a[j] + e[j + 4])
        u += k01 * (a[j + 1] + e[j + 3])
        u += k02 * (a[j + 2] + e[j + 2])
        u += k03 * (a[j + 3] + e[j + 1])
        u += k04 * (a[j + 4] + e[j])
        u += k10 * (b[j] + d[j + 4])
        u += k11 * (b[j + 1] + d[j + 3])
        u += k12 * (b[j + 2] + d[j + 2])
        u += k13 * (b[j + 3] + d[j + 1])
        u += k14 * (b[j + 4] + d[j])
        u += k20 * (c[j] + c[j + 4])
        u += k21 * (c[j + 1] + c[j + 3])
        u = u if u > 0 else slope * u
        out[j] = keep * c[j + 2] + pull * x[j] - eta * u


@kernel
def reflect(z):
    """Fill the outer two rows and columns of ``z`` by reflection, in place."""
    for i in range(2):
        z[i, 2:-2] = z[4 - i, 2:-2]
        z[-1 - i, 2:-2] = z[-5 + i, 2:-2]
    for i in range(len(z)):
        row = z[i]
        row[0], row[1] = row[4], row[3]
        row[-1], row[-2] = row[-5], row[-4]


@kernel
def decode(base, detail, kernel, shift):
    """Correlate the reflected sum of two (H, W) maps with a 3x3 kernel, plus shift."""
    n_rows, n_columns = base.shape
    z = np.empty((n_rows + 2, n_columns + 2), np.float32)
    for i in range(n_rows):
        for j in range(n_columns):
            z[i + 1, j + 1] = base[i, j] + detail[i, j]
    z[0], z[-1] = z[2], z[-3]
    z[:, 0], z[:, -1] = z[:, 2], z[:, -3]
    out = np.empty((n_rows, n_columns), np.float32)
    for i in range(n_rows):
        _decode_row(z[i], z[i + 1], z[i + 2], kernel, shift, out[i])
    return out


@kernel
def _decode_row(a, b, c, kernel, shift, out):
    k00, k01, k02 = kernel[0]
    k10, k11, k12 = kernel[1]
    k20, k21, k22 = kernel[2]
    for j in range(len(out)):
        u = shift + k00 * a[j] + k01 * a[j + 1] + k02 * a[j + 2]
        u += k10 * b[j] + k11 * b[j + 1] + k12 * b[j + 2]
        out[j] = u + k20 * c[j] + k21 * c[j + 1] + k22 * c[j + 2]
