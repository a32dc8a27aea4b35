"""High dynamic range compression by a base and a detail layer."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from .._kernels.guided import enlarge_and_apply
from .._kernels.hdrc import apply_gain
from ..base import ImageTransformer
from ..images import luma
from ._colour import recolour
from ._noise import detail_share, smoothed
from .guided import fast_coefficients, filter_plane, subsampling

__all__ = ["HDRC"]


class HDRC(ImageTransformer):
    r"""Compress the dynamic range of an image and keep its detail.

    The logarithm of the image is split into a smooth base and the detail around it.
    The base is scaled to span a given contrast and the two are put together again, so
    that dark regions open up while edges and texture stay as they were.

    Parameters
    ----------
    base_filter : transformer or None, default=None
        What makes the base: any transformer of images in [0, 1], such as
        :class:`GuidedFilter`, whose parameters can then be searched as
        ``base_filter__radius``. None is the guided filter of the paper's code, whose
        radius follows the size of the image.
    target_contrast : float, default=4.0
        Ratio of the brightest to the darkest value of the compressed base, above 1.
        A base that spans less is expanded.
    radius_ratio : float, default=0.04
        Radius of the default filter over the longer side of the image, rounded down.
    eps : float, default=0.1
        Regularisation of the default filter, squared inside.
    subsample : None, float or "auto", default="auto"
        Of the default filter, as in :func:`guided_filter`; None is exact, "auto" is
        the paper's code.
    noise_floor : float or None, default=None
        Where the image holds nothing but noise, its grain is not amplified: a detail
        counts half that is this many times the noise, which is estimated from the
        image. 4 keeps the dark parts of night images clean. None amplifies everything
        alike, as published.
    color : {"luma", "per_channel"}, default="luma"
        ``"luma"`` compresses the luma and scales the three channels of a pixel by one
        gain, so that hues stay; ``"per_channel"`` compresses each channel by itself.

    See Also
    --------
    GuidedFilter : The usual base filter.
    SSR : Retinex, which divides by the surround in place of compressing it.

    Notes
    -----
    With the image :math:`x` stretched to 0..255 and its base :math:`b`, let
    :math:`l_b = \ln(b + 1)`. The output is :math:`(x + 1)\, e^{(c - 1) l_b + o}` with
    :math:`c = \ln(\text{target contrast}) / (\max l_b - \min l_b)` and the offset
    :math:`o = (1 - c) \max l_b`, which leaves the brightest base where it was. As in
    the published code, the 1 is not subtracted again and values above 255 are cut.

    With ``noise_floor`` the image is :math:`m + d`, a local mean and the detail, and
    the output is :math:`g m + (1 + (g - 1) w) d` wherever the gain :math:`g` exceeds
    1, with :math:`w = s^2 / (s^2 + (f \sigma)^2)` of the local standard deviation
    :math:`s`, the noise :math:`\sigma` and the floor :math:`f`.

    A constant image, for which the stretch is 0 / 0, is returned as it is.

    References
    ----------
    .. [1] Z. Zhou, M. Dong, X. Xie, Z. Gao, "Fusion of infrared and visible images for
       night-vision context enhancement", Applied Optics 55(23), 2016.
    .. [2] F. Durand, J. Dorsey, "Fast bilateral filtering for the display of
       high-dynamic-range images", SIGGRAPH 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.transforms import HDRC
    >>> dark = np.linspace(0, 1, 64)[None].repeat(48, axis=0) ** 3
    >>> bool(HDRC().transform([dark])[0].mean() > 1.5 * dark.mean())
    True
    """

    _parameter_constraints: dict = {
        "base_filter": [HasMethods(["transform"]), None],
        "target_contrast": [Interval(Real, 1, None, closed="neither")],
        "radius_ratio": [Interval(Real, 0, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "subsample": [
            None,
            StrOptions({"auto"}),
            Interval(Real, 1, None, closed="left"),
        ],
        "noise_floor": [Interval(Real, 0, None, closed="left"), None],
        "color": [StrOptions({"luma", "per_channel"})],
    }

    def __init__(
        self,
        base_filter=None,
        target_contrast=4.0,
        radius_ratio=0.04,
        eps=0.1,
        subsample="auto",
        color="luma",
        noise_floor=None,
    ):
        self.base_filter = base_filter
        self.target_contrast = target_contrast
        self.radius_ratio = radius_ratio
        self.eps = eps
        self.subsample = subsample
        self.color = color
        self.noise_floor = noise_floor

    def _transform_image(self, image):
        if image.ndim == 2:
            return self._compress(image)
        if self.color == "per_channel":
            channels = np.ascontiguousarray(np.moveaxis(image, -1, 0))
            return np.stack([self._compress(plane) for plane in channels], axis=-1)
        before = luma(image)
        return recolour(image, before, self._compress(before))

    def _compress(self, image):
        low, high = float(image.min()), float(image.max())
        if not low < high:
            return image.copy()
        out = self._gain(image, low, high)
        if self.noise_floor is not None:
            out = self._spared(image, low, high, out)
        scale = 1 / (high - low)
        apply_gain(image, np.float32(scale), np.float32(1 / 255 - low * scale), out)
        return out

    def _spared(self, image, low, high, gain):
        """Return the gain that keeps what is no more than noise as it is.

        With the smooth part ``m`` and the detail ``d = x - m`` the result is
        ``g m + (1 + (g - 1) w) d`` where the gain ``g`` exceeds 1; its ratio to x is
        what the caller multiplies by.
        """
        share = detail_share(image, self.noise_floor)
        scale = np.float32(255 / (high - low))
        detail = (image - smoothed(image)) * scale
        levels = (image - np.float32(low)) * scale + np.float32(1)
        excess = np.maximum(gain - 1, 0) * (1 - share)
        return np.maximum(gain - excess * detail / levels, 0)

    def _gain(self, image, low, high):
        """What the stretched image plus one is multiplied by."""
        base = self._base_levels(image, low, high)
        bottom, top = math.log(base.min()), math.log(base.max())
        span = top - bottom
        # A base without contrast has none to scale.
        scale = math.log(self.target_contrast) / span if span > 0 else 1.0
        # exp((scale - 1) (ln base - top)); in place, as new memory costs more.
        np.log(base, out=base)
        base -= np.float32(top)
        base *= np.float32(scale - 1)
        return np.exp(base, out=base)

    def _base_levels(self, image, low, high):
        """Base of the stretched image on the scale 1..256, writeable."""
        scale = np.float32(1 / (high - low))
        if self.base_filter is not None:
            return self._filtered((image - np.float32(low)) * scale)
        radius = math.floor(self.radius_ratio * max(image.shape))
        factor = subsampling(self.subsample, radius)
        guide = image[np.newaxis]
        # The stretch commutes with the filter, but for eps: filter the image itself.
        eps = (self.eps * (high - low)) ** 2
        if factor == 1:
            base = filter_plane(guide, None, radius, eps, factor)
            base -= np.float32(low)
            base *= np.float32(255) * scale
            base += np.float32(1)
        else:
            coefs = fast_coefficients(guide, None, radius, eps, factor)
            coefs[1] -= np.float32(low)
            coefs *= np.float32(255) * scale
            coefs[1] += np.float32(1)
            base = np.empty_like(image)
            enlarge_and_apply(guide, coefs, base)
        return base

    def _filtered(self, x):
        base = np.asarray(self.base_filter.transform([np.clip(x, 0, 1)])[0])
        if base.shape != x.shape:
            raise ValueError(
                f"base_filter={self.base_filter!r} returned shape {base.shape} for an "
                f"image of {x.shape}: it must keep the size."
            )
        return np.maximum(base, 0).astype(np.float32) * np.float32(255) + np.float32(1)
