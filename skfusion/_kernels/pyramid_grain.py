"""Grain of an image: how strong it is, and the finest details without it."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors
from .pyramid_decisions import count_between

_ZERO, _ONE = np.float32(0), np.float32(1)


@kernel_numpy_errors
def diagonal_shares(image, top, n):
    """Return the shares (n + 1,) of the sizes of diagonal differences, 0 to `top`.

    At every fourth row and column of a float32 image of at least 2 x 2; a size between
    two of them counts for both.
    """
    counts = np.zeros(n + 1)
    total = 0
    scale = _ONE / top
    for i in range(0, image.shape[0] - 1, 4):
        for j in range(0, image.shape[1] - 1, 4):
            first = image[i + 1, j + 1] - image[i, j + 1]
            second = image[i + 1, j] - image[i, j]
            count_between(counts, min(abs(first - second) * scale, _ONE))
            total += 1
    return (counts / total).astype(np.float32)


@kernel_numpy_errors
def take_grain(image, coarser, energy, limit, share, out):
    """Write the image without a share of its grain to out; all float32 (h, w).

    Parameters
    ----------
    image, coarser : float32 (h, w)
        The latter without the finest band.
    energy : float32 (h, w)
        Mean square of that band around each pixel.
    limit : float32
        Square of the energy at which one half of the band is grain; above 0.
    share : float32
    out : float32 (h, w)
    """
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            e = energy[i, j]
            x = image[i, j]
            x -= share * (limit / (e * e + limit)) * (x - coarser[i, j])
            out[i, j] = min(max(x, _ZERO), _ONE)
