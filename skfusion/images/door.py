"""The door for images: arrays go through as they are, paths are read first."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools

from . import pixels
from .cells import load, seen
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
    """
    image, _ = seen(image, name)
    image = as_array(image, name)
    notice_range(image, name)
    return pixels.luma(image, name)


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
    notice_range(image, name)
    return pixels.as_float(image, name)
