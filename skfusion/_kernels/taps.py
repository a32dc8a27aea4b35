"""Taps of the windows and filters that are Gaussian."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np


def gaussian_taps(size, sigma):
    """Return `size` samples of a Gaussian that sum to one, float64 ``(size,)``.

    Their outer product with themselves is the window.
    """
    x = np.arange(size) - (size - 1) / 2
    taps = np.exp(-(x**2) / (2 * sigma**2))
    return taps / taps.sum()
