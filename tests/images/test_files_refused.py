"""read_image: limits, damaged files and hostile ones."""

# SPDX-License-Identifier: BSD-3-Clause
import copy
import os
import pickle
import struct
import warnings
import zlib

import cv2
import numpy as np
import PIL.Image
import pytest

from skfusion.images import ImageReadError, ImageWarning, read_image
from tests.fuzz.images import seeds
from tests.fuzz.mutations import mutated, png_chunk, with_true_checksums

from .made_files import COLOUR, GRAY, encoded, gray_tiff, png, read_bytes, saved, tiff


def bomb(format, side):
    if format == "PNG":
        return png(side, side, 8, 0, (b"IDAT", zlib.compress(b"\0")))
    if format == "BMP":
        data = bytearray(encoded(GRAY, "BMP"))
        data[18:26] = struct.pack("<ii", side, -side)
        return bytes(data)
    if format == "JPEG":
        data = bytearray(encoded(GRAY, "JPEG"))
        place = data.index(b"\xff\xc0") + 5
        data[place : place + 4] = struct.pack(">HH", 60000, 60000)
        return bytes(data)
    return gray_tiff(GRAY, t256=side, t257=side)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "TIFF"])
def test_bomb_is_refused_by_its_header(tmp_path, format, monkeypatch):
    def decode(*_):
        raise AssertionError("a decoder was called")

    for module in ("png", "bmp", "jpeg", "tiff_layout"):
        monkeypatch.setattr(f"skfusion.images.formats.{module}.with_pillow", decode)
    monkeypatch.setattr("skfusion.images.formats.png.with_cv2", decode)
    monkeypatch.setattr("skfusion.images.formats.tiff_layout.decoded_bytes", decode)
    with pytest.raises(ImageReadError, match="more than max_pixels=134217728"):
        read_bytes(tmp_path, bomb(format, 100_000))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "TIFF"])
def test_max_pixels_is_inclusive(tmp_path, format):
    data = encoded(GRAY, format)
    assert read_bytes(tmp_path, data, max_pixels=35).shape == (5, 7)
    with pytest.raises(ImageReadError, match="7 x 5 pixels, more than max_pixels=34"):
        read_bytes(tmp_path, data, max_pixels=34)


def test_limit_of_pillow_plays_no_part(tmp_path, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 4)
    for format in ("PNG", "JPEG", "BMP"):
        assert read_bytes(tmp_path, encoded(GRAY, format)).shape == (5, 7)
    assert PIL.Image.MAX_IMAGE_PIXELS == 4


@pytest.mark.parametrize("max_pixels", [0, -1, True, float("nan")])
def test_max_pixels_is_checked(tmp_path, max_pixels):
    with pytest.raises(ValueError, match="max_pixels="):
        read_image(saved(tmp_path / "a.png", GRAY), max_pixels=max_pixels)


def test_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "a.png"
    with open(path, "wb") as file:
        file.truncate(2**31 + 1)  # a hole: takes no space on the disk
    with pytest.raises(ImageReadError, match="2147483649 bytes"):
        read_image(path)


def test_pipe_is_refused_without_waiting():
    if not os.path.exists("/dev/zero"):
        pytest.skip("no /dev/zero on this system")
    with pytest.raises(ImageReadError, match="no regular file"):
        read_image("/dev/zero")


def test_missing_file_and_folder_are_the_usual_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "none.png")
    with pytest.raises((IsADirectoryError, PermissionError)):
        read_image(tmp_path)


