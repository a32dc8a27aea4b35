"""Fusion by a hierarchical Bayesian model, solved by expectation maximisation."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from scipy import fft
from sklearn.utils._param_validation import Interval

from ..._kernels.half_quadratic import blend, reweigh, spread_gradient
from ...base import BaseFuser

__all__ = ["BayesFuser"]

# Rounds of the inner splitting (X, H, F) in each step of the EM algorithm.
_INNER = 2


class BayesFuser(BaseFuser):
    """Add to the visible image what a Bayesian model keeps of the difference.

    The difference of the two images is explained as a sparse, piecewise smooth image
    plus sparse noise; the weights of the two are estimated pixel by pixel.

    Parameters
    ----------
    smoothness : float, default=0.5
        Weight of the total variation of what is added; larger is flatter.
    n_iter : int, default=15
        Rounds of expectation and maximisation.
    parity : bool, default=False
        Compute as the authors' program does: double precision, periodic borders, and
        the gradient entering the smooth image with the wrong sign, which smooths
        more than the model says. By default the borders reflect and the sign is the
        model's.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    GTF : Minimises a total variation too.

    Notes
    -----
    With ``Y = I - V`` the result is ``F = X + V``, where X minimises
    ``C (X - Y)^2 + D X^2`` plus ``smoothness`` times its total variation. The maps
    ``C`` and ``D`` are the expected inverse scales of two Laplace distributions.

    References
    ----------
    .. [1] Z. Zhao, S. Xu, C. Zhang, J. Liu and J. Zhang, "Bayesian fusion for infrared
       and visible images", Signal Processing 177 (2020) 107734.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import BayesFuser
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = BayesFuser().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[2, 2])
    True
    """

    original_white = 1
    _renamed_parameters = {"n_iterations": "n_iter"}
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "smoothness": [Interval(Real, 0, None, closed="left")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(self, smoothness=0.5, n_iter=15, *, parity=False, color="gray"):
        self.smoothness = smoothness
        self.n_iter = n_iter
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        return vis + self._solve(ir - vis)

    def _solve(self, difference):
        shape, dtype = difference.shape, difference.dtype
        data, prior, coupling = (np.ones(shape, dtype) for _ in range(3))
        smooth, mixed = np.zeros(shape, dtype), np.empty(shape, dtype)
        x = np.empty(shape, dtype)
        # 1 + the Laplacian with reflecting borders is diagonal in the cosine basis.
        inverse = 1 / (1 + _neumann(shape[0])[:, None] + _neumann(shape[1]))
        inverse = inverse.astype(dtype)
        # The shrunk gradient of H starts at zero: nothing passes this threshold.
        limit = np.full((shape[0] + 2, shape[1] + 2), np.inf, dtype)
        padded = np.empty_like(limit)
        tau_data = tau_prior = 1.0
        for _ in range(self.n_iter):
            for _ in range(_INNER):
                blend(difference, smooth, data, prior, coupling, x)
                spread_gradient(x, smooth, limit, padded, mixed)
                spectrum = fft.dctn(mixed, norm="ortho")
                spectrum *= inverse
                smooth = fft.idctn(spectrum, norm="ortho", overwrite_x=True)
                limit[1:-1, 1:-1] = dtype.type(self.smoothness) / coupling
            tau_data, tau_prior = reweigh(
                difference, x, data, prior, coupling, tau_data, tau_prior
            )
        return x

    def _original(self, ir, vis):
        difference = ir - vis
        shape = difference.shape
        data, prior = np.ones(shape), np.ones(shape)
        coupling = 1.0
        smooth, across, down = (np.zeros(shape) for _ in range(3))
        tau_data = tau_prior = 1.0
        rows = _periodic(shape[0], fft.fftfreq)[:, None]
        columns = _periodic(shape[1], fft.rfftfreq)
        inverse = 1 / (1 + rows + columns)
        for _ in range(self.n_iter):
            for _ in range(_INNER):
                total = 2 * data * difference + coupling * smooth
                x = total / (2 * data + 2 * prior + coupling)
                # The sign of the original: minus the adjoint of the gradient.
                mixed = x + np.roll(across, 1, axis=1) - across
                mixed += np.roll(down, 1, axis=0) - down
                smooth = fft.irfft2(fft.rfft2(mixed) * inverse, s=shape)
                padded = np.pad(smooth, ((0, 1), (0, 1)))
                limit = self.smoothness / coupling
                across = _soft(smooth - padded[:-1, 1:], limit)
                down = _soft(smooth - padded[1:, :-1], limit)
            prior = np.sqrt(2 / tau_prior / (x**2 + 1e-6))
            data = np.sqrt(2 / tau_data / (difference - x + 1e-6) ** 2)
            prior = np.minimum(prior, 2 * data)
            coupling = (data + prior) / 2
            tau_prior = np.mean(1 / (prior + 1e-6) + tau_prior / 2)
            tau_data = np.mean(1 / (data + 1e-6) + tau_data / 2)
        return vis + x


def _neumann(size):
    """Return the eigenvalues of the second difference with reflecting borders."""
    return 2 - 2 * np.cos(np.pi * np.arange(size) / size)


def _periodic(size, frequencies):
    """Return the eigenvalues of the periodic second difference."""
    return 2 - 2 * np.cos(2 * np.pi * frequencies(size))


def _soft(values, limit):
    return np.sign(values) * np.maximum(np.abs(values) - limit, 0)
