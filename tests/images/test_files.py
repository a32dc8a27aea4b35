"""read_image and write_image: every mode, every error, and hostile files."""

# SPDX-License-Identifier: BSD-3-Clause
import copy
import io
import os
import pickle
import struct
import warnings
import zlib

import cv2
import numpy as np
import PIL.Image
import pytest

from skfusion.images import ImageReadError, ImageWarning, read_image, write_image
from tests.fuzz.images import seeds
from tests.fuzz.mutations import mutated, png_chunk, with_true_checksums

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


# ------------------------------------------------------------------------ reading


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
@pytest.mark.parametrize("image", [GRAY, COLOUR], ids=["gray", "colour"])
def test_lossless_8_bit_round_trip(tmp_path, suffix, image):
    path = tmp_path / f"a{suffix}"
    write_image(path, image)
    back = read_image(path)
    assert back.dtype == np.uint8
    assert back.flags.c_contiguous
    assert back.flags.writeable
    np.testing.assert_array_equal(back, image)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("image", [GRAY, COLOUR], ids=["gray", "colour"])
def test_lossless_16_bit_round_trip(tmp_path, suffix, image):
    image = image.astype(np.uint16) * 251 + 3
    path = tmp_path / f"a{suffix}"
    write_image(path, image, bit_depth=16)
    back = read_image(path)
    assert back.dtype == np.uint16
    np.testing.assert_array_equal(back, image)


@pytest.mark.parametrize("image", [GRAY, COLOUR], ids=["gray", "colour"])
def test_jpeg_is_close(tmp_path, rng, image):
    smooth = cv2.resize(image, (60, 40), interpolation=cv2.INTER_CUBIC)
    write_image(tmp_path / "a.jpg", smooth)
    back = read_image(tmp_path / "a.jpg")
    assert back.shape == smooth.shape
    assert np.abs(back.astype(int) - smooth).mean() < 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jpg"])
def test_tiny_sizes(tmp_path, shape, suffix):
    write_image(tmp_path / f"a{suffix}", np.full(shape, 0.5))
    np.testing.assert_array_equal(
        read_image(tmp_path / f"a{suffix}"), np.full(shape, 128)
    )


def test_content_decides_not_the_suffix(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(COLOUR, "PNG"))
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg"), COLOUR)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "TIFF"])
def test_trailing_garbage_is_left(tmp_path, format):
    clean = encoded(COLOUR, format)
    np.testing.assert_array_equal(
        read_bytes(tmp_path, clean + b"garbage" * 99), read_bytes(tmp_path, clean)
    )


