"""The weighted mean of the two images: the least a method must beat."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from ...base import WeightMapFuser

__all__ = ["AverageFuser"]


class AverageFuser(WeightMapFuser):
    """Fuse by a fixed weighted mean.

    Parameters
    ----------
    visible_weight : float, default=0.5
        Weight of the visible image, in [0, 1].
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    skfusion.fusers.LaplacianPyramid : Fuses each scale on its own.

    Notes
    -----
    ``F = w V + (1 - w) I``.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import AverageFuser
    >>> X = [(np.zeros((2, 2)), np.ones((2, 2)))]
    >>> AverageFuser().transform(X)[0]
    array([[0.5, 0.5],
           [0.5, 0.5]], dtype=float32)
    """

    _parameter_constraints: dict = {
        **WeightMapFuser._parameter_constraints,
        "visible_weight": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, visible_weight=0.5, *, color="gray"):
        self.visible_weight = visible_weight
        self.color = color

    def _weight(self, ir, vis):
        return np.full(ir.shape, self.visible_weight, dtype=np.float32)
