"""Means over windows clipped to the image, in one pass and any radius."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors

# The loops are short and touch few arrays each: LLVM gives up on vectorising a loop
# that needs many pointer comparisons.


@kernel_numpy_errors
def reciprocal_counts(n, radius):
    """One over the number of pixels that the window at 0..n-1 really holds."""
    out = np.empty(n)
    for x in range(n):
        out[x] = 1.0 / (min(x + radius, n - 1) - max(x - radius, 0) + 1)
    return out


@kernel_numpy_errors
def slide(columns, entering, leaving):
    """Move column sums one row on; the float64 sums forget no float32 digit."""
    for x in range(columns.shape[0]):
        columns[x] += np.float64(entering[x]) - np.float64(leaving[x])


@kernel_numpy_errors
def drop(columns, kept):
    """Take a row out of the column sums."""
    for x in range(columns.shape[0]):
        columns[x] -= np.float64(kept[x])


@kernel_numpy_errors
def slide_product(columns, in_a, in_b, out_a, out_b):
    """Move the column sums of a product one row on."""
    for x in range(columns.shape[0]):
        entering = np.float64(in_a[x]) * np.float64(in_b[x])
        leaving = np.float64(out_a[x]) * np.float64(out_b[x])
        columns[x] += entering - leaving


@kernel_numpy_errors
def slide_square(columns, entering, leaving):
    """Move the column sums of the squares one row on."""
    for x in range(columns.shape[0]):
        new = np.float64(entering[x])
        old = np.float64(leaving[x])
        columns[x] += new * new - old * old


@kernel_numpy_errors
def prefix_pair(a, b, sum_a, sum_b, radius):
    """Prefix sums of two rows, held constant for ``radius`` entries past each end.

    Entry ``radius + 1 + x`` is the sum up to ``x``. An addition waits for the one
    before it, so each row is summed in two halves: four chains run at once.
    """
    n = a.shape[0]
    half = n // 2
    to_a = sum_a[radius + 1 :]
    to_b = sum_b[radius + 1 :]
    right_a = a[half:]
    right_b = b[half:]
    to_right_a = to_a[half:]
    to_right_b = to_b[half:]
    s_a = 0.0
    s_b = 0.0
    t_a = 0.0
    t_b = 0.0
    for x in range(half):
        s_a += a[x]
        s_b += b[x]
        t_a += right_a[x]
        t_b += right_b[x]
        to_a[x] = s_a
        to_b[x] = s_b
        to_right_a[x] = t_a
        to_right_b[x] = t_b
    for x in range(half):
        to_right_a[x] += s_a
    for x in range(half):
        to_right_b[x] += s_b
    s_a += t_a
    s_b += t_b
    if 2 * half < n:
        s_a += a[n - 1]
        s_b += b[n - 1]
    for x in range(2 * half, n + radius):
        to_a[x] = s_a
        to_b[x] = s_b


@kernel_numpy_errors
def window_means(sums, width, reciprocal, scale, out):
    """Means of all windows of a row: differences of its prefix sums."""
    upper = sums[width:]
    for x in range(out.shape[0]):
        out[x] = (upper[x] - sums[x]) * (reciprocal[x] * scale)


@kernel_numpy_errors
def _slide_to(columns, entering, leaving, out):
    for x in range(out.shape[0]):
        out[x] = columns[x] + (np.float64(entering[x]) - np.float64(leaving[x]))


@kernel_numpy_errors
def box_mean(image, radius, out):
    """Box means of ``image`` (H, W) into ``out``, two rows at a time."""
    height, width = image.shape
    ry = min(radius, height - 1)
    rx = min(radius, width - 1)
    window = 2 * rx + 1
    even = np.zeros(width)
    odd = np.zeros(width)
    sum_even = np.zeros(width + window)
    sum_odd = np.zeros(width + window)
    nothing = np.zeros(width, image.dtype)
    reciprocal = reciprocal_counts(width, rx)
    down = reciprocal_counts(height, ry)
    for y in range(ry):
        slide(odd, image[y], nothing)
    for y in range(0, height, 2):
        for row in range(y, y + 2):
            entering = image[row + ry] if row + ry < height else nothing
            leaving = image[row - ry - 1] if 0 <= row - ry - 1 < height else nothing
            if row == y:
                _slide_to(odd, entering, leaving, even)
            else:
                _slide_to(even, entering, leaving, odd)
        prefix_pair(even, odd, sum_even, sum_odd, rx)
        window_means(sum_even, window, reciprocal, down[y], out[y])
        if y + 1 < height:
            window_means(sum_odd, window, reciprocal, down[y + 1], out[y + 1])
