"""Read a PNG."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct
import zlib

import numpy as np

from .libraries import palette_indices, with_cv2, with_pillow
from .plan import Plan, Samples, check_size
from .tags import exif_orientation

__all__ = ["png_file", "png_header", "read_png"]

_MAGIC = b"\x89PNG\r\n\x1a\n"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_GRAY, _PALETTE, _GRAY_ALPHA = 0, 3, 4


def read_png(data, max_pixels) -> Plan:
    """Read the chunks of a PNG and check their sums and the length of the pixels."""
    header, chunks = None, {}
    body, orientation, position = [], 1, len(_MAGIC)
    while True:
        if position + 12 > len(data):
            raise ValueError("is a truncated PNG: its end is missing")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise ValueError(f"is a truncated PNG: a chunk {kind!r} is cut off")
        if header is None and (kind != b"IHDR" or length != 13):
            raise ValueError("is a PNG without a header")
        content = memoryview(data)[position + 8 : end - 4]
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            (crc,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != crc:
                raise ValueError(
                    f"is a damaged PNG: the checksum of a chunk {kind!r} is wrong"
                )
        elif not kind[0] & 0x20:
            raise ValueError(f"is a PNG with an unknown critical chunk {kind!r}")
        if kind == b"IHDR":
            if header is not None:
                raise ValueError("is a PNG with two headers")
            header = _header(content, max_pixels)
        elif kind == b"IDAT":
            body.append(content)
        elif kind == b"eXIf":
            orientation = exif_orientation(bytes(content))
        elif kind == b"IEND":
            break
        elif kind in (b"PLTE", b"tRNS"):
            if kind in chunks or body:
                raise ValueError(f"is a damaged PNG: its chunk {kind!r} is misplaced")
            chunks[kind] = bytes(content)
        position = end
    width, height, depth, colour, interlaced = header
    _check_palette(colour, depth, chunks)
    bits = depth * _CHANNELS[colour]
    rows = _inflated(body, _n_bytes(width, height, bits, interlaced))
    # What is decoded from the rows needs no second inflation; the rest is rare.
    plain = depth == 8 and colour != _PALETTE and not interlaced
    if not plain:
        rows = None

    def decode():
        return _decode(header, chunks, body, rows)

    return Plan("PNG", width, height, decode, orientation)


def png_header(data, max_pixels):
    """Return width, height and orientation without a look at the pixels."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise ValueError("is a PNG without a header")
    width, height, *_ = _header(data[16:29], max_pixels)
    orientation, position = 1, len(_MAGIC)
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"eXIf":
            orientation = exif_orientation(data[position + 8 : position + 8 + length])
        position += 12 + length
    return width, height, orientation


def _header(content, max_pixels):
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", content)
    check_size(width, height, max_pixels)
    if depth not in _DEPTHS.get(colour, ()):
        raise ValueError(
            f"is a PNG with colour type {colour} and {depth} bits, which does not exist"
        )
    compression, filtering, interlaced = methods
    if compression or filtering or interlaced > 1:
        raise ValueError("is a PNG of a compression, filter or interlace unknown here")
    return width, height, depth, colour, interlaced


def _check_palette(colour, depth, chunks):
    palette = chunks.get(b"PLTE", b"")
    if colour == _PALETTE and not palette:
        raise ValueError("is a damaged PNG: it has a palette type and no palette")
    entries, rest = divmod(len(palette), 3)
    if rest or (colour == _PALETTE and entries > 2**depth):
        raise ValueError("is a damaged PNG: its palette has a wrong length")


def _decode(header, chunks, body, rows):
    width, height, depth, colour, interlaced = header
    channels, key = _CHANNELS[colour], chunks.get(b"tRNS", b"")
    kept = {kind: content for kind, content in chunks.items() if colour == _PALETTE}
    file = _rebuilt(header, kept, body) if rows is None else b""
    if rows is not None:
        image = _unfiltered(rows, (height, width, channels))
    elif depth == 16 and colour != _GRAY:  # Pillow keeps the 16 bits of plain gray only
        image = with_cv2(file)
        image = image[..., [0, -1]] if colour == _GRAY_ALPHA else image
    else:
        image = with_pillow("PNG", file, (width, height))
    if colour == _PALETTE:
        entries = len(chunks[b"PLTE"]) // 3
        if entries < 2**depth and palette_indices(file).max() >= entries:
            raise ValueError("it holds colours beyond its palette")
        expected = np.uint8, (4 if key else 3)
    else:
        expected = (np.uint16 if depth == 16 else np.uint8), channels
    if (image.dtype, image.shape[2]) != expected:
        raise ValueError(
            f"it was decoded to {image.shape[2]} channels of {image.dtype}, which its "
            "header does not say"
        )
    if key and colour in (0, 2):
        image = _with_key(image, key, depth)
    alpha = image.shape[2] - 1 if image.shape[2] in (2, 4) else None
    return Samples(image, 1 if image.shape[2] < 3 else 3, alpha)


def _unfiltered(rows, shape):
    """Return the image of the inflated rows of 8-bit samples."""
    from ..._kernels.png import unfilter

    height, width, channels = shape
    n = width * channels
    rows = np.frombuffer(rows, np.uint8, height * (1 + n)).reshape(height, 1 + n)
    image = np.empty((height, n), np.uint8)
    if not unfilter(rows, channels, image):
        raise ValueError("its rows have a filter that does not exist")
    return image.reshape(shape)


def _rebuilt(header, chunks, body):
    width, height, depth, colour, interlaced = header
    top = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return png_file(top, *chunks.items(), *((b"IDAT", part) for part in body))


def png_file(header, *chunks):
    """Return the bytes of a PNG.

    Parameters
    ----------
    header : bytes
        What its first chunk holds.
    *chunks : (bytes, bytes-like)
        Kind and content of those between the first and the last.

    Returns
    -------
    bytes
    """
    out = [_MAGIC]
    for kind, content in [(b"IHDR", header), *chunks, (b"IEND", b"")]:
        crc = zlib.crc32(content, zlib.crc32(kind))
        out += [struct.pack(">I", len(content)), kind, content, struct.pack(">I", crc)]
    return b"".join(out)


def _with_key(image, key, depth):
    """Append the alpha of an image in which one colour stands for transparent."""
    channels = image.shape[2]
    if len(key) != 2 * channels:
        raise ValueError("its transparent colour has a wrong length")
    levels = np.array(struct.unpack(f">{channels}H", key)) & (2**depth - 1)
    if depth < 8:
        levels = levels * 255 // (2**depth - 1)
    top = np.iinfo(image.dtype).max
    opaque = (image != levels.astype(image.dtype)).any(axis=2)
    return np.dstack([image, np.where(opaque, top, 0).astype(image.dtype)])


def _n_bytes(width, height, bits, interlaced):
    """Bytes of the filtered rows; seven small images where interlaced (Adam7)."""
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)]
        passes += [(0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    total = 0
    for x, y, step_x, step_y in passes:
        columns = -(-(width - x) // step_x)
        rows = -(-(height - y) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _inflated(parts, expected):
    """Return the filtered rows; refuse pixel data that are damaged or end early."""
    inflater = zlib.decompressobj()
    try:
        # One byte more than is wanted lets the inflater come to the sum at the end.
        found = inflater.decompress(b"".join(parts), expected + 1)
    except zlib.error as error:
        raise ValueError("is a damaged PNG: its pixel data do not inflate") from error
    if len(found) < expected:
        raise ValueError("is a truncated PNG: its pixel data end early")
    return found
