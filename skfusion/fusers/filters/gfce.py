"""Night-vision context enhancement: brighten the visible image, then fuse."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import numpy as np

from ...images.ranges import limits, stretch
from ...transforms import HDRC, guided_filter
from .hmsd_gf import HMSDGF

__all__ = ["GFCE"]

# Contrast that the base of the visible image is compressed to; see HDRC.
_CONTRAST = 4.0
_RADIUS_RATIO, _EPS = 0.04, 0.01


class GFCE(HMSDGF):
    r"""Open up the dark parts of the visible image, then fuse as HMSDGF does.

    The visible image is compressed by :class:`skfusion.transforms.HDRC` and the
    infrared one stretched to the full range. Made for scenes at night; by day it
    raises noise and haze.

    Parameters
    ----------
    n_levels : int, default=4
        Number of scales; scale j has filters of radius 2**j pixels. At most 8.
    lam : "auto" or float, default="auto"
        Steepness of the weights; see :class:`HMSDGF`.
    eps : float, default=0.01
        Regularisation of the edge-preserving filter at the first scale.
    gain : float, default=1.0
        Factor on the result. The authors' program multiplies by 275/255, which burns
        out bright regions.
    parity : bool, default=False
        Compute as the authors' program does, in double precision, with its gain in
        place of `gain`.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    HMSDGF : The fusion alone.
    skfusion.transforms.HDRC : The enhancement alone, to put before any fuser.

    Notes
    -----
    With the base :math:`b` that a guided filter leaves of the visible image :math:`V`,
    both in 0..255, and :math:`l_b = \ln(b + 1)`, the images that are fused are

    .. math::

        V' = (V + 1)\, e^{(c - 1) l_b + (1 - c) \max l_b}, \quad
        c = \frac{\ln 4}{\max l_b - \min l_b}, \quad
        I' = \frac{I - \min I}{\max I - \min I}

    and the fused image is what :class:`HMSDGF` makes of them. A constant image, for
    which the stretch is 0 / 0, is left as it is.

    References
    ----------
    .. [1] Z. Zhou, M. Dong, X. Xie and Z. Gao, "Fusion of infrared and visible images
       for night-vision context enhancement", Applied Optics 55 (2016) 6480-6490.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import GFCE
    >>> dark = np.linspace(0, 1, 64)[None].repeat(48, axis=0) ** 3
    >>> ir = np.full((48, 64), 0.2)
    >>> fused = GFCE().transform([(ir, dark)])[0]
    >>> bool(fused.mean() > dark.mean())
    True
    """

    def _combine(self, ir, vis):
        if self.parity:
            return super()._combine(_full_range(ir), _compress(255 * _full_range(vis)))
        if ir.min() < ir.max():
            ir = stretch(ir, *limits(ir, 0, 100))
        return super()._combine(ir, HDRC()._transform_image(vis))


def _full_range(image):
    low, high = image.min(), image.max()
    return (image - low) / (high - low) if high > low else image


def _compress(levels):
    """The compression of the authors' program in double precision, to [0, 1]."""
    radius = math.floor(_RADIUS_RATIO * max(levels.shape))
    x = levels / 255
    base = np.log(255 * guided_filter(x, x, radius, _EPS, subsample="auto") + 1)
    detail = np.log(levels + 1) - base
    span = base.max() - base.min()
    scale = math.log(_CONTRAST) / span if span > 0 else 1.0
    out = scale * base + detail + (1 - scale) * base.max()
    return np.minimum(np.exp(out), 255) / 255