@pytest.mark.parametrize(
    "name", ["a b.png", "-a.png", "日本 ü.png", "A.PNG", "a.b.png"]
)
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_awkward_names(tmp_path, name, bit_depth):
    write_image(tmp_path / name, COLOUR, bit_depth=bit_depth)
    back = read_image(str(tmp_path / name))
    np.testing.assert_array_equal(back // (257 if bit_depth == 16 else 1), COLOUR)


def test_equal_channels_become_one_and_nearly_equal_ones_stay(tmp_path):
    equal = np.repeat(GRAY[..., None], 3, axis=2)
    path = saved(tmp_path / "a.png", equal)
    np.testing.assert_array_equal(read_image(path), GRAY)
    nearly = equal.copy()
    nearly[-1, -1, 2] += 1
    np.testing.assert_array_equal(read_image(saved(tmp_path / "b.png", nearly)), nearly)


def test_one_bit_becomes_0_and_255(tmp_path):
    bits = PIL.Image.fromarray(GRAY > 100)
    for name in ("a.png", "a.tif", "a.bmp"):
        back = read_image(saved(tmp_path / name, bits))
        np.testing.assert_array_equal(back, np.where(GRAY > 100, 255, 0))
        assert back.dtype == np.uint8


@pytest.mark.parametrize(("depth", "levels"), [(2, 4), (4, 16)])
def test_gray_of_few_bits_fills_the_range(tmp_path, depth, levels):
    row = b"\0" + bytes([0b00011011] if depth == 2 else [0x01, 0x2F])
    data = png(4, 1, depth, 0, (b"IDAT", zlib.compress(row)))
    values = [0, 1, 2, 3] if depth == 2 else [0, 1, 2, 15]
    expected = [value * 255 // (levels - 1) for value in values]
    np.testing.assert_array_equal(read_bytes(tmp_path, data), [expected])


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_palette_becomes_colour(tmp_path, format):
    image = PIL.Image.fromarray(COLOUR).quantize(16)
    buffer = io.BytesIO()
    image.save(buffer, format=format)
    back = read_bytes(tmp_path, buffer.getvalue())
    np.testing.assert_array_equal(back, np.asarray(image.convert("RGB")))


def test_palette_of_grays_becomes_gray(tmp_path):
    image = PIL.Image.fromarray(GRAY).convert("P")
    np.testing.assert_array_equal(read_image(saved(tmp_path / "a.png", image)), GRAY)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_becomes_rgb(tmp_path, name):
    image = PIL.Image.new("CMYK", (6, 4), (0, 255, 255, 0))
    back = read_image(saved(tmp_path / name, image))
    assert back.shape == (4, 6, 3)
    assert back[..., 0].min() > 240
    assert back[..., 1:].max() < 15


@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a.png"])
@pytest.mark.parametrize("code", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, code, name):
    image = PIL.Image.fromarray(np.kron(COLOUR, np.ones((8, 8, 1), np.uint8)))
    exif = PIL.Image.Exif()
    exif[274] = code
    path = saved(tmp_path / name, image, exif=exif)
    with PIL.Image.open(path) as file:
        expected = np.asarray(PIL.ImageOps.exif_transpose(file))
    np.testing.assert_array_equal(read_image(path), expected)


@pytest.mark.parametrize(
    "exif",
    [b"", b"II*\0", b"garbage" * 9, b"II*\0\xff\xff\xff\xff", b"MM\0*" + b"\0" * 9],
)
def test_broken_exif_costs_nothing(tmp_path, exif):
    data = encoded(COLOUR, "JPEG", exif=b"Exif\0\0" + exif)
    np.testing.assert_array_equal(
        read_bytes(tmp_path, data), read_bytes(tmp_path, encoded(COLOUR, "JPEG"))
    )


def test_progressive_jpeg(tmp_path):
    data = encoded(
        np.kron(COLOUR, np.ones((8, 8, 1), np.uint8)), "JPEG", progressive=True
    )
    assert read_bytes(tmp_path, data).shape == (40, 56, 3)


def test_bmp_of_the_first_windows(tmp_path):
    data = bytearray(encoded(COLOUR, "BMP"))
    core = struct.pack("<IHHHH", 12, 7, 5, 1, 24)
    data[14:54] = core
    data[10:14] = struct.pack("<I", 26)
    np.testing.assert_array_equal(read_bytes(tmp_path, bytes(data)), COLOUR)


def test_first_page_of_a_tiff_is_read(tmp_path):
    pages = [PIL.Image.fromarray(GRAY), PIL.Image.fromarray(GRAY[::-1].copy())]
    path = saved(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    np.testing.assert_array_equal(read_image(path), GRAY)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_alpha_is_dropped_with_a_warning_if_it_hides_something(tmp_path, mode, name):
    image = PIL.Image.fromarray(COLOUR if mode == "RGBA" else GRAY)
    expected = COLOUR if mode == "RGBA" else GRAY
    image.putalpha(PIL.Image.fromarray(GRAY))
    saved(tmp_path / name, image)
    with pytest.warns(ImageWarning, match=f"{name} has an alpha channel") as seen:
        back = read_image(tmp_path / name)
    assert seen[0].filename == __file__
    np.testing.assert_array_equal(back, expected)
    image.putalpha(255)
    np.testing.assert_array_equal(read_image(saved(tmp_path / name, image)), expected)


def test_transparent_palette_entry_warns(tmp_path):
    image = PIL.Image.fromarray(COLOUR).quantize(16)
    path = saved(tmp_path / "a.png", image, transparency=int(np.asarray(image)[0, 0]))
    with pytest.warns(ImageWarning):
        assert read_image(path).shape == COLOUR.shape


@pytest.mark.parametrize("channels", [2, 4])
def test_16_bit_alpha_is_dropped(tmp_path, channels):
    pixels = np.arange(3 * 4 * channels).reshape(3, 4, channels) * 1000
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    data = png(4, 3, 16, {2: 4, 4: 6}[channels], (b"IDAT", zlib.compress(rows)))
    with pytest.warns(ImageWarning):
        back = read_bytes(tmp_path, data)
    expected = pixels[..., 0] if channels == 2 else pixels[..., :3]
    np.testing.assert_array_equal(back, expected)
    pixels[..., -1] = 65535
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    data = png(4, 3, 16, {2: 4, 4: 6}[channels], (b"IDAT", zlib.compress(rows)))
    np.testing.assert_array_equal(read_bytes(tmp_path, data), expected)


def test_interlaced_16_bit_png(tmp_path):
    pixels = np.full((3, 3, 3), 0x1234, ">u2")
    pixels[..., 1] = 0x0102
    rows = b""
    for x, y, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for row in pixels[y::dy, x::dx]:
            rows += b"\0" + row.tobytes() if row.size else b""
    data = png(3, 3, 16, 2, (b"IDAT", zlib.compress(rows)), interlaced=1)
    np.testing.assert_array_equal(read_bytes(tmp_path, data), pixels)
    data = png(3, 3, 16, 2, (b"IDAT", zlib.compress(rows[:-1])), interlaced=1)
    with pytest.raises(ImageReadError, match="pixel data end early"):
        read_bytes(tmp_path, data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("large", [False, True], ids=["classic", "BigTIFF"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_tiff_of_every_order_and_depth(tmp_path, order, large, dtype):
    pixels = (GRAY * 0.37).astype(order + dtype)
    number = (3, [3 if dtype[0] == "f" else 1])
    back = read_bytes(tmp_path, gray_tiff(pixels, order, large, t339=number))
    np.testing.assert_allclose(back, pixels, rtol=1e-7)
    assert back.dtype.kind == dtype[0]


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_in_which_0_is_white_is_inverted(tmp_path, dtype, order):
    pixels = GRAY.astype(order + dtype)
    back = read_bytes(tmp_path, gray_tiff(pixels, order, t262=(3, [0])))
    np.testing.assert_array_equal(back, np.iinfo(dtype).max - pixels)


def test_tiff_floats_are_returned_as_they_are(tmp_path):
    celsius = np.array([[-5.5, 0.0, 1e6], [np.nan, np.inf, 33.25]], np.float32)
    data = gray_tiff(celsius, t339=(3, [3]))
    np.testing.assert_array_equal(read_bytes(tmp_path, data), celsius)


def test_tiff_without_strip_counts(tmp_path):
    np.testing.assert_array_equal(
        read_bytes(tmp_path, gray_tiff(GRAY, t279=None)), GRAY
    )


@pytest.mark.parametrize("large", [False, True])
def test_tiff_offsets_of_8_bytes(tmp_path, large):
    start = 16 if large else 8
    data = gray_tiff(GRAY, large=large, t273=(16, [start]), t256=(16, [7]))
    np.testing.assert_array_equal(read_bytes(tmp_path, data), GRAY)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("image", [GRAY, COLOUR], ids=["gray", "colour"])
def test_compressed_tiff(tmp_path, compression, image):
    path = saved(tmp_path / "a.tif", image, compression=compression)
    np.testing.assert_array_equal(read_image(path), image)


def test_tiled_tiff(tmp_path):
    pixels = np.arange(32 * 16, dtype=np.uint16).reshape(32, 16)
    tags = {
        278: None,
        273: None,
        279: None,
        322: 16,
        323: 16,
        324: (4, [8, 8 + 512]),
        325: (4, [512, 512]),
    }
    data = gray_tiff(pixels, **{f"t{tag}": value for tag, value in tags.items()})
    np.testing.assert_array_equal(read_bytes(tmp_path, data), pixels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_colour_float_tiff(tmp_path, dtype):
    image = COLOUR.astype(dtype) / 255
    path = tmp_path / "a.tif"
    path.write_bytes(cv2.imencode(".tif", image[..., ::-1])[1].tobytes())
    np.testing.assert_allclose(read_image(path), image, rtol=1e-6)


def test_file_is_not_kept_open_or_locked(tmp_path):
    path = saved(tmp_path / "a.png", COLOUR)
    read_image(path)
    path.unlink()


# ------------------------------------------------------------------ limits, errors


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


# ------------------------------------------------------------------------ hostile


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


# ------------------------------------------------------------------------ writing


def test_floats_are_rounded_half_up(tmp_path):
    write_image(tmp_path / "a.png", np.array([[0.0, 0.5, 1.0, 0.1, 126.4 / 255]]))
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png"), [[0, 128, 255, 26, 126]]
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, bool])
def test_dtypes(tmp_path, dtype):
    write_image(tmp_path / "a.png", np.array([[0, 1, 1]], dtype=dtype))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[0, 255, 255]])


def test_depth_changes_keep_every_level(tmp_path):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_image(tmp_path / "a.png", levels, bit_depth=16)
    deep = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(deep, levels * np.uint16(257))
    write_image(tmp_path / "a.png", deep, bit_depth=8)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), levels)


def test_single_channel_axis_is_dropped(tmp_path):
    write_image(tmp_path / "a.png", GRAY[..., None])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), GRAY)


