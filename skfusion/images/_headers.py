"""What an image file says it is, read from its header before any pixel is decoded."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

__all__ = ["Plan", "plan_decoding"]

# A decoder is handed a rebuilt file that holds the pixels and the few fields that
# say how they are stored, nothing else: no metadata, no second page, no thumbnail.
# So a broken comment costs nobody an image, no decoder warns about it, and every
# offset and length that it follows was checked here.


@dataclass(frozen=True)
class Plan:
    """How to decode a file: which decoder, which bytes, what to do afterwards."""

    format: str
    width: int
    height: int
    data: bytes
    deep: bool = False  # more than 8 bits of colour, which Pillow would reduce to 8
    orientation: int = 1  # EXIF code 1..8
    inverted: bool = False  # 16-bit gray in which 0 is white


def plan_decoding(data: bytes, max_pixels: int) -> Plan:
    """Read the header and say how to decode.

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


def _check_size(width, height, max_pixels):
    if width <= 0 or height <= 0:
        raise ValueError(f"has a header that says {width} x {height} pixels")
    if width * height > max_pixels:
        raise ValueError(
            f"says it has {width} x {height} pixels, more than max_pixels={max_pixels}:"
            " pass a larger max_pixels if you trust the file"
        )


# ----------------------------------------------------------------------------- PNG

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _read_png(data, max_pixels):
    kept, body, orientation = [_PNG_MAGIC], [], 1
    header, position, transparent = None, len(_PNG_MAGIC), False
    while True:
        if position + 12 > len(data):
            raise ValueError("is a truncated PNG: its end is missing")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise ValueError(f"is a truncated PNG: a chunk {kind!r} is cut off")
        if header is None and (kind != b"IHDR" or length != 13):
            raise ValueError("is a PNG without a header")
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            (crc,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != crc:
                raise ValueError(
                    f"is a damaged PNG: the checksum of a chunk {kind!r} is wrong"
                )
            kept.append(data[position:end])
        elif not kind[0] & 0x20:
            raise ValueError(f"is a PNG with an unknown critical chunk {kind!r}")
        if kind == b"IHDR":
            if header is not None:
                raise ValueError("is a PNG with two headers")
            header = struct.unpack_from(">IIBBBBB", data, position + 8)
            width, height, depth, colour, _, _, interlaced = header
            _check_size(width, height, max_pixels)
            if depth not in _PNG_DEPTHS.get(colour, ()):
                raise ValueError(
                    f"is a PNG with colour type {colour} and {depth} bits, which does "
                    "not exist"
                )
        elif kind == b"tRNS":
            transparent = True
        elif kind == b"IDAT":
            body.append(data[position + 8 : end - 4])
        elif kind == b"eXIf":
            orientation = _exif_orientation(data[position + 8 : end - 4])
        elif kind == b"IEND":
            break
        position = end
    # Pillow keeps the 16 bits of plain gray only.
    deep = depth == 16 and (colour != 0 or transparent)
    bits = depth * _PNG_CHANNELS[colour]
    _check_deflated(body, _png_bytes(width, height, bits, interlaced))
    return Plan("PNG", width, height, b"".join(kept), deep, orientation)


def _png_bytes(width, height, bits, interlaced):
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


def _check_deflated(parts, expected):
    """Refuse pixel data that end early: the decoders fill them up without a word."""
    inflater, found = zlib.decompressobj(), 0
    pending = b"".join(parts)
    try:
        while found < expected and not inflater.eof:
            found += len(inflater.decompress(pending, 1 << 20))
            pending = inflater.unconsumed_tail
            if not pending and found < expected:
                found += len(inflater.flush())
                break
    except zlib.error as error:
        raise ValueError("is a damaged PNG: its pixel data do not inflate") from error
    if found < expected:
        raise ValueError("is a truncated PNG: its pixel data end early")


# ---------------------------------------------------------------------------- JPEG

_JPEG_ALONE = {0x01, *range(0xD0, 0xD8)}  # TEM and RSTn have no length
_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_END, _JPEG_COMMENT = 0xDA, 0xD9, 0xFE


def _read_jpeg(data, max_pixels):
    kept, size, orientation = [b"\xff\xd8"], None, 1
    position = 2
    while True:
        position = data.find(b"\xff", position)
        while data[position : position + 1] == b"\xff":  # fill bytes
            position += 1
        if position <= 0 or position + 3 > len(data):
            raise ValueError("is a truncated JPEG: it holds a header and no pixels")
        marker = data[position]
        if marker == _JPEG_END:
            raise ValueError("is a JPEG without pixels")
        if marker == 0 or marker in _JPEG_ALONE:
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 1)
        if marker == _JPEG_SCAN:
            break
        end = position + 1 + length
        if length < 2 or end > len(data):
            raise ValueError("is a truncated JPEG: its header is cut off")
        segment = data[position + 3 : end]
        if marker in _JPEG_FRAMES:
            if len(segment) < 6:
                raise ValueError("is a damaged JPEG: its frame header is too short")
            if size is not None:
                raise ValueError("is a damaged JPEG: it has two frame headers")
            bits, height, width = struct.unpack_from(">BHH", segment)
            _check_size(width, height, max_pixels)
            size = (width, height)
            if bits != 8:
                raise ValueError(f"is a JPEG with {bits} bits a sample: expected 8")
        elif marker == 0xE1 and segment.startswith(b"Exif\x00\x00"):
            orientation = _exif_orientation(segment[6:])
        # Of the application segments only JFIF and Adobe say how pixels are stored.
        application = 0xE0 <= marker <= 0xEF or marker == _JPEG_COMMENT
        told = segment.startswith((b"JFIF\x00", b"Adobe"))
        if not application or (told and 12 <= len(segment)):
            kept.append(data[position - 1 : end])
        position = end
    if size is None:
        raise ValueError("is a damaged JPEG: it has no frame header")
    kept.append(data[position - 1 :])
    return Plan("JPEG", *size, b"".join(kept), orientation=orientation)


