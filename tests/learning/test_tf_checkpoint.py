"""A TensorFlow V2 checkpoint, written here byte by byte, is read as it was meant."""

import struct

import numpy as np
import pytest

from skfusion.learning.tf_checkpoint import read_tf_checkpoint

MAGIC = 0xDB4775248B80FB57


def varint(n):
    out = b""
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    """One field of a protocol buffer: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(dtype, shape, offset, size, shard=0):
    dims = b"".join(field(2, field(1, side)) for side in shape)
    message = field(1, dtype) + field(2, dims)
    if shard:
        message += field(3, shard)
    message += field(4, offset) + field(5, size)
    return message + varint(6 << 3 | 5) + b"\0\0\0\0"  # the checksum


def block(entries):
    """Entries with what their keys share left out, one restart, no compression."""
    out, before = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        rest = key[shared:]
        out += varint(shared) + varint(len(rest)) + varint(len(value)) + rest + value
        before = key
    return out + struct.pack("<II", 0, 1)


def write(folder, tensors, *, compressed=0, shard=0, dtype=None):
    codes = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "bool": 10}
    data, entries = b"", [(b"", field(1, 1))]
    for name in sorted(tensors):
        array = tensors[name]
        raw = array.tobytes()
        code = dtype or codes[array.dtype.name]
        entries.append(
            (name.encode(), entry(code, array.shape, len(data), len(raw), shard))
        )
        data += raw
    body = block(entries)
    handle = varint(0) + varint(len(body))
    index = block([(b"\xff", handle)])
    file = body + bytes([compressed]) + b"\0\0\0\0"
    place = len(file)
    file += index + b"\0" + b"\0\0\0\0"
    footer = varint(0) + varint(0) + varint(place) + varint(len(index))
    file += footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    path = folder / "model.ckpt.index"
    path.write_bytes(file)
    (folder / "model.ckpt.data-00000-of-00001").write_bytes(data)
    return path


@pytest.fixture
def tensors(rng):
    return {
        "net/conv1/bias": rng.random(5).astype(np.float32),
        "net/conv1/kernel": rng.random((3, 3, 2, 5)).astype(np.float32),
        "net/conv2/kernel": rng.random((1, 300)),
        "step": np.array(7, dtype=np.int64),
    }


def test_every_tensor_has_its_name_shape_and_values(tmp_path, tensors):
    found = read_tf_checkpoint(write(tmp_path, tensors))
    assert set(found) == set(tensors)
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert found[name].flags.writeable


def test_what_is_no_number_is_left_out(tmp_path, tensors):
    assert read_tf_checkpoint(write(tmp_path, tensors, dtype=7)) == {}


def test_missing_data_are_named(tmp_path, tensors):
    path = write(tmp_path, tensors)
    (tmp_path / "model.ckpt.data-00000-of-00001").unlink()
    with pytest.raises(ValueError, match="no 'model.ckpt.data-00000-of-00001'"):
        read_tf_checkpoint(path)


def test_short_data_are_named(tmp_path, tensors):
    path = write(tmp_path, tensors)
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(ValueError, match="the data end before 'step' does"):
        read_tf_checkpoint(path)


def test_compressed_and_split_checkpoints_are_refused(tmp_path, tensors):
    with pytest.raises(ValueError, match="compressed"):
        read_tf_checkpoint(write(tmp_path, tensors, compressed=1))
    with pytest.raises(ValueError, match="further data file"):
        read_tf_checkpoint(write(tmp_path, tensors, shard=1))


def test_a_damaged_index_is_refused(tmp_path, tensors, rng):
    path = write(tmp_path, tensors)
    whole = path.read_bytes()
    for broken in (b"", b"text", whole[:-1], whole[40:], whole[:-48] + whole[-40:]):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="no intact checkpoint index"):
            read_tf_checkpoint(path)
    for position in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[position] ^= 0x55
        path.write_bytes(flipped)
        try:
            read_tf_checkpoint(path)
        except ValueError as error:  # one clear sentence, or harmless
            assert str(error)
