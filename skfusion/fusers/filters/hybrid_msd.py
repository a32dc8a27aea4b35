"""Hybrid multi-scale decomposition with Gaussian and bilateral filters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from ..._kernels.bilateral_grid import bilateral_grid
from ...base import BaseFuser
from .._filters import gaussian
from ._hybrid import combine_hybrid

__all__ = ["HybridMSD"]


class HybridMSD(BaseFuser):
    """Fuse texture and edge layers apart: strong edges of the infrared image come in.

    At each scale a Gaussian filter smooths all and a bilateral filter all but the
    edges; between the two lie the edges of that scale, above them its texture. How
    much the infrared edges exceed the visible ones decides how the layers mix, so that
    hot targets stand out in an otherwise visible picture.

    Parameters
    ----------
    n_levels : int, default=4
        Number of scales; scale j has a standard deviation of 2**j pixels. At most 8.
    lam : float, default=30.0
        Steepness of the weights: larger takes in more of the infrared image.
    sigma_range : float, default=0.05
        Range of the bilateral filter at the first scale, of images in [0, 1], at least
        0.01; it halves from scale to scale.
    parity : bool, default=False
        Compute as the authors' program does, in double precision on 0..255.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    HMSDGF : Guided filters in place of both, and `lam` chosen from the images.

    Notes
    -----
    With textures ``D_j``, edges ``E_j`` and the base ``B``, the fused image is ``w_B
    B_A + (1 - w_B) B_V`` and the sum over j of the same blends of edges and textures.
    In the finest layers the stronger one counts; beyond, ``w = atan(lam R) /
    atan(lam)`` with ``R = max(|E_A| - |E_V|, 0)`` over its largest value, smoothed for
    edges and base.

    The bilateral filter is computed on the grid of Paris and Durand [2]_, in both
    modes: at the coarse scales an exact one would take seconds.

    References
    ----------
    .. [1] Z. Zhou, B. Wang, S. Li and M. Dong, "Perceptual fusion of infrared and
       visible images through a hybrid multi-scale decomposition with Gaussian and
       bilateral filters", Information Fusion 30 (2016) 15-26.
    .. [2] S. Paris and F. Durand, "A fast approximation of the bilateral filter using
       a signal processing approach", International Journal of Computer Vision 81
       (2009) 24-52.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import HybridMSD
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = HybridMSD().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 1, 8, closed="both")],
        "lam": [Interval(Real, 0, None, closed="neither")],
        "sigma_range": [Interval(Real, 0.01, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(
        self, n_levels=4, lam=30.0, sigma_range=0.05, *, parity=False, color="gray"
    ):
        self.n_levels = n_levels
        self.lam = lam
        self.sigma_range = sigma_range
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        return self._layers(ir, vis, 1)

    def _original(self, ir, vis):
        return self._layers(ir, vis, 255)

    def _layers(self, ir, vis, scale):
        layers_vis, layers_ir = self._decompose(vis, scale), self._decompose(ir, scale)
        return combine_hybrid(layers_vis, layers_ir, self.lam, smooth_finest=False)

    def _decompose(self, image, scale):
        """Texture layers, edge layers, fine to coarse, and the base."""
        smooth = edge_aware = image
        textures, edges = [], []
        for j in range(1, self.n_levels + 1):
            sigma = 2.0**j
            size = 2 * math.floor(3 * sigma) + 1
            previous, smooth = smooth, gaussian(smooth, size, sigma, "reflect")
            sigma_range = self.sigma_range / 2 ** (j - 1)
            edge_aware = scale * bilateral_grid(edge_aware / scale, sigma, sigma_range)
            textures.append(previous - edge_aware)
            edges.append(edge_aware - smooth)
        return textures, edges, smooth
