"""The guided filter, exact and fast, on images and on pairs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from .._kernels.guided import enlarge_and_apply, guided
from .._kernels.guided_self import guided_self
from ..base import ImageOrPairTransformer
from .box import as_plane, check_radius

__all__ = ["GuidedFilter", "guided_filter"]


def guided_filter(guide, image, radius, eps, subsample=None) -> np.ndarray:
    r"""Filter an image so that its edges follow those of a guide.

    In each window the output is the linear function of the guide that is closest to
    the image; each pixel takes the mean of the functions of all windows over it.

    Parameters
    ----------
    guide : array-like of shape (H, W) or (H, W, 3)
        Gray or colour guide; any finite values.
    image : array-like of shape (H, W) or (H, W, C)
        What is filtered, channel by channel; any finite values.
    radius : int
        Of the ``(2 radius + 1)**2`` window, in pixels, 0 or more. Windows are clipped
        to the image, whatever its size.
    eps : float
        Regularisation, above 0, in the square of the unit of the guide: structure of
        a variance well below ``eps`` is smoothed away. For a guide in 0..255 it is
        ``255**2`` times that for a guide in 0..1.
    subsample : None, float or "auto", default=None
        ``None`` is the exact filter. A factor ``s >= 1`` computes the linear functions
        on every s-th pixel with radius ``r / s`` (rounded, at least 1 where ``radius``
        is) and enlarges them bilinearly; ``"auto"`` is ``s = max(1, radius / 4)``.

    Returns
    -------
    ndarray of the shape of ``image``
        float64 if either array is, else float32; moments are float64 for both. Values
        may leave the range of the image.

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, or a parameter is out of its range.

    See Also
    --------
    GuidedFilter : The same as a transformer of images or pairs.

    Notes
    -----
    With a gray guide :math:`I`, window mean :math:`\mu`, variance :math:`\sigma^2`
    and an image :math:`p`: :math:`a = (\overline{Ip} - \mu \bar p) / (\sigma^2 +
    \epsilon)`, :math:`b = \bar p - a \mu`, and the output is :math:`\bar a I +
    \bar b`. A colour guide solves a 3 x 3 system in place of the division.

    References
    ----------
    .. [1] K. He, J. Sun, X. Tang, "Guided image filtering", IEEE TPAMI 35(6), 2013.
    .. [2] K. He, J. Sun, "Fast guided filter", arXiv:1505.00996, 2015.

    Examples
    --------
    A step that the guide has survives; one that it does not have is smoothed.

    >>> import numpy as np
    >>> from skfusion.transforms import guided_filter
    >>> step = np.repeat([[0.0, 1.0]], 4, axis=1)
    >>> guided_filter(step, step, radius=2, eps=1e-4).round(2)
    array([[0., 0., 0., 0., 1., 1., 1., 1.]])
    >>> guided_filter(np.zeros((1, 8)), step, radius=2, eps=1e-4).round(2)
    array([[0.07, 0.15, 0.24, 0.4 , 0.6 , 0.76, 0.85, 0.93]])
    """
    is_self = image is guide
    guide = as_plane(guide, "guide")
    image = guide if is_self else as_plane(image, "image")
    if guide.shape[:2] != image.shape[:2]:
        raise ValueError(
            f"guide is {guide.shape[:2]} and image {image.shape[:2]} (rows, columns): "
            "resize one of them first."
        )
    if guide.ndim == 3 and guide.shape[2] not in (1, 3):
        raise ValueError(
            f"guide has {guide.shape[2]} channels: expected (H, W) or (H, W, 3)."
        )
    radius = check_radius(radius)
    if isinstance(eps, bool) or not isinstance(eps, Real) or not 0 < eps < math.inf:
        raise ValueError(f"eps={eps!r}: expected a finite number above 0.")
    factor = subsampling(subsample, radius)
    dtype = np.result_type(guide.dtype, image.dtype)
    guide_planes = _planes(guide.astype(dtype, copy=False))
    if is_self and guide.ndim == 2:
        return filter_plane(guide_planes, None, radius, float(eps), factor)
    sources = _planes(image.astype(dtype, copy=False))
    out = [filter_plane(guide_planes, s, radius, float(eps), factor) for s in sources]
    return out[0] if image.ndim == 2 else np.stack(out, axis=-1)


def filter_plane(guide, source, radius, eps, factor):
    """Filter one validated plane; ``guide`` (1 or 3, H, W), ``source`` None is self."""
    channels, height, width = guide.shape
    if factor == 1:
        out = np.empty((1, height, width), guide.dtype)
        if source is None:
            guided_self(guide[0], radius, eps, out[0])
        else:
            guided(np.concatenate([guide, source[None]]), radius, eps, out)
        return out[0]
    coefs = fast_coefficients(guide, source, radius, eps, factor)
    out = np.empty((height, width), guide.dtype)
    enlarge_and_apply(guide, coefs, out)
    return out


def fast_coefficients(guide, source, radius, eps, factor):
    """Mean coefficients on every ``factor``-th pixel, (channels + 1, h, w)."""
    channels, height, width = guide.shape
    rows, cols = _nearest(height, factor), _nearest(width, factor)
    planes = np.empty((channels + 1, len(rows), len(cols)), guide.dtype)
    planes[:channels] = guide[:, rows[:, np.newaxis], cols]
    if source is None:
        planes[1] = planes[0]
    else:
        planes[channels] = source[rows[:, np.newaxis], cols]
    out = np.empty_like(planes)
    coarse = max(1, round(radius / factor)) if radius else 0
    guided(planes, coarse, eps, out)
    return out


def subsampling(subsample, radius):
    """Resolve ``subsample`` to a factor of 1 or more."""
    if subsample is None:
        return 1.0
    if isinstance(subsample, str) and subsample == "auto":
        return max(1.0, radius / 4)
    is_number = isinstance(subsample, Real) and not isinstance(subsample, bool)
    if not is_number or not 1 <= subsample < math.inf:
        raise ValueError(
            f"subsample={subsample!r}: expected None, 'auto' or a factor of 1 or more."
        )
    return float(subsample)


def _nearest(n, factor):
    index = np.floor((np.arange(math.ceil(n / factor)) + 0.5) * factor)
    return np.minimum(index.astype(np.intp), n - 1)


def _planes(image):
    if image.ndim == 2:
        return image[np.newaxis]
    return np.ascontiguousarray(np.moveaxis(image, -1, 0))


class GuidedFilter(ImageOrPairTransformer):
    """Edge-preserving smoothing by the guided filter of He et al.

    Parameters
    ----------
    radius : int, default=8
        Of the window, in pixels.
    eps : float, default=0.01
        Regularisation for values in [0, 1]: structure of a variance well below
        ``eps`` is smoothed away.
    subsample : None, int, float or "auto", default=None
        ``None`` is the exact filter; a factor of 1 or more, or ``"auto"``, is the fast
        form of [2]_, as :func:`guided_filter` says.
    guide : {"self", "infrared", "visible"}, default="self"
        ``"self"`` takes images and returns images; a colour image is its own colour
        guide. ``"infrared"`` takes *pairs* and returns :class:`~skfusion.ImagePairs`
        whose visible images are filtered under the guide of the infrared ones;
        ``"visible"`` is its mirror, and a colour visible image is a colour guide. The
        guide itself passes unchanged.

    See Also
    --------
    guided_filter : The filter as a function of two arrays of any range.

    Notes
    -----
    The equation is that of :func:`guided_filter`; with ``guide="self"`` the image is
    its own guide. Values that leave [0, 1], as they can where the guide is another
    image, are clipped.

    References
    ----------
    .. [1] K. He, J. Sun, X. Tang, "Guided image filtering", IEEE TPAMI 35(6), 2013.
    .. [2] K. He, J. Sun, "Fast guided filter", arXiv:1505.00996, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.transforms import GuidedFilter
    >>> noise = np.random.default_rng(0).random((32, 32))
    >>> smooth = GuidedFilter(radius=4, eps=0.1).transform([noise])[0]
    >>> bool(smooth.std() < noise.std())
    True
    >>> X = ImagePairs([np.zeros((32, 32))], [noise])
    >>> GuidedFilter(guide="infrared").transform(X).read(0)[1].shape
    (32, 32)
    """

    _parameter_constraints: dict = {
        "radius": [Interval(Integral, 0, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "subsample": [
            None,
            StrOptions({"auto"}),
            Interval(Real, 1, None, closed="left"),
        ],
        "guide": [StrOptions({"self", "infrared", "visible"})],
    }

    def __init__(self, radius=8, eps=0.01, subsample=None, guide="self"):
        self.radius = radius
        self.eps = eps
        self.subsample = subsample
        self.guide = guide

    def _takes_pairs(self):
        return self.guide != "self"

    def _transform_pair(self, ir, vis):
        if self.guide == "infrared":
            return ir, self._filter(ir, vis)
        return self._filter(vis, ir), vis

    def _transform_image(self, image):
        return self._filter(image, image)

    def _filter(self, guide, image):
        out = guided_filter(guide, image, self.radius, self.eps, self.subsample)
        return np.clip(out, 0.0, 1.0, out=out)
