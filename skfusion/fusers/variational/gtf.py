"""Gradient transfer fusion: infrared intensity, visible gradients."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from ..._kernels.total_variation import conjugate_gradients, squared_gradient
from ...base import BaseFuser

__all__ = ["GTF"]

_BINS = 1000
# Shares of the pixels whose residual and gradient are raised to a floor.
_FIDELITY_SHARE = 0.05
_GRADIENT_SHARE = 0.01
_MAX_STEPS = 500


class GTF(BaseFuser):
    """Keep the infrared brightness and take the gradients of the visible image.

    The result has a sparse difference to the infrared image and a sparse difference
    of gradients to the visible image.

    Parameters
    ----------
    regularization : float, default=4.0
        Weight of the gradients of the visible image.
    n_iter : int, default=5
        Rounds of reweighted least squares.
    parity : bool, default=False
        Compute in double precision, as the authors' program does.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    BayesFuser : A model of the difference with weights learned from the pair.

    Notes
    -----
    With ``S = I - V`` the result is ``F = U + V``, where U minimises
    ``||U - S||_1 + regularization TV(U)`` by iteratively reweighted norms, each round
    solved by conjugate gradients without a matrix until the residual is a fifth of the
    first. The weights are floored at the value that a twentieth (residual) or a
    hundredth (gradient) of the pixels does not reach, from a histogram of 1000 bins.

    References
    ----------
    .. [1] J. Ma, C. Chen, C. Li and J. Huang, "Infrared and visible image fusion via
       gradient transfer and total variation minimization", Information Fusion 31
       (2016) 100-109.
    .. [2] P. Rodriguez and B. Wohlberg, "Efficient minimization method for a
       generalized total variation functional", IEEE Transactions on Image Processing
       18 (2009) 322-332.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import GTF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[10:38, 20:46] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = GTF().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[2, 2])
    True
    """

    original_white = 1
    _renamed_parameters = {"n_iterations": "n_iter"}
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "regularization": [Interval(Real, 0, None, closed="left")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(self, regularization=4.0, n_iter=5, *, parity=False, color="gray"):
        self.regularization = regularization
        self.n_iter = n_iter
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        return self._transfer(ir - vis) + vis

    def _transfer(self, difference):
        if difference.min() == difference.max():
            # No gradient to lose: both norms are zero at U = S.
            return difference
        dtype = difference.dtype.type
        u = difference
        gradient = np.empty_like(u)
        edges = np.zeros((u.shape[0] + 2, u.shape[1] + 2), u.dtype)
        for round_ in range(self.n_iter):
            if round_ == 0:
                # |U - S| is zero here; the original starts from this constant.
                fidelity = np.full_like(u, 2 * np.sqrt(0.1))
            else:
                miss = np.abs(u - difference)
                floor = _quantile(miss, _FIDELITY_SHARE, beyond=True)
                fidelity = np.sqrt(dtype(0.5) * np.maximum(miss, dtype(floor)))
            squared_gradient(u, gradient)
            floor = _quantile(gradient, _GRADIENT_SHARE, beyond=False)
            edges[1:-1, 1:-1] = 2 / np.sqrt(np.maximum(gradient, dtype(floor)))
            v = u / fidelity
            target = difference / fidelity
            steps = conjugate_gradients(
                v, target, fidelity, edges, dtype(self.regularization), 0.2, _MAX_STEPS
            )
            if steps == 0:
                break
            u = fidelity * v
        return u


def _quantile(values, share, *, beyond):
    """Return the first of 1000 bin centres with a larger cumulative share.

    With `beyond` the centre after it; otherwise a centre of zero is passed over.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return max(high, np.finfo(values.dtype).tiny)
    centres = np.linspace(low, high, _BINS)
    at = ((values.ravel() - low) / (centres[1] - centres[0]) + 0.5).astype(np.intp)
    counts = np.bincount(np.minimum(at, _BINS - 1), minlength=_BINS)
    first = int(np.argmax(np.cumsum(counts) > share * values.size))
    if beyond or centres[first] == 0:
        first = min(first + 1, _BINS - 1)
    return centres[first]
