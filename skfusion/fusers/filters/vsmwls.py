"""Fusion by a visual saliency map and weighted least squares."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from ...base import BaseFuser
from ...images import to_dtype
from ...transforms import guided_filter
from .._filters import box_mean, gaussian
from ._saliency import saliency_weight

__all__ = ["VSMWLS"]

# Window and offset of the weights of Eq. (13), window of the blurred choice.
_MEAN_SIZE, _EPS = 7, 1e-6
_CHOICE_SIZE, _CHOICE_SIGMA = 13, 2.0


class VSMWLS(BaseFuser):
    """Fuse the layers of a rolling guidance filter, bases by saliency.

    A rolling guidance filter takes details off scale by scale and keeps the edges of
    what is left. The bases are blended by how rare a grey level is in its image; the
    details are pulled towards the infrared ones where the visible ones are weak,
    which leaves less noise of the thermal camera in the result.

    Parameters
    ----------
    n_levels : int, default=4
        Number of detail layers; the filter of layer j has the scale 2**j pixels, and
        the last layer is a plain Gaussian one. At most 8.
    sigma_range : float, default=0.05
        Difference, of images in [0, 1], that the filter takes for an edge.
    n_iter : int, default=4
        Number of iterations of the filter.
    lam : float, default=0.01
        Weight of the least-squares term that pulls details to the infrared ones.
    parity : bool, default=False
        Compute in double precision, as the authors' program does.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    LaplacianPyramid : Its ``base_rule="saliency"`` blends bases alike.

    Notes
    -----
    The least-squares system of the paper is diagonal: with the choice ``M`` between
    the details and ``q = lam / (|mean of d_V| + 1e-6)`` its solution is
    ``(M + q d_I) / (1 + q)``.

    References
    ----------
    .. [1] J. Ma, Z. Zhou, B. Wang and H. Zong, "Infrared and visible image fusion
       based on visual saliency map and weighted least square optimization", Infrared
       Physics & Technology 82 (2017) 8-17.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import VSMWLS
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = VSMWLS().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 1
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 1, 8, closed="both")],
        "sigma_range": [Interval(Real, 0, None, closed="neither")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "lam": [Interval(Real, 0, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        n_levels=4,
        sigma_range=0.05,
        n_iter=4,
        lam=0.01,
        *,
        parity=False,
        color="gray",
    ):
        self.n_levels = n_levels
        self.sigma_range = sigma_range
        self.n_iter = n_iter
        self.lam = lam
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        weight = saliency_weight(to_dtype(ir, np.uint8), to_dtype(vis, np.uint8))
        weight = weight.astype(ir.dtype)
        (base_ir, details_ir), (base_vis, details_vis) = map(self._split, (ir, vis))
        fused = weight * base_ir + (1 - weight) * base_vis
        finest = np.abs(details_ir[0]) >= np.abs(details_vis[0])
        fused += np.where(finest, details_ir[0], details_vis[0])
        for detail_ir, detail_vis in zip(details_ir[1:], details_vis[1:]):
            fused += self._pull(detail_ir, detail_vis)
        return fused

    def _split(self, image):
        """Base and details, fine to coarse."""
        base, details = image, []
        for j in range(1, self.n_levels):
            smooth = self._roll(base, 2**j)
            details.append(base - smooth)
            base = smooth
        smooth = gaussian(base, _CHOICE_SIZE, _CHOICE_SIGMA, "nearest")
        details.append(base - smooth)
        return smooth, details

    def _roll(self, image, scale):
        """Blur away what is small, then let the edges of the rest grow back."""
        guide = gaussian(image, 6 * scale + 1, float(scale), "nearest")
        eps = max(self.sigma_range**2, np.finfo(np.float32).tiny)  # may underflow
        for _ in range(self.n_iter):
            guide = guided_filter(guide, image, scale, eps)
        return guide

    def _pull(self, ir, vis):
        choice = (np.abs(ir) < np.abs(vis)).astype(ir.dtype)
        choice = gaussian(choice, _CHOICE_SIZE, _CHOICE_SIGMA, "reflect")
        mixed = choice * vis + (1 - choice) * ir
        weight = self.lam / (np.abs(box_mean(vis, _MEAN_SIZE, "nearest")) + _EPS)
        return (mixed + weight * ir) / (1 + weight)
