"""Read the segments of a JPEG and follow its codes to their end."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .jpeg_scans import Component, Scans
from .libraries import with_pillow
from .plan import Plan, Samples, check_size
from .tags import exif_orientation, exif_text

__all__ = ["Jpeg", "jpeg_header", "parse_jpeg", "radiometric_maker", "read_jpeg"]

_ALONE = {0x01, *range(0xD0, 0xD8)}  # TEM and RSTn have no length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_KINDS = {0xC0: False, 0xC1: False, 0xC2: True}  # sequential, progressive
_TABLES, _QUANTISERS, _RESTART, _SCAN, _END = 0xC4, 0xDB, 0xDD, 0xDA, 0xD9
_COMMENT = 0xFE
_MAKE = 271  # EXIF tag
_ARITHMETIC = "codes or samples of a rare kind (arithmetic, lossless, hierarchical)"


@dataclass
class Jpeg:
    """What the segments of a JPEG say.

    Attributes
    ----------
    width, height : int
    n_channels : int
    data : bytes
        The file without its metadata, up to its end mark.
    orientation : int
    segments : list of (int, bytes)
        Application segments: marker and content.
    """

    width: int = 0
    height: int = 0
    n_channels: int = 0
    data: bytes = b""
    orientation: int = 1
    segments: list = field(default_factory=list)


def read_jpeg(data, max_pixels) -> Plan:
    """Read the segments of a JPEG and check that its codes reach its last pixel."""
    jpeg = parse_jpeg(data, max_pixels)
    size = (jpeg.width, jpeg.height)

    def decode():
        image = with_pillow("JPEG", jpeg.data, size)
        expected = 1 if jpeg.n_channels == 1 else 3
        if image.dtype != "uint8" or image.shape[2] != expected:
            raise ValueError(
                f"it was decoded to {image.shape[2]} channels of {image.dtype}, which "
                "its header does not say"
            )
        return Samples(image, expected)

    return Plan("JPEG", *size, decode, jpeg.orientation, _notes(jpeg.segments))


def jpeg_header(data, max_pixels):
    """Return width, height and orientation without a look at the pixels."""
    size, orientation, position = None, 1, 2
    while True:
        position, marker = _next_marker(data, position)
        if marker in _ALONE:
            position += 2
            continue
        if marker in (_SCAN, _END):
            break
        segment, position = _segment(data, position)
        if marker in _FRAMES and len(segment) >= 6:
            size = struct.unpack_from(">HH", segment, 1)[::-1]
        elif marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            orientation = exif_orientation(segment[6:])
    if size is None:
        raise ValueError("is a damaged JPEG: it has no frame header")
    check_size(*size, max_pixels)
    return *size, orientation


def parse_jpeg(data, max_pixels, tables=b"") -> Jpeg:
    """Read segment by segment, scan by scan.

    Parameters
    ----------
    data : bytes
        From the start mark on.
    max_pixels : int
    tables : bytes, default=b""
        A JPEG of tables alone that belongs before this one, as TIFF files have.

    Returns
    -------
    Jpeg

    Raises
    ------
    ValueError
        With the reason, as a phrase that follows the file name.
    """
    jpeg, scans = Jpeg(), None
    if tables:
        data = b"\xff\xd8" + tables[2:].removesuffix(b"\xff\xd9") + data[2:]
    kept, position, copied = [b"\xff\xd8"], 2, None
    state = Scans(data)
    while True:
        position, marker = _next_marker(data, position)
        if marker in _ALONE:
            position += 2
            continue
        if marker == _END:
            break
        segment, end = _segment(data, position)
        if marker == _SCAN:
            if jpeg.n_channels == 0:
                raise ValueError("is a damaged JPEG: it has no frame header")
            copied = position if copied is None else copied
            position = state.follow(segment, end)
            scans = True
            continue
        if marker in _FRAMES:
            if jpeg.n_channels:
                raise ValueError("is a damaged JPEG: it has two frame headers")
            _read_frame(jpeg, state, marker, segment, max_pixels)
        elif marker == _TABLES:
            state.define_tables(segment)
        elif marker == _QUANTISERS:
            state.define_quantisers(segment)
        elif marker == _RESTART:
            state.interval = struct.unpack(">H", segment[:2].rjust(2, b"\0"))[0]
        application = 0xE0 <= marker <= 0xEF or marker == _COMMENT
        if application:
            jpeg.segments.append((marker, segment))
        if marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            jpeg.orientation = exif_orientation(segment[6:])
        # Of the application segments only JFIF and Adobe say how pixels are stored.
        told = segment.startswith((b"JFIF\0", b"Adobe")) and len(segment) >= 12
        if copied is None and (not application or told):
            kept.append(data[position:end])
        position = end
    if not scans:
        raise ValueError("is a JPEG without pixels")
    state.check_complete()
    kept.append(data[copied : position + 2])
    jpeg.data = b"".join(kept)
    return jpeg


def _next_marker(data, position):
    """Return the place and the number of the next marker."""
    position = data.find(b"\xff", position)
    while position >= 0:
        while data[position + 1 : position + 2] == b"\xff":  # fill bytes
            position += 1
        if position + 2 > len(data):
            break
        if data[position + 1]:
            return position, data[position + 1]
        position = data.find(b"\xff", position + 1)
    raise ValueError("is a truncated JPEG: its end is missing")


def _segment(data, position):
    """Return the content of a segment and the place behind it."""
    if position + 4 > len(data):
        raise ValueError("is a truncated JPEG: its end is missing")
    (length,) = struct.unpack_from(">H", data, position + 2)
    end = position + 2 + length
    if length < 2 or end > len(data):
        raise ValueError("is a truncated JPEG: a segment is cut off")
    return data[position + 4 : end], end


def _read_frame(jpeg, state, marker, segment, max_pixels):
    if len(segment) < 6 or len(segment) < 6 + 3 * segment[5]:
        raise ValueError("is a damaged JPEG: its frame header is too short")
    bits, height, width, n = struct.unpack_from(">BHHB", segment)
    check_size(width, height, max_pixels)
    if bits != 8:
        raise ValueError(f"is a JPEG with {bits} bits a sample: expected 8")
    if marker not in _KINDS:
        raise ValueError(f"is a JPEG with {_ARITHMETIC}: save it as PNG")
    if n not in (1, 3, 4):
        raise ValueError(f"is a JPEG of {n} components: expected 1, 3 or 4")
    components = [Component(*segment[i : i + 3]) for i in range(6, 6 + 3 * n, 3)]
    state.define_frame(width, height, components, _KINDS[marker])
    jpeg.width, jpeg.height, jpeg.n_channels = width, height, n


def radiometric_maker(segments) -> str:
    """Return whose raw data the segments hold: "FLIR", "DJI", or nobody's, "".

    Parameters
    ----------
    segments : list of (int, bytes)

    Returns
    -------
    str
    """
    if any(content.startswith(b"FLIR\0") for _, content in segments):
        return "FLIR"
    # DJI fills APP3 with its raw image and says so nowhere but in the name of the
    # maker; the segments that follow have marks of their own.
    exif = next((c[6:] for _, c in segments if c.startswith(b"Exif\0\0")), b"")
    dji = exif_text(exif, _MAKE).upper().startswith("DJI")
    dji |= any(b"drone-dji" in content for _, content in segments)
    raw = any(marker == 0xE3 and len(content) > 256 for marker, content in segments)
    return "DJI" if dji and raw else ""


def _notes(segments):
    """Say what a thermal camera hides behind its picture."""
    maker = radiometric_maker(segments)
    if not maker:
        return ()
    way = {
        "FLIR": "skfusion.images.read_radiometric(path) reads them",
        "DJI": "DJI's Thermal SDK converts them",
    }[maker]
    return (
        f"is a picture that a {maker} camera made of radiometric data in the same file "
        f"({way})",
    )
