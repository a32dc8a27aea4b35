"""The door for images: arrays go through as they are, paths are read first."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import os

from . import pixels
from .cells import LazyImage, load, seen
from .false_colour import notice_false_colour
from .objects import as_array
from .ranges import notice_range

__all__ = [
    "as_float",
    "as_levels",
    "infrared",
    "load",
    "luma",
    "stored_infrared",
    "stored_visible",
    "visible",
]


def _or_path(function):
    @functools.wraps(function)
    def at_the_door(image, *args, **kwargs):
        return function(load(image), *args, **kwargs)

    return at_the_door


as_float = _or_path(pixels.as_float)
as_levels = _or_path(pixels.as_levels)
luma = _or_path(pixels.luma)


def stored_infrared(image, name="infrared"):
    """Return an infrared image in the numbers it is stored in; say what is odd.

    Parameters
    ----------
    image : array-like, path or LazyImage
    name : str, default="infrared"
        What to call the image in an error or a warning.

    Returns
    -------
    ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)

    Warns
    -----
    NarrowRangeWarning
        If it has 16 bits and fills a sliver of them.
    FalseColourWarning
        If it is a picture for people: in false colour, with a scale drawn into it, or
        made from radiometric data that lie in the same file.
    """
    from_file = isinstance(image, (str, os.PathLike, LazyImage))
    image, notes = seen(image, name)
    image = as_array(image, name)
    stored = pixels.as_stored(image, name)
    notice_range(image, name)
    notice_false_colour(image, name, notes, from_file=from_file)
    return stored


def stored_visible(image, name="visible"):
    """Return a visible image in the numbers it is stored in; say what is odd.

    Parameters
    ----------
    image : array-like, path or LazyImage
    name : str, default="visible"
        What to call the image in an error or a warning.

    Returns
    -------
    ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)

    Warns
    -----
    NarrowRangeWarning
        If it has 16 bits and fills a sliver of them.
    """
    image, _ = seen(image, name)
    image = as_array(image, name)
    stored = pixels.as_stored(image, name)
    notice_range(image, name)
    return stored


def infrared(image, name="infrared"):
    """Return an infrared image as gray float32 ``(H, W)`` in [0, 1].

    As :func:`stored_infrared`, which says what it warns of.
    """
    return pixels.weighed(pixels.scaled(stored_infrared(image, name)))


def visible(image, name="visible"):
    """Return a visible image as float32 ``(H, W)`` or ``(H, W, 3)`` in [0, 1].

    As :func:`stored_visible`, which says what it warns of.
    """
    return pixels.scaled(stored_visible(image, name))
