"""read_image: every format and mode."""

# SPDX-License-Identifier: BSD-3-Clause
import io
import struct
import zlib

import cv2
import numpy as np
import PIL.Image
import pytest

from skfusion.images import ImageReadError, ImageWarning, read_image, write_image
from skfusion.images.cells import shape_of

from .made_files import COLOUR, GRAY, encoded, gray_tiff, png, read_bytes, saved


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
    assert shape_of(path) == expected.shape[:2]


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
    plain = [cv2.IMWRITE_TIFF_COMPRESSION, 1]  # OpenCV 4 took one for photographs
    path.write_bytes(cv2.imencode(".tif", image[..., ::-1], plain)[1].tobytes())
    np.testing.assert_allclose(read_image(path), image, rtol=1e-6)


def test_file_is_not_kept_open_or_locked(tmp_path):
    path = saved(tmp_path / "a.png", COLOUR)
    read_image(path)
    path.unlink()
