"""The bilateral filter on a coarse grid of positions and grey levels."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
from numba import njit

# Empty cells around the grid, so that blurring and reading need no border.
_PAD = 2


@njit(cache=True, nogil=True)
def _blur(source, offset, target):
    """[1 2 1] / 4 along one axis, given as an offset of the flat grid."""
    quarter = source.dtype.type(0.25)
    two = source.dtype.type(2)
    for i in range(offset, source.shape[0] - offset):
        target[i] = quarter * (source[i - offset] + two * source[i] + source[i + offset])


@njit(cache=True, nogil=True)
def _clear_shell(grid):
    """Zero the outermost cells, which a flat blur has mixed across."""
    grid[0] = 0
    grid[-1] = 0
    grid[:, 0] = 0
    grid[:, -1] = 0
    grid[:, :, 0] = 0
    grid[:, :, -1] = 0


@njit(cache=True, nogil=True)
def _smooth(grid, other):
    """Two passes along each axis; returns the buffer with the result."""
    n_rows, n_columns, n_depth = grid.shape
    for offset in (n_columns * n_depth, n_depth, 1):
        for _ in range(2):
            _blur(grid.reshape(-1), offset, other.reshape(-1))
            _clear_shell(other)
            grid, other = other, grid
    return grid


@njit(cache=True, nogil=True)
def bilateral_grid(image, sigma_space, sigma_range):
    """Filter an image by the method of Paris and Durand.

    ``image`` is (H, W), float32 or float64, and sets the precision. A cell is
    ``sigma_space`` pixels wide and ``sigma_range`` deep. Every pixel drops its value
    and a one into the nearest cell; both grids are blurred, read at the place of the
    pixel with linear interpolation, and divided.
    """
    height, width = image.shape
    kind = image.dtype.type
    low, high = image.min(), image.max()
    n_rows = int((height - 1) / sigma_space) + 1 + 2 * _PAD
    n_columns = int((width - 1) / sigma_space) + 1 + 2 * _PAD
    n_depth = int((high - low) / sigma_range) + 1 + 2 * _PAD
    values = np.zeros((n_rows, n_columns, n_depth), image.dtype)
    counts = np.zeros((n_rows, n_columns, n_depth), image.dtype)
    depth = np.empty(width)
    for i in range(height):
        y = int(i / sigma_space + 0.5) + _PAD
        for j in range(width):
            x = int(j / sigma_space + 0.5) + _PAD
            z = int((image[i, j] - low) / sigma_range + 0.5) + _PAD
            values[y, x, z] += image[i, j]
            counts[y, x, z] += kind(1)
    other = np.zeros_like(values)
    values = _smooth(values, other)
    other = np.zeros_like(counts)
    counts = _smooth(counts, other)
    out = np.empty_like(image)
    for i in range(height):
        at_y = i / sigma_space + _PAD
        y = int(at_y)
        fy = kind(at_y - y)
        for j in range(width):
            depth[j] = (image[i, j] - low) / sigma_range + _PAD
        for j in range(width):
            at_x = j / sigma_space + _PAD
            x = int(at_x)
            fx = kind(at_x - x)
            z = int(depth[j])
            fz = kind(depth[j] - z)
            value = kind(0)
            count = kind(0)
            for dy in range(2):
                wy = fy if dy else kind(1) - fy
                for dx in range(2):
                    w = wy * (fx if dx else kind(1) - fx)
                    near, far = w * (kind(1) - fz), w * fz
                    v = values[y + dy, x + dx]
                    c = counts[y + dy, x + dx]
                    value += near * v[z] + far * v[z + 1]
                    count += near * c[z] + far * c[z + 1]
            out[i, j] = value / count
    return out
