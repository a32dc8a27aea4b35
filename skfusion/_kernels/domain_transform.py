"""The recursive edge-aware filter of the domain transform."""

# SPDX-License-Identifier: BSD-3-Clause
from ._jit import kernel


@kernel
def recursive_filter(image, across, down):
    """Filter `image` (H, W) in place, rows first, then columns.

    `across` (H, W - 1) and `down` (H - 1, W) are the feedback between neighbours, in
    [0, 1): 0 at an edge that nothing passes.
    """
    n_rows, n_columns = image.shape
    for i in range(n_rows):
        for j in range(1, n_columns):
            image[i, j] += across[i, j - 1] * (image[i, j - 1] - image[i, j])
        for j in range(n_columns - 2, -1, -1):
            image[i, j] += across[i, j] * (image[i, j + 1] - image[i, j])
    for i in range(1, n_rows):
        for j in range(n_columns):
            image[i, j] += down[i - 1, j] * (image[i - 1, j] - image[i, j])
    for i in range(n_rows - 2, -1, -1):
        for j in range(n_columns):
            image[i, j] += down[i, j] * (image[i + 1, j] - image[i, j])
