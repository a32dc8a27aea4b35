"""Exact Euclidean distance transform."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors

# Rows whose longest distance is below this are settled by comparing shifted copies,
# which vectorises; longer ones by the envelope, whose cost does not grow.
_SHORT = 24


@kernel_numpy_errors
def _down(above, mask, far, out):
    for x in range(out.shape[0]):
        step = min(above[x] + np.int32(1), far)
        out[x] = step if mask[x] else np.int32(0)


@kernel_numpy_errors
def _up(below, out):
    for x in range(out.shape[0]):
        out[x] = min(out[x], below[x] + np.int32(1))


@kernel_numpy_errors
def _largest(row):
    out = row[0]
    for x in range(row.shape[0]):
        out = max(out, row[x])
    return out


@kernel_numpy_errors
def _shift(left, right, square, best):
    """Offer each pixel the columns ``k`` to its left and right, ``square = k * k``."""
    for x in range(best.shape[0]):
        best[x] = min(best[x], min(left[x], right[x]) + square)


@kernel_numpy_errors
def _near(column, padded, best):
    """Squared distances of a row of short ones, by brute force over the shifts.

    ``padded`` has ``_SHORT`` entries more at each end, large ones. Column ``x +- k``
    is at least ``k`` away, so the shifts end where no distance is above ``k``.
    """
    n = column.shape[0]
    middle = padded[_SHORT : _SHORT + n]
    for x in range(n):
        square = column[x] * column[x]
        middle[x] = square
        best[x] = square
    k = 1
    while k * k < _largest(best):
        _shift(padded[_SHORT - k :], padded[_SHORT + k :], np.int32(k * k), best)
        k += 1


@kernel_numpy_errors
def _fill(v, c, start, out):
    """Distances to one parabola from ``start`` to the end of ``out``."""
    square = c * c
    for x in range(out.shape[0]):
        d = np.float64(start + x) - v
        out[x] = np.sqrt(d * d + square)


@kernel_numpy_errors
def _envelope(column, far, start, stop, vertex, height, out):
    """Distances of the columns start..stop-1 of one row.

    Each column ``i`` offers the parabola ``column[i]**2 + (x - i)**2``; the squared
    distance is their lower envelope. Two crossings are compared by their cross
    product, so there is no division and no rounding.
    """
    k = -1
    for q in range(start, stop):
        c = np.int64(column[q])
        if c == far:
            continue
        top = c * c + q * q
        while k >= 1:
            v = vertex[k]
            u = vertex[k - 1]
            if (height[k] - height[k - 1]) * (q - v) < (top - height[k]) * (v - u):
                break
            k -= 1
        k += 1
        vertex[k] = q
        height[k] = top
    last = k
    k = 0
    x = start
    # At x, parabola i is height[i] - 2 i x, up to the common x * x.
    while k < last:
        value = height[k] - 2 * vertex[k] * x
        while k < last:
            after = height[k + 1] - 2 * vertex[k + 1] * x
            if after > value:
                break
            value = after
            k += 1
        if k == last:
            break
        out[x] = np.sqrt(np.float64(value + x * x))
        x += 1
        if x == stop:
            return
    v = vertex[last]
    _fill(np.float64(v), np.float64(column[v]), x, out[x:stop])


@kernel_numpy_errors
def _roots(squares, out):
    for x in range(out.shape[0]):
        out[x] = np.sqrt(np.float64(squares[x]))


@kernel_numpy_errors
def distance(mask, columns, out):
    """Distance of each pixel where ``mask`` holds to the nearest where it does not.

    ``mask`` must be false somewhere. ``columns`` is the memory of ``out`` seen as
    int32 (H, 2 W): the distances along the columns wait in the first half of each row
    until the row is done. A run of foreground between two background pixels of its row
    depends on no column beyond them, so runs are solved apart.
    """
    rows, cols = mask.shape
    # Of a column without background; out of reach of _near too.
    far = np.int32(max(rows + 1, _SHORT))
    above = np.full(cols, far, np.int32)
    for y in range(rows):
        row = columns[y, :cols]
        _down(above, mask[y], far, row)
        above = row
    for y in range(rows - 2, -1, -1):
        _up(columns[y + 1, :cols], columns[y, :cols])
    row = np.empty(cols, np.int32)
    padded = np.full(cols + 2 * _SHORT, np.int32(2**30), np.int32)
    best = np.empty(cols, np.int32)
    vertex = np.empty(cols, np.int64)
    height = np.empty(cols, np.int64)
    for y in range(rows):
        row[:] = columns[y, :cols]
        if _largest(row) < _SHORT:
            _near(row, padded, best)
            _roots(best, out[y])
            continue
        x = 0
        while x < cols:
            if row[x] == 0:
                out[y, x] = 0.0
                x += 1
                continue
            stop = x
            while stop < cols and row[stop] != 0:
                stop += 1
            start = max(x - 1, 0)
            stop = min(stop + 1, cols)
            _envelope(row, far, start, stop, vertex, height, out[y])
            x = stop
