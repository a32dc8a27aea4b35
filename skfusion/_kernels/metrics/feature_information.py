"""Feature mutual information: windows of feature maps read as distributions."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from .._jit import kernel


@kernel
def fmi_sum(a, b, f, window):
    """Sum over all windows of FMI(a, f) + FMI(b, f), and the number of windows."""
    m, n = f.shape
    size = window * window
    # Rows: the window itself, its pdf, its cdf, log2 of the pdf.
    wa = np.empty((4, size))
    wb = np.empty((4, size))
    wf = np.empty((4, size))
    sa = np.empty(3)
    sb = np.empty(3)
    sf = np.empty(3)
    total = 0.0
    for i in range(m - window + 1):
        row = 0.0
        for j in range(n - window + 1):
            same_a = same_b = True
            k = 0
            for q in range(j, j + window):  # column-major, as the original
                for p in range(i, i + window):
                    wa[0, k], wb[0, k], wf[0, k] = a[p, q], b[p, q], f[p, q]
                    same_a &= wa[0, k] == wf[0, k]
                    same_b &= wb[0, k] == wf[0, k]
                    k += 1
            if not (same_a and same_b):
                _describe(wf, sf)
            if same_a:
                row += 1.0
            else:
                _describe(wa, sa)
                row += _pair_fmi(wf, sf, wa, sa)
            if same_b:
                row += 1.0
            else:
                _describe(wb, sb)
                row += _pair_fmi(wf, sf, wb, sb)
        total += row
    return total, max(m - window + 1, 0) * max(n - window + 1, 0)


@kernel
def _describe(w, stats):
    """Fill pdf, cdf and log2 pdf of a window; stats = (sd, entropy, sum of squares).

    The sum of squares is that of the pdf about its mean.
    """
    size = w.shape[1]
    low = high = w[0, 0]
    for k in range(1, size):
        low, high = min(low, w[0, k]), max(high, w[0, k])
    if low == high:
        for k in range(size):
            w[1, k] = 1.0
    else:
        for k in range(size):
            w[1, k] = (w[0, k] - low) / (high - low)
    total = 0.0
    for k in range(size):
        total += w[1, k]
    mean_k = square_k = running = entropy = spread = 0.0
    for k in range(size):
        p = w[1, k] / total
        w[1, k] = p
        running += p
        w[2, k] = running
        mean_k += (k + 1) * p
        square_k += (k + 1) * (k + 1) * p
        spread += (p - 1.0 / size) ** 2  # exactly 0 for a flat window
        if p != 0.0:
            w[3, k] = math.log2(p)
            entropy -= p * w[3, k]
        else:
            w[3, k] = 0.0
    stats[0] = math.sqrt(max(square_k - mean_k * mean_k, 0.0))
    stats[1] = entropy
    stats[2] = spread


@kernel
def _pair_fmi(x, sx, y, sy):
    """Normalised mutual information of two windows under Nelsen's joint model.

    The joint pdf is ``t * bound + (1 - t) * independent``. The bound of Frechet has
    mass on a staircase of at most ``2 size - 1`` cells only; away from it the entropy
    of the product splits into sums over x and over y.
    """
    size = x.shape[1]
    if sx[2] == 0.0 and sy[2] == 0.0:
        return 1.0  # two flat windows: their pdfs are equal, whatever their levels
    covariance = 0.0
    for k in range(size):
        covariance += (x[1, k] - 1.0 / size) * (y[1, k] - 1.0 / size)
    t = 0.0
    upper = covariance >= 0.0
    if covariance != 0.0 and sx[0] != 0.0 and sy[0] != 0.0:
        correlation = covariance / math.sqrt(sx[2] * sy[2])
        extreme = 0.0
        for i in range(size):
            for j in range(size):
                u, v = x[2, i], y[2, j]
                bound = min(u, v) if upper else max(u + v - 1.0, 0.0)
                extreme += bound - u * v
        t = correlation / (extreme / (sx[0] * sy[0]))
    rest = 1.0 - t
    # -sum p log2|p| of p = rest * x_i * y_j over all cells
    joint = rest * (sx[1] + sy[1])
    log_rest = 0.0
    if rest != 0.0:
        log_rest = math.log2(abs(rest))
        joint -= rest * log_rest
    if t != 0.0:
        # Walk the staircase: i runs up, j runs up (upper bound) or down (lower bound).
        i = 0
        j = 0 if upper else size - 1
        step = 1 if upper else -1
        left_x, left_y = x[1, 0], y[1, j]
        while True:
            mass = min(left_x, left_y)
            product = rest * x[1, i] * y[1, j]
            cell = t * mass + product
            if product != 0.0:
                joint += product * (log_rest + x[3, i] + y[3, j])
            if cell != 0.0:
                joint -= cell * math.log2(abs(cell))
            left_x -= mass
            left_y -= mass
            if left_x <= left_y:
                i += 1
                if i == size:
                    break
                left_x = x[1, i]
            else:
                j += step
                if j < 0 or j == size:
                    break
                left_y = y[1, j]
    information = sx[1] + sy[1] - joint
    if information == 0.0:
        return 0.0
    return 2.0 * information / (sx[1] + sy[1])


@kernel
def sobel_strength(padded):
    """Squared Sobel magnitude inside an image that carries a border of one.

    Summed tap by tap, row by row: the thinning compares neighbours that are often equal
    on paper, so that the order of the additions shows in the result.
    """
    m, n = padded.shape
    out = np.empty((m - 2, n - 2))
    for i in range(m - 2):
        up, mid, down = padded[i], padded[i + 1], padded[i + 2]
        for j in range(n - 2):
            k = j + 1
            q = j + 2
            gx = up[j] - up[q] + 2.0 * mid[j] - 2.0 * mid[q] + down[j] - down[q]
            gy = up[j] + 2.0 * up[k] + up[q] - down[j] - 2.0 * down[k] - down[q]
            out[i, j] = gx * gx + gy * gy
    return out
