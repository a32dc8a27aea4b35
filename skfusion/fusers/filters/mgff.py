"""Multi-scale guided filtering: each image guides the other."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ...base import BaseFuser
from ...transforms import guided_filter

__all__ = ["MGFF"]


class MGFF(BaseFuser):
    """Fuse the layers of two images that smooth each other.

    Each level filters the images with each other as the guide, so that an edge stays
    where both have one; what an image differs by from its smooth successor is the
    detail of that level, and the stronger detail weighs more.

    Parameters
    ----------
    n_levels : int, default=4
        Number of detail layers.
    radius : int, default=9
        Radius of the guided filters, in pixels.
    eps : float, default=1000 / 255**2
        Their regularisation, for images in [0, 1]; the authors give it as 1000 for
        0..255.
    guide : {"self", "other"}, default="self"
        Which image guides the filter that makes the successor of an image.
        ``"self"``: as in the authors' program, the image guides the smoothing of the
        *other* one, which takes its place, so that details also hold what the two
        differ by: strong contrast. ``"other"``: the image is smoothed under the
        guidance of the other one: softer and truer to both.
    parity : bool, default=False
        Compute in double precision on 0..255, as the authors' program does.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    GFF : Guided filters on the weights instead.

    Notes
    -----
    With the details ``d`` of a level: ``(|d_V| d_V + |d_I| d_I) / (|d_V| + |d_I|)``;
    where both are zero, where the original divides zero by zero, nothing is added.
    The last smooth images are averaged.

    References
    ----------
    .. [1] D. P. Bavirisetti, G. Xiao, J. Zhao, R. Dhuli and G. Liu, "Multi-scale
       guided image and video fusion: a fast and efficient approach", Circuits,
       Systems, and Signal Processing 38 (2019) 5576-5605.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import MGFF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = MGFF().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 0, None, closed="left")],
        "radius": [Interval(Integral, 1, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "guide": [StrOptions({"self", "other"})],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        n_levels=4,
        radius=9,
        eps=1000 / 255**2,
        *,
        guide="self",
        parity=False,
        color="gray",
    ):
        self.n_levels = n_levels
        self.radius = radius
        self.eps = eps
        self.guide = guide
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        return self._layers(ir, vis, self.eps)

    def _layers(self, ir, vis, eps):
        details = np.zeros_like(ir)
        for _ in range(self.n_levels):
            smooth_ir = guided_filter(ir, vis, self.radius, eps)
            smooth_vis = guided_filter(vis, ir, self.radius, eps)
            if self.guide == "other":
                smooth_ir, smooth_vis = smooth_vis, smooth_ir
            details += _weighted(ir - smooth_ir, vis - smooth_vis)
            ir, vis = smooth_ir, smooth_vis
        return details + (ir + vis) / 2

    def _original(self, ir, vis):
        return self._layers(ir, vis, self.eps * 255**2)


def _weighted(first, second):
    weight_first, weight_second = np.abs(first), np.abs(second)
    total = weight_first + weight_second
    return np.divide(
        weight_first * first + weight_second * second,
        total,
        out=np.zeros_like(total),
        where=total > 0,
    )
