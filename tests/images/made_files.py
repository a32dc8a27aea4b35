"""Image files of every kind, made by hand or by Pillow."""

# SPDX-License-Identifier: BSD-3-Clause
import io
import struct

import numpy as np
import PIL.Image

from skfusion.images import read_image
from tests.fuzz.mutations import png_chunk

GRAY = (np.arange(5 * 7).reshape(5, 7) * 7).astype(np.uint8)


COLOUR = np.stack([GRAY, GRAY[::-1], GRAY[:, ::-1]], axis=-1)


def saved(path, image, **options):
    """Write with Pillow, which knows modes that write_image has no need of."""
    if isinstance(image, np.ndarray):
        image = PIL.Image.fromarray(image)
    image.save(path, **options)
    return path


def encoded(image, format, **options):
    buffer = io.BytesIO()
    PIL.Image.fromarray(image).save(buffer, format=format, **options)
    return buffer.getvalue()


def png(width, height, depth, colour, *chunks, interlaced=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    body = b"".join(png_chunk(kind, data) for kind, data in chunks)
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    return start + body + png_chunk(b"IEND", b"")


def tiff(tags, body=b"", *, order="<", large=False):
    """Build a TIFF by hand: ``tags`` maps to (type, values) or an int (LONG)."""
    codes = {1: "B", 3: "H", 4: "I", 16: "Q"}
    head, start = (16, 16) if large else (8, 8)
    entry, count, offset = ("HHQ", "Q", "Q") if large else ("HHI", "H", "I")
    room = struct.calcsize(order + offset)
    data = {}
    for tag, value in tags.items():
        kind, values = value if isinstance(value, tuple) else (4, [value])
        data[tag] = (
            kind,
            len(values),
            struct.pack(f"{order}{len(values)}{codes[kind]}", *values),
        )
    place = start + len(body)
    far = (
        place
        + struct.calcsize(order + count)
        + len(data) * (20 if large else 12)
        + room
    )
    table, tail = struct.pack(order + count, len(data)), b""
    for tag in sorted(data):
        kind, number, raw = data[tag]
        value = raw.ljust(room, b"\0")
        if len(raw) > room:
            value = struct.pack(order + offset, far + len(tail))
            tail += raw
        table += struct.pack(order + entry, tag, kind, number) + value
    mark = b"II" if order == "<" else b"MM"
    top = mark + struct.pack(order + "H", 43 if large else 42)
    top += (
        struct.pack(order + "HHQ", 8, 0, place)
        if large
        else struct.pack(order + "I", place)
    )
    assert len(top) == head
    return top + body + table + b"\0" * room + tail


def gray_tiff(pixels, order="<", large=False, **changes):
    """Build an uncompressed one-strip gray TIFF; ``changes`` as ``t258=...``."""
    start = 16 if large else 8
    tags = {
        256: pixels.shape[1],
        257: pixels.shape[0],
        258: (3, [pixels.dtype.itemsize * 8]),
        259: (3, [1]),
        262: (3, [1]),
        273: start,
        277: (3, [1]),
        278: pixels.shape[0],
        279: pixels.nbytes,
    }
    for tag, value in changes.items():
        tags[int(tag[1:])] = value
    tags = {tag: value for tag, value in tags.items() if value is not None}
    return tiff(tags, pixels.tobytes(), order=order, large=large)


def read_bytes(tmp_path, data, **options):
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    return read_image(path, **options)
