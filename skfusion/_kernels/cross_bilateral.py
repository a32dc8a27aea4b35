"""The cross bilateral filter: range weights measured in another image."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np

from ._jit import kernel


@kernel
def cross_bilateral_exact(image, guide, spatial, range_scale):
    """Filter a padded float64 image by the weights of a padded guide.

    `image` and `guide` are (H + 2r, W + 2r), `spatial` the (2r + 1, 2r + 1) spatial
    weights; the range weight is exp(-range_scale (difference of the guide)**2).
    """
    size = spatial.shape[0]
    half = size // 2
    n_rows, n_columns = image.shape[0] - 2 * half, image.shape[1] - 2 * half
    out = np.empty((n_rows, n_columns), image.dtype)
    for i in range(n_rows):
        for j in range(n_columns):
            centre = guide[i + half, j + half]
            total = 0.0
            weights = 0.0
            for di in range(size):
                for dj in range(size):
                    step = guide[i + di, j + dj] - centre
                    w = spatial[di, dj] * math.exp(-range_scale * step * step)
                    total += w * image[i + di, j + dj]
                    weights += w
            out[i, j] = total / weights
    return out


@kernel
def cross_bilateral(image, guide, spatial, range_scale):
    """Do the same in float32, with an exponential that vectorises.

    exp(x) = exp(x / 32)**32: a polynomial on [-1, 0] and five squarings, exact to
    about 1e-5 of itself; below exp(-32) it stays there.
    """
    size = spatial.shape[0]
    half = size // 2
    n_rows, n_columns = image.shape[0] - 2 * half, image.shape[1] - 2 * half
    out = np.empty((n_rows, n_columns), np.float32)
    total = np.empty(n_columns, np.float32)
    weights = np.empty(n_columns, np.float32)
    one = np.float32(1)
    c2, c3, c4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
    c5, c6, c7 = np.float32(1 / 120), np.float32(1 / 720), np.float32(1 / 5040)
    c8, c9 = np.float32(1 / 40320), np.float32(1 / 362880)
    scale = np.float32(-range_scale / 32)
    for i in range(n_rows):
        total[:] = 0
        weights[:] = 0
        centre = guide[i + half, half : half + n_columns]
        for di in range(size):
            for dj in range(size):
                values = image[i + di, dj : dj + n_columns]
                guides = guide[i + di, dj : dj + n_columns]
                near = spatial[di, dj]
                for j in range(n_columns):
                    step = guides[j] - centre[j]
                    x = max(scale * step * step, -one)
                    p = c8 + x * c9
                    p = c6 + x * (c7 + x * p)
                    p = c4 + x * (c5 + x * p)
                    p = c2 + x * (c3 + x * p)
                    p = one + x * (one + x * p)
                    p = p * p
                    p = p * p
                    p = p * p
                    p = p * p
                    w = near * (p * p)
                    total[j] += w * values[j]
                    weights[j] += w
        for j in range(n_columns):
            out[i, j] = total[j] / weights[j]
    return out