# ----------------------------------------------------------------------------- BMP


def _read_bmp(data, max_pixels):
    if len(data) < 26:
        raise ValueError("is a truncated BMP: its header is cut off")
    (header_size,) = struct.unpack_from("<I", data, 14)
    if header_size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    _check_size(width, abs(height), max_pixels)
    return Plan("BMP", width, abs(height), data)


# ---------------------------------------------------------------------------- TIFF

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _ROWS, _STRIP_COUNTS = 273, 274, 277, 278, 279
_PLANAR, _TILE_WIDTH, _TILE_LENGTH = 284, 322, 323
_TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _FORMAT = 324, 325, 338, 339
# The tags above and fill order, CCITT options, predictor, palette, JPEG tables, YCbCr.
_TIFF_KEPT = {_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _ROWS}
_TIFF_KEPT |= {_PLANAR, _TILE_WIDTH, _TILE_LENGTH, _EXTRA, _FORMAT}
_TIFF_KEPT |= {266, 292, 293, 317, 320, 347, 529, 530, 531, 532}
_TIFF_ONE = {_WIDTH, _LENGTH, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _ROWS, _PLANAR}
_TIFF_ONE |= {_TILE_WIDTH, _TILE_LENGTH, _ORIENTATION, 266, 292, 293, 317, 531}
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4}
_TIFF_SIZES |= {12: 8, 16: 8}
_TIFF_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}
_TIFF_LARGE = 2**26  # pixels a tile: Pillow counts these by a limit of its own


def _read_tags(data, wanted):
    """Return ``{tag: (type, count, raw bytes)}`` of the first page, and the order."""
    order = "<" if data[:2] == b"II" else ">"
    large = struct.unpack_from(order + "H", data, 2)[0] == 43
    first, count_code, entry_code, step, room = (
        (8, "Q", "HHQ", 20, 8) if large else (4, "H", "HHI", 12, 4)
    )
    offset_code = "Q" if large else "I"
    (start,) = struct.unpack_from(order + offset_code, data, first)
    (entries,) = struct.unpack_from(order + count_code, data, start)
    start += struct.calcsize(order + count_code)
    if entries > 4096 or start + entries * step > len(data):
        raise ValueError("is a truncated or damaged TIFF: its directory is cut off")
    tags = {}
    for i in range(entries):
        place = start + i * step
        tag, kind, count = struct.unpack_from(order + entry_code, data, place)
        if tag not in wanted or tag in tags:
            continue
        size = _TIFF_SIZES.get(kind, 0) * count
        place += step - room
        if size > room:
            (place,) = struct.unpack_from(order + offset_code, data, place)
        if size == 0 or place + size > len(data):
            raise ValueError(f"is a truncated or damaged TIFF: tag {tag} is cut off")
        if tag in _TIFF_ONE and count != 1:
            raise ValueError(f"is a damaged TIFF: tag {tag} has {count} values, not 1")
        tags[tag] = (kind, count, data[place : place + size])
    return tags, order


