"""Sums of the two perceptual metrics: Chen-Blum and Chen-Varshney."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from .._jit import kernel, kernel_numpy_errors
from .moments import row_sum

# Radius of Chen and Blum's windows. A constant, so that LLVM writes out the sums over
# the taps and vectorises along the row; unsigned indices spare the test for negative
# ones.
RADIUS = 15


@kernel
def _down_two(y, z, rows, w, v, m):
    """Sum the first 31 of `rows`, m values each, with symmetric taps w and with v."""
    n = np.uint64(m)
    for i in range(m):
        j = np.uint64(i)
        x = rows[n * np.uint64(RADIUS) + j]
        s = w[RADIUS] * x
        t = v[RADIUS] * x
        for k in range(RADIUS):
            x = rows[n * np.uint64(k) + j] + rows[n * np.uint64(2 * RADIUS - k) + j]
            s += w[k] * x
            t += v[k] * x
        y[i] = s
        z[i] = t


@kernel
def _along(y, x, w, m):
    """Filter a row by 31 symmetric taps."""
    for j in range(m):
        s = w[RADIUS] * x[j + RADIUS]
        for k in range(RADIUS):
            s += w[k] * (x[j + k] + x[j + 2 * RADIUS - k])
        y[j] = s


@kernel_numpy_errors
def _masked_contrast(c, centre, surround, eps, m):
    # |centre / surround - 1|, then C^3 / (C^2 + 1e-4).
    for j in range(m):
        c[j] = abs(centre[j] / (surround[j] + eps) - 1.0)
    for j in range(m):
        square = c[j] * c[j]
        c[j] = square * c[j] / (square + 1e-4)


@kernel_numpy_errors
def _preserved(out, ca, cb, cf, eps, m):
    for j in range(m):
        a, b, f = ca[j], cb[j], cf[j]
        qa = min(a, f) / max(a, f)
        qb = min(b, f) / max(b, f)
        a *= a
        b *= b
        out[j] = (a * qa + b * qb) / (a + b + eps)


@kernel
def chen_blum_mean(images, w, v, eps):
    """Mean contrast preservation of three images padded by zeros.

    `images` is (3, H + 30, W + 30), `w` and `v` the 31 symmetric taps of the centre and
    of the surround.
    """
    h = images.shape[1] - 2 * RADIUS
    n_cols = images.shape[2]
    m = n_cols - 2 * RADIUS
    a, b, f = images[0].ravel(), images[1].ravel(), images[2].ravel()
    y, z = np.empty(n_cols), np.empty(n_cols)
    centre, surround = np.empty(m), np.empty(m)
    contrast = np.empty((3, m))
    out = np.empty(m)
    total = 0.0
    for i in range(h):
        first = i * n_cols
        for q, rows in enumerate((a[first:], b[first:], f[first:])):
            _down_two(y, z, rows, w, v, n_cols)
            _along(centre, y, w, m)
            _along(surround, z, v, m)
            _masked_contrast(contrast[q], centre, surround, eps, m)
        _preserved(out, contrast[0], contrast[1], contrast[2], eps, m)
        total += row_sum(out, m)
    return total / (h * m)


@kernel
def _saliency_row(out, up, row, down, m):
    # Fifth power of the Sobel magnitude; `up`, `row`, `down` carry a zero at each end.
    for j in range(m):
        gx = (up[j] + 2.0 * row[j] + down[j]) - (
            up[j + 2] + 2.0 * row[j + 2] + down[j + 2]
        )
        gy = (up[j] + 2.0 * up[j + 1] + up[j + 2]) - (
            down[j] + 2.0 * down[j + 1] + down[j + 2]
        )
        square = gx * gx + gy * gy
        out[j] = square * square * np.sqrt(square)


@kernel
def saliency_and_error(x, error, size):
    """Sum over blocks of saliency times mean squared error, and of saliency.

    The saliency of a block is the sum of the fifth powers of the Sobel magnitudes
    (zeros beyond the image); blocks at the border are completed by zeros.
    """
    h, m = x.shape
    rows = np.zeros((3, m + 2))
    out = np.empty(m)
    n_blocks = (m + size - 1) // size
    saliency, squares = np.zeros(n_blocks), np.zeros(n_blocks)
    total = weight = 0.0
    rows[1, 1 : m + 1] = x[0]
    for i in range(h):
        if i + 1 < h:
            rows[(i + 2) % 3, 1 : m + 1] = x[i + 1]
        else:
            rows[(i + 2) % 3, 1 : m + 1] = 0.0
        _saliency_row(out, rows[i % 3], rows[(i + 1) % 3], rows[(i + 2) % 3], m)
        e = error[i]
        for k in range(n_blocks):
            s = t = 0.0
            for j in range(k * size, min((k + 1) * size, m)):
                s += out[j]
                t += e[j] * e[j]
            saliency[k] += s
            squares[k] += t
        if (i + 1) % size == 0 or i + 1 == h:
            for k in range(n_blocks):
                total += saliency[k] * (squares[k] / (size * size))
                weight += saliency[k]
                saliency[k] = 0.0
                squares[k] = 0.0
    return total, weight
