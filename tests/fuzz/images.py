"""Damaged images: each is read as it is, or refused by a sentence that names it."""

# SPDX-License-Identifier: BSD-3-Clause
import functools
import io
import warnings

import cv2
import numpy as np
import PIL.Image
import tifffile

from skfusion.images import ImageReadError, ImageWarning, read_image

from .campaign import Target
from .mutations import with_true_checksums

__all__ = ["TARGET", "seeds"]

_DTYPES = (np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32)
_DTYPES += (np.int64, np.float32, np.float64)
_MOST = 2**22


def encoded(image, format, **options) -> bytes:
    """Return a file that Pillow writes."""
    buffer = io.BytesIO()
    image = image if isinstance(image, PIL.Image.Image) else PIL.Image.fromarray(image)
    image.save(buffer, format=format, **options)
    return buffer.getvalue()


def _tiff(image, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, image, **options)
    return buffer.getvalue()


@functools.cache
def seeds() -> tuple:
    """Return small intact files of every form that is read."""
    rng = np.random.default_rng(7)
    smooth = cv2.resize(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8), (23, 17))
    gray = smooth[..., 0].copy()
    deep = smooth.astype(np.uint16) * 257 + 5
    palette = PIL.Image.fromarray(smooth).quantize(16)
    rgba = np.dstack([smooth, gray])
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0"
    plain = [cv2.IMWRITE_TIFF_COMPRESSION, 1]  # OpenCV 4 took one for photographs
    return (
        encoded(gray, "PNG"),
        encoded(smooth, "PNG"),
        encoded(palette, "PNG"),
        encoded(rgba, "PNG"),
        cv2.imencode(".png", deep)[1].tobytes(),
        cv2.imencode(".png", deep[..., 0])[1].tobytes(),
        encoded(smooth, "JPEG"),
        encoded(gray, "JPEG", optimize=True),
        encoded(smooth, "JPEG", progressive=True, exif=exif),
        encoded(smooth, "JPEG", restart_marker_blocks=2, subsampling=0),
        encoded(PIL.Image.fromarray(smooth).convert("CMYK"), "JPEG"),
        encoded(gray, "BMP"),
        encoded(smooth, "BMP"),
        encoded(palette, "BMP"),
        encoded(gray, "TIFF"),
        encoded(smooth, "TIFF", compression="tiff_lzw"),
        encoded(smooth, "TIFF", compression="tiff_adobe_deflate"),
        encoded(smooth, "TIFF", compression="packbits"),
        encoded(smooth, "TIFF", compression="jpeg"),
        encoded(gray > 100, "TIFF", compression="group4"),
        encoded(gray > 100, "TIFF", compression="group3"),
        encoded(palette, "TIFF"),
        encoded(rgba, "TIFF"),
        cv2.imencode(".tif", deep)[1].tobytes(),
        cv2.imencode(".tif", deep.astype(np.float32), plain)[1].tobytes(),
        _tiff(deep[..., 0], byteorder=">", compression="zlib", predictor=2),
        _tiff(gray.astype(np.float32), byteorder=">", bigtiff=True),
        _tiff(np.moveaxis(deep, 2, 0), planarconfig="separate", photometric="rgb"),
        _tiff(deep[..., 0], tile=(16, 16), compression="lzma"),
        _tiff(gray.astype(np.int16) - 99, rowsperstrip=3),
    )


def _repair(data, rng):
    # Two in three: the others shall be caught by their sums.
    return with_true_checksums(data) if rng.integers(3) else data


def read(path):
    """Read a damaged image and look whether it can be right."""
    image = read_image(path, max_pixels=_MOST)
    if image.dtype not in _DTYPES:
        return f"its dtype is {image.dtype}"
    if image.ndim != 2 and image.shape[2:] != (3,):
        return f"its shape is {image.shape}"
    if not 1 <= image.shape[0] * image.shape[1] <= _MOST:
        return f"its shape is {image.shape}"
    if not (image.flags.c_contiguous and image.flags.writeable):
        return "it is not contiguous or not writeable"
    return _compared(path, image)


def _compared(path, image):
    """Say where Pillow reads a plain image otherwise."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = PIL.Image.open(path)
        with picture:
            if picture.format == "TIFF" or picture.getexif().get(274, 1) != 1:
                return None  # compared, form by form, in the tests of the reader
            if picture.mode not in ("L", "RGB"):
                return None
            other = np.asarray(picture)
    except Exception:
        return None  # it refuses more, or less, than we do
    if image.dtype != np.uint8:
        return None  # of 16-bit colour Pillow keeps 8
    if image.ndim == 2 and other.ndim == 3:
        other = other[..., 0]
    same = image.shape == other.shape and np.array_equal(image, other)
    return None if same else "Pillow reads other pixels"


TARGET = Target(
    "images",
    lambda: list(seeds()),
    read,
    (ImageReadError,),
    _repair,
    ".png",
    (ImageWarning,),
)
