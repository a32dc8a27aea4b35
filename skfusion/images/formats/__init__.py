"""The file formats: what a file says it is, read before any pixel is decoded."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .bmp import read_bmp
from .jpeg import jpeg_header, read_jpeg
from .plan import Plan, Samples
from .png import png_header, read_png
from .tiff import read_tiff

__all__ = ["Plan", "Samples", "plan_decoding", "shape_in_header"]

_READERS = {
    b"\x89PNG\r\n\x1a\n": read_png,
    b"\xff\xd8\xff": read_jpeg,
    b"BM": read_bmp,
    b"II*\0": read_tiff,
    b"MM\0*": read_tiff,
    b"II+\0": read_tiff,
    b"MM\0+": read_tiff,
}


# Readers that look at the pixels too before they plan; the others read tags alone.
_HEADERS = {b"\x89PNG\r\n\x1a\n": png_header, b"\xff\xd8\xff": jpeg_header}


def shape_in_header(data: bytes, max_pixels: int) -> tuple[int, int]:
    """Return the rows and columns of a picture without a look at its pixels.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int

    Returns
    -------
    height, width : int
        After the turn that EXIF asks for.

    Raises
    ------
    ValueError
        With the reason, as a phrase that follows the file name.
    """
    for magic, header in _HEADERS.items():
        if data.startswith(magic):
            width, height, orientation = header(data, max_pixels)
            break
    else:
        plan = plan_decoding(data, max_pixels)
        width, height, orientation = plan.width, plan.height, plan.orientation
    return (width, height) if orientation >= 5 else (height, width)


def plan_decoding(data: bytes, max_pixels: int) -> Plan:
    """Read the header and say how to decode.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        With the reason, as a phrase that follows the file name.
    """
    if not data:
        raise ValueError("is empty (0 bytes)")
    for magic, reader in _READERS.items():
        if data.startswith(magic):
            return reader(data, max_pixels)
    raise ValueError(
        f"is no PNG, JPEG, TIFF or BMP image (it begins with {data[:8]!r}): convert it "
        "to one of these"
    )
