"""The tag directory that TIFF files and EXIF segments share."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct

__all__ = ["Tags", "exif_orientation", "exif_text", "read_tags"]

ORIENTATION = 274
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4}
_SIZES |= {12: 8, 16: 8}
_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}


class Tags:
    """The wanted entries of one directory.

    Parameters
    ----------
    order : {"<", ">"}
        Byte order of the file.
    entries : dict
        ``{tag: (type, count, raw bytes)}``
    """

    def __init__(self, order, entries):
        self.order = order
        self.entries = entries

    def __contains__(self, tag):
        return tag in self.entries

    def numbers(self, tag, default=None):
        """Return the values of a tag of unsigned numbers."""
        if tag not in self.entries:
            return default
        kind, count, raw = self.entries[tag]
        if kind not in _CODES:
            raise ValueError(f"is a damaged TIFF: tag {tag} has type {kind}")
        return struct.unpack(f"{self.order}{count}{_CODES[kind]}", raw)

    def one(self, tag, default):
        """Return the value of a tag that has one."""
        numbers = self.numbers(tag, (default,))
        if len(numbers) != 1:
            raise ValueError(
                f"is a damaged TIFF: tag {tag} has {len(numbers)} values, not 1"
            )
        return numbers[0]


def read_tags(data, wanted) -> Tags:
    """Read the wanted entries of the first directory of a TIFF.

    Parameters
    ----------
    data : bytes
    wanted : container of int

    Returns
    -------
    Tags

    Raises
    ------
    ValueError
        If the directory or one of these entries is cut off.
    struct.error, OverflowError
        If the header itself is.
    """
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
        size = _SIZES.get(kind, 0) * count
        place += step - room
        if size > room:
            (place,) = struct.unpack_from(order + offset_code, data, place)
        if size == 0 or place + size > len(data):
            raise ValueError(f"is a truncated or damaged TIFF: tag {tag} is cut off")
        tags[tag] = (kind, count, data[place : place + size])
    return Tags(order, tags)


def exif_orientation(data) -> int:
    """Return the EXIF orientation 1..8, and 1 for metadata that cannot be read."""
    tags = _exif(data, ORIENTATION)
    try:
        value = 1 if tags is None else tags.one(ORIENTATION, 1)
    except (ValueError, OverflowError, struct.error):
        return 1
    return value if 1 <= value <= 8 else 1


def exif_text(data, tag) -> str:
    """Return a text of EXIF metadata, empty where there is none."""
    tags = _exif(data, tag)
    if tags is None or tag not in tags:
        return ""
    return tags.entries[tag][2].split(b"\0")[0].decode("ascii", "replace").strip()


def _exif(data, tag):
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return None
    try:
        return read_tags(data, {tag})
    except (ValueError, OverflowError, struct.error):
        return None
