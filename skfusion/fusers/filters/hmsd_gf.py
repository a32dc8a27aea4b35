"""Hybrid multi-scale decomposition with guided filters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ...base import BaseFuser
from ...transforms import guided_filter
from ._hybrid import combine_hybrid
from ._perceptual_saliency import perceptual_saliency

__all__ = ["HMSDGF"]

# Guided filters this smooth are two box filters: they spare no edge.
_EPS_SMOOTH = 1e4


class HMSDGF(BaseFuser):
    """Fuse texture and edge layers of guided filters, night vision with context.

    As :class:`HybridMSD`, with guided filters in place of the Gaussian and the
    bilateral ones. How much of the infrared image comes in is decided by the
    perceptual saliency of the two images.

    Parameters
    ----------
    n_levels : int, default=4
        Number of scales; scale j has filters of radius 2**j pixels. At most 8.
    lam : "auto" or float, default="auto"
        Steepness of the weights: larger takes in more of the infrared image.
        ``"auto"``: from 100 to 2500, growing with the ratio of the saliencies of the
        infrared and the visible image.
    eps : float, default=0.01
        Regularisation of the edge-preserving filter at the first scale, for images in
        [0, 1]; it falls by four from scale to scale.
    gain : float, default=1.0
        Factor on the result. The authors' program multiplies by 275/255, which burns
        out bright regions.
    parity : bool, default=False
        Compute as the authors' program does, in double precision, with its gain in
        place of `gain`.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    GFCE : The same after an enhancement of the visible image.
    HybridMSD : Gaussian and bilateral filters.

    Notes
    -----
    With textures ``D_j``, edges ``E_j`` and the base ``B``, the fused image is ``w_B
    B_A + (1 - w_B) B_V`` and the sum over j of the same blends of edges and textures.
    In the finest layers the stronger one counts; beyond, ``w = atan(lam R) /
    atan(lam)`` with ``R = max(|E_A| - |E_V|, 0)`` over its largest value, smoothed for
    edges and base.

    References
    ----------
    .. [1] Z. Zhou, M. Dong, X. Xie and Z. Gao, "Fusion of infrared and visible images
       for night-vision context enhancement", Applied Optics 55 (2016) 6480-6490.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import HMSDGF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = HMSDGF().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 1
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 1, 8, closed="both")],
        "lam": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "gain": [Interval(Real, 0, None, closed="neither")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        n_levels=4,
        lam="auto",
        eps=0.01,
        gain=1.0,
        *,
        parity=False,
        color="gray",
    ):
        self.n_levels = n_levels
        self.lam = lam
        self.eps = eps
        self.gain = gain
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        return self.gain * self._combine(ir, vis)

    def _original(self, ir, vis):
        return 275 / 255 * self._combine(ir, vis)

    def _combine(self, ir, vis):
        lam = automatic_lam(ir, vis) if self.lam == "auto" else self.lam
        layers_vis, layers_ir = self._decompose(vis), self._decompose(ir)
        return combine_hybrid(layers_vis, layers_ir, lam, smooth_finest=True)

    def _decompose(self, image):
        """Texture layers, edge layers, fine to coarse, and the base."""
        smooth = edge_aware = image
        textures, edges = [], []
        for j in range(1, self.n_levels + 1):
            radius = 2**j
            previous = smooth
            smooth = guided_filter(smooth, smooth, radius, _EPS_SMOOTH)
            eps = self.eps / 4 ** (j - 1)
            edge_aware = guided_filter(edge_aware, edge_aware, radius, eps)
            textures.append(previous - edge_aware)
            edges.append(edge_aware - smooth)
        return textures, edges, smooth


def automatic_lam(ir, vis):
    """Return `lam` for two images in [0, 1] by the ratio of their saliencies."""
    saliency_ir, saliency_vis = (
        perceptual_saliency(np.asarray(image, dtype=np.float64) * 255)
        for image in (ir, vis)
    )
    if saliency_vis > 0:
        ratio = saliency_ir / saliency_vis
    else:  # a flat visible image is beaten by any other, and equals a flat one
        ratio = 1.0 if saliency_ir == 0 else np.inf
    if ratio < 0.8:
        return 100.0
    if ratio > 1.6:
        return 2000.0
    return 2500.0 * ratio - 1900.0
