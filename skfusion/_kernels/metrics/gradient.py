"""Edge transfer from the sources to the fused image: sums for Qabf, Labf and Nabf.

The three published codes share a plan: Sobel responses of A, B and F, strength and
orientation of their edges, a sigmoid quality per pixel, weighted sums. A row at a time
is kept in buffers, so that all loops run over short arrays and vectorise.
"""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from .._jit import kernel
from .rows import angle_row, exp_row

HALF_PI = math.pi / 2


@kernel
def _load_row(image, i, mirrored, divisor, out):
    """Copy row `i` (-1 and H are border rows) with a border pixel on either side."""
    m, n = image.shape
    if mirrored:  # row -1 repeats row 1, row H repeats row H - 2
        if i == -1:
            i = 1
        elif i == m:
            i = m - 2
    if i < 0 or i >= m:
        out[:] = 0.0
        return
    for j in range(n):
        out[j + 1] = image[i, j] / divisor
    out[0] = out[2] if mirrored and n > 1 else 0.0
    out[n + 1] = out[n - 1] if mirrored and n > 1 else 0.0


@kernel
def _sobel_row(rows, i, x, y):
    """Sobel responses of row `i`, summed in the order of MATLAB's conv2.

    The order of the additions (columns from the left, rows from the bottom) decides
    whether gradients that are equal on paper are equal in floating point.
    """
    up, mid, down = rows[i % 3], rows[(i + 1) % 3], rows[(i + 2) % 3]
    for j in range(x.size):
        k = j + 1
        q = j + 2
        x[j] = -down[j] - 2.0 * mid[j] - up[j] + down[q] + 2.0 * mid[q] + up[q]
        y[j] = -down[j] + up[j] - 2.0 * down[k] + 2.0 * up[k] - down[q] + up[q]


@kernel
def _sobel_row_by_columns(rows, i, x, y):
    """Sobel responses / 8 of row `i`, each column of the window summed by itself."""
    up, mid, down = rows[i % 3], rows[(i + 1) % 3], rows[(i + 2) % 3]
    for j in range(x.size):
        k = j + 1
        q = j + 2
        left = -up[j] - 2.0 * mid[j] - down[j]
        y[j] = (left + (up[q] + 2.0 * mid[q] + down[q])) / 8.0
        x[j] = (
            (down[j] - up[j]) + (2.0 * down[k] - 2.0 * up[k]) + (down[q] - up[q])
        ) / 8.0


@kernel
def _start(images, mirrored, divisor):
    """Row buffers (3 images, 3 rows) with the first two rows of a window loaded."""
    n = images[0].shape[1]
    rows = np.zeros((3, 3, n + 2))
    for k in range(3):
        _load_row(images[k], -1, mirrored, divisor, rows[k, 0])
        _load_row(images[k], 0, mirrored, divisor, rows[k, 1])
    return rows


@kernel
def hong_sums(a, b, f, divisor, tie_is_one):
    """Numerator and denominator of Qabf as coded by Hong (L = 1)."""
    m, n = f.shape
    images = (a, b, f)
    rows = _start(images, False, divisor)
    x, y, room = np.empty(n), np.empty(n), np.empty(n)
    g, alpha = np.empty((3, n)), np.empty((3, n))
    e, h = np.empty(n), np.empty(n)
    numerator = denominator = 0.0
    for i in range(m):
        for k in range(3):
            _load_row(images[k], i + 1, False, divisor, rows[k, (i + 2) % 3])
            _sobel_row(rows[k], i, x, y)
            for j in range(n):
                g[k, j] = math.sqrt(x[j] * x[j] + y[j] * y[j])
            angle_row(x, y, alpha[k])
        for k in range(2):
            for j in range(n):
                p, q = g[k, j], g[2, j]
                low, high = min(p, q), max(p, q)
                tie = 1.0 if tie_is_one else q
                ratio = tie if p == q else low / (high if high > 0.0 else 1.0)
                x[j] = -15.0 * (ratio - 0.5)
                delta = 1.0 - abs(alpha[k, j] - alpha[2, j]) / HALF_PI
                y[j] = -22.0 * (delta - 0.8)
            exp_row(x, e, room)
            exp_row(y, h, room)
            for j in range(n):
                e[j] = g[k, j] * (0.9994 * 0.9879 / ((1.0 + e[j]) * (1.0 + h[j])))
            row = weight = 0.0
            for j in range(n):
                row += e[j]
                weight += g[k, j]
            numerator += row
            denominator += weight
    return numerator, denominator