def _numbers(tags, order, tag, default=None):
    if tag not in tags:
        return default
    kind, count, raw = tags[tag]
    if kind not in _TIFF_CODES:
        raise ValueError(f"is a damaged TIFF: tag {tag} has type {kind}")
    return struct.unpack(f"{order}{count}{_TIFF_CODES[kind]}", raw)


def _read_tiff(data, max_pixels):
    try:
        wanted = _TIFF_KEPT | {_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS}
        tags, order = _read_tags(data, wanted | {_TILE_COUNTS, _ORIENTATION})
    except (struct.error, OverflowError) as error:
        raise ValueError("is a truncated TIFF: its header is cut off") from error

    def one(tag, default):
        return _numbers(tags, order, tag, (default,))[0]

    width, height = one(_WIDTH, 0), one(_LENGTH, 0)
    _check_size(width, height, max_pixels)
    samples, planar = one(_SAMPLES, 1), one(_PLANAR, 1)
    bits = set(_numbers(tags, order, _BITS, (1,)))
    formats = set(_numbers(tags, order, _FORMAT, (1,)))
    if len(bits) != 1 or len(formats) != 1 or samples > 6 or planar not in (1, 2):
        raise ValueError("is a TIFF whose samples are stored in a way unknown here")
    depth, number = bits.pop(), formats.pop()
    if not (number == 1 and depth in (1, 2, 4, 8, 12, 16)) and not (
        number == 3 and depth in (32, 64)
    ):
        kind = {1: "unsigned", 2: "signed", 3: "floating-point"}.get(number, "other")
        raise ValueError(
            f"is a TIFF with {kind} samples of {depth} bits: expected unsigned 8 or 16 "
            "bits, or floating point of 32 or 64 bits"
        )
    compression, photometric = one(_COMPRESSION, 1), one(_PHOTOMETRIC, 1)
    if compression == 6:
        raise ValueError("is a TIFF with old-style JPEG inside: convert it to PNG")
    deep = depth > 32 or (samples > 1 and depth > 8)
    if deep and (photometric not in (1, 2) or planar == 2):
        raise ValueError(
            f"is a TIFF with {depth}-bit samples in planes or a colour space unknown "
            "here: save it as interleaved RGB"
        )
    row = width * depth * (samples if planar == 1 else 1)
    parts = _tiff_parts(data, tags, order, row, samples if planar == 2 else 1)
    tile = one(_TILE_WIDTH, 0) * one(_TILE_LENGTH, 0)
    if tile > max(max_pixels, 2**16):
        raise ValueError(f"is a TIFF with tiles of {tile} pixels, beyond max_pixels")
    deep = deep or max(tile, width * height) > _TIFF_LARGE and depth >= 8
    inverted = depth == 16 and photometric == 0 and not deep
    if inverted:
        tags[_PHOTOMETRIC] = (3, 1, struct.pack(order + "H", 1))
    orientation = one(_ORIENTATION, 1)
    orientation = orientation if 1 <= orientation <= 8 else 1
    clean = _rebuilt_tiff(data, tags, order, parts)
    return Plan("TIFF", width, height, clean, deep, orientation, inverted)


