"""Read and write image files: the one door between the disk and an array."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import stat

import numpy as np

from .._atomic_files import replace_file
from .._urls import URLPath, as_path, at_hand
from .formats import plan_decoding
from .notices import ImageWarning, notify
from .objects import HIDDEN, is_gray
from .pixels import as_stored, scaled, to_dtype

__all__ = [
    "READABLE_SUFFIXES",
    "ImageReadError",
    "check_format",
    "file_bytes",
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
_NAMED_CHANNELS = {"auto": None, "rgbt": [0, 1, 2, 3]}


class ImageReadError(OSError, ValueError):
    """A file that is no readable image; the message names the file and the reason.

    It is both a ``ValueError`` (a bad input) and an ``OSError`` (a bad file), so that
    code which catches either keeps working.
    """


def read_image(path, *, channels="auto", max_pixels=2**27) -> np.ndarray:
    """Read a PNG, JPEG, TIFF or BMP image.

    The format is recognised by the content, not by the suffix. Sizes are read from
    the header and checked before a pixel is decoded, so a small file that would
    unfold into gigabytes is refused. Truncated and damaged files are errors.

    Parameters
    ----------
    path : str or path-like
        A regular file, or its address in a store (extra ``remote``).
    channels : {"auto", "rgbt"}, int or sequence of int, default="auto"
        Which channels to return. ``"auto"``: the gray or the three colours that the
        file says it holds, without its alpha. ``"rgbt"``: the four channels of a file
        of colour and thermal infrared, in this order. Numbers, from 0: these channels
        as stored, for files whose tags do not say what they hold.
    max_pixels : int, default=2**27
        Largest accepted width times height.

    Returns
    -------
    ndarray, shape (H, W), (H, W, 3), or (H, W, C) for C `channels`
        uint8 in 0..255, uint16 as stored (16-bit colour keeps its 16 bits), or the
        signed, 32-bit or floating-point numbers of a TIFF, whatever their range.
        Colour is RGB. Nothing is rescaled.

    Raises
    ------
    ImageReadError
        If the file is no such image, is truncated or damaged, or is too large.
    ValueError
        If it does not have these channels.
    FileNotFoundError, PermissionError, IsADirectoryError
        As ``open`` raises them.

    Warns
    -----
    ImageWarning
        If an alpha channel that is not fully opaque, or another channel, is left out.

    See Also
    --------
    write_image : The other way round.
    skfusion.images.as_float : Image or path to float32 in [0, 1].

    Notes
    -----
    * Palette, CMYK and 1-bit images become RGB, RGB and 0/255. Three channels that
      are exactly equal become one; channels that differ by a level, as in a thermal
      JPEG stored in colour, stay three (fusers take the luma of the infrared image).
    * Of a TIFF with several pages the first is read. Half floats become float32.
      Where its tags say that 0 is white, unsigned numbers are turned; for others,
      which have no black, that is an error. A TIFF that says it is gray and has three
      or four channels, as GDAL writes colour of 16 bits, is read as colour with an
      :class:`ImageWarning`.
    * A JPEG has no checksum. It is an error if its codes do not lead, without one
      that does not exist, from the first block to the last: that finds lost,
      exchanged and zeroed parts, but no single bit that turned one value into another.
    * The EXIF orientation is applied.
    * ``max_pixels`` is the only limit: Pillow's global one plays no part.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from skfusion.images import read_image, write_image
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ramp.png"
    >>> write_image(path, np.array([[0.0, 0.5, 1.0]]))
    >>> read_image(path)
    array([[  0, 128, 255]], dtype=uint8)
    """
    return opened(path, channels=channels, max_pixels=max_pixels)[0]


def opened(path, *, channels="auto", max_pixels=2**27):
    """Read an image file; return it and what is known beyond its pixels.

    Parameters
    ----------
    path, channels, max_pixels
        As for :func:`read_image`.

    Returns
    -------
    image : ndarray
    notes : tuple of str
        Phrases that follow the name of the image.
    """
    wanted = _channel_numbers(channels)
    data = file_bytes(path, max_pixels)
    try:
        plan = plan_decoding(data, max_pixels)
    except ValueError as error:
        raise ImageReadError(f"{os.fspath(path)} {error}.") from error
    try:
        samples = plan.decode()
    except MemoryError:
        raise
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise ImageReadError(
            f"{os.fspath(path)} is a damaged or unsupported {plan.format}: {error}."
        ) from error
    image = samples.image
    if image.shape[:2] != (plan.height, plan.width):
        raise ImageReadError(
            f"{os.fspath(path)} is a damaged {plan.format}: its header says "
            f"{plan.width} x {plan.height} pixels and the rest another size."
        )
    if wanted is None:
        image = _picture(os.fspath(path), samples)
    else:
        image = _chosen(os.fspath(path), image, wanted)
    if image.shape[2:] == (3,) and wanted is None and is_gray(image):
        image = image[..., 0]
    image = image[..., 0] if image.shape[2:] == (1,) else image
    image = np.ascontiguousarray(_turned(image, plan.orientation))
    return (image if image.flags.writeable else image.copy()), plan.notes


def _channel_numbers(channels):
    """Return the numbers of the channels asked for, None for those of the picture."""
    if isinstance(channels, str):
        if channels not in _NAMED_CHANNELS:
            raise ValueError(
                f"channels={channels!r}: use 'auto', 'rgbt', or the numbers of "
                "channels, from 0."
            )
        return _NAMED_CHANNELS[channels]
    numbers = [channels] if np.ndim(channels) == 0 else list(channels)
    whole = all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= 0
        for n in numbers
    )
    if not (whole and numbers):
        raise ValueError(
            f"channels={channels!r}: expected 'auto', 'rgbt', or the numbers of "
            "channels, from 0."
        )
    return [int(n) for n in numbers]


def _picture(name, samples):
    """Return the gray or the three colours that a file says it holds."""
    image, n = samples.image, samples.n_colours
    if n == 0:
        raise ImageReadError(
            f"{name} has {image.shape[2]} channels and does not say which are gray or "
            "colour: read those you want, e.g. read_image(path, channels=(0, 1, 2))."
        )
    if samples.remark:
        notify(ImageWarning, name, samples.remark)
    if samples.alpha is not None:
        alpha = image[..., samples.alpha]
        top = 1 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
        if (alpha != top).any():
            notify(ImageWarning, name, HIDDEN)
    return image[..., :n]


def _chosen(name, image, wanted):
    """Return the channels of these numbers."""
    n = image.shape[2]
    if max(wanted) >= n:
        raise ValueError(
            f"{name} has {n} channel{'s' if n > 1 else ''}, "
            f"{'numbers 0 to ' + str(n - 1) if n > 1 else 'number 0'}: "
            f"channels={tuple(wanted)} asks for more."
        )
    return image[..., wanted]


def write_image(path, image, *, bit_depth=8, overwrite=True) -> None:
    """Write an image as PNG, TIFF, JPEG or BMP, by the suffix of the path.

    The file is written beside its place and then renamed, so a reader (or a second
    run after Ctrl-C) sees the whole file or none.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.png``, ``.tif``, ``.tiff``, ``.jpg``, ``.jpeg`` or ``.bmp``; its
        folder exists. An address such as ``s3://bucket/a.png`` is uploaded whole.
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
    >>> image = read_image(path)
    >>> int(image[0, 0]), image.dtype
    (16384, dtype('uint16'))
    """
    path = as_path(path)
    check_format(path.suffix, bit_depth, f"path={str(path)!r}")
    encoded = _encode(path.suffix.lower(), _stored(image, bit_depth))
    remote = isinstance(path, URLPath)
    if not remote and not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r}: the folder {str(path.parent)!r} does not exist; "
            "create it first."
        )
    if not overwrite and (path.exists() if remote else os.path.lexists(path)):
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


def file_bytes(path, max_pixels) -> bytes:
    """Return the content of a regular file that may hold an image.

    Parameters
    ----------
    path, max_pixels
        As for :func:`read_image`.

    Returns
    -------
    bytes
    """
    if isinstance(max_pixels, bool) or not max_pixels >= 1:
        raise ValueError(f"max_pixels={max_pixels!r}: expected an int of at least 1.")
    limit = max(2**31, _BYTES_PER_PIXEL * int(max_pixels))
    path = at_hand(path)
    if isinstance(path, URLPath):
        data = path.read_bytes(limit + 1)
        _check_size(path, len(data), limit)
        return data
    # Looked at before it is opened: to open a pipe is to wait for its writer.
    if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
        raise ImageReadError(f"{os.fspath(path)} is no regular file.")
    with open(path, "rb", opener=_without_waiting) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ImageReadError(f"{os.fspath(path)} is no regular file.")
        _check_size(path, found.st_size, limit)
        return file.read(limit + 1)


def _check_size(path, size, limit):
    if size > limit:
        raise ImageReadError(
            f"{os.fspath(path)} has {size} bytes or more, too many for any image of "
            "max_pixels pixels: pass a larger max_pixels if you trust the file."
        )


def _without_waiting(path, flags):
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


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
    array = as_stored(np.asarray(image), "image")
    return array if array.dtype == dtype else to_dtype(scaled(array), dtype)


def _encode(suffix, array):
    if suffix == ".png":
        from .formats.png_writing import written_png

        return written_png(array)
    import cv2

    options = []
    if suffix in (".jpg", ".jpeg"):
        options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    if array.ndim == 3:
        array = array[..., ::-1]
    try:
        done, encoded = cv2.imencode(suffix, np.ascontiguousarray(array), options)
    except cv2.error:  # as OpenCV 4 says it
        done = False
    if not done:
        raise ValueError(f"image of shape {array.shape} cannot be held by {suffix}.")
    return encoded
