"""Images that are not arrays yet: what is done to a file when it is read."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from .. import _urls
from . import pixels
from .files import ImageReadError, file_bytes, opened
from .formats import shape_in_header
from .objects import as_array
from .ranges import limits, notice_range, stretch

__all__ = [
    "FileChannels",
    "LazyImage",
    "Resized",
    "Stretched",
    "file_state",
    "load",
    "seen",
    "shape_of",
]


_MAX_PIXELS = 2**27  # as read_image


class LazyImage:
    """An image that is made when it is used; what pairs hold in place of an array."""

    def seen(self, name):
        """Return the pixels and what the file says about them."""
        raise NotImplementedError

    def __array__(self, dtype=None, copy=None):
        return self.seen("image")[0].astype(dtype or None, copy=bool(copy))


@dataclass(frozen=True)
class FileChannels(LazyImage, os.PathLike):
    """Some channels of an image file.

    Parameters
    ----------
    path : str or path-like
    channels : str, int or tuple of int
        As in :func:`skfusion.images.read_image`.
    """

    path: str | os.PathLike
    channels: str | int | tuple

    def seen(self, name):
        """Return the channels, read now."""
        return opened(self.path, channels=self.channels)

    def __fspath__(self):
        return os.fspath(self.path)

    def __str__(self):
        return os.fspath(self.path)


@dataclass(frozen=True)
class Stretched(LazyImage):
    """An image that is stretched between two percentiles when it is read.

    Parameters
    ----------
    image : array-like, path or LazyImage
    low, high : float
        Percentiles that become 0 and 1.
    """

    image: object
    low: float
    high: float

    def seen(self, name):
        """Return the stretched image, float32 in [0, 1]."""
        image, notes = seen(self.image, name)
        image = pixels.as_float(image, name)
        return stretch(image, *limits(image, self.low, self.high)), notes


@dataclass(frozen=True)
class Resized(LazyImage):
    """An image that is resized to another one when it is read.

    Parameters
    ----------
    image : array-like, path or LazyImage
    like : array-like, path or LazyImage
        The image whose size it gets.
    """

    image: object
    like: object

    def seen(self, name):
        """Return the resized image, float32 in [0, 1]."""
        from .resizing import resize

        image, notes = seen(self.image, name)
        image = as_array(image, name)
        notice_range(image, name)
        height, width = as_array(load(self.like)).shape[:2]
        return resize(pixels.as_float(image, name), height, width), notes


def seen(image, name="image"):
    """Return the pixels of an image and what is known of them beyond their values.

    Parameters
    ----------
    image : array-like, path or LazyImage
    name : str, default="image"
        What to call the image in an error.

    Returns
    -------
    image : array-like
        Read from the file if it was a path, else as it came.
    notes : tuple of str
        Phrases that follow the name of the image.
    """
    if isinstance(image, LazyImage):
        return image.seen(name)
    if isinstance(image, (str, os.PathLike)):
        return opened(image)
    return image, ()


def load(image):
    """Return the pixels of a path, and of anything else as it came.

    Parameters
    ----------
    image : array-like, path or LazyImage

    Returns
    -------
    array-like
    """
    return seen(image)[0]


def shape_of(image) -> tuple[int, int]:
    """Return the rows and columns of an image; of a file, its header is read alone.

    Parameters
    ----------
    image : array-like, path or LazyImage

    Returns
    -------
    height, width : int

    Raises
    ------
    ImageReadError
        If a file is no image. One whose pixels are damaged has a shape all the same.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images.cells import shape_of
    >>> shape_of(np.zeros((2, 3, 3)))
    (2, 3)
    """
    if isinstance(image, Stretched):
        return shape_of(image.image)
    if isinstance(image, Resized):
        return shape_of(image.like)
    if isinstance(image, FileChannels):
        return shape_of(image.path)
    if not isinstance(image, (str, os.PathLike)):
        return np.shape(image)[:2]
    try:
        return shape_in_header(file_bytes(image, _MAX_PIXELS), _MAX_PIXELS)
    except ImageReadError:
        raise
    except ValueError as error:
        raise ImageReadError(f"{os.fspath(image)} {error}.") from error


def file_state(path) -> tuple:
    """Return what tells one state of a file from another: its size and time.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    tuple
        Bytes, and nanoseconds of the last change; of an address what its store tells.

    Raises
    ------
    OSError
        If the file is not there.
    """
    path = _urls.at_hand(path)
    if isinstance(path, _urls.URLPath):
        return _urls.file_state(path)
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns
