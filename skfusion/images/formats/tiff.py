"""Read the first directory of a TIFF and check that the file holds its pixels."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct

from .jpeg import parse_jpeg
from .plan import Plan, check_size
from .tags import ORIENTATION, read_tags
from .tiff_layout import BYTE_CODES, PICTURE_CODES, RAW, Layout
from .tiff_meaning import meaning

__all__ = ["read_tiff"]

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_FILL, _STRIP_OFFSETS, _SAMPLES, _ROWS, _STRIP_COUNTS = 266, 273, 277, 278, 279
_PLANAR, _T4, _T6, _PREDICTOR, _PALETTE = 284, 292, 293, 317, 320
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325
_INKS, _EXTRA, _FORMAT, _JPEG_TABLES, _SUBSAMPLING = 332, 338, 339, 347, 530
_WANTED = {_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL, _STRIP_OFFSETS}
_WANTED |= {_SAMPLES, _ROWS, _STRIP_COUNTS, _PLANAR, _T4, _T6, _PREDICTOR, _PALETTE}
_WANTED |= {_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS, _INKS, _EXTRA}
_WANTED |= {_FORMAT, _JPEG_TABLES, _SUBSAMPLING, 529, 531, 532, ORIENTATION}
_MOST_SAMPLES = 64
_UNKNOWN_CODES = {
    6: " (old-style JPEG)",
    34712: " (JPEG 2000)",
    34887: " (LERC)",
    50001: " (WebP)",
    50002: " (JPEG XL)",
    52546: " (JPEG XL)",
}
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}  # sample formats; 4 is "undefined"
_NAMES = {"u": "unsigned", "i": "signed", "f": "floating-point"}
_DEPTHS = {"u": {*range(1, 17), 32, 64}, "i": {8, 16, 32, 64}, "f": {16, 32, 64}}
_YCBCR = 6


def read_tiff(data, max_pixels) -> Plan:
    """Read the tags of a TIFF, and check its strips or tiles."""
    try:
        tags = read_tags(data, _WANTED)
    except (struct.error, OverflowError) as error:
        raise ValueError("is a truncated TIFF: its header is cut off") from error
    width, height = tags.one(_WIDTH, 0), tags.one(_LENGTH, 0)
    check_size(width, height, max_pixels)
    tile = tags.one(_TILE_WIDTH, 0) * tags.one(_TILE_LENGTH, 0)
    if tile > max(max_pixels, 2**16):
        raise ValueError(f"is a TIFF with tiles of {tile} pixels, beyond max_pixels")
    layout = _layout(tags, width, height)
    layout.parts = _parts(data, tags, layout)
    if layout.compression == 7:
        _check_jpegs(data, layout)
    means = meaning(layout, tags.one(_PHOTOMETRIC, None), tags.numbers(_EXTRA, ()))

    def decode():
        return means(layout.samples(data))

    orientation = tags.one(ORIENTATION, 1)
    orientation = orientation if 1 <= orientation <= 8 else 1
    return Plan("TIFF", width, height, decode, orientation)


def _layout(tags, width, height):
    n = tags.one(_SAMPLES, 1)
    planar, compression = tags.one(_PLANAR, 1), tags.one(_COMPRESSION, 1)
    bits, formats = set(tags.numbers(_BITS, (1,))), set(tags.numbers(_FORMAT, (1,)))
    if len(bits) != 1 or len(formats) != 1 or planar not in (1, 2):
        raise ValueError(
            "is a TIFF whose samples are stored in a way unknown here: channels of "
            "different depth or kind"
        )
    if not 1 <= n <= _MOST_SAMPLES:
        raise ValueError(
            f"is a TIFF of {n} channels, at most {_MOST_SAMPLES} are read: split it, "
            "e.g. with gdal_translate -b"
        )
    depth, kind = bits.pop(), _KINDS.get(formats.pop(), "")
    if depth not in _DEPTHS.get(kind, ()):
        raise ValueError(
            f"is a TIFF with {_NAMES.get(kind, 'complex or other')} samples of {depth} "
            "bits: convert it, e.g. tifffile.imwrite(path, "
            "tifffile.imread(path).astype('float32'))"
        )
    if compression not in {RAW} | BYTE_CODES.keys() | PICTURE_CODES.keys():
        name = _UNKNOWN_CODES.get(compression, "")
        raise ValueError(
            f"is a TIFF of compression {compression}{name}, which is unknown here: "
            "save it without, with LZW or with deflate"
        )
    pictures = PICTURE_CODES.get(compression)
    if pictures and (kind != "u" or depth != pictures[1]):
        raise ValueError(
            f"is a damaged TIFF: {pictures[0]} of {_NAMES[kind]} {depth}-bit samples"
        )
    across, down = tags.one(_TILE_WIDTH, 0), tags.one(_TILE_LENGTH, 0)
    tiled = _TILE_OFFSETS in tags
    if tiled and across * down == 0:
        raise ValueError("is a damaged TIFF: its tiles have no size")
    rows = max(1, min(tags.one(_ROWS, height), height))
    photometric = tags.one(_PHOTOMETRIC, None)
    return Layout(
        width=width,
        height=height,
        n_samples=n,
        depth=depth,
        kind=kind,
        order=tags.order,
        planes=n if planar == 2 else 1,
        compression=compression,
        predictor=tags.one(_PREDICTOR, 1),
        fill=tags.one(_FILL, 1),
        tiled=tiled,
        tile=(across, down) if tiled else (width, rows),
        # Pillow asks libtiff for the colours of YCbCr, where samples may be shared.
        as_picture=bool(pictures) or photometric == _YCBCR,
        palette=tags.numbers(_PALETTE, ()),
        kept={
            tag: tags.entries[tag]
            for tag in (_T4, _T6, _JPEG_TABLES, _SUBSAMPLING, 529, 531, 532, _EXTRA)
            if tag in tags
        },
        photometric=photometric,
    )


def _parts(data, tags, layout):
    """Return ``(offset, length)`` of every strip or tile, all inside the file."""
    tiled = layout.tiled
    offsets = tags.numbers(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    lengths = tags.numbers(_TILE_COUNTS if tiled else _STRIP_COUNTS)
    n = layout.n_parts
    wrong = ValueError(f"is a damaged TIFF: expected {n} strips or tiles")
    if offsets is None or len(offsets) != n:  # before lists of that length are made
        raise wrong
    needed = layout.part_bytes()
    if lengths is None and layout.compression == RAW:
        lengths = needed
    if lengths is None or len(lengths) != n:
        raise wrong
    ratio = layout.most_expansion()
    for offset, length, wanted in zip(offsets, lengths, needed):
        if offset + length > len(data) or length * ratio < wanted:
            raise ValueError("is a truncated TIFF: its pixels are cut off")
    if sum(lengths) > len(data):
        raise ValueError("is a damaged TIFF: its strips overlap")
    return list(zip(offsets, lengths))


def _check_jpegs(data, layout):
    """Follow the codes of every JPEG inside."""
    tables = layout.kept.get(_JPEG_TABLES, (0, 0, b""))[2]
    rows = layout.part_rows()
    for i, (offset, length) in enumerate(layout.parts):
        inside = data[offset : offset + length]
        if not inside.startswith(b"\xff\xd8"):
            raise ValueError("is a damaged TIFF: a JPEG inside does not begin")
        try:
            found = parse_jpeg(inside, 2**31, tables)
        except ValueError as error:
            raise ValueError(f"is a damaged TIFF: a JPEG inside {error}") from None
        size = layout.tile[0], rows[i]
        if found.width < size[0] or found.height < size[1]:
            raise ValueError("is a damaged TIFF: a JPEG inside is too small")
        if found.width * found.height > 4 * layout.tile[0] * layout.tile[1] + 4096:
            raise ValueError("is a damaged TIFF: a JPEG inside is too large")
