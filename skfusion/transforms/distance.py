"""Exact Euclidean distance transform."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from .._kernels.edt import distance
from ..base import ImageTransformer
from ..images import luma

__all__ = ["DistanceTransform", "distance_transform"]


def distance_transform(mask, *, phantom=False) -> np.ndarray:
    r"""Euclidean distance of each foreground pixel to the nearest background pixel.

    Parameters
    ----------
    mask : array-like of shape (H, W)
        Foreground where it is not zero.
    phantom : bool, default=False
        What a mask without background gives. By default there is nothing to measure
        to, and every pixel gets the diagonal ``hypot(H, W)``, longer than any distance
        inside the image. True gives what SciPy gives, the distance to a pixel that
        does not exist, just above the top left corner: ``hypot(row + 1, column)``.

    Returns
    -------
    ndarray of float64, shape (H, W)
        In pixels; 0 in the background. Exact: the root of an integer.

    Raises
    ------
    ValueError
        If the mask is not two-dimensional or holds no pixel.

    See Also
    --------
    DistanceTransform : The same as a transformer of images.

    Notes
    -----
    Columns are measured first, which gives for each pixel of a row the distance
    :math:`g` within its column; along the row the distance is then the lower envelope
    of one parabola a column, in linear time [1]_:

    .. math::

        d(x)^2 = \min_u \left((x - u)^2 + g(u)^2\right)

    References
    ----------
    .. [1] P. Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled
       functions", Theory of Computing 8, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.transforms import distance_transform
    >>> distance_transform(np.array([[0, 1, 1, 1, 0], [1, 1, 1, 1, 1]])).round(2)
    array([[0.  , 1.  , 2.  , 1.  , 0.  ],
           [1.  , 1.41, 2.24, 1.41, 1.  ]])
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(
            f"mask has shape {mask.shape}: expected (H, W), neither of them 0."
        )
    mask = np.ascontiguousarray(mask if mask.dtype == bool else mask != 0)
    height, width = mask.shape
    if mask.all():
        if phantom:
            return np.hypot(np.arange(1, height + 1)[:, np.newaxis], np.arange(width))
        return np.full(mask.shape, math.hypot(height, width))
    out = np.empty(mask.shape)
    distance(mask, out.view(np.int32), out)
    return out


class DistanceTransform(ImageTransformer):
    """Distance of each bright pixel to the nearest one that is not.

    Parameters
    ----------
    threshold : float, default=0.5
        In [0, 1]; the foreground is what lies above it. Colour is reduced to luma.
    normalize : bool, default=True
        Divide by the diagonal ``hypot(H, W)``, so that the result is an image in
        [0, 1] and images of one size are comparable. False gives pixels, which no
        other transformer takes as an image.

    See Also
    --------
    distance_transform : The function, of a mask, in pixels and float64.

    Notes
    -----
    An image without background has no distances: it gets the diagonal, which is 1
    after the division. One without foreground is 0 everywhere.

    References
    ----------
    .. [1] P. Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled
       functions", Theory of Computing 8, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.transforms import DistanceTransform
    >>> image = np.array([[0.0, 0.9, 0.8, 0.7]])
    >>> DistanceTransform(normalize=False).transform([image])[0]
    array([[0., 1., 2., 3.]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "threshold": [Interval(Real, 0, 1, closed="both")],
        "normalize": ["boolean"],
    }

    def __init__(self, threshold=0.5, normalize=True):
        self.threshold = threshold
        self.normalize = normalize

    def _transform_image(self, image):
        out = distance_transform(luma(image) > self.threshold)
        if self.normalize:
            out /= math.hypot(*out.shape)
        return out.astype(np.float32)
