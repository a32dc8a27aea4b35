"""Infrared images that are pictures for people: a palette, a scale drawn into them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .._kernels.luma import LUMA
from .notices import FalseColourWarning, notify

__all__ = ["coloured_share", "has_scale", "notice_false_colour"]

# A pixel is coloured if its channels differ by so much of the range: more than the
# chroma of a JPEG of gray, less than any but the darkest entries of a palette.
_COLOURED = 0.12
_SHARE = 0.2
_SAMPLE = 2**16  # pixels looked at where there are more
# A scale: a bar at the edge of the picture, a third of a side long, whose rows are of
# one colour and which runs through half of the range.
_EDGE = 0.2
_WIDEST = 0.15
_LONG = 1 / 3
_SPAN = 0.5 * 255
_NOISE = 8  # levels, of a JPEG
_JUMP = 24  # levels, more than from row to row of a scale


def notice_false_colour(image, name, notes=(), *, from_file=True):
    """Say it where an infrared image is no measure of heat.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3)
    name : str
        What the image is called.
    notes : tuple of str
        What its file says, from :func:`skfusion.images.files.opened`.
    from_file : bool, default=True
        Look for a scale as well, which no array of a program holds.

    Warns
    -----
    FalseColourWarning
    """
    found = list(notes)
    share = coloured_share(image)
    if share > _SHARE:
        found.append(
            f"is in false colour ({100 * share:.0f} % of its pixels are coloured), of "
            "which the brightness is no measure of heat: export it in a gray palette"
        )
    if from_file and has_scale(image):
        found.append("has a scale drawn into it, which is fused as well: crop it")
    if found:
        notify(FalseColourWarning, name, "; ".join(found))


def coloured_share(image):
    """Return the share of pixels whose channels differ by more than a JPEG's do.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3)

    Returns
    -------
    float
        0 for a gray image.
    """
    if image.ndim == 2:
        return 0.0
    pixels = image.reshape(-1, 3)
    pixels = pixels[:: -(-len(pixels) // _SAMPLE)].astype(np.float32)
    top = 1.0 if image.dtype.kind == "f" else np.iinfo(image.dtype).max
    return float(np.mean(np.ptp(pixels, axis=1) > _COLOURED * top))


def has_scale(image):
    """Whether a colour scale lies along an edge of a picture of 8 bits.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3)

    Returns
    -------
    bool
    """
    if image.dtype != np.uint8 or min(image.shape[:2]) < 40:
        return False
    lying = np.swapaxes(image, 0, 1)
    sides = (image, image[:, ::-1], lying, lying[:, ::-1])
    return any(_bar_at_the_left(side) for side in sides)


def _bar_at_the_left(image):
    from .._kernels.colour_scale import bars_among_few, ramps_down_columns

    height, width = image.shape[:2]
    thin = max(4, width // 100)
    image = image[:, : int((_EDGE + _WIDEST) * width) + thin]
    inner = int(_EDGE * width)
    few = _gray(image[:: max(1, height // 32)])
    # For twice as short, and through half of the levels, that are asked for below.
    left, right = bars_among_few(few, thin, inner, _NOISE, _LONG / 2, _SPAN / 2)
    if left == right:
        return False
    part = _gray(image)
    starts, ends = ramps_down_columns(
        part, left, right, thin, _NOISE, _JUMP, _LONG * height, _SPAN
    )
    if not ends.any():
        return False
    flat = np.abs(np.diff(part, axis=1)) <= _NOISE
    return any(
        end and _is_framed(part, flat, column, start, end)
        for column, start, end in zip(range(left, right), starts, ends)
    )


def _gray(image):
    levels = np.ascontiguousarray(image, dtype=np.float32)
    return levels if levels.ndim == 2 else levels @ np.float32(LUMA)


def _is_framed(part, flat, column, start, end):
    """Whether the picture beside a bar is another one: no sky over a ground."""
    share = flat[start:end].mean(axis=0) > 0.9
    left = column - int(np.argmin(np.append(share[:column][::-1], False)))
    right = column + int(np.argmin(np.append(share[column:], False)))
    widest = _WIDEST / (_EDGE + _WIDEST) * len(share)
    if right >= part.shape[1] - 1 or right - left > widest:
        return False
    if np.median(np.ptp(part[start:end, left : right + 1], axis=1)) > _NOISE:
        return False  # a slope
    bar = part[start:end, (left + right) // 2]
    for beside in (left - 2, right + 2):
        if 0 <= beside < part.shape[1]:
            differs = np.abs(part[start:end, beside] - bar) > 2 * _NOISE
            if differs.mean() < 0.75:
                return False
    return True
