"""Linear stretch of an image to the full range."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Real

from sklearn.utils._param_validation import Interval

from ..base import ImageTransformer
from ..images.ranges import limits, stretch

__all__ = ["LinearStretch"]


class LinearStretch(ImageTransformer):
    r"""Stretch the values between two percentiles to [0, 1].

    This is the enhancement of the infrared image in the fusion systems of [1]_, and
    the step that makes a picture of the counts of a 14- or 16-bit thermal camera.

    Parameters
    ----------
    low : float, default=0.0
        Percentile, 0 to 100, that becomes 0; what lies below becomes 0 too.
    high : float, default=100.0
        Percentile that becomes 1; above ``low``.

    Notes
    -----
    With the percentiles :math:`p` of the image :math:`x` the output is

    .. math::

        \min\left(\max\left(
        \frac{x - p_\text{low}}{p_\text{high} - p_\text{low}}, 0\right), 1\right)

    The defaults are the minimum and the maximum. Percentiles interpolate linearly
    between the two nearest values, as :func:`numpy.percentile` does. A colour image
    has one pair of limits over all its channels, so that its hues stay. Where both
    limits are the same value, as in a constant image, the original formula is 0 / 0;
    here values up to the limit become 0 and those above it 1.

    References
    ----------
    .. [1] eyob12, "Deep infrared and visible image fusion", published MATLAB and
       Python code, step "infrared enhancement".

    Examples
    --------
    Counts of a thermal camera:

    >>> import numpy as np
    >>> from skfusion.transforms import LinearStretch
    >>> counts = np.array([[7000, 7500], [7750, 8000]], dtype=np.uint16)
    >>> LinearStretch().transform([counts])[0].round(3)
    array([[0.  , 0.5 ],
           [0.75, 1.  ]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "low": [Interval(Real, 0, 100, closed="left")],
        "high": [Interval(Real, 0, 100, closed="right")],
    }

    def __init__(self, low=0.0, high=100.0):
        self.low = low
        self.high = high

    def _validate_params(self):
        super()._validate_params()
        if not self.low < self.high:
            raise ValueError(
                f"low={self.low!r} is not below high={self.high!r}: give the lower "
                "percentile first."
            )

    def _transform_image(self, image):
        low, high = limits(image, self.low, self.high)
        return stretch(image, low, high)
