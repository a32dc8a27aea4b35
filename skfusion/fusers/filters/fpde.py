"""Fusion by a fourth-order partial differential equation and principal components."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from ..._kernels.diffusion import fourth_order
from ...base import BaseFuser
from .._filters import mround
from ._pca import pca_weights

__all__ = ["FPDE"]


class FPDE(BaseFuser):
    """Fuse base layers smoothed without stairs, and details by principal component.

    The fourth-order equation smooths towards piecewise planes, where anisotropic
    diffusion makes stairs of constants. The bases are averaged; the details are
    weighted by the leading eigenvector of their covariance.

    Parameters
    ----------
    n_iter : int, default=15
        Number of steps.
    dt : float, default=0.9
        Size of a step.
    kappa : float, default=4.0
        Second derivative, in grey levels of 255, that counts as an edge.
    parity : bool, default=False
        Compute as the authors' program does: double precision, base layers rounded to
        whole grey levels, and weights of any sign and size. By default nothing is
        rounded and the weights lie in [0, 1].
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    ADF : The same with anisotropic diffusion.

    Notes
    -----
    With second derivatives along both axes and ``c = 1 / (1 + (X_xx^2 + X_yy^2) /
    kappa^2)`` each step is ``X -= dt ((c X_xx)_xx + (c X_yy)_yy)``.

    References
    ----------
    .. [1] D. P. Bavirisetti, G. Xiao and G. Liu, "Multi-sensor image fusion based on
       fourth order partial differential equations", International Conference on
       Information Fusion (2017) 1-9.
    .. [2] Y.-L. You and M. Kaveh, "Fourth-order partial differential equations for
       noise removal", IEEE Transactions on Image Processing 9 (2000) 1723-1730.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import FPDE
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = FPDE().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "dt": [Interval(Real, 0, 2, closed="right")],
        "kappa": [Interval(Real, 0, None, closed="neither")],
        "parity": ["boolean"],
    }

    def __init__(self, n_iter=15, dt=0.9, kappa=4.0, *, parity=False, color="gray"):
        self.n_iter = n_iter
        self.dt = dt
        self.kappa = kappa
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        kappa = self.kappa / 255
        base_ir, base_vis = (
            fourth_order(image, self.n_iter, self.dt, kappa) for image in (ir, vis)
        )
        details = _weighted(ir - base_ir, vis - base_vis, guard=True)
        return details + (base_ir + base_vis) / 2

    def _original(self, ir, vis):
        base_ir, base_vis = (mround(self._evolve(image)) for image in (ir, vis))
        details = _weighted(ir - base_ir, vis - base_vis, guard=False)
        return details + mround(mround(base_ir / 2) + mround(base_vis / 2))

    def _evolve(self, image):
        for _ in range(self.n_iter):
            yy, xx = (_second(image, axis) for axis in (0, 1))
            c = 1 / (1 + (xx**2 + yy**2) / self.kappa**2)
            image = image - self.dt * (_second(c * xx, 1) + _second(c * yy, 0))
        return image


def _weighted(ir, vis, guard):
    weight_ir, weight_vis = pca_weights(ir, vis, guard=guard)
    return weight_ir * ir + weight_vis * vis


def _second(image, axis):
    """The derivative of the derivative, central inside and one-sided at the ends."""
    if image.shape[axis] < 2:
        return np.zeros_like(image)
    return np.gradient(np.gradient(image, axis=axis), axis=axis)
