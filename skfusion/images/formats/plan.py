"""What a reader finds out before a pixel is decoded, and what it hands back."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Plan", "Samples", "check_size"]

# A decoder is handed a rebuilt file that holds the pixels and the few fields that
# say how they are stored, nothing else: no metadata, no second page, no thumbnail.
# So a broken comment costs nobody an image, no decoder warns about it, and every
# offset and length that it follows was checked by our own reader.


@dataclass(frozen=True)
class Samples:
    """Decoded pixels and what their channels mean.

    Attributes
    ----------
    image : ndarray, shape (H, W, C)
        Of the dtype of the file; gray, colour, then any others.
    n_colours : int
        1 or 3 channels that make the picture; 0 if the file does not say which do.
    alpha : int or None
        The channel that says how opaque a pixel is.
    remark : str
        What is odd about the channels, a phrase that follows the file name.
    """

    image: np.ndarray
    n_colours: int
    alpha: int | None = None
    remark: str = ""


@dataclass(frozen=True)
class Plan:
    """How to decode a file, and what to do afterwards.

    Attributes
    ----------
    format : str
    width, height : int
        As stored, before any turn.
    decode : callable
        Returns :class:`Samples`; may raise anything on damaged pixels.
    orientation : int
        EXIF code 1..8.
    notes : tuple of str
        What the file holds beside its pixels, phrases that follow its name.
    """

    format: str
    width: int
    height: int
    decode: Callable[[], Samples]
    orientation: int = 1
    notes: tuple[str, ...] = ()


def check_size(width, height, max_pixels):
    """Refuse a picture of no or of too many pixels."""
    if width <= 0 or height <= 0:
        raise ValueError(f"has a header that says {width} x {height} pixels")
    if width * height > max_pixels:
        raise ValueError(
            f"says it has {width} x {height} pixels, more than max_pixels={max_pixels}:"
            " pass a larger max_pixels if you trust the file"
        )
