"""How the samples of a TIFF lie in its strips and tiles, and how to fetch them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from .libraries import decoded_bytes, with_pillow

__all__ = ["BYTE_CODES", "PICTURE_CODES", "RAW", "Layout"]

RAW = 1
# Codes that compress bytes, whatever they mean: how many bytes one can become.
BYTE_CODES = {5: 2730, 8: 1040, 32946: 1040, 32773: 64, 34925: 8192, 50000: 2**17}
# Codes that compress pictures: name, and the depth of their samples.
PICTURE_CODES = {2: ("fax", 1), 3: ("fax", 1), 4: ("fax", 1), 7: ("JPEG", 8)}
_JPEG = 7
_MOST_BYTES = 2**31
# In which of the byte codes a predictor works.
_PREDICTED = {5, 8, 32946, 34925, 50000}
_REVERSED = np.array([int(f"{i:08b}"[::-1], 2) for i in range(256)], np.uint8)
_ROWS_AT_ONCE = 2**22  # samples of odd depth that are unpacked together


@dataclass
class Layout:
    """What the tags say about where the samples are.

    Attributes
    ----------
    width, height, n_samples : int
    depth : int
        Bits a sample.
    kind : {"u", "i", "f"}
        Unsigned, signed, floating point.
    order : {"<", ">"}
    planes : int
        `n_samples` where each channel lies apart, else 1.
    compression, predictor, fill : int
        As the tags number them.
    tiled : bool
    tile : (int, int)
        Width and height of a tile or a strip.
    as_picture : bool
        Decoded by the library to colours, not to the samples as stored.
    palette : tuple of int
    kept : dict
        Tags that a decoder of pictures needs.
    photometric : int or None
    parts : list of (int, int)
        Offset and length of each strip or tile.
    """

    width: int
    height: int
    n_samples: int
    depth: int
    kind: str
    order: str
    planes: int
    compression: int
    predictor: int
    fill: int
    tiled: bool
    tile: tuple
    as_picture: bool
    palette: tuple
    kept: dict
    photometric: int | None
    parts: list = field(default_factory=list)

    def __post_init__(self):
        if self.predictor not in (1, 2, 3):
            raise ValueError(f"is a TIFF of predictor {self.predictor}, unknown here")
        used = self.compression in _PREDICTED and self.predictor > 1
        self._predictor = self.predictor if used else 1
        wrong = self.kind != "f" if self._predictor == 3 else self.depth % 8 != 0
        if self._predictor > 1 and wrong:
            raise ValueError(
                f"is a damaged TIFF: predictor {self.predictor} of {self.depth} bits"
            )
        rows = self.n_parts * self.tile[1] if self.tiled else self.height * self.planes
        if self._row * rows > _MOST_BYTES and not self.as_picture:
            raise ValueError("is a TIFF with more than 2 GB of samples: split it")

    @property
    def _channels(self):
        """Channels that lie together."""
        return self.n_samples if self.planes == 1 else 1

    @property
    def _row(self):
        """Bytes of a row of a tile or strip."""
        return (self.tile[0] * self._channels * self.depth + 7) // 8

    @property
    def n_parts(self):
        """How many strips or tiles there have to be."""
        width, rows = self.tile
        return -(-self.width // width) * -(-self.height // rows) * self.planes

    def part_rows(self):
        """Return the rows of every strip or tile."""
        rows = self.tile[1]
        if self.tiled:
            return [rows] * self.n_parts
        each = [rows] * (self.height // rows)
        each += [self.height % rows] * (self.height % rows > 0)
        return each * self.planes

    def part_bytes(self):
        """Return the bytes of every strip or tile once it is decoded."""
        return [self._row * rows for rows in self.part_rows()]

    def most_expansion(self):
        """Return how many bytes one byte of the file can become."""
        if self.compression == RAW:
            # Two of three samples of a YCbCr picture may stand for 16 pixels.
            return 8 if self.as_picture else 1
        if self.compression == _JPEG:
            return 2**10
        # A row of a fax that is like the one above takes one bit.
        return BYTE_CODES.get(self.compression, 8 * max(self._row, 1))

    def samples(self, data):
        """Fetch the samples.

        Parameters
        ----------
        data : bytes
            The whole file.

        Returns
        -------
        ndarray, shape (H, W, C)
            In the byte order of the machine; a depth below 16 bits that is no 8 in the
            next larger type, or 8-bit colours if the layout is `as_picture`.
        """
        if self.as_picture:
            return self._picture(data)
        each = len(self.parts) // self.planes
        planes = [
            self._plane(data, self.parts[i : i + each])
            for i in range(0, len(self.parts), each)
        ]
        return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)

    def _plane(self, data, parts):
        width, rows = self.tile
        across = -(-self.width // width)
        down = -(-self.height // rows)
        if self.compression == RAW:
            packed = self._raw(data, parts)
        else:
            packed = self._unpacked(data, parts, across, down)
        if not self.tiled:
            return self._numbers(packed)
        tiles = self._numbers(packed.reshape(down, across, rows, self._row))
        image = tiles.swapaxes(1, 2).reshape(down * rows, across * width, -1)
        return image[: self.height, : self.width]

    def _raw(self, data, parts):
        sizes = self.part_bytes()
        content = [data[at : at + size] for (at, _), size in zip(parts, sizes)]
        packed = np.frombuffer(b"".join(content), np.uint8)
        packed = _REVERSED[packed] if self.fill == 2 else packed
        return packed.reshape(-1, self._row)

    def _unpacked(self, data, parts, across, down):
        """Have a library decompress: to it, the rows are those of an 8-bit image."""
        width = self._row * across
        height = self.tile[1] * down if self.tiled else self.height
        tags = [(258, 3, 8), (259, 3, self.compression), (262, 3, 1), (277, 3, 1)]
        tags += [(256, 4, width), (257, 4, height), (266, 3, self.fill)]
        tags = {tag: (kind, [value]) for tag, kind, value in tags}
        file = _one_page(data, parts, tags, (self._row, self.tile[1]), self.tiled)
        packed = decoded_bytes(file)
        if not self.tiled:
            return packed
        return packed.reshape(down, self.tile[1], across, self._row).swapaxes(1, 2)

    def _numbers(self, packed):
        """Turn rows of bytes into rows of samples, shape (..., W, C)."""
        shape = (*packed.shape[:-1], -1, self._channels)
        if self.depth % 8:
            samples = self.tile[0] * self._channels
            return _unpack_bits(packed, samples, self.depth).reshape(shape)
        if self._predictor == 3:
            packed = packed.reshape(shape).cumsum(axis=-2, dtype=np.uint8)
            size = self.depth // 8
            # The bytes of a row lie by their weight, the heaviest first.
            packed = packed.reshape(*shape[:-2], size, -1).swapaxes(-1, -2)
            packed = np.ascontiguousarray(packed).view(f">f{size}")
            return packed.astype(f"f{size}").reshape(shape)
        size = self.depth // 8
        packed = np.ascontiguousarray(packed)
        if self._predictor == 2:
            numbers = packed.view(f"{self.order}u{size}").reshape(shape)
            numbers = numbers.cumsum(axis=-2, dtype=f"u{size}")
            return numbers.view(f"{self.kind}{size}")
        numbers = packed.view(f"{self.order}{self.kind}{size}").reshape(shape)
        return numbers.astype(f"{self.kind}{size}", copy=False)

    def _picture(self, data):
        tags = [(256, 4, self.width), (257, 4, self.height), (259, 3, self.compression)]
        # Where 0 is white it is turned afterwards, here as for every other layout.
        photometric = 1 if self.photometric in (None, 0) else self.photometric
        tags += [(262, 3, photometric), (277, 3, self.n_samples), (266, 3, self.fill)]
        tags += [(284, 3, 2 if self.planes > 1 else 1)]
        tags = {tag: (kind, [value]) for tag, kind, value in tags}
        tags[258] = (3, [self.depth] * self.n_samples)
        for tag, entry in self.kept.items():
            tags[tag] = entry
        file = _one_page(
            data, self.parts, tags, self.tile, self.tiled, order=self.order
        )
        return with_pillow("TIFF", file, (self.width, self.height))


def _unpack_bits(packed, samples, depth):
    """Return samples of a depth that is no whole byte, most significant bit first."""
    dtype = np.uint8 if depth < 8 else np.uint16
    rows = packed.reshape(-1, packed.shape[-1])
    out = np.empty((len(rows), samples), dtype)
    weights = (1 << np.arange(depth)[::-1]).astype(dtype)
    step = max(1, _ROWS_AT_ONCE // max(1, samples))
    for i in range(0, len(rows), step):
        bits = np.unpackbits(rows[i : i + step], axis=1, count=samples * depth)
        out[i : i + step] = bits.reshape(-1, samples, depth) @ weights
    return out


def _one_page(data, parts, tags, tile, tiled, order="<"):
    """Write a classic TIFF of one page that holds these parts and tags."""
    body, places, position = [], [], 8
    for offset, length in parts:
        places.append(position)
        body.append(data[offset : offset + length] + b"\0" * (length % 2))
        position += length + length % 2
    if position > 2**32 - 2**24:
        raise ValueError("it has more than 4 GB of pixels on its first page")
    lengths = [length for _, length in parts]
    if tiled:
        tags |= {322: (4, [tile[0]]), 323: (4, [tile[1]])}
        tags |= {324: (4, places), 325: (4, lengths)}
    else:
        tags |= {278: (4, [tile[1]]), 273: (4, places), 279: (4, lengths)}
    entries, far = [], []
    place = position + 2 + 12 * len(tags) + 4
    for tag in sorted(tags):
        entry = tags[tag]
        if len(entry) == 2:
            kind, values = entry
            code = f"{order}{len(values)}{'H' if kind == 3 else 'I'}"
            entry = kind, len(values), struct.pack(code, *values)
        kind, count, raw = entry
        value = raw.ljust(4, b"\0")
        if len(raw) > 4:
            value = struct.pack(order + "I", place)
            far.append(raw + b"\0" * (len(raw) % 2))
            place += len(far[-1])
        entries.append(struct.pack(order + "HHI", tag, kind, count) + value)
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, position)
    table = struct.pack(order + "H", len(entries)) + b"".join(entries) + b"\0" * 4
    return b"".join([head, *body, table, *far])
