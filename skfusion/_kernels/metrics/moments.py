"""Local Gaussian moments of three images, and what SSIM and VIF sum over them."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from .._jit import kernel, kernel_numpy_errors

# A window's moments are sums over the window of a, b, f, a^2, b^2, f^2, a f, b f (and
# a b), in this order. Each image row is multiplied out and filtered along the row
# once, kept in a ring of as many rows as the window has taps, and the ring is summed
# down the columns. The sums are written out tap by tap because LLVM vectorises short
# loops over plain rows and nothing else; `fastmath` is not needed for it.


@kernel
def _set1(y, x, c, m):
    for j in range(m):
        y[j] = c * x[j]


@kernel
def _add1(y, p, q, c, m):
    for j in range(m):
        y[j] += c * (p[j] + q[j])


@kernel
def _add4(y, p0, q0, p1, q1, p2, q2, p3, q3, c0, c1, c2, c3, m):
    for j in range(m):
        y[j] += (
            c0 * (p0[j] + q0[j])
            + c1 * (p1[j] + q1[j])
            + c2 * (p2[j] + q2[j])
            + c3 * (p3[j] + q3[j])
        )


@kernel
def _add5(y, lo, hi, c0, c1, c2, c3, c4, m):
    # Five mirrored pairs of taps of one row: lo walks up while hi walks down.
    for j in range(m):
        y[j] += (
            c0 * (lo[j] + hi[j + 4])
            + c1 * (lo[j + 1] + hi[j + 3])
            + c2 * (lo[j + 2] + hi[j + 2])
            + c3 * (lo[j + 3] + hi[j + 1])
            + c4 * (lo[j + 4] + hi[j])
        )


@kernel
def along_row(y, x, w, m):
    """Filter a row by symmetric taps w: y[j] = sum_k w[k] x[j + k], j < m."""
    end = w.size - 1
    r = end // 2
    _set1(y, x[r:], w[r], m)
    k = 0
    while k + 5 <= r:
        lo, hi = x[k:], x[end - k - 4 :]
        _add5(y, lo, hi, w[k], w[k + 1], w[k + 2], w[k + 3], w[k + 4], m)
        k += 5
    while k < r:
        _add1(y, x[k:], x[end - k :], w[k], m)
        k += 1


@kernel
def down_ring(y, ring, i, w, m):
    """Sum the rows i .. i + n - 1 of a ring of n rows with symmetric taps w."""
    n = w.size
    end = n - 1
    r = end // 2
    _set1(y, ring[(i + r) % n], w[r], m)
    k = 0
    while k + 4 <= r:
        u, d = i + k, i + end - k
        _add4(
            y,
            ring[u % n],
            ring[d % n],
            ring[(u + 1) % n],
            ring[(d - 1) % n],
            ring[(u + 2) % n],
            ring[(d - 2) % n],
            ring[(u + 3) % n],
            ring[(d - 3) % n],
            w[k],
            w[k + 1],
            w[k + 2],
            w[k + 3],
            m,
        )
        k += 4
    while k < r:
        _add1(y, ring[(i + k) % n], ring[(i + end - k) % n], w[k], m)
        k += 1


@kernel
def _product_row(out, x, y, n):
    for j in range(n):
        out[j] = x[j] * y[j]


@kernel
def push(ring, slot, a, b, f, row, w, m):
    """Filter one image row and its products along the row, into a slot of the ring."""
    n = a.size
    along_row(ring[0, slot], a, w, m)
    along_row(ring[1, slot], b, w, m)
    along_row(ring[2, slot], f, w, m)
    _product_row(row, a, a, n)
    along_row(ring[3, slot], row, w, m)
    _product_row(row, b, b, n)
    along_row(ring[4, slot], row, w, m)
    _product_row(row, f, f, n)
    along_row(ring[5, slot], row, w, m)
    _product_row(row, a, f, n)
    along_row(ring[6, slot], row, w, m)
    _product_row(row, b, f, n)
    along_row(ring[7, slot], row, w, m)
    if ring.shape[0] == 9:
        _product_row(row, a, b, n)
        along_row(ring[8, slot], row, w, m)


@kernel
def centre(o, m):
    """Turn the raw moments of a row into means, variances and covariances, in place."""
    ma, mb, mf = o[0], o[1], o[2]
    for q in range(3):
        mean, square = o[q], o[3 + q]
        for j in range(m):
            square[j] -= mean[j] * mean[j]
    af, bf = o[6], o[7]
    for j in range(m):
        af[j] -= ma[j] * mf[j]
    for j in range(m):
        bf[j] -= mb[j] * mf[j]
    if o.shape[0] == 9:
        ab = o[8]
        for j in range(m):
            ab[j] -= ma[j] * mb[j]


@kernel
def local_moments(a, b, f, w, n_moments):
    """Means, variances and covariances in every window that lies inside the images.

    Returns (n_moments, H - n + 1, W - n + 1): mean of a, b, f; variance of a, b, f;
    covariance of (a, f), (b, f) and, with n_moments 9, (a, b).
    """
    n_rows, n_cols = a.shape
    n = w.size
    h, m = n_rows - n + 1, n_cols - n + 1
    out = np.empty((n_moments, h, m))
    ring = np.empty((n_moments, n, m))
    row = np.empty(n_cols)
    o = np.empty((n_moments, m))
    for i in range(n - 1):
        push(ring, i, a[i], b[i], f[i], row, w, m)
    for i in range(h):
        last = i + n - 1
        push(ring, last % n, a[last], b[last], f[last], row, w, m)
        for q in range(n_moments):
            down_ring(o[q], ring[q], i, w, m)
        centre(o, m)
        for q in range(n_moments):
            out[q, i] = o[q]
    return out


@kernel_numpy_errors
def _ssim_row(s, mx, mf, vx, vf, cov, c1, c2, m):
    for j in range(m):
        xf = mx[j] * mf[j]
        s[j] = ((2.0 * xf + c1) * (2.0 * cov[j] + c2)) / (
            (mx[j] * mx[j] + mf[j] * mf[j] + c1) * (vx[j] + vf[j] + c2)
        )


@kernel_numpy_errors
def _contrast_row(s, vx, vf, cov, c2, m):
    for j in range(m):
        s[j] = (2.0 * cov[j] + c2) / (vx[j] + vf[j] + c2)


@kernel
def row_sum(s, m):
    """Sum of the first m entries of a row."""
    # Four partial sums: faster and closer than one.
    s0 = s1 = s2 = s3 = 0.0
    j = 0
    while j + 4 <= m:
        s0 += s[j]
        s1 += s[j + 1]
        s2 += s[j + 2]
        s3 += s[j + 3]
        j += 4
    while j < m:
        s0 += s[j]
        j += 1
    return (s0 + s1) + (s2 + s3)


@kernel
def ssim_means(a, b, f, w, c1, c2, contrast):
    """Mean SSIM of (a, f) and of (b, f), and the mean contrast-structure of both.

    Returns (ssim_af, ssim_bf, cs_af, cs_bf); the last two are 0 unless `contrast`.
    """
    n_rows, n_cols = a.shape
    n = w.size
    h, m = n_rows - n + 1, n_cols - n + 1
    ring = np.empty((8, n, m))
    row = np.empty(n_cols)
    o = np.empty((8, m))
    s = np.empty(m)
    total_a = total_b = cs_a = cs_b = 0.0
    for i in range(n - 1):
        push(ring, i, a[i], b[i], f[i], row, w, m)
    for i in range(h):
        last = i + n - 1
        push(ring, last % n, a[last], b[last], f[last], row, w, m)
        for q in range(8):
            down_ring(o[q], ring[q], i, w, m)
        centre(o, m)
        _ssim_row(s, o[0], o[2], o[3], o[5], o[6], c1, c2, m)
        total_a += row_sum(s, m)
        _ssim_row(s, o[1], o[2], o[4], o[5], o[7], c1, c2, m)
        total_b += row_sum(s, m)
        if contrast:
            _contrast_row(s, o[3], o[5], o[6], c2, m)
            cs_a += row_sum(s, m)
            _contrast_row(s, o[4], o[5], o[7], c2, m)
            cs_b += row_sum(s, m)
    size = h * m
    return total_a / size, total_b / size, cs_a / size, cs_b / size
