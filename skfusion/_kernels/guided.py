"""The guided filter in one pass over the rows, and its enlargement step."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors
from .box import (
    drop,
    prefix_pair,
    reciprocal_counts,
    slide,
    slide_product,
    slide_square,
    window_means,
)

# Second moments for a colour guide: planes 0..2 are the guide, plane 3 the source.
_PAIRS = np.array(
    [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (0, 3), (1, 3), (2, 3)],
    dtype=np.int64,
)


@kernel_numpy_errors
def _gray_coefficients(mean, target, second, cross, eps, slope, offset):
    """Eq. (5) and (6) of He et al."""
    for x in range(mean.shape[0]):
        cross[x] -= mean[x] * target[x]
    for x in range(mean.shape[0]):
        # Rounding may leave a variance of -1e-17; a tiny eps must not meet it.
        slope[x] = cross[x] / (max(second[x] - mean[x] * mean[x], 0.0) + eps)
    for x in range(mean.shape[0]):
        offset[x] = target[x] - slope[x] * mean[x]


@kernel_numpy_errors
def _colour_coefficients(m, eps, out):
    """Eq. (14) and (15): solve (covariance + eps) a = cross by the adjugate."""
    for x in range(m.shape[1]):
        r, g, b, p = m[0, x], m[1, x], m[2, x], m[3, x]
        rr = m[4, x] - r * r + eps
        rg = m[5, x] - r * g
        rb = m[6, x] - r * b
        gg = m[7, x] - g * g + eps
        gb = m[8, x] - g * b
        bb = m[9, x] - b * b + eps
        pr = m[10, x] - r * p
        pg = m[11, x] - g * p
        pb = m[12, x] - b * p
        i_rr = gg * bb - gb * gb
        i_rg = gb * rb - rg * bb
        i_rb = rg * gb - gg * rb
        i_gg = rr * bb - rb * rb
        i_gb = rb * rg - rr * gb
        i_bb = rr * gg - rg * rg
        scale = 1.0 / (i_rr * rr + i_rg * rg + i_rb * rb)
        a_r = (i_rr * pr + i_rg * pg + i_rb * pb) * scale
        a_g = (i_rg * pr + i_gg * pg + i_gb * pb) * scale
        a_b = (i_rb * pr + i_gb * pg + i_bb * pb) * scale
        out[0, x] = a_r
        out[1, x] = a_g
        out[2, x] = a_b
        out[3, x] = p - a_r * r - a_g * g - a_b * b


@kernel_numpy_errors
def _replace(columns, kept, row):
    """Put a new row in place of a kept one and move the column sums with it."""
    for x in range(columns.shape[0]):
        new = kept.dtype.type(row[x])
        columns[x] += np.float64(new) - np.float64(kept[x])
        kept[x] = new


@kernel_numpy_errors
def _apply(means, guide, y, out):
    """Eq. (8): the mean coefficients times the guide."""
    channels = guide.shape[0]
    row = guide[0, y]
    slope = means[0]
    offset = means[channels]
    for x in range(out.shape[0]):
        out[x] = slope[x] * row[x] + offset[x]
    for c in range(1, channels):
        row = guide[c, y]
        slope = means[c]
        for x in range(out.shape[0]):
            out[x] += slope[x] * row[x]


@kernel_numpy_errors
def guided(planes, radius, eps, out):
    """Guided filter of any radius, in one pass.

    ``planes`` (channels + 1, H, W) holds the guide, 1 or 3 channels, and then the
    source. ``out`` (1, H, W) receives the filtered image, ``out`` (channels + 1, H, W)
    the mean coefficients. Rows of coefficients wait in a
    ring of 2 radius + 1 rows, all that the second mean needs.
    """
    n, height, width = planes.shape
    ry = min(radius, height - 1)
    rx = min(radius, width - 1)
    window = 2 * rx + 1
    depth = 2 * ry + 1
    channels = n - 1
    # Means and second moments: 4, or 13 and a row of padding, as sums go in pairs.
    columns = np.zeros((4 if channels == 1 else 14, width))
    sums = np.zeros((2, width + window))
    moments = np.zeros(columns.shape)
    coefs = np.zeros((n, width))
    coef_columns = np.zeros((n, width))
    ring = np.zeros((depth, n, width), planes.dtype)
    nothing = np.zeros(width, planes.dtype)
    reciprocal = reciprocal_counts(width, rx)
    down = reciprocal_counts(height, ry)
    # Rows -ry..-1 only fill the column sums.
    for t in range(-ry, height + ry):
        if t + ry < height or 0 <= t < height:
            is_in = t + ry < height
            is_out = t > ry
            for k in range(n):
                entering = planes[k, t + ry] if is_in else nothing
                leaving = planes[k, t - ry - 1] if is_out else nothing
                slide(columns[k], entering, leaving)
            if channels == 1:
                slide_square(
                    columns[2],
                    planes[0, t + ry] if is_in else nothing,
                    planes[0, t - ry - 1] if is_out else nothing,
                )
                slide_product(
                    columns[3],
                    planes[0, t + ry] if is_in else nothing,
                    planes[1, t + ry] if is_in else nothing,
                    planes[0, t - ry - 1] if is_out else nothing,
                    planes[1, t - ry - 1] if is_out else nothing,
                )
            else:
                for k in range(9):
                    i, j = _PAIRS[k]
                    slide_product(
                        columns[4 + k],
                        planes[i, t + ry] if is_in else nothing,
                        planes[j, t + ry] if is_in else nothing,
                        planes[i, t - ry - 1] if is_out else nothing,
                        planes[j, t - ry - 1] if is_out else nothing,
                    )
        if t < 0:
            continue
        kept = ring[t % depth]
        if t < height:
            for k in range(0, columns.shape[0], 2):
                prefix_pair(columns[k], columns[k + 1], sums[0], sums[1], rx)
                window_means(sums[0], window, reciprocal, down[t], moments[k])
                window_means(sums[1], window, reciprocal, down[t], moments[k + 1])
            if channels == 1:
                _gray_coefficients(
                    moments[0],
                    moments[1],
                    moments[2],
                    moments[3],
                    eps,
                    coefs[0],
                    coefs[1],
                )
            else:
                _colour_coefficients(moments, eps, coefs)
            for k in range(n):
                _replace(coef_columns[k], kept[k], coefs[k])
        else:
            for k in range(n):
                drop(coef_columns[k], kept[k])
        y = t - ry
        if y < 0:
            continue
        for k in range(0, n, 2):
            prefix_pair(coef_columns[k], coef_columns[k + 1], sums[0], sums[1], rx)
            window_means(sums[0], window, reciprocal, down[y], coefs[k])
            window_means(sums[1], window, reciprocal, down[y], coefs[k + 1])
        if out.shape[0] == 1:
            _apply(coefs, planes[:channels], y, out[0, y])
        else:
            for k in range(n):
                out[k, y] = coefs[k]


@kernel_numpy_errors
def bilinear_taps(n, n_small):
    """Left neighbour and weight of the right one for half-pixel centres."""
    left = np.empty(n, np.int64)
    weight = np.empty(n)
    for x in range(n):
        u = min(max((x + 0.5) * n_small / n - 0.5, 0.0), n_small - 1.0)
        left[x] = min(int(u), max(n_small - 2, 0))
        weight[x] = u - left[x]
    return left, weight


@kernel_numpy_errors
def _widen(row, left, weight, out):
    last = row.shape[0] - 1
    for x in range(out.shape[0]):
        here = row[left[x]]
        out[x] = here + weight[x] * (row[min(left[x] + 1, last)] - here)


@kernel_numpy_errors
def _lerp(upper, lower, weight, out):
    for x in range(out.shape[0]):
        out[x] = upper[x] + weight * (lower[x] - upper[x])


@kernel_numpy_errors
def _blend_and_apply(upper, lower, weight, image, out):
    """The same as _lerp and _apply for a gray guide, in one loop."""
    slope, slope_below = upper[0], lower[0]
    offset, offset_below = upper[1], lower[1]
    for x in range(out.shape[0]):
        a = slope[x] + weight * (slope_below[x] - slope[x])
        b = offset[x] + weight * (offset_below[x] - offset[x])
        out[x] = a * image[x] + b


@kernel_numpy_errors
def enlarge_and_apply(guide, coefs, out):
    """Enlarge mean coefficients bilinearly and apply them to the full-size guide.

    ``guide`` (C, H, W), ``coefs`` (C + 1, h, w), ``out`` (H, W). Each coarse row is
    widened once; the rest is a blend of two widened rows, without any gather.
    """
    _, height, width = guide.shape
    n, coarse_height, coarse_width = coefs.shape
    top, weight_down = bilinear_taps(height, coarse_height)
    left, weight = bilinear_taps(width, coarse_width)
    weight = weight.astype(out.dtype)
    wide = np.empty((2, n, width), out.dtype)
    blended = np.empty((n, width), out.dtype)
    held = -1
    for y in range(height):
        if top[y] != held:
            for k in range(n):
                if held >= 0 and top[y] == held + 1:
                    wide[0, k] = wide[1, k]
                else:
                    _widen(coefs[k, top[y]], left, weight, wide[0, k])
                below = min(top[y] + 1, coarse_height - 1)
                _widen(coefs[k, below], left, weight, wide[1, k])
            held = top[y]
        fraction = out.dtype.type(weight_down[y])
        if n == 2:
            _blend_and_apply(wide[0], wide[1], fraction, guide[0, y], out[y])
            continue
        for k in range(n):
            _lerp(wide[0, k], wide[1, k], fraction, blended[k])
        _apply(blended, guide, y, out[y])
