"""The guided filter where a gray image guides itself, the common case, fused."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors
from .box import drop, prefix_pair, reciprocal_counts, window_means


@kernel_numpy_errors
def _slide_moments(first, second, entering, leaving):
    for x in range(first.shape[0]):
        new = np.float64(entering[x])
        old = np.float64(leaving[x])
        first[x] += new - old
        second[x] += new * new - old * old


@kernel_numpy_errors
def _slopes(sums, width, reciprocal, scale, mean, eps, slope):
    """Variance over variance plus eps, from the prefix sums of the squares."""
    upper = sums[width:]
    cast = slope.dtype.type
    small = cast(eps)
    zero = cast(0.0)
    for x in range(slope.shape[0]):
        square = (upper[x] - sums[x]) * (reciprocal[x] * scale)
        # The difference needs float64; the quotient of float32 images does not.
        variance = max(cast(square - mean[x] * mean[x]), zero)
        slope[x] = variance / (variance + small)


@kernel_numpy_errors
def _replace_slope(columns, kept, slope):
    for x in range(columns.shape[0]):
        columns[x] += np.float64(slope[x]) - np.float64(kept[x])
        kept[x] = slope[x]


@kernel_numpy_errors
def _replace_offset(columns, kept, mean, slope):
    cast = kept.dtype.type
    for x in range(columns.shape[0]):
        offset = cast(mean[x] - np.float64(slope[x]) * mean[x])
        columns[x] += np.float64(offset) - np.float64(kept[x])
        kept[x] = offset


@kernel_numpy_errors
def _finish(slopes, offsets, width, reciprocal, scale, image, out):
    """Both mean coefficients and Eq. (8) of He et al. in one loop."""
    more_slopes = slopes[width:]
    more_offsets = offsets[width:]
    for x in range(out.shape[0]):
        a = more_slopes[x] - slopes[x]
        b = more_offsets[x] - offsets[x]
        out[x] = (a * image[x] + b) * (reciprocal[x] * scale)


@kernel_numpy_errors
def guided_self(image, radius, eps, out):
    """Filter ``image`` (H, W) under its own guide; see ``guided`` for the scheme."""
    height, width = image.shape
    ry = min(radius, height - 1)
    rx = min(radius, width - 1)
    window = 2 * rx + 1
    depth = 2 * ry + 1
    reciprocal = reciprocal_counts(width, rx)
    down = reciprocal_counts(height, ry)
    nothing = np.zeros(width, image.dtype)
    columns = np.zeros((4, width))
    sums = np.zeros((2, width + window))
    first, second, slopes, offsets = columns[0], columns[1], columns[2], columns[3]
    sum_a, sum_b = sums[0], sums[1]
    mean = np.empty(width)
    slope = np.empty(width, image.dtype)
    kept_slopes = np.zeros((depth, width), image.dtype)
    kept_offsets = np.zeros((depth, width), image.dtype)
    for y in range(ry):
        _slide_moments(first, second, image[y], nothing)
    for t in range(height + ry):
        slot = t % depth
        if t < height:
            entering = image[t + ry] if t + ry < height else nothing
            leaving = image[t - ry - 1] if t > ry else nothing
            _slide_moments(first, second, entering, leaving)
            prefix_pair(first, second, sum_a, sum_b, rx)
            window_means(sum_a, window, reciprocal, down[t], mean)
            _slopes(sum_b, window, reciprocal, down[t], mean, eps, slope)
            _replace_slope(slopes, kept_slopes[slot], slope)
            _replace_offset(offsets, kept_offsets[slot], mean, slope)
        else:
            drop(slopes, kept_slopes[slot])
            drop(offsets, kept_offsets[slot])
        y = t - ry
        if y >= 0:
            prefix_pair(slopes, offsets, sum_a, sum_b, rx)
            _finish(sum_a, sum_b, window, reciprocal, down[y], image[y], out[y])
