"""Natural scene statistics: what BRISQUE and NIQE measure."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import warnings

import cv2
import numpy as np
from scipy.special import gamma

from skfusion._kernels.taps import gaussian_taps

from ._metric import UndefinedMetricWarning

# Neighbours whose products are described: right, below, below right, below left.
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
# MATLAB's imresize to one half: cubic convolution (a = -1/2) stretched by two.
_HALF = np.array([-0.01171875, -0.03515625, 0.11328125, 0.43359375])
_HALF = np.concatenate([_HALF, _HALF[::-1]])


@functools.lru_cache(maxsize=1)
def _shapes():
    """Shape parameters of generalised Gaussians and their squared-mean ratios."""
    shape = np.arange(0.2, 10.0005, 0.001)
    return shape, gamma(2 / shape) ** 2 / (gamma(1 / shape) * gamma(3 / shape))


def gaussian_fit(x):
    """Shape and variance of a generalised Gaussian with zero mean."""
    shape, ratio = _shapes()
    variance = np.mean(x * x)
    if variance == 0:
        return np.nan, 0.0
    target = variance / np.mean(np.abs(x)) ** 2
    return shape[np.argmin(np.abs(1 / ratio - target))], variance


def asymmetric_fit(x):
    """Shape, left and right deviation of an asymmetric generalised Gaussian."""
    shape, ratio = _shapes()
    left, right = x[x < 0], x[x > 0]
    if left.size == 0 or right.size == 0:
        return np.nan, np.nan, np.nan
    left, right = np.sqrt(np.mean(left**2)), np.sqrt(np.mean(right**2))
    skew = left / right
    target = np.mean(np.abs(x)) ** 2 / np.mean(x * x)
    target *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    return shape[np.argmin((ratio - target) ** 2)], left, right


def normalised(image, border):
    """Mean-subtracted contrast-normalised image, and the local deviation."""
    w = gaussian_taps(7, 7 / 6)
    mean = cv2.sepFilter2D(image, cv2.CV_64F, w, w, borderType=border)
    square = cv2.sepFilter2D(image * image, cv2.CV_64F, w, w, borderType=border)
    deviation = np.sqrt(np.abs(square - mean * mean))
    # Rounding errors of flat regions are not texture.
    deviation[deviation < 1e-5] = 0.0
    centred = np.where(deviation > 0, image - mean, 0.0)
    return centred / (deviation + 1.0), deviation


def halved(image):
    """Half size by antialiased cubic convolution, borders mirrored."""
    for axis in (0, 1):
        image = np.moveaxis(image, axis, 0)
        n = (image.shape[0] + 1) // 2
        padded = np.pad(image, [(3, 5), (0, 0)], mode="symmetric")
        image = sum(c * padded[k : k + 2 * n : 2] for k, c in enumerate(_HALF))
        image = np.moveaxis(image, 0, axis)
    return np.ascontiguousarray(image)


def block_features(x):
    shape, left, right = asymmetric_fit(x)
    features = [shape, _width(shape) * (left + right) / 2]
    for shift in SHIFTS:
        shape, left, right = asymmetric_fit(x * np.roll(x, shift, (0, 1)))
        left, right = _width(shape) * left, _width(shape) * right
        mean = (right - left) * gamma(2 / shape) / gamma(1 / shape)
        features += [shape, mean, left, right]
    return features


def _width(shape):
    return np.sqrt(gamma(1 / shape) / gamma(3 / shape))


def require(image, size, name):
    """Raise a ValueError for a side under `size` pixels."""
    if min(image.shape[:2]) < size:
        raise ValueError(
            f"{name}: images of {image.shape[0]} x {image.shape[1]} pixels are too "
            f"small: {size} on both sides are needed."
        )


def warn_undefined(name):
    """Warn that an image has no texture."""
    warnings.warn(
        f"{name} is not defined for this image: it has no texture.",
        UndefinedMetricWarning,
        stacklevel=3,
    )
