"""How well a moving image lies on a fixed one, and what part of it is covered."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_inlined, kernel_numpy_errors

__all__ = ["gradient_agreement", "joint_histogram", "largest_rectangle"]


@kernel_inlined
def _mapped(matrix, x, y):
    """Where a matrix takes a pixel, and what it divides by."""
    d = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    u = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / d
    v = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / d
    return u, v, d


@kernel_numpy_errors
def gradient_agreement(points, normals, gx, gy, eta2, matrix):
    """Sum the squared cosines between normalised gradients, and the weights inside.

    Parameters
    ----------
    points : ndarray of float32, shape (n, 2)
        Pixels (x, y) of the fixed image.
    normals : ndarray of float32, shape (n, 2)
        Its gradients there, normalised to a length below 1.
    gx, gy : ndarray of float32, shape (H, W)
        Gradients of the moving image.
    eta2 : float
        Squared length of a gradient that is half noise.
    matrix : ndarray of float64, shape (3, 3)
        From pixels of the fixed image to those of the moving one.

    Returns
    -------
    agreement, weight : float
    """
    height, width = gx.shape
    agreement, weight = 0.0, 0.0
    for i in range(points.shape[0]):
        x, y = np.float64(points[i, 0]), np.float64(points[i, 1])
        u, v, d = _mapped(matrix, x, y)
        if d <= 1e-9 or not (0 <= u < width - 1 and 0 <= v < height - 1):
            continue
        j, k = int(u), int(v)
        a, b = u - j, v - k
        p, q = (1 - a) * (1 - b), a * (1 - b)
        r, s = (1 - a) * b, a * b
        mx = p * gx[k, j] + q * gx[k, j + 1] + r * gx[k + 1, j] + s * gx[k + 1, j + 1]
        my = p * gy[k, j] + q * gy[k, j + 1] + r * gy[k + 1, j] + s * gy[k + 1, j + 1]
        # The gradient of the warped image is that of the moving one times the
        # derivative of the map.
        wx = (
            mx * (matrix[0, 0] - u * matrix[2, 0])
            + my * (matrix[1, 0] - v * matrix[2, 0])
        ) / d
        wy = (
            mx * (matrix[0, 1] - u * matrix[2, 1])
            + my * (matrix[1, 1] - v * matrix[2, 1])
        ) / d
        nx, ny = np.float64(normals[i, 0]), np.float64(normals[i, 1])
        dot = nx * wx + ny * wy
        agreement += dot * dot / (wx * wx + wy * wy + eta2)
        weight += nx * nx + ny * ny
    return agreement, weight


@kernel_numpy_errors
def joint_histogram(points, bins, moving, matrix, counts):
    """Count pairs of levels, a moving level shared between the two bins beside it.

    Parameters
    ----------
    points : ndarray of float32, shape (n, 2)
        Pixels (x, y) of the fixed image.
    bins : ndarray of int32, shape (n,)
        Its levels there.
    moving : ndarray of float32, shape (H, W)
        Levels of the moving image, from 0 to the number of bins less one.
    matrix : ndarray of float64, shape (3, 3)
        From pixels of the fixed image to those of the moving one.
    counts : ndarray of float64, shape (n_bins, n_bins)
        Zeros, filled here.

    Returns
    -------
    int
        Points that lie inside of the moving image.
    """
    height, width = moving.shape
    last = counts.shape[1] - 2
    inside = 0
    for i in range(points.shape[0]):
        x, y = np.float64(points[i, 0]), np.float64(points[i, 1])
        u, v, d = _mapped(matrix, x, y)
        if d <= 1e-9 or not (0 <= u < width - 1 and 0 <= v < height - 1):
            continue
        j, k = int(u), int(v)
        a, b = u - j, v - k
        level = (1 - b) * ((1 - a) * moving[k, j] + a * moving[k, j + 1]) + b * (
            (1 - a) * moving[k + 1, j] + a * moving[k + 1, j + 1]
        )
        low = min(int(level), last)
        share = level - low
        counts[bins[i], low] += 1 - share
        counts[bins[i], low + 1] += share
        inside += 1
    return inside


@kernel_numpy_errors
def largest_rectangle(mask):
    """Find the largest upright rectangle of true pixels.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    top, bottom, left, right : int
        Half open; all 0 where nothing is true.
    """
    height, width = mask.shape
    heights = np.zeros(width + 1, np.int64)  # of the columns of true above a row
    stack = np.zeros(width + 1, np.int64)
    best, top, bottom, left, right = 0, 0, 0, 0, 0
    for y in range(height):
        for x in range(width):
            heights[x] = heights[x] + 1 if mask[y, x] else 0
        n = 0
        for x in range(width + 1):
            while n > 0 and heights[stack[n - 1]] >= heights[x]:
                n -= 1
                tall = heights[stack[n]]
                start = stack[n - 1] + 1 if n > 0 else 0
                if tall * (x - start) > best:
                    best = tall * (x - start)
                    top, bottom, left, right = y + 1 - tall, y + 1, start, x
            stack[n] = x
            n += 1
    return top, bottom, left, right
