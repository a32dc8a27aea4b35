"""The features of BRISQUE."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np
from scipy.special import gamma

from skfusion.images import as_levels

from ._scene_statistics import (
    SHIFTS,
    asymmetric_fit,
    gaussian_fit,
    halved,
    normalised,
    require,
    warn_undefined,
)

__all__ = ["brisque_features"]


def brisque_features(image) -> np.ndarray:
    """Natural scene statistics of an image, the 36 features of BRISQUE.

    Parameters
    ----------
    image : array-like or path
        16 x 16 pixels or more; see :func:`skfusion.images.as_levels`.

    Returns
    -------
    ndarray of float64, shape (36,)
        At full and at half size: shape and variance of the normalised image, then for
        four directions the shape, mean, left and right variance of the products of
        neighbours. NaN, with a warning, for an image without texture.

    Raises
    ------
    ValueError
        If a side is under 16 pixels.

    Notes
    -----
    The score of BRISQUE is a support vector machine on top, trained on people's
    ratings; it is not part of this package. Train any regressor on these features.

    References
    ----------
    .. [1] A. Mittal, A. K. Moorthy, A. C. Bovik, "No-reference image quality assessment
       in the spatial domain", IEEE Transactions on Image Processing 21(12), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics.no_reference import brisque_features
    >>> noise = np.random.default_rng(0).random((64, 64))
    >>> brisque_features(noise).shape
    (36,)
    """
    image = as_levels(image)
    require(image, 16, "brisque_features")
    features = []
    for scale in range(2):
        x, _ = normalised(image, cv2.BORDER_CONSTANT)
        features += gaussian_fit(x)
        for shift in SHIFTS[:3] + ((-1, 1),):
            shape, left, right = asymmetric_fit(x * np.roll(x, shift, (0, 1)))
            width = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
            mean = (right - left) * gamma(2 / shape) / gamma(1 / shape) * width
            features += [shape, mean, left**2, right**2]
        if scale == 0:
            image = halved(image)
    features = np.array(features)
    if np.isnan(features).any():
        warn_undefined("brisque_features")
    return features
