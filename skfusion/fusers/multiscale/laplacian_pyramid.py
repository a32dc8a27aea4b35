"""Fusion in the Laplacian pyramid: each scale on its own."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ...base import BaseFuser
from ...images import luma, to_dtype
from .._filters import box_mean
from .._validation import check_odd
from ..filters._saliency import saliency_weight
from ._joint_histogram import to_joint_histogram
from ._pyramid import expand, laplacian_pyramid, rebuild
from ._selection import (
    band_weight,
    blend,
    li_choice,
    local_energy,
    local_variance,
    share,
)

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
    selectivity : float, default=1.0
        Power of the energies under ``"soft"``: larger ones come close to ``"energy"``.
    consistency : float, default=0.0
        Factor with which the energy of each band also counts for the next finer one,
        under ``"energy"`` and ``"soft"``: above 0 the scales of a place tend to come
        from one image. The coarse rest counts with its local variance.
    window : int, default=5
        Side of the window of all rules but ``"max"``, in pixels of the band, odd.
    base_rule : {"average", "saliency", "max", "energy", "deviation"}, \
            default="average"
        How the coarse rest is blended. ``"average"``: with the weight `base_weight`.
        ``"saliency"``: more of the image whose grey level there is rarer.
        ``"energy"``: weighted by the squared distance from the image's mean.
        ``"max"``: the brighter one. ``"deviation"``: in each window the image that
        varies more there, windows overlapping as a mean.
    base_window : int, default=9
        Side of these windows, in pixels of the coarse rest, odd.
    base_selectivity : float or None, default=None
        Power of the variances under ``"deviation"``, whose share is then the weight;
        ``None`` chooses the larger one.
    base_blend : float, default=1.0
        How much of what the base rule says, in [0, 1]; the rest is the mean with the
        weight `base_weight`.
    base_weight : float, default=0.5
        Weight of the visible image in the mean, in [0, 1].
    base_gain : float, default=1.0
        Factor on the coarse rest's distance from its mean: above one, more contrast.
    gain : float, default=1.0
        Factor on the finest details: above one sharpens.
    gain_decay : float, default=1.0
        What is left of ``gain - 1`` from each band to the next coarser one, in [0, 1];
        at 1 the gain is that of all bands.
    histogram : float, default=0.0
        How far the grey levels of the result move, in [0, 1], to those that the two
        images have together: a tone curve that never falls.
    parity : bool, default=False
        Compute as the multi-scale toolbox of Liu, Liu and Wang [3]_ does, black
        corner squares beyond the border included; of the other parameters only
        `n_levels` then counts.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`; luma decides (in parity each channel).

    See Also
    --------
    RatioPyramid : The same with quotients in place of differences.
    WaveletFuser, DTCWTFuser : The same with orientations.

    Notes
    -----
    With the bands ``A_l, V_l`` of the infrared and the visible image and the coarse
    rests ``A, V``, the fused image is ``sum_l up^l(G_l (W_l V_l + (1 - W_l) A_l)) +
    up^L(w V + (1 - w) A)``, where ``W_l`` is what `detail_rule` says, ``w`` what
    `base_rule` says, and ``G_l = 1 + (gain - 1) gain_decay^l``. With e the energy of
    a band in the window, ``"energy"`` is ``W = 1 where e_V >= e_A, else 0`` and
    ``"soft"`` is ``W = e_V^p / (e_V^p + e_A^p)``, p the `selectivity`.

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

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 0, None, closed="left")],
        "detail_rule": [StrOptions({"li", "max", "energy", "match", "soft"})],
        "selectivity": [Interval(Real, 0, None, closed="neither")],
        "consistency": [Interval(Real, 0, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "base_rule": [
            StrOptions({"average", "saliency", "max", "energy", "deviation"})
        ],
        "base_window": [Interval(Integral, 1, None, closed="left")],
        "base_selectivity": [Interval(Real, 0, None, closed="neither"), None],
        "base_blend": [Interval(Real, 0, 1, closed="both")],
        "base_weight": [Interval(Real, 0, 1, closed="both")],
        "base_gain": [Interval(Real, 0, None, closed="left")],
        "gain": [Interval(Real, 0, None, closed="left")],
        "gain_decay": [Interval(Real, 0, 1, closed="both")],
        "histogram": [Interval(Real, 0, 1, closed="both")],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        n_levels=4,
        *,
        detail_rule="li",
        selectivity=1.0,
        consistency=0.0,
        window=5,
        base_rule="average",
        base_window=9,
        base_selectivity=None,
        base_blend=1.0,
        base_weight=0.5,
        base_gain=1.0,
        gain=1.0,
        gain_decay=1.0,
        histogram=0.0,
        parity=False,
        color="gray",
    ):
        self.n_levels = n_levels
        self.detail_rule = detail_rule
        self.selectivity = selectivity
        self.consistency = consistency
        self.window = window
        self.base_rule = base_rule
        self.base_window = base_window
        self.base_selectivity = base_selectivity
        self.base_blend = base_blend
        self.base_weight = base_weight
        self.base_gain = base_gain
        self.gain = gain
        self.gain_decay = gain_decay
        self.histogram = histogram
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window")
        check_odd(self, "base_window")

    def _fuse(self, ir, vis):
        return self._fuse_planes(ir, [vis])[0]

    def _fuse_channels(self, ir, vis):
        """Decide on luma, and fuse each channel by these decisions."""
        if self.parity:
            return super()._fuse_channels(ir, vis)
        channels = [np.ascontiguousarray(vis[..., c]) for c in range(3)]
        return np.stack(self._fuse_planes(ir, [luma(vis), *channels])[1:], axis=-1)

    def _fuse_planes(self, ir, planes):
        """Fuse each visible plane by the decisions made on the first of them."""
        bands_ir, base_ir = laplacian_pyramid(ir, self.n_levels)
        pyramids = [laplacian_pyramid(plane, self.n_levels) for plane in planes]
        weights = self._detail_weights(bands_ir, base_ir, *pyramids[0])
        base_weight = self._base_weight(base_ir, pyramids[0][1])
        gains = [
            1 + (self.gain - 1) * self.gain_decay**level
            for level in range(len(weights))
        ]
        fused = []
        for bands_vis, base_vis in pyramids:
            bands = [
                _scaled(blend(v, i, weight), gain)
                for v, i, weight, gain in zip(bands_vis, bands_ir, weights, gains)
            ]
            base = self._with_contrast(blend(base_vis, base_ir, base_weight))
            fused.append(rebuild(bands, base, ir.shape))
        if self.histogram:
            change = to_joint_histogram(fused[0], ir, planes[0], self.histogram)
            change -= fused[0]
            fused = [plane + change for plane in fused]
        return fused

    def _detail_weights(self, bands_ir, base_ir, bands_vis, base_vis):
        energies = [None] * len(bands_ir)
        if self.consistency and self.detail_rule in ("energy", "soft"):
            energies = zip(
                self._energies(bands_ir, base_ir), self._energies(bands_vis, base_vis)
            )
        rule = self.detail_rule, self.window, self.selectivity
        return [
            band_weight(a, b, *rule, pair)
            for a, b, pair in zip(bands_ir, bands_vis, energies)
        ]

    def _energies(self, bands, base):
        """Return the energies of the bands, each with its part of the coarser ones."""
        energy, energies = local_variance(base, self.base_window), []
        for band in bands[::-1]:
            coarser = np.maximum(expand(energy, band.shape), 0)
            energy = local_energy(band, self.window)
            energy += np.float32(self.consistency) * coarser
            energies.append(energy)
        return energies[::-1]

    def _base_weight(self, ir, vis):
        """Return the weight of the visible image's coarse rest."""
        if self.base_rule == "average" or self.base_blend == 0:
            return self.base_weight
        weight = self._rule_weight(ir, vis)
        if self.base_blend == 1:
            return weight
        return self.base_blend * weight + (1 - self.base_blend) * self.base_weight

    def _rule_weight(self, ir, vis):
        if self.base_rule == "max":
            return vis >= ir
        if self.base_rule == "saliency":
            weight = saliency_weight(to_dtype(vis, np.uint8), to_dtype(ir, np.uint8))
            return weight.astype(np.float32)
        if self.base_rule == "energy":
            return share((vis - vis.mean()) ** 2, (ir - ir.mean()) ** 2)
        window = self.base_window
        varies_ir, varies_vis = (local_variance(x, window) for x in (ir, vis))
        if self.base_selectivity is None:
            weight = (varies_vis >= varies_ir).astype(np.float32)
        else:
            weight = share(varies_vis, varies_ir, self.base_selectivity)
        return box_mean(weight, window)

    def _with_contrast(self, base):
        if self.base_gain == 1:
            return base
        level = base.mean()
        return level + np.float32(self.base_gain) * (base - level)

    def _original(self, ir, vis):
        bands_ir, base_ir = laplacian_pyramid(ir, self.n_levels, "quirk")
        bands_vis, base_vis = laplacian_pyramid(vis, self.n_levels, "quirk")
        bands = [
            np.where(li_choice(np.abs(a), np.abs(b), parity=True), a, b)
            for a, b in zip(bands_ir, bands_vis)
        ]
        return rebuild(bands, (base_ir + base_vis) / 2, ir.shape, "quirk")


def _scaled(band, gain):
    return band if gain == 1 else band * np.float32(gain)
