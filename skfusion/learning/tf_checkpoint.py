"""TensorFlow V2 checkpoints read as plain data, without TensorFlow."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

__all__ = ["read_tf_checkpoint"]

_FOOTER = 48
_LONGEST_KEY = 4096
# What reading a table with wrong lengths or kinds can end in.
_DAMAGES = (
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    UnicodeDecodeError,
    struct.error,
)
_MAGIC = 0xDB4775248B80FB57
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 10: "?"}


def read_tf_checkpoint(index) -> dict[str, np.ndarray]:
    """Read the numbers of a checkpoint.

    Parameters
    ----------
    index : path
        The file ending in ``.index``; the one ending in ``.data-00000-of-00001`` lies
        beside it.

    Returns
    -------
    dict of str to ndarray
        In the layout of TensorFlow: kernels are height, width, in, out. Tensors that
        are no numbers are left out.

    Raises
    ------
    ValueError
        If the index is damaged or compressed, or the data are missing, short, asked
        for again and again, or split over several files.
    """
    index = Path(index)
    data_file = index.with_name(index.stem + ".data-00000-of-00001")
    if not data_file.is_file():
        raise ValueError(f"{str(index)!r}: there is no {data_file.name!r} beside it.")
    data = data_file.read_bytes()
    try:
        entries = list(_table(index.read_bytes()))
        tensors = dict(_tensors(entries, data))
    except _DAMAGES:
        raise ValueError(f"{str(index)!r} is no intact checkpoint index.") from None
    return tensors


def _tensors(entries, data):
    left = 2 * len(data)  # an entry may name the numbers of another one
    for key, value in entries:
        if not key:
            continue  # the header
        fields = dict(_message(value))
        if fields.get(3, 0) != 0:
            raise ValueError(f"{key.decode()!r} lies in a further data file.")
        kind = _TYPES.get(fields.get(1))
        if kind is None:
            continue
        shape = [dict(_message(dim)).get(1, 0) for dim in _repeated(fields.get(2), 2)]
        start, size = fields.get(4, 0), fields.get(5, 0)
        count = int(np.prod(shape, dtype=np.int64))
        if start + size > len(data) or size != count * np.dtype(kind).itemsize:
            raise ValueError(f"the data end before {key.decode()!r} does.")
        left -= size
        if left < 0:
            raise ValueError("the index names the same data again and again.")
        array = np.frombuffer(data, kind, count, start)
        yield key.decode(), array.reshape(shape).copy()


def _table(file):
    """Yield the keys and values of a table of sorted strings."""
    footer = file[-_FOOTER:]
    if len(footer) < _FOOTER or struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise KeyError("magic")
    _, at = _varint(footer, 0)
    _, at = _varint(footer, at)
    handle = footer[at:]
    for _, value in _block(file, handle):
        yield from _block(file, value)


def _block(file, handle):
    """Yield the entries of one block; a key tells only what the one before lacks."""
    offset, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    if file[offset + size] != 0:
        raise ValueError(
            "the checkpoint index is compressed, which none of TensorFlow is."
        )
    block = file[offset : offset + size]
    (n_restarts,) = struct.unpack("<I", block[-4:])
    end, at, key = size - 4 - 4 * n_restarts, 0, b""
    while at < end:
        shared, at = _varint(block, at)
        n_new, at = _varint(block, at)
        n_value, at = _varint(block, at)
        key = key[:shared] + block[at : at + n_new]
        if len(key) > _LONGEST_KEY:
            raise KeyError("length")
        at += n_new
        yield key, block[at : at + n_value]
        at += n_value


def _message(data):
    """Yield numbers and values of the fields of a protocol buffer."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            size = {1: 8, 5: 4}[kind]
            value, at = data[at : at + size], at + size
        yield number, value


def _repeated(data, number):
    return [value for found, value in _message(data or b"") if found == number]


def _varint(data, at):
    """Return the number that starts at a byte, and where the next one starts."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
