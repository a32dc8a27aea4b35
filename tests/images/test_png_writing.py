"""Our PNG files: other readers see the same pixels, and zlib the same bytes."""

# SPDX-License-Identifier: BSD-3-Clause
import io
import zlib

import cv2
import numpy as np
import PIL.Image
import pytest

from skfusion._kernels.deflate import bound, deflate
from skfusion._kernels.png import filter_rows, unfilter
from skfusion.images.formats.png_writing import written_png

BLOCK = 2**17


def random_image(shape, dtype=np.uint8):
    rng = np.random.default_rng(0)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (16, 23), (300, 400)])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_opencv_reads_what_was_written(size, channels, dtype):
    image = random_image(size + channels, dtype)
    found = cv2.imdecode(np.frombuffer(written_png(image), np.uint8), -1)
    found = found[..., ::-1] if channels else found
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, image)


def test_pillow_reads_what_was_written_and_finds_nothing_damaged():
    image = random_image((20, 31, 3))
    data = io.BytesIO(written_png(image))
    PIL.Image.open(data).verify()
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(data)), image)


def test_a_strided_image_is_written():
    image = random_image((20, 32, 3))[::-1, ::2]
    found = np.asarray(PIL.Image.open(io.BytesIO(written_png(image))))
    np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize("step", [1, 2, 3, 6])
def test_filtered_rows_are_undone(step):
    image = random_image((9, 8 * step))
    rows = np.empty((9, 1 + 8 * step), np.uint8)
    filter_rows(image, step, rows)
    found = np.empty_like(image)
    assert unfilter(rows, step, found)
    np.testing.assert_array_equal(found, image)


def fibonacci():
    """Bytes so unevenly frequent that Huffman's codes would have more than 15 bits."""
    counts = [1, 1]
    while sum(counts) < 100_000:
        counts.append(counts[-1] + counts[-2])
    values = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    return np.random.default_rng(0).permutation(values)


STREAMS = {
    "one byte": np.array([7]),
    "two": np.array([7, 7]),
    "all of them": np.tile(np.arange(256), 3),
    "noise": np.random.default_rng(0).integers(0, 256, 2 * BLOCK + 5),
    "small numbers": np.random.default_rng(0).geometric(0.3, 3 * BLOCK),
    "one run": np.zeros(BLOCK),
    "a run into the next block": np.zeros(BLOCK + 300),
    "a last block of one": np.r_[np.zeros(BLOCK), 1],
    "codes that are cut": fibonacci(),
}


@pytest.mark.parametrize("name", STREAMS)
def test_zlib_inflates_the_same_bytes(name):
    data = STREAMS[name].astype(np.uint8)
    found = deflated(data)
    assert zlib.decompress(found, -15) == data.tobytes()


def test_runs_of_all_lengths_come_back():
    parts = [np.r_[1, np.zeros(length)] for length in range(600)]
    data = np.concatenate(parts).astype(np.uint8)
    assert zlib.decompress(deflated(data), -15) == data.tobytes()


def test_codes_are_as_short_as_those_of_zlib():
    data = STREAMS["small numbers"][:BLOCK].astype(np.uint8)
    plain = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    theirs = len(plain.compress(data) + plain.flush())
    assert len(deflated(data)) < 1.01 * theirs


def test_a_flat_image_takes_a_hundredth():
    assert len(written_png(np.zeros((480, 640), np.uint8))) < 480 * 640 / 100


def deflated(data):
    out = np.zeros(bound(data.size), np.uint8)
    n = deflate(data, out)
    assert n + 8 <= out.size
    return out[:n].tobytes()
