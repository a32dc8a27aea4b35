"""Two-scale image fusion by visual saliency."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from ...base import BaseFuser
from .._filters import box_mean, median
from .._validation import check_odd

__all__ = ["TIF"]


class TIF(BaseFuser):
    """Fuse a base and a detail layer, the details weighted by their saliency.

    One box filter splits each image into base and detail. Where an image differs
    much from its surroundings (its median differs from its mean) its detail wins.

    Parameters
    ----------
    mean_size : int, default=35
        Side of the box filter in pixels, odd.
    median_size : int, default=3
        Side of the median filter in pixels, odd.
    parity : bool, default=False
        Compute as the authors' program does: circular border of the box filter, zero
        border of the median, double precision. By default both borders reflect,
        which keeps the opposite edge of the scene out of the base layer.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    GFF : Two scales too, with weights that follow the edges.

    Notes
    -----
    With the mean ``b``, the median ``m`` and the saliency ``S = (b - m)^2`` of each
    image: ``F = (b_V + b_I) / 2 + (S_V d_V + S_I d_I) / (S_V + S_I)``, ``d = X - b``.
    Where both saliencies are zero, where the original divides zero by zero, both
    details count one half.

    References
    ----------
    .. [1] D. P. Bavirisetti and R. Dhuli, "Two-scale image fusion of visible and
       infrared images using saliency detection", Infrared Physics & Technology 76
       (2016) 52-64.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import TIF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = TIF().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "mean_size": [Interval(Integral, 1, None, closed="left")],
        "median_size": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(self, mean_size=35, median_size=3, *, parity=False, color="gray"):
        self.mean_size = mean_size
        self.median_size = median_size
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "mean_size")
        check_odd(self, "median_size")

    def _fuse(self, ir, vis):
        base_ir, saliency_ir = self._saliency(ir)
        base_vis, saliency_vis = self._saliency(vis)
        total = saliency_ir + saliency_vis
        salient = total > 0
        half = np.full_like(total, 0.5)
        weight = np.divide(saliency_vis, total, out=half, where=salient)
        if self.parity:
            # One minus it would round differently from the original's own quotient.
            half = np.full_like(total, 0.5)
            weight_ir = np.divide(saliency_ir, total, out=half, where=salient)
        else:
            weight_ir = 1 - weight
        details = weight * (vis - base_vis) + weight_ir * (ir - base_ir)
        return details + (base_vis + base_ir) / 2

    def _saliency(self, image):
        borders = ("wrap", "constant") if self.parity else ("reflect", "reflect")
        base = box_mean(image, self.mean_size, borders[0])
        return base, (base - median(image, self.median_size, borders[1])) ** 2
