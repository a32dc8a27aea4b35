"""The two libraries that decode: Pillow, and OpenCV for colour of 16 bits."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import io

import numpy as np

from ..objects import stored_pixels

__all__ = ["decoded_bytes", "with_cv2", "with_pillow"]


def with_pillow(format, data, size):
    """Decode a rebuilt file with Pillow.

    Parameters
    ----------
    format : {"PNG", "JPEG", "BMP", "TIFF"}
    data : bytes
    size : (width, height)
        What the file has to be.

    Returns
    -------
    ndarray, shape (H, W, C)
    """
    with _opened(format, data) as picture:
        if picture.size != size:
            raise ValueError(f"its parts disagree on its size ({picture.size})")
        picture.load()
        return stored_pixels(picture)


def palette_indices(data):
    """Return the indices that a palette PNG holds."""
    with _opened("PNG", data) as picture:
        return np.asarray(picture)


def decoded_bytes(data):
    """Decode a TIFF of one 8-bit sample, of whatever size its header was given."""
    from PIL import Image

    with _opened("TIFF", data) as picture:
        # Set here, it is not checked against a limit that is global in Pillow.
        picture.im = Image.core.new("L", picture.size)
        picture.load()
        return np.asarray(picture)


def with_cv2(data):
    """Decode with OpenCV, which keeps 16 bits of colour; RGB or RGBA."""
    import cv2

    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError("its pixels cannot be decoded")
    if image.ndim == 2:
        return image[..., None]
    if image.shape[2] == 4:
        return image[..., [2, 1, 0, 3]]
    return image[..., ::-1]


def _opened(format, data):
    from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

    # The plugin itself and not Image.open: that one checks, and warns by, a limit
    # kept in a global of Pillow, and tries formats that are not wanted here.
    plugin = {
        "PNG": PngImagePlugin.PngImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
    }[format]
    return plugin(io.BytesIO(data))
