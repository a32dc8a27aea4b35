"""Fusion in the Laplacian pyramid: each scale on its own."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ..base import BaseFuser
from ..images import to_dtype
from ._filters import grey_levels
from ._pyramid import laplacian_pyramid, rebuild
from ._saliency import saliency_weight
from ._selection import fuse_bands, li_choice, share
from ._validation import check_odd

__all__ = ["LaplacianPyramid"]


class LaplacianPyramid(BaseFuser):
    """Fuse the bands of two Laplacian pyramids, scale by scale.

    The plainest of the multi-scale methods and among the best: at each scale and
    place the stronger detail is kept, and the coarse rest is blended.

    Parameters
    ----------
    n_levels : int, default=4
        Number of detail bands; each halves the size. Levels that an image is too
        small for are left out.
    detail_rule : {"li", "max", "energy", "match", "soft"}, default="li"
        Which detail a place keeps. ``"max"``: the larger magnitude. ``"li"``: the
        image with the larger local maximum, after a vote of the neighbours.
        ``"energy"``: the one with more energy in the window. ``"match"``: the same, but
        a mean where the two agree. ``"soft"``: a mean weighted by the energies.
    window : int, default=5
        Side of the window of all rules but ``"max"``, in pixels of the band, odd.
    base_rule : {"average", "saliency", "max", "energy"}, default="average"
        How the coarse rest is blended. ``"average"``: with the weight `base_weight`.
        ``"saliency"``: more of the image whose grey level there is rarer.
        ``"energy"``: weighted by the squared distance from the image's mean.
        ``"max"``: the brighter one.
    base_weight : float, default=0.5
        Weight of the visible image under ``base_rule="average"``, in [0, 1].
    gain : float, default=1.0
        Factor on all details: above one sharpens.
    parity : bool, default=False
        Compute as the multi-scale toolbox of Liu, Liu and Wang [3]_ does, black
        corner squares beyond the border included; of the other parameters only
        `n_levels` then counts.
    color : {"luma", "per_channel"}, default="luma"
        What to do with a colour visible image: fuse its luma to a gray image, or fuse
        each channel with the infrared image.

    See Also
    --------
    RatioPyramid : The same with quotients in place of differences.
    WaveletFuser, DTCWTFuser : The same with orientations.

    References
    ----------
    .. [1] P. J. Burt and E. H. Adelson, "The Laplacian pyramid as a compact image
       code", IEEE Transactions on Communications 31 (1983) 532-540.
    .. [2] P. J. Burt and R. J. Kolczynski, "Enhanced image capture through fusion",
       International Conference on Computer Vision (1993) 173-182.
    .. [3] Y. Liu, S. Liu and Z. Wang, "A general framework for image fusion based on
       multi-scale transform and sparse representation", Information Fusion 24 (2015)
       147-164.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import LaplacianPyramid
    >>> rng = np.random.default_rng(0)
    >>> image = rng.random((21, 34), dtype=np.float32)
    >>> fused = LaplacianPyramid(n_levels=3).transform([(image, image)])[0]
    >>> bool(np.allclose(fused, image, atol=1e-6))
    True
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 0, None, closed="left")],
        "detail_rule": [StrOptions({"li", "max", "energy", "match", "soft"})],
        "window": [Interval(Integral, 1, None, closed="left")],
        "base_rule": [StrOptions({"average", "saliency", "max", "energy"})],
        "base_weight": [Interval(Real, 0, 1, closed="both")],
        "gain": [Interval(Real, 0, None, closed="left")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        n_levels=4,
        *,
        detail_rule="li",
        window=5,
        base_rule="average",
        base_weight=0.5,
        gain=1.0,
        parity=False,
        color="luma",
    ):
        self.n_levels = n_levels
        self.detail_rule = detail_rule
        self.window = window
        self.base_rule = base_rule
        self.base_weight = base_weight
        self.gain = gain
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window")

    def _fuse(self, ir, vis):
        if self.parity:
            return self._toolbox(grey_levels(ir), grey_levels(vis)) / 255
        bands_ir, base_ir = laplacian_pyramid(ir, self.n_levels)
        bands_vis, base_vis = laplacian_pyramid(vis, self.n_levels)
        bands = [self._detail(a, b) for a, b in zip(bands_ir, bands_vis)]
        return rebuild(bands, self._base(base_ir, base_vis), ir.shape)

    def _toolbox(self, ir, vis):
        bands_ir, base_ir = laplacian_pyramid(ir, self.n_levels, "quirk")
        bands_vis, base_vis = laplacian_pyramid(vis, self.n_levels, "quirk")
        bands = [
            np.where(li_choice(np.abs(a), np.abs(b), parity=True), a, b)
            for a, b in zip(bands_ir, bands_vis)
        ]
        return rebuild(bands, (base_ir + base_vis) / 2, ir.shape, "quirk")

    def _detail(self, ir, vis):
        fused = fuse_bands(ir, vis, self.detail_rule, self.window)
        return fused if self.gain == 1 else fused * np.float32(self.gain)

    def _base(self, ir, vis):
        if self.base_rule == "max":
            return np.maximum(ir, vis)
        if self.base_rule == "average":
            weight = self.base_weight
        elif self.base_rule == "saliency":
            weight = saliency_weight(to_dtype(vis, np.uint8), to_dtype(ir, np.uint8))
            weight = weight.astype(np.float32)
        else:
            far_vis, far_ir = (vis - vis.mean()) ** 2, (ir - ir.mean()) ** 2
            weight = share(far_vis, far_ir)
        return weight * vis + (1 - weight) * ir
