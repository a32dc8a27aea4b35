"""Fusion by the detail strength of the cross bilateral filter."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import cv2
import numpy as np
from sklearn.utils._param_validation import Interval

from ..._kernels.cross_bilateral import cross_bilateral, cross_bilateral_exact
from ...base import BaseFuser
from .._filters import pad
from .._validation import check_odd

__all__ = ["CBF"]

# Detail strength, in [0, 1] units squared, below which both images count alike.
_NOISE = 1e-9


class CBF(BaseFuser):
    """Weigh each image by how its details, beside the other's edges, vary.

    Each image is smoothed by a bilateral filter whose range weights come from the
    other image; what that removes is its detail. The weight of a pixel is the sum of
    the eigenvalues of the covariance of the detail around it.

    Parameters
    ----------
    window_size : int, default=11
        Side in pixels of the window of the bilateral filter, odd.
    sigma_spatial : float, default=1.8
        Spatial reach of the bilateral filter in pixels.
    sigma_range : float, default=25 / 255
        Step of the other image, in [0, 1] units, that halves a weight or more.
    covariance_size : int, default=5
        Side in pixels of the window of the covariance, odd.
    parity : bool, default=False
        Compute as the authors' program does: double precision, on the 0..255 scale,
        where only an exact zero of a weight is replaced, by 2.2e-16.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    HybridMSD : Bilateral filters at several scales.

    Notes
    -----
    ``F = (w_I I + w_V V) / (w_I + w_V)``. The trace of the row-wise and the
    column-wise covariance matrix of the detail ``d`` in the window is
    ``w = [sum (d - column mean)^2 + sum (d - row mean)^2] / (size - 1)``, so that no
    eigenvalue is computed. The weights change from pixel to pixel: grainy results
    are the method's own.

    References
    ----------
    .. [1] B. K. Shreyamsha Kumar, "Image fusion based on pixel significance using
       cross bilateral filter", Signal, Image and Video Processing 9 (2015) 1193-1204.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import CBF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = CBF().transform([(ir, vis)])[0]
    >>> bool(fused[20, 33] > fused[2, 2])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "window_size": [Interval(Integral, 1, None, closed="left")],
        "sigma_spatial": [Interval(Real, 0, None, closed="neither")],
        "sigma_range": [Interval(Real, 0, None, closed="neither")],
        "covariance_size": [Interval(Integral, 3, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        window_size=11,
        sigma_spatial=1.8,
        sigma_range=25 / 255,
        covariance_size=5,
        *,
        parity=False,
        color="gray",
    ):
        self.window_size = window_size
        self.sigma_spatial = sigma_spatial
        self.sigma_range = sigma_range
        self.covariance_size = covariance_size
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window_size")
        check_odd(self, "covariance_size")

    def _fuse(self, ir, vis):
        weight_ir = self._strength(ir - self._base(ir, vis)) + _NOISE
        weight_vis = self._strength(vis - self._base(vis, ir)) + _NOISE
        return vis + weight_ir / (weight_ir + weight_vis) * (ir - vis)

    def _base(self, image, guide, levels=1):
        half = self.window_size // 2
        at = np.arange(-half, half + 1)
        distance = at[:, None] ** 2 + at**2
        near = np.exp(distance / (-2 * self.sigma_spatial**2)).astype(image.dtype)
        scale = 0.5 / (self.sigma_range * levels) ** 2
        kernel = cross_bilateral_exact if self.parity else cross_bilateral
        image, guide = (
            pad(image, half, half, "mirror"),
            pad(guide, half, half, "mirror"),
        )
        return kernel(image, guide, near, scale)

    def _strength(self, detail):
        size = self.covariance_size
        along_rows = self._sum(detail, (size, 1))
        along_columns = self._sum(detail, (1, size))
        scatter = 2 * self._sum(detail * detail, (size, size))
        scatter -= self._sum(along_rows * along_rows, (1, size)) / size
        scatter -= self._sum(along_columns * along_columns, (size, 1)) / size
        return np.maximum(scatter, 0) / (size - 1)

    @staticmethod
    def _sum(image, size):
        """Sum over a window of (columns, rows), without running sums."""
        across = np.ones(size[0], image.dtype)
        down = np.ones(size[1], image.dtype)
        border = cv2.BORDER_REFLECT_101
        return cv2.sepFilter2D(image, -1, across, down, borderType=border)

    def _original(self, ir, vis):
        weight_ir = self._strength(ir - self._base(ir, vis, 255))
        weight_vis = self._strength(vis - self._base(vis, ir, 255))
        zero = np.finfo(np.float64).eps
        weight_ir[weight_ir == 0] = zero
        weight_vis[weight_vis == 0] = zero
        return (weight_ir * ir + weight_vis * vis) / (weight_ir + weight_vis)