def _tiff_parts(data, tags, order, row_bits, planes):
    """Return ``(offset, length)`` of every strip or tile, all inside the file."""
    tiled = _TILE_OFFSETS in tags
    offsets = _numbers(tags, order, _TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    lengths = _numbers(tags, order, _TILE_COUNTS if tiled else _STRIP_COUNTS)
    (height,) = _numbers(tags, order, _LENGTH)
    raw = _numbers(tags, order, _COMPRESSION, (1,))[0] == 1
    needed = None
    if tiled:
        (across,) = _numbers(tags, order, _TILE_WIDTH, (0,))
        (down,) = _numbers(tags, order, _TILE_LENGTH, (0,))
        if across * down == 0:
            raise ValueError("is a damaged TIFF: its tiles have no size")
        (width,) = _numbers(tags, order, _WIDTH)
        number = -(-width // across) * -(-height // down) * planes
        if raw:
            needed = [(row_bits // width * across + 7) // 8 * down] * number
    else:
        rows = max(1, min(_numbers(tags, order, _ROWS, (height,))[0], height))
        number = -(-height // rows) * planes
        if raw:
            each = [rows] * (height // rows) + [height % rows] * (height % rows > 0)
            needed = [(row_bits + 7) // 8 * count for count in each] * planes
        if lengths is None and raw and offsets is not None:
            lengths = needed
    if offsets is None or lengths is None or not len(offsets) == len(lengths) == number:
        raise ValueError(f"is a damaged TIFF: expected {number} strips or tiles")
    parts = list(zip(offsets, lengths))
    for i, (offset, length) in enumerate(parts):
        if offset + length > len(data) or (needed and length < needed[i]):
            raise ValueError("is a truncated TIFF: its pixels are cut off")
    if sum(lengths) > len(data):
        raise ValueError("is a damaged TIFF: its strips overlap")
    return parts


def _rebuilt_tiff(data, tags, order, parts):
    """Write a classic one-page TIFF that holds these strips and the kept tags."""
    tiled = _TILE_OFFSETS in tags
    body, places, position = [], [], 8
    for offset, length in parts:
        places.append(position)
        body.append(data[offset : offset + length] + b"\0" * (length % 2))
        position += length + length % 2
    if position > 2**32 - 2**24:
        raise ValueError("is a TIFF with more than 4 GB of pixels on its first page")
    kept = {tag: entry for tag, entry in tags.items() if tag in _TIFF_KEPT}
    n = len(parts)
    offsets_tag, lengths_tag = (
        (_TILE_OFFSETS, _TILE_COUNTS) if tiled else (_STRIP_OFFSETS, _STRIP_COUNTS)
    )
    kept[offsets_tag] = (4, n, struct.pack(f"{order}{n}I", *places))
    kept[lengths_tag] = (4, n, struct.pack(f"{order}{n}I", *(p[1] for p in parts)))
    entries, far = [], []
    place = position + 2 + 12 * len(kept) + 4
    for tag in sorted(kept):
        kind, count, raw = kept[tag]
        if kind == 16:
            numbers = struct.unpack(f"{order}{count}Q", raw)
            if max(numbers) >= 2**32:
                raise ValueError(f"is a damaged TIFF: tag {tag} is {max(numbers)}")
            kind, raw = 4, struct.pack(f"{order}{count}I", *numbers)
        value = raw.ljust(4, b"\0")
        if len(raw) > 4:
            value = struct.pack(order + "I", place)
            far.append(raw + b"\0" * (len(raw) % 2))
            place += len(far[-1])
        entries.append(struct.pack(order + "HHI", tag, kind, count) + value)
    head = data[:2] + struct.pack(order + "HI", 42, position)
    table = struct.pack(order + "H", len(entries)) + b"".join(entries) + b"\0" * 4
    return b"".join([head, *body, table, *far])


def _exif_orientation(data):
    """Return the EXIF orientation 1..8, and 1 for metadata that cannot be read."""
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    try:
        tags, order = _read_tags(data, {_ORIENTATION})
        (value,) = _numbers(tags, order, _ORIENTATION, (1,))
    except (ValueError, OverflowError, struct.error):
        return 1
    return value if 1 <= value <= 8 else 1


_READERS = {
    _PNG_MAGIC: _read_png,
    b"\xff\xd8\xff": _read_jpeg,
    b"BM": _read_bmp,
    b"II*\0": _read_tiff,
    b"MM\0*": _read_tiff,
    b"II+\0": _read_tiff,
    b"MM\0+": _read_tiff,
}
