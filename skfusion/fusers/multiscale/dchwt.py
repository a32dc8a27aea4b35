"""Fusion in the discrete cosine harmonic wavelet domain."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

import cv2
import numpy as np
from scipy import fft
from sklearn.utils._param_validation import Interval

from ...base import BaseFuser

__all__ = ["DCHWT"]


class DCHWT(BaseFuser):
    """Weigh the coefficients of a harmonic wavelet transform by their family.

    The cosine spectrum of each image is cut into dyadic rectangles, each of which is
    transformed back to a small image of coefficients. A coefficient is weighted by
    its energy and that of its descendants at the finer scales.

    Parameters
    ----------
    n_levels : int, default=3
        Number of scales.
    parity : bool, default=False
        Compute in double precision, on the 0..255 scale, as the author's program
        does.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    WaveletFuser : Takes the larger coefficient of an ordinary wavelet transform.

    Notes
    -----
    Each fused coefficient is ``(c_I s_I + c_V s_V) / (s_I + s_V)``. In the finest
    bands the significance ``s`` is the mean square over 3 x 3 coefficients, in the
    coarser ones ``|c|`` plus all ``|descendants|``, in the approximation the sum of
    the coarsest three. A size that is no multiple of ``2 ** n_levels`` is mirrored up
    to one and cut back, where the author's program cuts the spectrum, which rescales
    the image. The bands have sharp edges in the spectrum: faint ripples along strong
    edges are the method's own.

    References
    ----------
    .. [1] B. K. Shreyamsha Kumar, "Multifocus and multispectral image fusion based on
       pixel significance using discrete cosine harmonic wavelet transform", Signal,
       Image and Video Processing 7 (2013) 1125-1143.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DCHWT
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = DCHWT().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[2, 2])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 1, 10, closed="both")],
        "parity": ["boolean"],
    }

    def __init__(self, n_levels=3, *, parity=False, color="gray"):
        self.n_levels = n_levels
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        shape = ir.shape
        step = 2**self.n_levels
        grow = ((0, -shape[0] % step), (0, -shape[1] % step))
        ir, vis = (np.pad(image, grow, mode="symmetric") for image in (ir, vis))
        details_ir, low_ir = self._bands(ir)
        details_vis, low_vis = self._bands(vis)
        significance_ir = _significances(details_ir)
        significance_vis = _significances(details_vis)
        spectrum = np.empty_like(ir)
        rows, columns = ir.shape
        for level in range(self.n_levels):
            rows, columns = rows // 2, columns // 2
            for k, place in enumerate(_places(rows, columns)):
                spectrum[place] = fft.dctn(
                    _weighted(
                        details_ir[level][k],
                        details_vis[level][k],
                        significance_ir[level][k],
                        significance_vis[level][k],
                    ),
                    norm="ortho",
                )
        spectrum[:rows, :columns] = fft.dctn(
            _weighted(
                low_ir, low_vis, sum(significance_ir[-1]), sum(significance_vis[-1])
            ),
            norm="ortho",
        )
        return fft.idctn(spectrum, norm="ortho")[: shape[0], : shape[1]]

    def _bands(self, image):
        """Return the three bands of each level, finest first, and the lowest."""
        spectrum = fft.dctn(image, norm="ortho")
        rows, columns = image.shape
        details = []
        for _ in range(self.n_levels):
            rows, columns = rows // 2, columns // 2
            details.append(
                [
                    fft.idctn(spectrum[place], norm="ortho")
                    for place in _places(rows, columns)
                ]
            )
        return details, fft.idctn(spectrum[:rows, :columns], norm="ortho")


def _places(rows, columns):
    """Return the slices of the three bands beside a low one of this size."""
    low_rows, high_rows = slice(0, rows), slice(rows, 2 * rows)
    low_columns, high_columns = slice(0, columns), slice(columns, 2 * columns)
    return (
        (low_rows, high_columns),
        (high_rows, low_columns),
        (high_rows, high_columns),
    )


def _significances(details):
    border = cv2.BORDER_REFLECT_101
    finest = [
        np.maximum(cv2.blur(band * band, (3, 3), borderType=border), 0)
        for band in details[0]
    ]
    levels = [finest]
    # |descendants| summed over 2 x 2 blocks, level by level.
    families = [np.abs(band) for band in details[0]]
    for bands in details[1:]:
        families = [
            np.abs(band) + _block_sum(family) for band, family in zip(bands, families)
        ]
        levels.append(families)
    return levels


def _block_sum(image):
    return (image[::2, ::2] + image[1::2, ::2]) + (image[::2, 1::2] + image[1::2, 1::2])


def _weighted(ir, vis, significance_ir, significance_vis):
    total = significance_ir + significance_vis
    half = np.full_like(total, 0.5)
    share = np.divide(significance_ir, total, out=half, where=total > 0)
    return vis + share * (ir - vis)
