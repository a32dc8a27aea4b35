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
    height, width = image.shape[:2]
    thin = max(4, width // 100)
    image = image[:, : int((_EDGE + _WIDEST) * width) + thin]
    inner = int(_EDGE * width)
    few = _gray(image[:: max(1, height // 32)])
    flat = _flat_blocks(few, thin, inner)
    low = np.where(flat, few[:, :inner], 255).min(axis=0)
    high = np.where(flat, few[:, :inner], 0).max(axis=0)
    # The bar ends at an edge that runs along it, for twice as short as is asked below.
    edges = (np.abs(few[:, 3:] - few[:, :-3]) > 2 * _NOISE).mean(axis=0) > _LONG / 2
    bars = (flat.mean(axis=0) > _LONG / 2) & (high - low > _SPAN / 2)
    if not (bars.any() and edges.any()):
        return False  # as for most pictures
    columns = np.flatnonzero(bars)
    left, right = columns[0], columns[-1] + 1
    starts, ends = _longest_ramps(_gray(image[:, left : right + thin]), thin)
    if not (ends - starts >= _LONG * height).any():
        return False
    part = _gray(image)
    flat = np.abs(np.diff(part, axis=1)) <= _NOISE
    return any(
        end - start >= _LONG * height
        and _is_ramp(part[start:end, column])
        and _is_framed(part, flat, column, start, end)
        for column, start, end in zip(range(left, right), starts, ends)
    )


def _longest_ramps(levels, thin):
    """Return where, in each column but the last `thin` ones, a bar begins and ends."""
    height, n = levels.shape[0], levels.shape[1] - thin
    blocks = _flat_blocks(levels, thin, n)
    rows = np.arange(1, height + 1, dtype=np.int32)[:, None]
    # A run ends where a row is not flat, and before one that is far from the last.
    jumps = np.abs(np.diff(levels[:, :n], axis=0, prepend=levels[:1, :n])) > _JUMP
    ended = np.where(blocks, np.where(jumps, rows - 1, 0), rows)
    runs = rows - np.maximum.accumulate(ended, axis=0)
    ends = runs.argmax(axis=0)
    return ends - runs.max(axis=0) + 1, ends + 1


def _gray(image):
    levels = image.astype(np.float32)
    return levels if levels.ndim == 2 else levels @ np.float32(LUMA)


def _flat_blocks(levels, thin, n):
    """Where a pixel and those to its right are of one level, in n columns."""
    flat, size = np.abs(np.diff(levels, axis=1)) <= _NOISE, 1
    while size < thin - 1:  # by doubling
        step = min(size, thin - 1 - size)
        flat, size = flat[:, :-step] & flat[:, step:], size + step
    return flat[:, :n]


def _is_ramp(levels):
    """Whether levels go one way, through half of the range."""
    steps = np.diff(levels)
    there, back = steps.clip(min=0).sum(), -steps.clip(max=0).sum()
    one_way = max(there, back) > 0.8 * (there + back)
    return bool(one_way and abs(levels[-1] - levels[0]) > _SPAN)


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
