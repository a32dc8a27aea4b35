"""Fusion of discrete wavelet transforms."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ...base import BaseFuser
from .._validation import check_odd
from ._selection import fuse_bands, li_choice
from ._wavelet import check_wavelet, decompose, rebuild

__all__ = ["WaveletFuser"]


class WaveletFuser(BaseFuser):
    """Fuse the horizontal, vertical and diagonal bands of a wavelet transform.

    Parameters
    ----------
    wavelet : str, default="haar"
        Name of the wavelet. ``"haar"`` is built in; all others, e.g. ``"db2"``,
        ``"sym4"`` or ``"bior4.4"``, are those of PyWavelets, which comes with
        ``pip install skfusion[wavelets]``. Longer ones show fewer blocks.
    n_levels : int, default=4
        Number of levels; each halves the size. Levels that an image is too small for
        are left out.
    detail_rule : {"li", "max", "energy", "match", "soft"}, default="li"
        Which coefficient a place keeps, as in :class:`LaplacianPyramid`.
    window : int, default=3
        Side of the window of all rules but ``"max"``, odd.
    base_weight : float, default=0.5
        Weight of the visible image in the approximation, in [0, 1].
    parity : bool, default=False
        Compute as the multi-scale toolbox of Liu, Liu and Wang [2]_ does with its
        Haar wavelet; of the other parameters only `n_levels` then counts.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    Raises
    ------
    ValueError
        For a name that is no discrete wavelet.
    ImportError
        For another wavelet than ``"haar"`` where PyWavelets is missing.

    See Also
    --------
    DTCWTFuser : Six orientations, hardly any blocks.
    LaplacianPyramid : No orientation.

    Notes
    -----
    Each coefficient of the details is ``w V + (1 - w) A``, where w is what
    `detail_rule` says of the visible and the infrared one; the approximations are
    averaged with the weight `base_weight`.

    References
    ----------
    .. [1] H. Li, B. S. Manjunath and S. K. Mitra, "Multisensor image fusion using the
       wavelet transform", Graphical Models and Image Processing 57 (1995) 235-245.
    .. [2] Y. Liu, S. Liu and Z. Wang, "A general framework for image fusion based on
       multi-scale transform and sparse representation", Information Fusion 24 (2015)
       147-164.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import WaveletFuser
    >>> rng = np.random.default_rng(0)
    >>> image = rng.random((21, 34), dtype=np.float32)
    >>> fused = WaveletFuser(n_levels=3).transform([(image, image)])[0]
    >>> bool(np.allclose(fused, image, atol=1e-6))
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "wavelet": [str],
        "n_levels": [Interval(Integral, 0, None, closed="left")],
        "detail_rule": [StrOptions({"li", "max", "energy", "match", "soft"})],
        "window": [Interval(Integral, 1, None, closed="left")],
        "base_weight": [Interval(Real, 0, 1, closed="both")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        wavelet="haar",
        n_levels=4,
        *,
        detail_rule="li",
        window=3,
        base_weight=0.5,
        parity=False,
        color="gray",
    ):
        self.wavelet = wavelet
        self.n_levels = n_levels
        self.detail_rule = detail_rule
        self.window = window
        self.base_weight = base_weight
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window")
        if self.wavelet != "haar":
            check_wavelet(self.wavelet)

    def _fuse(self, ir, vis):
        details_ir, low_ir = decompose(ir, self.wavelet, self.n_levels)
        details_vis, low_vis = decompose(vis, self.wavelet, self.n_levels)
        details = [
            tuple(fuse_bands(a, b, self.detail_rule, self.window) for a, b in zip(x, y))
            for x, y in zip(details_ir, details_vis)
        ]
        low = self.base_weight * low_vis + (1 - self.base_weight) * low_ir
        return rebuild(details, low, self.wavelet, ir.shape)

    def _original(self, ir, vis):
        details_ir, low_ir = decompose(ir, "haar", self.n_levels)
        details_vis, low_vis = decompose(vis, "haar", self.n_levels)
        details = [
            tuple(
                np.where(li_choice(np.abs(a), np.abs(b), parity=True), a, b)
                for a, b in zip(x, y)
            )
            for x, y in zip(details_ir, details_vis)
        ]
        return rebuild(details, (low_ir + low_vis) / 2, "haar", ir.shape)
