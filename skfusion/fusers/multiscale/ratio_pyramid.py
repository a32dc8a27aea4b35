"""Fusion in the ratio of low-pass pyramid: local contrast in place of detail."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ...base import BaseFuser
from .._validation import check_odd
from ._pyramid import ratio_pyramid, rebuild_ratio
from ._selection import li_choice

__all__ = ["RatioPyramid"]

# Added to each divisor by the toolbox, on the 0..255 scale.
_TOOLBOX_OFFSET = 1e-6


class RatioPyramid(BaseFuser):
    """Fuse the local contrasts of two images, scale by scale.

    A band holds the quotient of an image and its smoothed self: the contrast that the
    eye sees. The image with more contrast wins.

    Parameters
    ----------
    n_levels : int, default=4
        Number of bands; each halves the size. Levels that an image is too small for
        are left out.
    detail_rule : {"li", "max"}, default="li"
        Which contrast a place keeps. ``"max"``: the one farther from 1. ``"li"``: that
        of the image with the larger local maximum, after a vote of the neighbours.
    window : int, default=3
        Side of the window of ``"li"``, in pixels of the band, odd.
    base_weight : float, default=0.5
        Weight of the visible image in the coarse rest, in [0, 1].
    offset : float, default=0.1
        Added to both images, on the scale [0, 1]: it keeps the quotients of black
        regions within bounds. Larger is closer to :class:`LaplacianPyramid`.
    parity : bool, default=False
        Compute as the multi-scale toolbox of Liu, Liu and Wang [2]_ does: quotients
        themselves are compared, divisors are only kept from zero, and black corner
        squares lie beyond the border; of the other parameters only `n_levels` then
        counts. Dark regions come out with specks far above white.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    LaplacianPyramid : Differences in place of quotients.

    Notes
    -----
    With the expansion ``E`` of the next level and the offset ``c``:
    ``R = (X + c) / (E + c)``. Contrasts are compared by ``|log R|``, which treats a
    dark and a bright spot alike.

    References
    ----------
    .. [1] A. Toet, "Image fusion by a ratio of low-pass pyramid", Pattern Recognition
       Letters 9 (1989) 245-253.
    .. [2] Y. Liu, S. Liu and Z. Wang, "A general framework for image fusion based on
       multi-scale transform and sparse representation", Information Fusion 24 (2015)
       147-164.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import RatioPyramid
    >>> rng = np.random.default_rng(0)
    >>> image = rng.random((21, 34), dtype=np.float32)
    >>> fused = RatioPyramid(n_levels=3).transform([(image, image)])[0]
    >>> bool(np.allclose(fused, image, atol=1e-5))
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 0, None, closed="left")],
        "detail_rule": [StrOptions({"li", "max"})],
        "window": [Interval(Integral, 1, None, closed="left")],
        "base_weight": [Interval(Real, 0, 1, closed="both")],
        "offset": [Interval(Real, 0, None, closed="neither")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        n_levels=4,
        *,
        detail_rule="li",
        window=3,
        base_weight=0.5,
        offset=0.1,
        parity=False,
        color="gray",
    ):
        self.n_levels = n_levels
        self.detail_rule = detail_rule
        self.window = window
        self.base_weight = base_weight
        self.offset = offset
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window")

    def _fuse(self, ir, vis):
        offset = np.float32(self.offset)
        bands_ir, base_ir = ratio_pyramid(ir, self.n_levels, offset)
        bands_vis, base_vis = ratio_pyramid(vis, self.n_levels, offset)
        bands = [self._contrast(a, b) for a, b in zip(bands_ir, bands_vis)]
        base = self.base_weight * base_vis + (1 - self.base_weight) * base_ir
        return rebuild_ratio(bands, base, ir.shape, offset)

    def _contrast(self, ir, vis):
        strength_ir, strength_vis = np.abs(np.log(ir)), np.abs(np.log(vis))
        if self.detail_rule == "max":
            choose_ir = strength_ir > strength_vis
        else:
            choose_ir = li_choice(strength_ir, strength_vis, self.window)
        return np.where(choose_ir, ir, vis)

    def _original(self, ir, vis):
        args = self.n_levels, _TOOLBOX_OFFSET, "quirk"
        (bands_ir, base_ir), (bands_vis, base_vis) = (
            ratio_pyramid(image, *args) for image in (ir, vis)
        )
        bands = [
            np.where(li_choice(np.abs(a), np.abs(b), parity=True), a, b)
            for a, b in zip(bands_ir, bands_vis)
        ]
        base = (base_ir + base_vis) / 2
        return rebuild_ratio(bands, base, ir.shape, *args[1:])
