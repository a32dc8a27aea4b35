"""Box, Gaussian and median filters with a named border, and MATLAB's rounding."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np
from scipy import fft, ndimage

from .._kernels.taps import gaussian_taps
from ..images import as_float, to_dtype

__all__ = [
    "box_mean",
    "gaussian",
    "median",
    "mround",
    "pad",
    "separable",
    "tikhonov_low_pass",
]

# SciPy's words for a border, in OpenCV's and NumPy's.
_CV2 = {
    "nearest": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "mirror": cv2.BORDER_REFLECT_101,
    "constant": cv2.BORDER_CONSTANT,
}
_NUMPY = {
    "nearest": "edge",
    "reflect": "symmetric",
    "mirror": "reflect",
    "wrap": "wrap",
    "constant": "constant",
}
# OpenCV has a median of float images for these sizes only.
_CV2_MEDIAN = (3, 5)
# Width in pixels of the mirrored border of the low-pass filter.
_MARGIN = 16


def mround(image):
    """Round 0..255 values as MATLAB's conversion to uint8 does (half up, clipped)."""
    return np.floor(np.clip(image, 0.0, 255.0) + 0.5)


def pad(image, before, after, border):
    """Pad rows and columns alike by `before` and `after` pixels."""
    return np.pad(image, (before, after), mode=_NUMPY[border])


def box_mean(image, size, border="reflect"):
    """Return the mean over a square window of odd or even `size`."""
    if border == "wrap":
        before, after = size // 2, size - 1 - size // 2
        padded = pad(image, before, after, "wrap")
        mean = cv2.blur(padded, (size, size), borderType=cv2.BORDER_REPLICATE)
        return _crop(mean, before, image.shape)
    return cv2.blur(image, (size, size), borderType=_CV2[border])


def gaussian(image, size, sigma, border="reflect"):
    """Filter with a Gaussian of `size` x `size` samples (odd)."""
    return separable(image, gaussian_taps(size, sigma), border)


def separable(image, taps, border="reflect"):
    """Correlate rows and columns with the same odd number of taps."""
    taps = np.asarray(taps, dtype=image.dtype)
    return cv2.sepFilter2D(image, -1, taps, taps, borderType=_CV2[border])


def median(image, size, border="reflect"):
    """Return the median over a square window of odd `size`.

    A float32 image is taken to lie in [0, 1]; above a size of 5 it takes ten times
    longer if it does not come from 8-bit levels.
    """
    if image.dtype == np.float32:
        half = size // 2
        if size in _CV2_MEDIAN:
            padded = pad(image, half, half, border)
            return _crop(cv2.medianBlur(padded, size), half, image.shape)
        levels = to_dtype(image, np.uint8)
        if size > 1 and np.array_equal(as_float(levels), image):
            smooth = cv2.medianBlur(pad(levels, half, half, border), size)
            return as_float(_crop(smooth, half, image.shape))
    return ndimage.median_filter(image, size=size, mode=border)


def _crop(image, start, shape):
    return image[start : start + shape[0], start : start + shape[1]]


def tikhonov_low_pass(image, smoothness):
    """Return the image closest to the given one with a small squared gradient.

    The minimum of ``|l - x|^2 + smoothness |grad l|^2``, by the Fourier transform of
    the image with a mirrored border.

    Parameters
    ----------
    image : ndarray, shape (H, W)
    smoothness : float
        Not negative.

    Returns
    -------
    ndarray of float64, shape (H, W)
    """
    padded = pad(image.astype(np.float64), _MARGIN, _MARGIN, "reflect")
    rows, columns = padded.shape
    down = 2 - 2 * np.cos(2 * np.pi * fft.fftfreq(rows))
    across = 2 - 2 * np.cos(2 * np.pi * fft.rfftfreq(columns))
    spectrum = fft.rfft2(padded) / (1 + smoothness * (down[:, None] + across))
    low = fft.irfft2(spectrum, s=padded.shape)
    return low[_MARGIN : rows - _MARGIN, _MARGIN : columns - _MARGIN]
