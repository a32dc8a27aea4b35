"""Read and write image files: the one door between the disk and an array."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import numpy as np

from .._atomic_files import replace_file
from ._headers import plan_decoding
from .notices import ImageWarning, notify
from .objects import is_gray, shown_pixels
from .pixels import as_float, to_dtype

__all__ = [
    "READABLE_SUFFIXES",
    "ImageReadError",
    "check_format",
    "opened",
    "read_image",
    "write_image",
]

# A file larger than this is no image within the limit of pixels.
_BYTES_PER_PIXEL = 16
_SUFFIXES = {
    ".png": (8, 16),
    ".tif": (8, 16),
    ".tiff": (8, 16),
    ".jpg": (8,),
    ".jpeg": (8,),
    ".bmp": (8,),
}
READABLE_SUFFIXES = frozenset(_SUFFIXES)


class ImageReadError(OSError, ValueError):
    """A file that is no readable image; the message names the file and the reason.

    It is both a ``ValueError`` (a bad input) and an ``OSError`` (a bad file), so that
    code which catches either keeps working.
    """


def read_image(path, *, max_pixels=2**27) -> np.ndarray:
    """Read a PNG, JPEG, TIFF or BMP image.

    The format is recognised by the content, not by the suffix. Sizes are read from
    the header and checked before a pixel is decoded, so a small file that would
    unfold into gigabytes is refused. Truncated and damaged files are errors.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    max_pixels : int, default=2**27
        Largest accepted width times height.

    Returns
    -------
    ndarray, shape (H, W) or (H, W, 3)
        uint8 in 0..255, uint16 as stored (16-bit colour keeps its 16 bits), or the
        float32 or float64 values of a floating-point TIFF, whatever their range.
        Colour is RGB. Nothing is rescaled.

    Raises
    ------
    ImageReadError
        If the file is no such image, is truncated or damaged, or is too large.
    FileNotFoundError, PermissionError, IsADirectoryError
        As :func:`open` raises them.

    Warns
    -----
    ImageWarning
        If the image has an alpha channel that is not fully opaque: it is dropped.

    See Also
    --------
    write_image : The other way round.
    skfusion.images.as_float : Image or path to float32 in [0, 1].

    Notes
    -----
    * Palette, CMYK and 1-bit images become RGB, RGB and 0/255. Three channels that
      are exactly equal become one; channels that differ by a level, as in a thermal
      JPEG stored in colour, stay three (fusers take the luma of the infrared image).
    * The EXIF orientation is applied.
    * Of a TIFF with several pages the first is read.
    * ``max_pixels`` is the only limit: Pillow's global one plays no part.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from skfusion.images.files import read_image, write_image
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ramp.png"
    >>> write_image(path, np.array([[0.0, 0.5, 1.0]]))
    >>> read_image(path)
    array([[  0, 128, 255]], dtype=uint8)
    """
    return opened(path, max_pixels=max_pixels)[0]


def opened(path, *, max_pixels=2**27):
    """Read an image file; return it and what is known beyond its pixels.

    Parameters
    ----------
    path, max_pixels
        As for :func:`read_image`.

    Returns
    -------
    image : ndarray
    notes : tuple of str
        Phrases that follow the name of the image.
    """
    if isinstance(max_pixels, bool) or not max_pixels >= 1:
        raise ValueError(f"max_pixels={max_pixels!r}: expected an int of at least 1.")
    data = _read_bytes(path, max(2**31, _BYTES_PER_PIXEL * int(max_pixels)))
    try:
        plan = plan_decoding(data, max_pixels)
    except ValueError as error:
        raise ImageReadError(f"{os.fspath(path)} {error}.") from error
    try:
        image, opaque = _decode_with_cv2(plan) if plan.deep else _decode(plan)
    except MemoryError:
        raise
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise ImageReadError(
            f"{os.fspath(path)} is a damaged or unsupported {plan.format}: {error}."
        ) from error
    if image.shape[:2] != (plan.height, plan.width):
        raise ImageReadError(
            f"{os.fspath(path)} is a damaged {plan.format}: its header says "
            f"{plan.width} x {plan.height} pixels and the rest another size."
        )
    if not opaque:
        notify(
            ImageWarning,
            os.fspath(path),
            "has an alpha channel that is not opaque: it is dropped and the colours "
            "below it are used as they are",
        )
    if plan.inverted:
        image = np.iinfo(image.dtype).max - image
    if image.ndim == 3 and is_gray(image):
        image = image[..., 0]
    image = np.ascontiguousarray(_turned(image, plan.orientation))
    return (image if image.flags.writeable else image.copy()), ()


def write_image(path, image, *, bit_depth=8, overwrite=True) -> None:
    """Write an image as PNG, TIFF, JPEG or BMP, by the suffix of the path.

    The file is written beside its place and then renamed, so a reader (or a second
    run after Ctrl-C) sees the whole file or none.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.png``, ``.tif``, ``.tiff``, ``.jpg``, ``.jpeg`` or ``.bmp``; its
        folder exists.
    image : array-like, shape (H, W) or (H, W, 3)
        Float in [0, 1], uint8 or uint16; colour is RGB.
    bit_depth : {8, 16}, default=8
        Bits a channel in the file. 16 needs PNG or TIFF. Values are rounded half up.
    overwrite : bool, default=True
        If False, an existing file is an error.

    Raises
    ------
    ValueError
        For another suffix or bit depth, or an array that is no image.
    FileExistsError
        If the file exists and ``overwrite=False``.
    FileNotFoundError
        If the folder does not exist.

    Notes
    -----
    PNG, TIFF and BMP are lossless, and the same image gives the same bytes. JPEG is
    written with quality 95 and colour at full resolution.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from skfusion.images.files import read_image, write_image
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "fine.tif"
    >>> write_image(path, np.full((2, 3), 0.25), bit_depth=16)
    >>> read_image(path)[0, 0]
    np.uint16(16384)
    """
    path = Path(path)
    check_format(path.suffix, bit_depth, f"path={str(path)!r}")
    encoded = _encode(path.suffix.lower(), _stored(image, bit_depth))
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r}: the folder {str(path.parent)!r} does not exist; "
            "create it first."
        )
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(
            f"path={str(path)!r} exists: pass overwrite=True to replace it."
        )
    replace_file(path, encoded)


def check_format(suffix, bit_depth, name="path") -> None:
    """Refuse a file format that :func:`write_image` cannot write.

    Parameters
    ----------
    suffix : str
        End of a file's name, with its dot.
    bit_depth : int
        Bits a channel.
    name : str, default="path"
        What to call the argument that ends in the suffix.

    Raises
    ------
    ValueError
        For an unknown suffix, another depth than 8 or 16, or 16 in a format of 8.
    """
    depths = _SUFFIXES.get(str(suffix).lower())
    if depths is None:
        raise ValueError(
            f"{name} ends in {suffix!r}: expected one of {', '.join(_SUFFIXES)}."
        )
    if bit_depth not in (8, 16):
        raise ValueError(f"bit_depth={bit_depth!r}: expected 8 or 16.")
    if bit_depth not in depths:
        raise ValueError(
            f"bit_depth=16 with {name}: {suffix} holds 8 bits; write .png or .tif for "
            "16."
        )


def _read_bytes(path, limit):
    with open(path, "rb") as file:
        found = os.fstat(file.fileno())
        # A pipe or a device could keep the reader waiting for ever.
        if not stat.S_ISREG(found.st_mode):
            raise ImageReadError(f"{os.fspath(path)} is no regular file.")
        if found.st_size > limit:
            raise ImageReadError(
                f"{os.fspath(path)} has {found.st_size} bytes, more than any image of "
                "max_pixels pixels: pass a larger max_pixels if you trust the file."
            )
        return file.read(limit + 1)


def _decode(plan):
    """Decode with Pillow: all of 8 bits, and one channel of 16 or of floats."""
    from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

    # The plugin itself and not Image.open: that one checks, and warns by, a limit
    # kept in a global of Pillow, and tries formats that are not wanted here.
    plugin = {
        "PNG": PngImagePlugin.PngImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
    }[plan.format]
    with plugin(io.BytesIO(plan.data)) as file:
        if file.size != (plan.width, plan.height):
            raise ValueError(f"its parts disagree on its size ({file.size})")
        file.load()
        return shown_pixels(file)


def _decode_with_cv2(plan):
    """Decode with OpenCV, which keeps more than 8 bits of colour."""
    import cv2

    image = cv2.imdecode(np.frombuffer(plan.data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError("its pixels cannot be decoded")
    if image.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise ValueError(f"its samples are {image.dtype}")
    if image.ndim == 2:
        return image, True
    opaque = True
    if image.shape[2] in (2, 4):
        top = 1.0 if image.dtype.kind == "f" else np.iinfo(image.dtype).max
        opaque = bool((image[..., -1] == top).all())
        image = image[..., :-1]
    if image.shape[2] == 1:
        return image[..., 0], opaque
    if image.shape[2] != 3:
        raise ValueError(f"it has {image.shape[2]} channels")
    return image[..., ::-1], opaque


def _turned(image, orientation):
    """Apply the EXIF orientation: mirror and transpose as its table says."""
    if orientation in (5, 6, 7, 8):
        image = np.swapaxes(image, 0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image


def _stored(image, bit_depth):
    dtype = np.dtype(np.uint8 if bit_depth == 8 else np.uint16)
    array = np.asarray(image)
    valid = as_float(array, "image")
    if array.dtype == dtype:
        return array.reshape(valid.shape)
    return to_dtype(valid, dtype)


def _encode(suffix, array):
    import cv2

    options = []
    if suffix in (".jpg", ".jpeg"):
        options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    if array.ndim == 3:
        array = array[..., ::-1]
    done, encoded = cv2.imencode(suffix, np.ascontiguousarray(array), options)
    if not done:
        raise ValueError(f"image of shape {array.shape} cannot be held by {suffix}.")
    return encoded
