"""Box means whose window is clipped to the image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Integral

import numpy as np

from .._kernels.box import box_mean

__all__ = ["box_filter"]


def box_filter(image, radius) -> np.ndarray:
    """Mean over the ``(2 radius + 1)**2`` window, clipped at the borders.

    A window that reaches over the border is divided by the number of pixels that it
    really holds, so a constant image stays constant. The cost does not depend on the
    radius.

    Parameters
    ----------
    image : array-like of shape (H, W) or (H, W, C)
        Any finite values; channels are filtered apart.
    radius : int
        In pixels, 0 or more; it may exceed the image.

    Returns
    -------
    ndarray of the same shape
        float32 for float32 or float16, else float64. Sums are float64 for both.

    Raises
    ------
    ValueError
        If the image has another shape, NaN or infinite values, or the radius is not
        an int of 0 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.transforms import box_filter
    >>> box_filter(np.array([[0.0, 3.0, 6.0]]), 1)
    array([[1.5, 3. , 4.5]])
    """
    image = as_plane(image, "image")
    radius = check_radius(radius)
    if image.ndim == 2:
        return _mean(image, radius)
    channels = [
        _mean(np.ascontiguousarray(image[..., c]), radius)
        for c in range(image.shape[2])
    ]
    return np.stack(channels, axis=-1)


def _mean(plane, radius):
    out = np.empty_like(plane)
    box_mean(plane, radius, out)
    return out


def as_plane(image, name):
    """Check an image of any range; return it C-contiguous as float32 or float64."""
    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(
            f"{name} has shape {image.shape}: expected (H, W) or (H, W, C), none of "
            "them 0."
        )
    if image.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {image.dtype}: expected real numbers.")
    half = image.dtype in (np.float32, np.float16)
    image = np.ascontiguousarray(image, np.float32 if half else np.float64)
    # One NaN would spread along the running sums; minimum and maximum pass it on.
    if not (math.isfinite(image.min()) and math.isfinite(image.max())):
        bad = int(np.count_nonzero(~np.isfinite(image)))
        raise ValueError(
            f"{name} holds {bad} NaN or infinite values: replace them first, e.g. with "
            "numpy.nan_to_num."
        )
    return image


def check_radius(radius):
    """Return the radius as an int, or say what is wrong with it."""
    if isinstance(radius, bool) or not isinstance(radius, Integral) or radius < 0:
        raise ValueError(f"radius={radius!r}: expected an int of 0 or more, in pixels.")
    return int(radius)
