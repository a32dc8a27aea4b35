"""What an image is: dtypes, ranges, shapes and the one conversion every door uses."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .._kernels.luma import LUMA
from .objects import as_array

__all__ = [
    "as_float",
    "as_levels",
    "as_stored",
    "grey_levels",
    "luma",
    "scale_of",
    "scaled",
    "to_dtype",
    "weighed",
]

_LUMA = np.array(LUMA)
# A float image may miss [0, 1] by the rounding of a resize, and no more.
_ROUNDING = 1e-6
# What float32 arithmetic (k / 255, luma of three equal channels) moves a level by.
_LEVEL_ROUNDING = 1e-4


def as_float(image, name="image") -> np.ndarray:
    """Return an image as C-contiguous float32 in [0, 1].

    This is the single place where a dtype becomes a range. Nothing is rescaled by
    looking at the values.

    Parameters
    ----------
    image : array-like or path
        ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)``; uint8 is divided by 255, uint16 by
        65535, bool becomes 0 and 1, float must lie in [0, 1]. A path is read with
        :func:`skfusion.images.read_image`.
    name : str, default="image"
        What to call the image in an error.

    Returns
    -------
    ndarray of float32, shape (H, W) or (H, W, 3)
        May share memory with a float32 input; never written to by the library.

    Raises
    ------
    ValueError
        For another shape or dtype, values outside [0, 1], NaN or infinity.
    ImageReadError
        If a path cannot be decoded.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images import as_float
    >>> as_float(np.array([[0, 255]], dtype=np.uint8))
    array([[0., 1.]], dtype=float32)
    """
    return scaled(_checked(image, name))


def as_stored(image, name="image") -> np.ndarray:
    """Return an image in the numbers that it came in, checked as by :func:`as_float`.

    For who brings integers to another place, a GPU say, and scales them there.

    Parameters
    ----------
    image : array-like
        As for :func:`as_float`.
    name : str, default="image"
        What to call the image in an error.

    Returns
    -------
    ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images.pixels import as_stored
    >>> as_stored(np.array([[7]], dtype=np.uint8)), as_stored(np.array([[0.5]]))
    (array([[7]], dtype=uint8), array([[0.5]], dtype=float32))
    """
    array = _checked(image, name)
    if array.dtype == np.uint8 or array.dtype == np.uint16:
        return array
    return np.ascontiguousarray(array, dtype=np.float32)


def scaled(array):
    """Return what :func:`as_stored` gives as C-contiguous float32 in [0, 1]."""
    if array.dtype == np.uint8 or array.dtype == np.uint16:
        return np.multiply(array, scale_of(array.dtype), dtype=np.float32)
    return np.ascontiguousarray(array, dtype=np.float32)


def scale_of(dtype):
    """Return the float32 that brings stored numbers of a dtype to [0, 1]."""
    return np.float32(1 / np.iinfo(dtype).max if dtype.kind == "u" else 1)


def as_levels(image, name="image", *, gray=True) -> np.ndarray:
    """Return an image as float64 on the 0..255 scale, the one the metrics use.

    Parameters
    ----------
    image : array-like or path
        As for :func:`as_float`.
    name : str, default="image"
        What to call the image in an error.
    gray : bool, default=True
        Reduce colour to luma.

    Returns
    -------
    ndarray of float64, C-contiguous
        uint8 values unchanged, uint16 divided by 257, float multiplied by 255.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images import as_levels
    >>> as_levels(np.array([[0.0, 0.5, 1.0]]))
    array([[  0. , 127.5, 255. ]])
    """
    array = _checked(image, name)
    if array.dtype == np.uint8:
        levels = array.astype(np.float64)
    elif array.dtype == np.uint16:
        levels = array / 257.0
    elif array.dtype == np.float32 or array.dtype == np.float16:
        levels = array.astype(np.float64) * 255.0
        # k/255 held in float32 misses the level k by up to 1e-5: put it back, so
        # that the same picture gives the same number in every dtype.
        nearest = np.rint(levels)
        levels = np.where(np.abs(levels - nearest) < 2e-5, nearest, levels)
    else:
        levels = array * 255.0
    if gray and levels.ndim == 3:
        levels = levels @ _LUMA
        # Gray stored as RGB is that gray, not that gray and a rounding error: metrics
        # ask whether two gradients are equal.
        nearest = np.rint(levels)
        levels = np.where(np.abs(levels - nearest) < 1e-10, nearest, levels)
    return np.ascontiguousarray(levels)


def luma(image, name="image") -> np.ndarray:
    """Return the BT.601 luma of an image as float32 ``(H, W)`` in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images import luma
    >>> luma(np.full((1, 1, 3), 0.5)).shape
    (1, 1)
    """
    return weighed(as_float(image, name))


def weighed(image):
    """Return the luma of what :func:`scaled` gives."""
    if image.ndim == 2:
        return image
    weights = _LUMA.astype(np.float32)
    return np.minimum(
        image[..., 0] * weights[0]
        + image[..., 1] * weights[1]
        + image[..., 2] * weights[2],
        np.float32(1),
    )


def grey_levels(image):
    """Return a float32 [0, 1] image as float64 on the 0..255 scale.

    Values within float32 rounding of a whole level become that level, so that an
    8-bit picture comes out as the exact integers that the original methods saw.
    """
    levels = np.asarray(image, dtype=np.float64) * 255.0
    nearest = np.rint(levels)
    return np.where(np.abs(levels - nearest) < _LEVEL_ROUNDING, nearest, levels)


def to_dtype(image, dtype) -> np.ndarray:
    """Convert a float image in [0, 1] to uint8, uint16 or a float dtype.

    Integers are rounded half up, as MATLAB and every published fused image do.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images import to_dtype
    >>> to_dtype(np.array([[0.0, 0.5, 1.0]]), np.uint8)
    array([[  0, 128, 255]], dtype=uint8)
    """
    dtype = np.dtype(dtype).newbyteorder("=")
    if np.issubdtype(dtype, np.floating):
        return np.asarray(image, dtype=dtype)
    if dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"dtype={dtype} is not an image dtype: use uint8, uint16 or a float dtype."
        )
    top = np.iinfo(dtype).max
    image = np.asarray(image)
    if image.dtype != np.float32 or dtype == np.uint16:
        image = image.astype(np.float64)
    # Eight bits of a float32 image are rounded in float32: there a value that stands
    # for half a level, (135 + 136) / 2 / 255, comes out as half a level.
    levels = np.clip(image, 0, 1)
    levels *= image.dtype.type(top)
    levels += image.dtype.type(0.5)
    return levels.astype(dtype)


def _checked(image, name):
    array = as_array(image, name)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)):
        raise ValueError(
            f"{name} has shape {array.shape}: expected (H, W) or (H, W, 3) RGB; "
            f"{_reshaped(array)}."
        )
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: it holds no pixel.")
    if array.dtype == np.uint8 or array.dtype == np.uint16:
        return array
    if array.dtype == bool:
        return array.astype(np.float32)
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(np.count_nonzero(~np.isfinite(array)))
        raise ValueError(
            f"{name} holds {bad} NaN or infinite values: replace them first, e.g. with "
            "numpy.nan_to_num or the median of their neighbours."
        )
    if low < 0.0 or high > 1.0:
        if low < -_ROUNDING or high > 1.0 + _ROUNDING:
            raise ValueError(
                f"{name} has values from {low:.6g} to {high:.6g}: scale float images "
                f"to [0, 1] first, e.g. np.interp(image, ({low:.6g}, {high:.6g}), "
                "(0, 1)) or with limits that you know, or pass uint8 or uint16."
            )
        array = np.clip(array, 0.0, 1.0)
    return array


def _reshaped(array):
    if array.ndim == 3 and array.shape[0] in (1, 3):
        return "move the channels last, e.g. np.moveaxis(image, 0, -1)"
    if array.ndim == 3 and array.shape[2] in (2, 4):
        return f"drop the last channel, e.g. image[..., :{array.shape[2] - 1}]"
    return "move the channels last and drop an alpha channel first"