@kernel
def kumar_sums(a, b, f, divisor, threshold, w_min):
    """Sums behind Qabf, Labf and Nabf of Petrovic and Shreyamsha Kumar.

    Returns ``(sum Q w, loss, modified artefacts, Petrovic's artefacts, sum w)``.
    """
    m, n = f.shape
    images = (a, b, f)
    rows = _start(images, True, divisor)
    x, y, room = np.empty(n), np.empty(n), np.empty(n)
    g, alpha = np.empty((3, n)), np.empty((3, n))
    e, h = np.empty(n), np.empty(n)
    quality, w = np.empty((2, n)), np.empty((2, n))
    out = np.zeros(5)
    for i in range(m):
        for k in range(3):
            _load_row(images[k], i + 1, True, divisor, rows[k, (i + 2) % 3])
            _sobel_row_by_columns(rows[k], i, x, y)
            angle_row(x, y, alpha[k])
            for j in range(n):
                g[k, j] = math.sqrt(x[j] * x[j] + y[j] * y[j])
                if x[j] == 0.0:
                    alpha[k, j] = math.copysign(HALF_PI, y[j]) if y[j] != 0.0 else 0.0
        for k in range(2):
            for j in range(n):
                p, q = g[k, j], g[2, j]
                low, high = min(p, q), max(p, q)
                ratio = low / (high if high > 0.0 else 1.0)
                x[j] = -19.0 * (ratio - 0.5)
                delta = abs(abs(alpha[k, j] - alpha[2, j]) - HALF_PI) / HALF_PI
                y[j] = -22.0 * (delta - 0.5)
                w[k, j] = p * math.sqrt(p) if p >= threshold else w_min
            exp_row(x, e, room)
            exp_row(y, h, room)
            for j in range(n):
                strength, orientation = 0.9999 / (1.0 + e[j]), 0.9995 / (1.0 + h[j])
                quality[k, j] = math.sqrt(strength * orientation)
        kept = lost = modified = artefact = weight = 0.0
        for j in range(n):
            q_a, q_b, w_a, w_b = quality[0, j], quality[1, j], w[0, j], w[1, j]
            both = w_a + w_b
            missing = (1.0 - q_a) * w_a + (1.0 - q_b) * w_b
            new = g[2, j] > g[0, j] and g[2, j] > g[1, j]
            kept += q_a * w_a + q_b * w_b
            lost += 0.0 if new else missing
            modified += missing if new else 0.0
            artefact += (2.0 - q_a - q_b) * both if new else 0.0
            weight += both
        out[0] += kept
        out[1] += lost
        out[2] += modified
        out[3] += artefact
        out[4] += weight
    return out


@kernel
def liu_sums(a, b, f, divisor):
    """Sums behind the codes of Liu et al. and of pyFusionSR (constants of Liu).

    Returns ``(sum of local ratios, sum Q w, sum w, loss, artefacts)``.
    """
    m, n = f.shape
    images = (a, b, f)
    rows = _start(images, False, divisor)
    x, y, room = np.empty(n), np.empty(n), np.empty(n)
    g, alpha = np.empty((3, n)), np.empty((3, n))
    e, h = np.empty(n), np.empty(n)
    quality = np.empty((2, n))
    out = np.zeros(5)
    for i in range(m):
        for k in range(3):
            _load_row(images[k], i + 1, False, divisor, rows[k, (i + 2) % 3])
            _sobel_row(rows[k], i, x, y)
            for j in range(n):
                strength = math.sqrt(x[j] * x[j] + y[j] * y[j])
                g[k, j] = strength if strength > 0.0 else 1e-5
                y[j] = -y[j]  # this code's x and y differ in sign
                x[j] = x[j] if x[j] != 0.0 else 1e-5
            angle_row(x, y, alpha[k])
        for k in range(2):
            for j in range(n):
                p, q = g[k, j], g[2, j]
                x[j] = -10.0 * (min(p, q) / max(p, q) - 0.5)
                delta = abs(abs(alpha[k, j] - alpha[2, j]) - HALF_PI) / HALF_PI
                y[j] = -20.0 * (delta - 0.75)
            exp_row(x, e, room)
            exp_row(y, h, room)
            for j in range(n):
                quality[k, j] = 1.0 / ((1.0 + e[j]) * (1.0 + h[j]))
        local = kept = weight = lost = artefact = 0.0
        for j in range(n):
            p, q, r = g[0, j], g[1, j], g[2, j]
            q_a, q_b = quality[0, j], quality[1, j]
            good = q_a * p + q_b * q
            local += good / (p + q)
            kept += good
            weight += p + q
            if r < p and r < q:
                lost += (1.0 - q_a) * p + (1.0 - q_b) * q
            if r > p and r > q:
                artefact += (2.0 - q_a - q_b) * (p + q)
        out[0] += local
        out[1] += kept
        out[2] += weight
        out[3] += lost
        out[4] += artefact
    return out


@kernel
def haar_step(image):
    """One level of the orthonormal Haar transform: (low, three detail bands).

    A last row or column without partner is left out.
    """
    m, n = image.shape[0] // 2, image.shape[1] // 2
    low = np.empty((m, n))
    detail = np.empty((3, m, n))
    for i in range(m):
        for j in range(n):
            p, q = image[2 * i, 2 * j], image[2 * i, 2 * j + 1]
            r, s = image[2 * i + 1, 2 * j], image[2 * i + 1, 2 * j + 1]
            low[i, j] = (p + q + r + s) * 0.5
            detail[0, i, j] = (p + q - r - s) * 0.5
            detail[1, i, j] = (p - q + r - s) * 0.5
            detail[2, i, j] = (p - q - r + s) * 0.5
    return low, detail


@kernel
def wavelet_preservation_sums(a, b, f):
    """Numerator and denominator of one level of QM, from (3, H, W) detail bands."""
    _, m, n = f.shape
    top = bottom = 0.0
    for i in range(m):
        for j in range(n):
            ep_a = ep_b = w_a = w_b = 0.0
            for k in range(3):
                x, y, z = a[k, i, j], b[k, i, j], f[k, i, j]
                ep_a += math.exp(-abs(x - z))
                ep_b += math.exp(-abs(y - z))
                w_a += x * x
                w_b += y * y
            top += ep_a * w_a + ep_b * w_b
            bottom += w_a + w_b
    return top, bottom
