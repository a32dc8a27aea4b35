"""Write a PNG."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct
import zlib

import numpy as np

from ..._kernels.deflate import bound, deflate
from ..._kernels.png import filter_rows
from .png import png_file

__all__ = ["written_png"]

_GRAY, _COLOUR = 0, 2


def written_png(image) -> bytes:
    """Return an image as a PNG file.

    Every row is filtered by Paeth's predictor, which suits photographs; what is left
    is noise and runs of zeros, in which the search of other encoders for repetitions
    finds nothing. So the file is smaller than those of their fast levels, and written
    in a quarter of the time.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        Colour is RGB.

    Returns
    -------
    bytes

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images.formats.png_writing import written_png
    >>> written_png(np.zeros((2, 3), np.uint8))[1:4]
    b'PNG'
    """
    height, width = image.shape[:2]
    depth = 8 * image.dtype.itemsize
    stored = np.ascontiguousarray(image, image.dtype.newbyteorder(">"))
    stored = stored.reshape(height, -1).view(np.uint8)
    rows = np.empty((height, 1 + stored.shape[1]), np.uint8)
    filter_rows(stored, stored.shape[1] // width, rows)
    rows = rows.reshape(-1)
    out = np.empty(bound(rows.size), np.uint8)
    out = out[: deflate(rows, out)]
    colour = _GRAY if image.ndim == 2 else _COLOUR
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    # The two bytes that begin a stream of zlib, and the sum that ends it.
    body = b"".join([b"\x78\x01", out, struct.pack(">I", zlib.adler32(rows))])
    return png_file(header, (b"IDAT", body))
