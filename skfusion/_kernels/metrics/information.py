"""Grey levels of an image and their histograms."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from .._jit import kernel


@kernel
def whole_levels(image):
    """Round half up to uint8; also whether the image held whole levels only."""
    m, n = image.shape
    out = np.empty((m, n), np.uint8)
    n_between = 0
    for i in range(m):
        for j in range(n):
            out[i, j] = np.uint8(np.int32(image[i, j] + 0.5))
        for j in range(n):
            n_between += image[i, j] != np.float64(out[i, j])
    return out, n_between == 0


@kernel
def histogram(x):
    """Count the grey levels of an (H, W) uint8 image: (256,) int64."""
    even = np.zeros(256, np.int64)
    odd = np.zeros(256, np.int64)
    n_rows, n_columns = x.shape
    for i in range(n_rows):
        for j in range(0, n_columns - 1, 2):
            even[x[i, j]] += 1
            odd[x[i, j + 1]] += 1
        if n_columns % 2:
            even[x[i, n_columns - 1]] += 1
    return even + odd


@kernel
def joint_histogram(x, y):
    """Count the pairs of grey levels of two (H, W) uint8 images: (256, 256) int64."""
    # Two tables taken in turn: neighbouring pixels are often equal, and adding to
    # one address twice in a row would wait for the first store.
    even = np.zeros((256, 256), np.int32)
    odd = np.zeros((256, 256), np.int32)
    n_rows, n_columns = x.shape
    for i in range(n_rows):
        for j in range(0, n_columns - 1, 2):
            even[x[i, j], y[i, j]] += 1
            odd[x[i, j + 1], y[i, j + 1]] += 1
        if n_columns % 2:
            even[x[i, n_columns - 1], y[i, n_columns - 1]] += 1
    counts = np.empty((256, 256), np.int64)
    for p in range(256):
        for q in range(256):
            counts[p, q] = np.int64(even[p, q]) + odd[p, q]
    return counts
