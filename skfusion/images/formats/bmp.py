"""Read the header of a BMP."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct

from .libraries import with_pillow
from .plan import Plan, Samples, check_size

__all__ = ["read_bmp"]

_RLE8, _RLE4 = 1, 2
# Two bytes of a run stand for 255 pixels.
_PIXELS_A_BYTE = 128


def read_bmp(data, max_pixels) -> Plan:
    """Read the header of a BMP and check that the file can hold its pixels."""
    if len(data) < 26:
        raise ValueError("is a truncated BMP: its header is cut off")
    start, header_size = struct.unpack_from("<II", data, 10)
    if header_size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        if len(data) < 34:
            raise ValueError("is a truncated BMP: its header is cut off")
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        compression = compression if header_size >= 40 else 0
    height = abs(height)
    check_size(width, height, max_pixels)
    pixels = len(data) - start
    if compression in (_RLE8, _RLE4):
        enough = pixels * _PIXELS_A_BYTE >= width * height
    else:
        # The last row may lack the bytes that fill it up to a multiple of four.
        row, filled = (width * bits + 7) // 8, (width * bits + 31) // 32 * 4
        enough = pixels >= filled * (height - 1) + row
    if not enough:
        raise ValueError("is a truncated BMP: its pixels are cut off")

    def decode():
        image = with_pillow("BMP", data, (width, height))
        channels = image.shape[2]
        if image.dtype != "uint8" or channels > 4 or (channels == 4 and bits < 16):
            raise ValueError(f"its pixels are {channels} channels of {image.dtype}")
        return Samples(image, 1 if channels < 3 else 3, 3 if channels == 4 else None)

    return Plan("BMP", width, height, decode)
