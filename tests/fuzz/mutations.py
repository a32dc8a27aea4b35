"""Ways to damage a file: some are accidents, some are meant."""

# SPDX-License-Identifier: BSD-3-Clause
import struct
import zlib

import numpy as np

__all__ = ["mutated", "png_chunk", "with_true_checksums"]

_EXTREMES = [
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"\x01\0\0\x80",
    b"\0\0\x27\x10",
    b"\x10\x27\0\0",
]
_HEAD = 200  # most fields that matter are near the ends


def mutated(data, rng) -> bytes:
    """Return a damaged copy.

    Parameters
    ----------
    data : bytes
        Not empty.
    rng : numpy.random.Generator

    Returns
    -------
    bytes
    """
    data = bytearray(data)
    for _ in range(1 + int(rng.integers(4) == 0)):
        _KINDS[rng.integers(len(_KINDS))](data, rng)
        if not data:
            break
    return bytes(data)


def _cut(data, rng):
    del data[int(rng.integers(len(data))) :]


def _other_bytes_at_an_end(data, rng):
    n = min(len(data), _HEAD)
    start = 0 if rng.integers(2) else len(data) - n
    for place in rng.integers(0, n, 1 + rng.integers(8)):
        data[start + place] = rng.integers(256)


def _flipped_bits(data, rng):
    for place in rng.integers(0, len(data), 1 + rng.integers(20)):
        data[place] ^= 1 << int(rng.integers(8))


def _extreme_number(data, rng):
    place = int(rng.integers(len(data)))
    size = int(rng.choice([2, 4, 8]))
    word = _EXTREMES[rng.integers(len(_EXTREMES))]
    data[place : place + size] = (word * 2)[:size]


def _piece_gone(data, rng):
    place = int(rng.integers(len(data)))
    del data[place : place + int(rng.integers(1, 40))]


def _piece_more(data, rng):
    place = int(rng.integers(len(data)))
    data[place:place] = rng.bytes(int(rng.integers(1, 40)))


def _piece_twice(data, rng):
    start, stop = sorted(int(i) for i in rng.integers(0, len(data) + 1, 2))
    data[stop:stop] = data[start:stop][:4096]


def _pieces_exchanged(data, rng):
    a, b, c = sorted(int(i) for i in rng.integers(0, len(data) + 1, 3))
    data[a:c] = data[b:c] + data[a:b]


def _piece_of_one_byte(data, rng):
    start, stop = sorted(int(i) for i in rng.integers(0, len(data) + 1, 2))
    fill = bytes([int(rng.choice([0, 0xFF, 0xAA]))])
    data[start:stop] = fill * (stop - start)


def _number_off_by_one(data, rng):
    place = int(rng.integers(min(len(data), _HEAD)))
    data[place] = (data[place] + int(rng.choice([-1, 1]))) % 256


_KINDS = (
    _cut,
    _other_bytes_at_an_end,
    _flipped_bits,
    _extreme_number,
    _piece_gone,
    _piece_more,
    _piece_twice,
    _pieces_exchanged,
    _piece_of_one_byte,
    _number_off_by_one,
)


def png_chunk(kind, data) -> bytes:
    """Return a chunk of a PNG with its true checksum."""
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def with_true_checksums(data) -> bytes:
    """Repair the checksums of a PNG, so that the damage reaches the decoder."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, place = data[:8], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        if len(body) < length:
            break
        out += png_chunk(kind, body)
        place += 12 + length
    return out


def generator(seed, name, number):
    """Return the random numbers of one case, the same in every run."""
    return np.random.default_rng([seed, number, *name.encode()])
