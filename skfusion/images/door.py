"""The door for images: arrays go through as they are, paths are read first."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import os

from . import pixels
from .files import read_image

__all__ = ["as_float", "as_levels", "load", "luma"]


def load(image):
    """Return the pixels of a path, and anything else as it came."""
    return read_image(image) if isinstance(image, (str, os.PathLike)) else image


def _or_path(function):
    @functools.wraps(function)
    def at_the_door(image, *args, **kwargs):
        return function(load(image), *args, **kwargs)

    return at_the_door


as_float = _or_path(pixels.as_float)
as_levels = _or_path(pixels.as_levels)
luma = _or_path(pixels.luma)
