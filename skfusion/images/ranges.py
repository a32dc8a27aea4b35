"""How much of its range an image fills, and the stretch that makes it fill it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .notices import NarrowRangeWarning, notify

__all__ = ["limits", "narrow_range", "notice_range", "stretch"]

# An eighth: 32 of 256 grey levels, and twice what all of a camera of 12 bits fills.
_NARROW = 0.125
# Dead and hot pixels: so many at each end do not widen a range.
_OUTLIERS = 0.001
_SAMPLE = 2**18  # pixels looked at where there are more


def limits(image, low, high):
    """Return two percentiles of an image; the ends without a sort."""
    bottom = image.min() if low == 0 else np.percentile(image, low)
    top = image.max() if high == 100 else np.percentile(image, high)
    return np.float32(bottom), np.float32(top)


def stretch(image, low, high):
    """Map [low, high] to [0, 1] and clip; a step where the two agree."""
    if not low < high:
        return (image > high).astype(np.float32)
    # A division, so that the top comes out as exactly 1.
    out = np.subtract(image, low)
    np.divide(out, high - low, out=out)
    return np.clip(out, 0.0, 1.0, out=out)


def narrow_range(image):
    """Return the span of a 16-bit image that fills an eighth of its range or less.

    Parameters
    ----------
    image : ndarray
        Only uint16 has such a span: 8 bits are what a picture is made for, and a
        float image says by its own values how bright it is.

    Returns
    -------
    (low, high) of int, or None
        Smallest and largest count but for one pixel in a thousand at each end; None
        for an image of a wider range, a constant one, or another dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images.ranges import narrow_range
    >>> narrow_range(np.array([[7192, 8207]], dtype=np.uint16))
    (7192, 8207)
    """
    if image.dtype != np.uint16 or image.size == 0:
        return None
    low, high = int(image.min()), int(image.max())
    if high - low > _NARROW * 65535:
        values = image.ravel()
        values = np.sort(values[:: -(-values.size // _SAMPLE)])
        out = int(_OUTLIERS * values.size)
        low, high = int(values[out]), int(values[-1 - out])
    return (low, high) if 0 < high - low <= _NARROW * 65535 else None


def notice_range(image, name):
    """Say it where an image of 16 bits has a :func:`narrow_range`."""
    span = narrow_range(np.asarray(image))
    if span is None:
        return
    low, high = span
    notify(
        NarrowRangeWarning,
        name,
        f"spans {100 * (high - low) / 65535:.2g} % of its range, {low}..{high}, and "
        "looks all but flat: stretch it, `--stretch` or LinearStretch(1, 99)",
    )
