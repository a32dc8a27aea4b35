"""The bilateral filter on a coarse grid of positions and grey levels."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel

# Empty cells around the grid, so that blurring and reading need no border.
_PAD = 2


@kernel
def _blur(before, centre, after, out):
    """[1 2 1] / 4 of three arrays of the same length."""
    quarter = out.dtype.type(0.25)
    two = out.dtype.type(2)
    for i in range(out.shape[0]):
        out[i] = quarter * (before[i] + two * centre[i] + after[i])


@kernel
def _blur_slab(source, offset, target, n_columns, n_depth):
    """Blur a flat slab along an axis and zero its outermost cells.

    The flat blur mixes the end of a column with the start of the next one, but only
    into the outermost cells.
    """
    n = source.shape[0]
    _blur(
        source[: n - 2 * offset],
        source[offset : n - offset],
        source[2 * offset :],
        target[offset : n - offset],
    )
    step = 2 * n_depth
    target[:step] = 0
    target[n - step :] = 0
    for x in range(1, n_columns - 1):
        start = x * step
        target[start] = 0
        target[start + 1] = 0
        target[start + step - 2] = 0
        target[start + step - 1] = 0


@kernel
def _smooth(grid, n_columns, n_depth):
    """Two passes along each axis, in place; the outermost cells stay zero.

    ``grid`` is (rows, columns * depth * 2): sums and counts lie side by side. A slab
    fits the cache, where the passes along columns and depth take place; the two
    passes along the rows follow each other at a distance of one slab.
    """
    n_rows, n = grid.shape
    other = np.zeros(n, grid.dtype)
    for y in range(1, n_rows - 1):
        slab = grid[y]
        for offset in (2 * n_depth, 2):
            _blur_slab(slab, offset, other, n_columns, n_depth)
            _blur_slab(other, offset, slab, n_columns, n_depth)
    ring = np.zeros((3, n), grid.dtype)
    for y in range(1, n_rows):
        if y < n_rows - 1:
            _blur(grid[y - 1], grid[y], grid[y + 1], ring[y % 3])
        else:
            ring[y % 3] = 0
        if y > 1:
            # Row y - 1 is no longer needed as it was.
            _blur(ring[(y - 2) % 3], ring[(y - 1) % 3], ring[y % 3], grid[y - 1])


@kernel
def _fill(image, sigma_space, sigma_range, low, columns, n_depth, grid):
    """Add each pixel's value and a one to the nearest cell."""
    one = grid.dtype.type(1)
    half = 0.5 + _PAD
    for i in range(image.shape[0]):
        slab = grid[int(i / sigma_space + half)]
        for j in range(image.shape[1]):
            v = image[i, j]
            z = np.uint64((v - low) / sigma_range + half)
            cell = np.uint64(2) * (np.uint64(columns[j] * n_depth) + z)
            slab[cell] += v
            slab[cell + np.uint64(1)] += one


@kernel
def _read(image, sigma_space, sigma_range, low, columns, shares, n_depth, grid, out):
    """Interpolate sums and counts at each pixel and divide."""
    kind = out.dtype.type
    step = np.uint64(2 * n_depth)
    one = kind(1)
    for i in range(image.shape[0]):
        at_y = i / sigma_space + _PAD
        y = int(at_y)
        fy = kind(at_y - y)
        above, below = grid[y], grid[y + 1]
        for j in range(image.shape[1]):
            at_z = (image[i, j] - low) / sigma_range + _PAD
            z = np.uint64(at_z)
            fz = kind(at_z - z)
            fx = shares[j]
            a = np.uint64(2) * (np.uint64(columns[j] * n_depth) + z)
            b = a + step
            value = kind(0)
            count = kind(0)
            for near in range(2):
                w = fz if near else one - fz
                p, q = (one - fx) * w, fx * w
                value += (one - fy) * (p * above[a] + q * above[b])
                value += fy * (p * below[a] + q * below[b])
                a += np.uint64(1)
                b += np.uint64(1)
                count += (one - fy) * (p * above[a] + q * above[b])
                count += fy * (p * below[a] + q * below[b])
                a += np.uint64(1)
                b += np.uint64(1)
            out[i, j] = value / count


@kernel
def bilateral_grid(image, sigma_space, sigma_range):
    """Filter an image by the method of Paris and Durand.

    ``image`` is (H, W), float32 or float64, and sets the precision. A cell is
    ``sigma_space`` pixels wide and ``sigma_range`` deep. Every pixel drops its value
    and a one into the nearest cell; both grids are blurred, read at the place of the
    pixel with linear interpolation, and divided.
    """
    height, width = image.shape
    low, high = image.min(), image.max()
    n_rows = int((height - 1) / sigma_space) + 1 + 2 * _PAD
    n_columns = int((width - 1) / sigma_space) + 1 + 2 * _PAD
    n_depth = int((high - low) / sigma_range) + 1 + 2 * _PAD
    grid = np.zeros((n_rows, n_columns * n_depth * 2), image.dtype)
    nearest = np.empty(width, np.int64)
    left = np.empty(width, np.int64)
    shares = np.empty(width, image.dtype)
    for j in range(width):
        at = j / sigma_space + _PAD
        nearest[j] = int(at + 0.5)
        left[j] = int(at)
        shares[j] = at - left[j]
    _fill(image, sigma_space, sigma_range, low, nearest, n_depth, grid)
    _smooth(grid, n_columns, n_depth)
    out = np.empty_like(image)
    _read(image, sigma_space, sigma_range, low, left, shares, n_depth, grid, out)
    return out