BAD = {
    "empty": (b"", r"is empty \(0 bytes\)"),
    "text": (b"this is text", "is no PNG, JPEG, TIFF or BMP image"),
    "other format": (encoded(GRAY, "GIF"), "is no PNG, JPEG, TIFF or BMP image"),
    "webp": (encoded(COLOUR, "WEBP"), "is no PNG"),
    "png signature only": (b"\x89PNG\r\n\x1a\n", "truncated PNG: its end is missing"),
    "png without header": (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b""),
        "PNG without a header",
    ),
    "png of no pixels": (png(0, 3, 8, 0), "says 0 x 3 pixels"),
    "png of a depth that is none": (png(1, 1, 3, 0), "colour type 0 and 3 bits"),
    "png with two headers": (
        png(1, 1, 8, 0, (b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0))),
        "two headers",
    ),
    "png with unknown critical chunk": (png(1, 1, 8, 0, (b"CgBI", b"")), "CgBI"),
    "png without pixels": (png(4, 4, 8, 0), "pixel data end early"),
    "png of too few rows": (
        png(4, 4, 8, 0, (b"IDAT", zlib.compress(b"\0" * 5))),
        "pixel data end early",
    ),
    "png, 16-bit, of too few rows": (
        png(4, 4, 16, 2, (b"IDAT", zlib.compress(b"\0" * 26))),
        "pixel data end early",
    ),
    "png, 16-bit, that does not inflate": (
        png(4, 4, 16, 2, (b"IDAT", b"nothing")),
        "do not inflate",
    ),
    "png, 16-bit, without pixels": (png(4, 4, 16, 2), "pixel data end early"),
    "jpeg marker only": (b"\xff\xd8\xff", "truncated JPEG"),
    "jpeg header only": (encoded(COLOUR, "JPEG")[:100], "JPEG"),
    "jpeg with no scan": (
        b"\xff\xd8\xff\xe0\0\x02\xff\xd9" + b"\0" * 9,
        "without pixels",
    ),
    "jpeg with no frame": (
        b"\xff\xd8\xff\xda\0\x02" + b"\0" * 20,
        "has no frame header",
    ),
    "jpeg with short frame": (
        b"\xff\xd8\xff\xc0\0\x04ab\xff\xda\0\x02",
        "frame header is too short",
    ),
    "jpeg with two frames": (
        b"\xff\xd8"
        + b"\xff\xc0\0\x0b\x08\0\x05\0\x07\x01\x01\x11\0" * 2
        + b"\xff\xda\0\x02",
        "two frame headers",
    ),
    "jpeg of 12 bits": (
        b"\xff\xd8"
        + b"\xff\xc1\0\x0b\x0c\0\x05\0\x07\x01\x01\x11\0"
        + b"\xff\xda\0\x02",
        "12 bits a sample",
    ),
    "bmp header only": (b"BM" + b"\0" * 10, "truncated BMP"),
    "bmp of no pixels": (b"BM" + b"\0" * 60, "says 0 x 0 pixels"),
    "bmp cut": (encoded(COLOUR, "BMP")[:-9], "truncated BMP: its pixels are cut off"),
    "tiff header only": (b"II*\0", "truncated TIFF"),
    "tiff directory outside": (b"II*\0\xff\xff\0\0", "truncated TIFF"),
    "tiff directory cut": (b"II*\0\x08\0\0\0\xff\0", "directory is cut off"),
    "tiff tag outside": (tiff({256: (4, [5, 6])})[:-4], "tag 256 is cut off"),
    "tiff with two widths": (tiff({256: (4, [5, 6])}), "tag 256 has 2 values"),
    "tiff width of a type that is none": (
        tiff({256: (1, [5])}).replace(b"\0\x01\x01\0", b"\0\x01\x02\0"),
        "tag 256 has type 2",
    ),
    "tiff without size": (tiff({259: (3, [1])}), "says 0 x 0 pixels"),
    "tiff cut": (gray_tiff(GRAY, t279=20), "its pixels are cut off"),
    "tiff strip outside": (gray_tiff(GRAY, t273=99999), "its pixels are cut off"),
    "tiff of 24-bit integers": (
        gray_tiff(GRAY, t258=(3, [24])),
        "unsigned samples of 24 bits: convert it, e.g. tifffile",
    ),
    "tiff of 8-bit floats": (
        gray_tiff(GRAY, t339=(3, [3])),
        "floating-point samples of 8",
    ),
    "tiff of complex": (gray_tiff(GRAY.astype("c8"), t339=(3, [6])), "other samples"),
    "tiff of mixed depths": (
        gray_tiff(COLOUR, t258=(3, [8, 8, 16]), t277=(3, [3])),
        "unknown here",
    ),
    "tiff of too many samples": (
        gray_tiff(GRAY, t277=(3, [65])),
        "65 channels, at most",
    ),
    "tiff of old jpeg": (gray_tiff(GRAY, t259=(3, [6])), "old-style JPEG"),
    "tiff of 16-bit planes that lack two strips": (
        gray_tiff(COLOUR.astype("u2"), t277=(3, [3]), t284=(3, [2]), t262=(3, [2])),
        "expected 3 strips",
    ),
    "tiff without strips": (gray_tiff(GRAY, t273=None), "expected 1 strips"),
    "tiff of too many strips": (gray_tiff(GRAY, t278=1), "expected 5 strips"),
    "tiff of overlapping strips": (
        gray_tiff(GRAY, t278=1, t259=(3, [5]), t273=(4, [8] * 5), t279=(4, [50] * 5)),
        "strips overlap",
    ),
    "tiff of tiles without size": (
        gray_tiff(GRAY, t322=0, t323=16, t324=8, t325=35),
        "tiles have no size",
    ),
    "tiff of huge tiles": (
        gray_tiff(GRAY, t322=2**16, t323=2**16, t324=8, t325=35, t259=(3, [5])),
        "tiles of 4294967296 pixels",
    ),
    "tiff of unknown compression": (
        gray_tiff(GRAY, t259=(3, [12345])),
        "compression 12345, which is unknown here: save it without",
    ),
    "tiff of unknown colour space": (
        gray_tiff(GRAY, t262=(3, [77])),
        r"a colour space unknown here \(77\)",
    ),
    "tiff of Lab colour": (
        gray_tiff(
            COLOUR, t256=7, t258=(3, [8] * 3), t277=(3, [3]), t262=(3, [8]), t279=105
        ),
        r"CIE L\*a\*b\*",
    ),
    "tiff of a predictor beyond 4 bytes": (
        gray_tiff(GRAY, large=True, t317=(16, [2**40])),
        "predictor 1099511627776, unknown here",
    ),
    "tiff of a size beyond 4 bytes": (
        gray_tiff(GRAY, large=True, t284=(16, [2**40 + 1])),
        "unknown here",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_an_error_that_names_it_and_says_why(tmp_path, case):
    data, message = BAD[case]
    with pytest.raises(ImageReadError, match=message) as caught:
        read_bytes(tmp_path, data)
    assert str(tmp_path / "file.bin") in str(caught.value)


def test_damaged_16_bit_tiff_is_an_error(tmp_path):
    image = (COLOUR.astype(np.uint16) * 250)[..., ::-1]
    data = bytearray(cv2.imencode(".tif", image)[1].tobytes())
    (offset,) = struct.unpack_from("<I", data, 4)
    data[8:offset] = b"\xff" * (offset - 8)
    with pytest.raises(ImageReadError, match="TIFF"):
        read_bytes(tmp_path, bytes(data))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "TIFF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_truncated_file_is_an_error(tmp_path, format, part, rng):
    image = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    data = encoded(image, format)
    with pytest.raises(ImageReadError):
        read_bytes(tmp_path, data[: int(part * len(data))])


def test_flipped_byte_in_a_png_is_an_error(tmp_path, rng):
    data = bytearray(encoded(rng.integers(0, 256, (24, 24), dtype=np.uint8), "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(ImageReadError, match="checksum"):
        read_bytes(tmp_path, bytes(data))


@pytest.mark.parametrize("decoded", [np.zeros((5, 8)), np.zeros((5, 7, 5))])
def test_decoder_that_disagrees_with_the_header_is_an_error(
    tmp_path, monkeypatch, decoded
):
    data = cv2.imencode(".png", COLOUR.astype(np.uint16))[1].tobytes()
    monkeypatch.setattr(cv2, "imdecode", lambda *_: decoded)
    with pytest.raises(ImageReadError, match="damaged"):
        read_bytes(tmp_path, data)


def test_lack_of_memory_is_not_called_a_damaged_file(tmp_path, monkeypatch):
    def decode(*_):
        raise MemoryError

    monkeypatch.setattr("skfusion.images.formats.png._unfiltered", decode)
    with pytest.raises(MemoryError):
        read_bytes(tmp_path, encoded(GRAY, "PNG"))


def test_error_is_a_value_error_and_an_os_error_and_travels(tmp_path):
    with pytest.raises(ImageReadError) as caught:
        read_bytes(tmp_path, b"")
    error = caught.value
    assert isinstance(error, ValueError)
    assert isinstance(error, OSError)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is ImageReadError
        assert str(twin) == str(error)


@pytest.mark.parametrize("number", range(len(seeds())))
def test_hostile_file_is_an_image_or_a_clear_error(tmp_path, number):
    data = seeds()[number]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImageWarning)
        assert read_bytes(tmp_path, data).shape[:2] == (17, 23)
    rng = np.random.default_rng(number)
    refused = 0
    for _ in range(36):
        hostile = with_true_checksums(mutated(data, rng))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ImageWarning)
            try:
                image = read_bytes(tmp_path, hostile, max_pixels=2**20)
            except ImageReadError as error:
                assert "file.bin" in str(error)
                refused += 1
            else:
                assert image.ndim == 2 or image.shape[2] == 3
                assert 1 <= image.shape[0] * image.shape[1] <= 2**20
    assert refused > 0
