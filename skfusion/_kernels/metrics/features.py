"""Sums over the gradients of one image: AG, DF, EI and SF in their published forms."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from .._jit import kernel


@kernel
def central_gradient_sum(f):
    """Sum of sqrt((gx^2 + gy^2) / 2), central differences, one-sided at the border."""
    m, n = f.shape
    row = np.empty(n)
    total = 0.0
    for i in range(m):
        up, down = max(i - 1, 0), min(i + 1, m - 1)
        step = 1.0 / (down - up) if down > up else 0.0
        for j in range(1, n - 1):
            gx = (f[i, j + 1] - f[i, j - 1]) * 0.5
            gy = (f[down, j] - f[up, j]) * step
            row[j] = np.sqrt((gx * gx + gy * gy) / 2.0)
        for j in (0, n - 1):
            left, right = max(j - 1, 0), min(j + 1, n - 1)
            gx = f[i, right] - f[i, left]
            gy = (f[down, j] - f[up, j]) * step
            row[j] = np.sqrt((gx * gx + gy * gy) / 2.0)
        part = 0.0
        for j in range(n):
            part += row[j]
        total += part
    return total


@kernel
def forward_gradient_sum(f):
    """Sum of sqrt((dx^2 + dy^2) / 2) over the (M-1) x (N-1) forward differences."""
    m, n = f.shape
    row = np.empty(n)
    total = 0.0
    for i in range(m - 1):
        for j in range(n - 1):
            dx = f[i, j + 1] - f[i, j]
            dy = f[i + 1, j] - f[i, j]
            row[j] = np.sqrt((dx * dx + dy * dy) / 2.0)
        part = 0.0
        for j in range(n - 1):
            part += row[j]
        total += part
    return total


@kernel
def sobel_magnitude_sum(padded):
    """Sum of the Sobel magnitudes inside an image that carries a border of one."""
    m, n = padded.shape
    row = np.empty(n - 2)
    total = 0.0
    for i in range(1, m - 1):
        up, mid, down = padded[i - 1], padded[i], padded[i + 1]
        for j in range(n - 2):
            right = up[j + 2] + 2.0 * mid[j + 2] + down[j + 2]
            left = up[j] + 2.0 * mid[j] + down[j]
            top = up[j] + 2.0 * up[j + 1] + up[j + 2]
            bottom = down[j] + 2.0 * down[j + 1] + down[j + 2]
            gx, gy = right - left, bottom - top
            row[j] = np.sqrt(gx * gx + gy * gy)
        part = 0.0
        for j in range(n - 2):
            part += row[j]
        total += part
    return total


@kernel
def squared_difference_sums(f):
    """Sums of squared horizontal, vertical and both diagonal differences."""
    m, n = f.shape
    total = np.zeros(4)
    for i in range(m):
        across = down = main = anti = 0.0
        for j in range(1, n):
            d = f[i, j] - f[i, j - 1]
            across += d * d
        if i > 0:
            for j in range(n):
                d = f[i, j] - f[i - 1, j]
                down += d * d
            for j in range(1, n):
                d = f[i, j] - f[i - 1, j - 1]
                main += d * d
                d = f[i, j - 1] - f[i - 1, j]
                anti += d * d
        total[0] += across
        total[1] += down
        total[2] += main
        total[3] += anti
    return total


@kernel
def largest_difference_sums(a, b):
    """Like `squared_difference_sums`, of the larger of both images' differences."""
    m, n = a.shape
    total = np.zeros(4)
    for i in range(m):
        across = down = main = anti = 0.0
        for j in range(1, n):
            p, q = a[i, j] - a[i, j - 1], b[i, j] - b[i, j - 1]
            across += max(p * p, q * q)
        if i > 0:
            for j in range(n):
                p, q = a[i, j] - a[i - 1, j], b[i, j] - b[i - 1, j]
                down += max(p * p, q * q)
            for j in range(1, n):
                p, q = a[i, j] - a[i - 1, j - 1], b[i, j] - b[i - 1, j - 1]
                main += max(p * p, q * q)
                p, q = a[i, j - 1] - a[i - 1, j], b[i, j - 1] - b[i - 1, j]
                anti += max(p * p, q * q)
        total[0] += across
        total[1] += down
        total[2] += main
        total[3] += anti
    return total
