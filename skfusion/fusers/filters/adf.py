"""Fusion by anisotropic diffusion and the Karhunen-Loeve transform."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ..._kernels.diffusion import perona_malik
from ...base import BaseFuser
from ._pca import pca_weights

__all__ = ["ADF"]

_AXIAL = ((-1, 0), (1, 0), (0, -1), (0, 1))
_DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))


class ADF(BaseFuser):
    """Fuse base layers smoothed by diffusion, and details by principal component.

    Diffusion that stops at edges splits each image into base and detail. The bases
    are averaged; the details are weighted, the same everywhere, by the leading
    eigenvector of their covariance.

    Parameters
    ----------
    n_iter : int, default=10
        Number of diffusion steps.
    dt : float, default=0.15
        Size of a step; above 1/7 the scheme may oscillate.
    kappa : float, default=30.0
        Grey levels, of 255, that count as an edge.
    conductance : {"exponential", "quadratic"}, default="exponential"
        How the flow falls with the difference ``g``: ``exp(-(g / kappa)^2)``, which
        favours edges of high contrast, or ``1 / (1 + (g / kappa)^2)``, which favours
        wide regions.
    parity : bool, default=False
        Compute as the authors' program does: double precision, black pixels beyond
        the border, which darken it, and weights of any sign and size. By default
        nothing flows over the border and the weights lie in [0, 1].
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    FPDE : The same with a fourth-order equation.

    Notes
    -----
    With the base ``A`` and the detail ``D = X - A`` of each image:
    ``F = (A_V + A_I) / 2 + p_V D_V + p_I D_I``, ``p_V + p_I = 1``.

    References
    ----------
    .. [1] D. P. Bavirisetti and R. Dhuli, "Fusion of infrared and visible sensor
       images based on anisotropic diffusion and Karhunen-Loeve transform", IEEE
       Sensors Journal 16 (2016) 203-209.
    .. [2] P. Perona and J. Malik, "Scale-space and edge detection using anisotropic
       diffusion", IEEE Transactions on Pattern Analysis and Machine Intelligence 12
       (1990) 629-639.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import ADF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = ADF().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "dt": [Interval(Real, 0, 0.25, closed="right")],
        "kappa": [Interval(Real, 0, None, closed="neither")],
        "conductance": [StrOptions({"exponential", "quadratic"})],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        n_iter=10,
        dt=0.15,
        kappa=30.0,
        conductance="exponential",
        *,
        parity=False,
        color="gray",
    ):
        self.n_iter = n_iter
        self.dt = dt
        self.kappa = kappa
        self.conductance = conductance
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        base_ir, base_vis = self._diffuse(ir), self._diffuse(vis)
        detail_ir, detail_vis = ir - base_ir, vis - base_vis
        weight_ir, weight_vis = pca_weights(
            detail_ir, detail_vis, guard=not self.parity
        )
        fused = weight_ir * detail_ir + weight_vis * detail_vis
        return fused + (base_ir + base_vis) / 2

    def _diffuse(self, image):
        if self.parity:
            return self._diffuse_to_black(image)
        quadratic = self.conductance == "quadratic"
        kappa = self.kappa / 255
        return perona_malik(image, self.n_iter, self.dt, kappa, quadratic)

    def _diffuse_to_black(self, image):
        """The authors' scheme: all eight differences, zeros beyond the border."""
        height, width = image.shape
        for _ in range(self.n_iter):
            padded = np.pad(image, 1)
            change = 0
            for offsets, share in ((_AXIAL, 1), (_DIAGONAL, 0.5)):
                for i, j in offsets:
                    g = padded[1 + i : 1 + i + height, 1 + j : 1 + j + width] - image
                    ratio = (g / self.kappa) ** 2
                    if self.conductance == "exponential":
                        flow = np.exp(-ratio) * g
                    else:
                        flow = g / (1 + ratio)
                    change = change + share * flow
            image = image + self.dt * change
        return image
