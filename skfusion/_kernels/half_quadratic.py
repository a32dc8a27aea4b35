"""The pointwise steps of the Bayesian fusion model, each in one pass."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from ._jit import kernel_numpy_errors


@kernel_numpy_errors
def blend(difference, smooth, data, prior, coupling, out):
    """Write X = (2 C Y + rho H) / (2 C + 2 D + rho) into `out`; all are (H, W)."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            c, rho = data[i, j], coupling[i, j]
            total = (c + c) * difference[i, j] + rho * smooth[i, j]
            out[i, j] = total / (c + c + prior[i, j] + prior[i, j] + rho)


@kernel_numpy_errors
def spread_gradient(x, smooth, limit, padded, out):
    """Write X plus the adjoint gradient of the shrunk gradient of H into `out`.

    `x`, `smooth` and `out` are (H, W); `limit`, the threshold lam / rho, has a border
    of one pixel, (H + 2, W + 2), and `padded` is scratch of that shape.
    """
    n_rows, n_columns = x.shape
    for i in range(n_rows):
        for j in range(n_columns):
            padded[i + 1, j + 1] = smooth[i, j]
    # Equal values across the border: no gradient there.
    padded[0] = padded[1]
    padded[n_rows + 1] = padded[n_rows]
    for i in range(n_rows + 2):
        padded[i, 0] = padded[i, 1]
        padded[i, n_columns + 1] = padded[i, n_columns]
    for i in range(n_rows):
        for j in range(n_columns):
            h = padded[i + 1, j + 1]
            t = limit[i + 1, j + 1]
            left = padded[i + 1, j] - h
            up = padded[i, j + 1] - h
            right = h - padded[i + 1, j + 2]
            down = h - padded[i + 2, j + 1]
            t_left = limit[i + 1, j]
            t_up = limit[i, j + 1]
            out[i, j] = (
                x[i, j]
                + (right - min(max(right, -t), t))
                + (down - min(max(down, -t), t))
                - (left - min(max(left, -t_left), t_left))
                - (up - min(max(up, -t_up), t_up))
            )


@kernel_numpy_errors
def reweigh(difference, x, data, prior, coupling, tau_data, tau_prior):
    """Update C, D and rho in place; return the two new scales."""
    kind = x.dtype.type
    n_rows, n_columns = x.shape
    tiny, tinier = kind(1e-6), kind(1e-12)
    one, two = kind(1), kind(2)
    scale_data, scale_prior = kind(2 / tau_data), kind(2 / tau_prior)
    row_data = np.zeros(n_columns, x.dtype)
    row_prior = np.zeros(n_columns, x.dtype)
    sum_data = 0.0
    sum_prior = 0.0
    for i in range(n_rows):
        for j in range(n_columns):
            d = math.sqrt(scale_prior / (x[i, j] * x[i, j] + tiny))
            miss = difference[i, j] - x[i, j]
            c = math.sqrt(scale_data / (miss * miss + tinier))
            d = min(d, two * c)
            data[i, j] = c
            prior[i, j] = d
            coupling[i, j] = (c + d) / two
            row_data[j] += one / (c + tiny)
            row_prior[j] += one / (d + tiny)
        # Partial sums a few rows long keep float32 exact enough.
        if i % 16 == 15 or i == n_rows - 1:
            for j in range(n_columns):
                sum_data += row_data[j]
                sum_prior += row_prior[j]
                row_data[j] = 0
                row_prior[j] = 0
    n = x.size
    return sum_data / n + tau_data / 2, sum_prior / n + tau_prior / 2
