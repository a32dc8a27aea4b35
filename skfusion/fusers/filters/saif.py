"""Structure-aware image fusion."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import cv2
import numpy as np
from sklearn.utils._param_validation import Interval

from ..._kernels.domain_transform import recursive_filter
from ...base import WeightMapFuser

__all__ = ["SAIF"]

# Differences of mean gradient below this are float32 noise, not structure.
_NOISE = 1e-6


class SAIF(WeightMapFuser):
    """Take each region from the image with more structure, refined along edges.

    After a smoothing that keeps edges, the image with the larger mean gradient wins
    a pixel. The map of winners is then filtered along the edges of the infrared image
    and cut in two again, a few times.

    Parameters
    ----------
    radius : int, default=3
        Radius in pixels of the window of the smoothing and of the mean gradient.
    eps : float, default=0.01
        Variance, in [0, 1] units squared, up to which the smoothing flattens.
    sigma_spatial : float, default=10
        Reach in pixels of the filter that refines the map.
    sigma_range : float, default=0.2
        Step of the infrared image, in [0, 1] units, that stops this filter.
    n_iter : int, default=3
        Rounds of cutting the map in two and filtering it.
    parity : bool, default=False
        Compute in double precision and let any difference of structure, rounding
        noise too, decide, as the authors' program does.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    GFF : Refines its weight maps with the guided filter.

    Notes
    -----
    With ``s = |dX/dx| + |dX/dy|`` of the smoothed images the first map is
    ``M = box(s_I - s_V) > 0``; the result is ``F = M I + (1 - M) V``, a mean, so that
    it never leaves the range of the two images. Where neither image has structure the
    visible one is taken.

    References
    ----------
    .. [1] W. Li, Y. Xie, H. Zhou, Y. Han and K. Zhan, "Structure-aware image fusion",
       Optik 172 (2018) 1-11.
    .. [2] E. S. L. Gastal and M. M. Oliveira, "Domain transform for edge-aware image
       and video processing", ACM Transactions on Graphics 30 (2011) 69.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import SAIF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = SAIF().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[2, 2])
    True
    """

    original_white = 1
    _renamed_parameters = {"n_iterations": "n_iter"}
    _parameter_constraints: dict = {
        **WeightMapFuser._parameter_constraints,
        "radius": [Interval(Integral, 0, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "sigma_spatial": [Interval(Real, 0, None, closed="neither")],
        "sigma_range": [Interval(Real, 0, None, closed="neither")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        radius=3,
        eps=0.01,
        sigma_spatial=10.0,
        sigma_range=0.2,
        n_iter=3,
        *,
        parity=False,
        color="gray",
    ):
        self.radius = radius
        self.eps = eps
        self.sigma_spatial = sigma_spatial
        self.sigma_range = sigma_range
        self.n_iter = n_iter
        self.parity = parity
        self.color = color

    def _weight(self, ir, vis):
        box = _ClippedBox(ir.shape, self.radius, ir.dtype)
        difference = box(self._structure(ir, box) - self._structure(vis, box))
        infrared = (difference > (0 if self.parity else _NOISE)).astype(ir.dtype)
        # The feedback between neighbours: a**(1 + sigma_s / sigma_r |step|).
        log_a = -np.sqrt(2) / self.sigma_spatial
        ratio = self.sigma_spatial / self.sigma_range
        across = _feedback(ir[:, 1:] - ir[:, :-1], log_a, ratio)
        down = _feedback(ir[1:] - ir[:-1], log_a, ratio)
        for _ in range(self.n_iter):
            infrared = (infrared > 0.5).astype(ir.dtype)
            recursive_filter(infrared, across, down)
        return 1 - infrared

    def _structure(self, image, box):
        mean = box(image)
        variance = np.maximum(box(image * image) - mean * mean, 0)
        gain = variance / (variance + variance.dtype.type(self.eps))
        smooth = mean + gain * (image - mean)
        structure = np.zeros_like(smooth)
        structure[:, :-1] = np.abs(smooth[:, 1:] - smooth[:, :-1])
        structure[:-1] += np.abs(smooth[1:] - smooth[:-1])
        if self.parity:
            # The original differentiates a zero beyond the last column and row.
            structure[:, -1] += np.abs(smooth[:, -1])
            structure[-1] += np.abs(smooth[-1])
        return structure


class _ClippedBox:
    """Means over a square window clipped to the image."""

    def __init__(self, shape, radius, dtype):
        self.taps = np.ones(2 * radius + 1, dtype=dtype)
        rows, columns = (
            np.minimum(radius, at) + np.minimum(radius, at[::-1]) + 1
            for at in (np.arange(shape[0]), np.arange(shape[1]))
        )
        self.share = (1 / np.outer(rows, columns)).astype(dtype)

    def __call__(self, image):
        # Not a running sum: what is zero in the whole window has a mean of zero.
        total = cv2.sepFilter2D(
            image, -1, self.taps, self.taps, borderType=cv2.BORDER_CONSTANT
        )
        return total * self.share


def _feedback(step, log_a, ratio):
    exponent = 1 + step.dtype.type(ratio) * np.abs(step)
    return np.ascontiguousarray(np.exp(step.dtype.type(log_a) * exponent))
