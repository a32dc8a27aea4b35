"""The FFF records that FLIR cameras put into the APP1 segments of a JPEG."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["FlirFile", "read_flir"]

# The layout is that of the tables of ExifTool's module FLIR, see
# https://exiftool.org/TagNames/FLIR.html.
_MARK = b"FLIR\0"
_RAW, _CAMERA = 1, 32  # types of records
_MOST_RECORDS = 1024


@dataclass(frozen=True)
class FlirFile:
    """What there is to know about the raw image.

    Attributes
    ----------
    size : (int, int)
        Width and height.
    pixels : bytes
        A PNG, or 16-bit counts with the low byte first.
    planck : tuple of float
        R1, B, F, O, R2.
    emissivity, reflected_kelvin : float
        As set in the camera.
    median : int
        Median count that the camera noted, 0 if it did not.
    camera : str
    """

    size: tuple[int, int]
    pixels: bytes
    planck: tuple[float, ...]
    emissivity: float
    reflected_kelvin: float
    median: int
    camera: str


def read_flir(segments) -> FlirFile:
    """Join the segments and read the two records that matter.

    Parameters
    ----------
    segments : list of (int, bytes)
        Markers and contents.

    Returns
    -------
    FlirFile

    Raises
    ------
    ValueError
        With the reason, as a phrase that follows the file name.
    """
    data = _joined(segments)
    records = _records(data)
    if _RAW not in records or _CAMERA not in records:
        missing = "raw image" if _RAW not in records else "constants of the camera"
        raise ValueError(f"is a damaged radiometric JPEG: its {missing} are missing")
    raw, camera = records[_RAW], records[_CAMERA]
    if len(raw) < 34 or len(camera) < 0x33A:
        raise ValueError("is a damaged radiometric JPEG: a record is too short")
    size = struct.unpack_from(_order(raw) + "HH", raw, 2)

    def value(code, place):
        return struct.unpack_from(_order(camera) + code, camera, place)[0]

    planck = (
        *(value("f", place) for place in (0x58, 0x5C, 0x60)),
        float(value("i", 0x308)),
        value("f", 0x30C),
    )
    # All but the offset are positive; a NaN fails here too.
    if not all(constant > 0 for i, constant in enumerate(planck) if i != 3):
        raise ValueError("is a damaged radiometric JPEG: its constants make no sense")
    return FlirFile(
        size,
        bytes(raw[32:]),
        planck,
        value("f", 0x20),
        value("f", 0x28),
        value("H", 0x338),
        bytes(camera[0xD4:0xF4]).split(b"\0")[0].decode("ascii", "replace"),
    )


def _joined(segments):
    """Put the parts in the order of their numbers."""
    parts = {}
    last = 0
    for marker, content in segments:
        if marker == 0xE1 and content.startswith(_MARK) and len(content) > 8:
            number, last = content[6], content[7]
            parts.setdefault(number, content[8:])
    if sorted(parts) != list(range(last + 1)):
        raise ValueError("is a truncated radiometric JPEG: a part is missing")
    return b"".join(parts[number] for number in range(last + 1))


def _records(data):
    """Return ``{type: content}``, the first of each type."""
    if data[:4] not in (b"FFF\0", b"AFF\0") or len(data) < 64:
        raise ValueError("is a damaged radiometric JPEG: its records do not begin")
    order = ">" if 100 <= struct.unpack_from(">I", data, 20)[0] < 200 else "<"
    start, n = struct.unpack_from(order + "II", data, 24)
    if n > _MOST_RECORDS or start + 32 * n > len(data):
        raise ValueError("is a damaged radiometric JPEG: its table is cut off")
    records = {}
    for i in range(n):
        kind, _, _, _, place, length = struct.unpack_from(
            order + "HHIIII", data, start + 32 * i
        )
        if kind in (_RAW, _CAMERA) and kind not in records:
            if place + length > len(data):
                raise ValueError("is a truncated radiometric JPEG: a record is cut off")
            records[kind] = memoryview(data)[place : place + length]
    return records


def _order(record):
    """Return the byte order of a record, whose first number is a small one."""
    return "<" if struct.unpack_from("<H", record)[0] < 0x100 else ">"
