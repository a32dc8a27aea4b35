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

__all__ = ["as_float", "as_levels", "infrared", "load", "luma", "visible"]


def _or_path(function):
    @functools.wraps(function)
    def at_the_door(image, *args, **kwargs):
        return function(load(image), *args, **kwargs)

    return at_the_door


as_float = _or_path(pixels.as_float)
as_levels = _or_path(pixels.as_levels)
luma = _or_path(pixels.luma)


def infrared(image, name="infrared"):
    """Return an infrared image as gray float32, and say what is odd about it.

    Parameters
    ----------
    image : array-like, path or LazyImage
    name : str, default="infrared"
        What to call the image in an error or a warning.

    Returns
    -------
    ndarray of float32, shape (H, W)
        In [0, 1].

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
    gray = pixels.luma(image, name)
    notice_range(image, name)
    notice_false_colour(image, name, notes, from_file=from_file)
    return gray


def visible(image, name="visible"):
    """Return a visible image as float32, and say what is odd about it.

    Parameters
    ----------
    image : array-like, path or LazyImage
    name : str, default="visible"
        What to call the image in an error or a warning.

    Returns
    -------
    ndarray of float32, shape (H, W) or (H, W, 3)
        In [0, 1].

    Warns
    -----
    NarrowRangeWarning
        If it has 16 bits and fills a sliver of them.
    """
    image, _ = seen(image, name)
    image = as_array(image, name)
    checked = pixels.as_float(image, name)
    notice_range(image, name)
    return checked
