"""Guided-filter fusion: two scales, weight maps that follow the edges."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import cv2
import numpy as np
from sklearn.utils._param_validation import Interval

from ...base import BaseFuser
from ...images import luma
from ...images.notices import Notices
from ...images.pixels import grey_levels
from ...pairs import as_pairs
from ...transforms import guided_filter
from .._filters import box_mean, gaussian, mround
from .._validation import check_odd

__all__ = ["GFF"]

_LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
# MATLAB's rgb2gray: the luma row of the inverse of its YIQ matrix.
_RGB2GRAY = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])
# Added by the original wherever it normalises over the images.
_TINY = 1e-12


class GFF(BaseFuser):
    """Fuse two layers with weight maps smoothed by a guided filter.

    Where an image has the stronger smoothed Laplacian, it wins; that binary map,
    filtered under the guidance of the image itself, becomes a weight map whose edges
    are those of the picture: a smooth one for the base layer, a sharp one for the
    details.

    Parameters
    ----------
    radius_base : int, default=45
        Radius of the guided filter of the base weights, in pixels.
    eps_base : float, default=0.3
        Its regularisation, on images in [0, 1]: larger is smoother.
    radius_detail : int, default=7
        Radius of the guided filter of the detail weights, in pixels.
    eps_detail : float, default=1e-6
        Its regularisation.
    base_size : int, default=31
        Side of the box filter that splits base from detail, odd.
    saliency_sigma : float, default=5.0
        Standard deviation of the Gaussian that smooths the saliency, in pixels.
    saliency_size : int, default=11
        Side of the window of that Gaussian, odd.
    parity : bool, default=False
        Compute as the authors' program does: double precision and weights rounded to
        the 256 levels of an 8-bit image. By default weights are only clipped.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`; the weights of luma serve all channels.

    See Also
    --------
    TIF : Two scales without guidance, faster.
    HMSDGF : Several scales, guided filters in place of the box filter.

    Notes
    -----
    With bases ``B``, details ``D = I - B`` and saliencies ``S = g * |L * I|`` of the
    images n (a Laplacian and a Gaussian), ``P_n = 1 where S_n is the largest``, the
    weights are ``W_n^B = G(P_n, I_n; radius_base, eps_base)`` and ``W_n^D = G(P_n, I_n;
    radius_detail, eps_detail)`` by the guided filter G, normalised to one, and the
    fused image is ``sum_n W_n^B B_n + W_n^D D_n``.

    The original asks for images of at least ``2 radius_base + 1`` pixels a side; here
    windows are clipped to the image, so that any size works.

    References
    ----------
    .. [1] S. Li, X. Kang and J. Hu, "Image fusion with guided filtering", IEEE
       Transactions on Image Processing 22 (2013) 2864-2875.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import GFF
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = GFF(radius_base=8).transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[24, 10])
    True
    """

    original_white = 1
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "radius_base": [Interval(Integral, 1, None, closed="left")],
        "eps_base": [Interval(Real, 0, None, closed="neither")],
        "radius_detail": [Interval(Integral, 1, None, closed="left")],
        "eps_detail": [Interval(Real, 0, None, closed="neither")],
        "base_size": [Interval(Integral, 1, None, closed="left")],
        "saliency_sigma": [Interval(Real, 0, None, closed="neither")],
        "saliency_size": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        radius_base=45,
        eps_base=0.3,
        radius_detail=7,
        eps_detail=1e-6,
        *,
        base_size=31,
        saliency_sigma=5.0,
        saliency_size=11,
        parity=False,
        color="gray",
    ):
        self.radius_base = radius_base
        self.eps_base = eps_base
        self.radius_detail = radius_detail
        self.eps_detail = eps_detail
        self.base_size = base_size
        self.saliency_sigma = saliency_sigma
        self.saliency_size = saliency_size
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "base_size")
        check_odd(self, "saliency_size")

    def weight_maps(self, X):
        """Return the weights of the visible image in the two layers of each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ndarray of object, shape (n, 2)
            Base and detail weights, float32 ``(H, W)`` in [0, 1]; the infrared
            weights are one minus them.
        """
        self._validate_params()
        pairs = as_pairs(X)
        out = np.empty((len(pairs), 2), dtype=object)
        with Notices():
            for i in range(len(pairs)):
                ir, vis = pairs.read(i)
                weights = self._weights(*self._levels(ir, luma(vis)))
                for layer, (weight, _) in enumerate(weights):
                    out[i, layer] = self._result(weight, pairs, i)
        return out

    def _fuse(self, ir, vis):
        return self._combine(ir, vis, self._weights(ir, vis))

    def _fuse_channels(self, ir, vis):
        """One pair of weight maps, from luma, for all channels."""
        if self.parity:  # 8-bit colour becomes an 8-bit gray guide
            gray = mround(grey_levels(vis) @ _RGB2GRAY) / 255
            ir, vis = self._levels(ir, vis)
        else:
            gray = luma(vis)
        weights = self._weights(ir, gray)
        channels = [
            self._combine(ir, np.ascontiguousarray(vis[..., c]), weights)
            for c in range(3)
        ]
        return np.stack(channels, axis=-1)

    def _combine(self, ir, vis, weights):
        (base_vis, base_ir), (detail_vis, detail_ir) = weights
        low_vis = box_mean(vis, self.base_size, "nearest")
        low_ir = box_mean(ir, self.base_size, "nearest")
        base = base_vis * low_vis + base_ir * low_ir
        return base + detail_vis * (vis - low_vis) + detail_ir * (ir - low_ir)

    def _weights(self, ir, vis):
        """((visible, infrared) weights of the base, the same of the details)."""
        wins = self._wins(ir, vis).astype(ir.dtype)
        layers = (
            (self.radius_base, self.eps_base),
            (self.radius_detail, self.eps_detail),
        )
        return tuple(
            self._normalise(
                guided_filter(vis, wins, radius, eps),
                guided_filter(ir, 1 - wins, radius, eps),
            )
            for radius, eps in layers
        )

    def _wins(self, ir, vis):
        """Where the visible image is at least as salient as the infrared one."""
        saliency_vis, saliency_ir = self._saliency(vis), self._saliency(ir)
        if self.parity:
            # Normalising first can make two close values equal: part of the original.
            saliency_vis, saliency_ir = saliency_vis + _TINY, saliency_ir + _TINY
            total = saliency_vis + saliency_ir
            return saliency_vis / total >= saliency_ir / total
        return saliency_vis >= saliency_ir

    def _saliency(self, image):
        strength = np.abs(
            cv2.filter2D(
                image,
                -1,
                _LAPLACIAN.astype(image.dtype),
                borderType=cv2.BORDER_REPLICATE,
            )
        )
        return gaussian(strength, self.saliency_size, self.saliency_sigma, "nearest")

    def _normalise(self, weight_vis, weight_ir):
        if self.parity:
            weight_vis = mround(255 * weight_vis) / 255 + _TINY
            weight_ir = mround(255 * weight_ir) / 255 + _TINY
            total = weight_vis + weight_ir
            return weight_vis / total, weight_ir / total
        weight_vis, weight_ir = np.clip(weight_vis, 0, 1), np.clip(weight_ir, 0, 1)
        total = weight_vis + weight_ir
        half = np.full_like(total, 0.5)
        weight_vis = np.divide(weight_vis, total, out=half, where=total > 0)
        return weight_vis, 1 - weight_vis
