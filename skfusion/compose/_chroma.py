"""Luma of a stored image, and its chroma onto another luma."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ..images.pixels import scale_of, scaled

__all__ = ["stored_luma", "with_chroma"]


def stored_luma(image):
    """Return the luma of a stored image, as :func:`skfusion.images.luma` does.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)

    Returns
    -------
    ndarray of float32, shape (H, W)
    """
    if image.ndim == 2:
        return scaled(image)
    from .._kernels.chroma import luma as kernel

    out = np.empty(image.shape[:2], np.float32)
    kernel(*_rows(image), out)
    return out


def with_chroma(fused, visible, dtype=np.float32):
    """Return the image of a given luma and of the chroma of another image.

    Parameters
    ----------
    fused : ndarray of float, shape (H, W)
        The luma, in [0, 1].
    visible : ndarray, shape (H, W, 3)
        The image whose chroma is taken: uint8, uint16 or float in [0, 1].
    dtype : {float32, uint8}, default=float32
        Of the result: uint8 is what :func:`skfusion.images.to_dtype` makes of the
        float image, in one pass from 8 bits to 8 bits.

    Returns
    -------
    ndarray, shape (H, W, 3)
        In [0, 1], or levels; see the Notes of :class:`PreserveChroma`.

    Raises
    ------
    ValueError
        If `fused` is no gray image of the size of `visible`, or not finite where
        levels are asked for; for another `dtype`.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.compose import with_chroma
    >>> with_chroma(np.array([[0.5]]), np.array([[[0.6, 0.4, 0.4]]])).round(2)
    array([[[0.64, 0.44, 0.44]]], dtype=float32)
    """
    if fused.ndim != 2:
        raise ValueError(
            f"the fused image has shape {fused.shape}: PreserveChroma needs an "
            "estimator that returns gray images for gray pairs."
        )
    if fused.shape != visible.shape[:2]:
        raise ValueError(
            f"the fused image is {fused.shape[0]}x{fused.shape[1]}, the visible one "
            f"{visible.shape[0]}x{visible.shape[1]} (rows x columns): chroma needs a "
            "pipeline that keeps the size; use color='gray' for gray images of the "
            "other size."
        )
    if dtype not in (np.float32, np.uint8):
        raise ValueError(f"dtype={dtype!r}: expected numpy.float32 or numpy.uint8.")
    from .._kernels import chroma as kernels

    fused = np.ascontiguousarray(fused, dtype=np.float32)
    if dtype == np.uint8 and not np.isfinite(fused).all():
        raise ValueError(
            f"the fused image holds {np.sum(~np.isfinite(fused))} NaN or infinite "
            "values, for which there is no level: bring the estimator's parameters "
            "nearer to their defaults."
        )
    rows, scale = _rows(visible)
    out = np.empty(rows.shape, dtype)
    whole = dtype == np.uint8
    kernel = kernels.with_chroma_levels if whole else kernels.with_chroma
    kernel(fused, rows, scale, out)
    return out.reshape(visible.shape)


def _rows(image):
    """Return an image as rows of interleaved colours, and the factor to [0, 1]."""
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16):
        image = np.asarray(image, dtype=np.float32)
    rows = np.ascontiguousarray(image).reshape(len(image), -1)
    return rows, scale_of(image.dtype)