def test_strided_input_is_written_and_left_alone(tmp_path):
    image = COLOUR[::-1, ::2]
    before = COLOUR.copy()
    write_image(tmp_path / "a.png", image)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), image)
    np.testing.assert_array_equal(COLOUR, before)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jpg"])
def test_same_image_gives_the_same_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        write_image(tmp_path / f"{name}{suffix}", COLOUR)
    first, second = ((tmp_path / f"{n}{suffix}").read_bytes() for n in "ab")
    assert first == second


@pytest.mark.parametrize(
    ("name", "image", "options", "message"),
    [
        ("a.gif", GRAY, {}, r"ends in '.gif': expected one of .png"),
        ("a", GRAY, {}, "ends in ''"),
        ("a.jpg", GRAY, {"bit_depth": 16}, "bit_depth=16 with path=.*holds 8 bits"),
        ("a.BMP", GRAY, {"bit_depth": 16}, "bit_depth=16"),
        ("a.png", GRAY, {"bit_depth": 12}, "bit_depth=12: expected 8 or 16"),
        ("a.png", np.full((2, 2), 1.5), {}, "image has values from 1.5"),
        ("a.png", np.full((2, 2), np.nan), {}, "image holds 4 NaN"),
        ("a.png", np.zeros((2, 2, 4)), {}, r"image has shape \(2, 2, 4\)"),
        ("a.png", np.zeros((0, 2)), {}, "holds no pixel"),
        ("a.png", np.zeros((2, 2), np.int32), {}, "dtype int32"),
        ("none/a.png", GRAY, {}, "folder .*none' does not exist"),
    ],
)
def test_writing_errors_leave_nothing(tmp_path, name, image, options, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        write_image(tmp_path / name, image, **options)
    assert not list(tmp_path.iterdir())


def test_missing_folder_is_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_image(tmp_path / "none" / "a.png", GRAY)


def test_image_that_a_format_cannot_hold_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="cannot be held by"):
        write_image(tmp_path / "a.jpg", np.zeros((1, 70_000), np.uint8))
    assert not list(tmp_path.iterdir())


def test_overwrite(tmp_path):
    path = tmp_path / "a.png"
    write_image(path, GRAY)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_image(path, COLOUR, overwrite=False)
    np.testing.assert_array_equal(read_image(path), GRAY)
    write_image(path, COLOUR)
    np.testing.assert_array_equal(read_image(path), COLOUR)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_interrupted_write_keeps_the_old_file_and_leaves_no_other(
    tmp_path, monkeypatch, error
):
    path = tmp_path / "a.png"
    write_image(path, GRAY)

    def fail(*_):
        raise error

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(error):
        write_image(path, COLOUR)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    np.testing.assert_array_equal(read_image(path), GRAY)


def test_file_has_the_usual_permissions(tmp_path):
    write_image(tmp_path / "a.png", GRAY)
    (tmp_path / "b.png").touch()
    modes = {os.stat(tmp_path / name).st_mode for name in ("a.png", "b.png")}
    assert len(modes) == 1
