"""Every form that a writer can give an image is read as another reader reads it."""

import io
import itertools
import warnings

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile

from skfusion.images import ImageReadError, ImageWarning, read_image

H, W = 21, 37  # no multiple of 8 or 16: rows end inside a byte, tiles beyond the image
DTYPES = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]
ALPHA, PLAIN = "unassalpha", "unspecified"


def made(dtype, n, seed=0):
    """Draw an image that is no noise, so that every code has something to do."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:H, :W]
    image = np.stack([(k + 1) * rows + (3 - k) * columns for k in range(n)], axis=-1)
    image = image + rng.integers(0, 9, image.shape)
    if np.dtype(dtype).kind == "f":
        return (image / 7.0 - 3).astype(dtype)
    info = np.iinfo(dtype)
    span = 256 ** np.dtype(dtype).itemsize // 256
    return (info.min + image * span).astype(dtype)


def all_channels(path, n, **options):
    image = read_image(path, channels=range(n), **options)
    return image.reshape(H, W, n)


def quiet(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImageWarning)
        return read_image(path, **options)


def expected_dtype(dtype):
    return np.dtype("f4" if dtype == "f2" else dtype)


# ---------------------------------------------------------------------------- TIFF


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", "<>")
def test_tiff_of_every_dtype_order_code_and_layout(tmp_path, dtype, order):
    path = tmp_path / "a.tif"
    layouts = itertools.product(
        [None, "zlib", "lzma"],
        [(1, "contig"), (3, "contig"), (3, "separate"), (5, "contig")],
        [{}, {"tile": (16, 32)}, {"rowsperstrip": 4}],
        [False, True],
    )
    for compression, (n, planar), pieces, predicted in layouts:
        image = made(dtype, n)
        options = {"photometric": "rgb" if n == 3 else "minisblack", **pieces}
        if predicted:
            if not compression or dtype in ("f2", "f4", "f8", "u8", "i8"):
                continue  # nothing to predict, or no writer of it here
            options["predictor"] = 2
        stored = image[..., 0] if n == 1 else image
        if planar == "separate":
            stored = np.moveaxis(image, 2, 0)
        if n > 1:
            options["planarconfig"] = planar
        tifffile.imwrite(
            path, stored, byteorder=order, compression=compression, **options
        )
        got = all_channels(path, n)
        assert got.dtype == expected_dtype(dtype)
        assert got.dtype.isnative and got.flags.c_contiguous and got.flags.writeable
        np.testing.assert_array_equal(got, image, err_msg=f"{compression} {options}")
        again = tifffile.imread(path)
        again = np.moveaxis(again, 0, 2) if planar == "separate" else again
        np.testing.assert_array_equal(got, again.reshape(got.shape))
        if n in (1, 3):
            plain = read_image(path)
            np.testing.assert_array_equal(plain.reshape(got.shape), got)


def floating_predictor(image, order):
    """Store rows as Adobe's predictor 3 does: bytes by weight, then differences."""
    rows = []
    size = image.dtype.itemsize
    for row in image:
        weighted = row.astype(f">f{size}").reshape(-1, 1).view(np.uint8)
        flat = weighted.T.reshape(-1)
        n = image.shape[2]
        rows.append(np.concatenate([flat[:n], np.subtract(flat[n:], flat[:-n])]))
    return np.stack(rows).tobytes()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("n", [1, 3])
def test_tiff_of_the_floating_point_predictor(tmp_path, dtype, n):
    import zlib

    from tests.images.made_files import tiff

    image = made(dtype, n)
    for order in "<>":
        body = zlib.compress(floating_predictor(image, order))
        tags = {256: W, 257: H, 258: (3, [8 * image.itemsize] * n), 259: (3, [8])}
        tags |= {262: (3, [2 if n == 3 else 1]), 273: 8, 277: (3, [n]), 278: H}
        tags |= {279: len(body), 317: (3, [3]), 339: (3, [3] * n)}
        (tmp_path / "a.tif").write_bytes(tiff(tags, body, order=order))
        np.testing.assert_array_equal(
            all_channels(tmp_path / "a.tif", n), image.astype(expected_dtype(dtype))
        )


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "LA", "P", "I;16", "F", "I"])
def test_tiff_of_pillow(tmp_path, mode, compression):
    colour = PIL.Image.fromarray(made("u1", 3))
    picture = {
        "I;16": lambda: PIL.Image.fromarray(made("u2", 1)[..., 0]),
        "F": lambda: PIL.Image.fromarray(made("f4", 1)[..., 0]),
        "I": lambda: PIL.Image.fromarray(made("i4", 1)[..., 0]),
    }.get(mode, lambda: colour.convert(mode))()
    picture.save(tmp_path / "a.tif", compression=compression)
    got = quiet(tmp_path / "a.tif")
    with PIL.Image.open(tmp_path / "a.tif") as back:
        wanted = back.convert("RGB") if mode in ("P", "RGBA") else back
        wanted = np.asarray(back.convert("L") if mode == "LA" else wanted)
    wanted = wanted * np.uint8(255) if mode == "1" else wanted
    np.testing.assert_array_equal(got, wanted)
    assert got.dtype == wanted.dtype


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_tiff_of_opencv(tmp_path, compression):
    for dtype, n in itertools.product(["u1", "u2", "f4", "f8"], [1, 3, 4]):
        image = made(dtype, n)
        written = image if n == 1 else image[..., [2, 1, 0, 3][:n]]
        option = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
        assert cv2.imwrite(str(tmp_path / "a.tif"), written, option)
        np.testing.assert_array_equal(all_channels(tmp_path / "a.tif", n), image)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_unsigned_tiff_in_which_0_is_white_is_turned(tmp_path, dtype, compression):
    for order in "<>":
        image = made(dtype, 1)[..., 0]
        tifffile.imwrite(
            tmp_path / "a.tif",
            image,
            photometric="miniswhite",
            byteorder=order,
            compression=compression,
        )
        top = np.iinfo(dtype).max
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), top - image)


@pytest.mark.parametrize("dtype", ["i2", "f4", "f8"])
def test_other_tiff_in_which_0_is_white_is_an_error_with_a_way_out(tmp_path, dtype):
    path = tmp_path / "a.tif"
    stored = made(dtype, 1)[..., 0]
    tifffile.imwrite(path, stored, photometric="miniswhite")
    with pytest.raises(ImageReadError, match="no value is black: save it") as caught:
        read_image(path)
    code = str(caught.value).split("e.g. ")[1].removesuffix(".")
    exec(code, {"tifffile": tifffile, "path": path})
    np.testing.assert_array_equal(read_image(path), stored.max() - stored)


def test_large_tiff_in_which_0_is_white(tmp_path):
    image = np.full((8200, 8200), 1000, np.uint16)  # beyond 2**26 pixels
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, image, photometric="miniswhite", compression="zlib")
    back = read_image(path)
    assert back.shape == image.shape
    assert back.min() == back.max() == 65535 - 1000


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_tiff_that_does_not_say_what_its_numbers_are(tmp_path, dtype, n):
    from tests.images.made_files import tiff

    image = made(dtype, n)
    tags = {256: W, 257: H, 258: (3, [8 * image.itemsize] * n), 259: (3, [1])}
    tags |= {273: 8, 277: (3, [n]), 278: H, 279: image.nbytes}
    (tmp_path / "a.tif").write_bytes(tiff(tags, image.tobytes()))
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.tif").reshape(image.shape), image
    )


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6, 10, 12, 14])
@pytest.mark.parametrize("fill", [1, 2])
def test_tiff_of_packed_bits(tmp_path, depth, fill):
    from tests.images.made_files import tiff

    levels = np.random.default_rng(0).integers(0, 1 << depth, (H, W))
    bits = (levels[..., None] >> np.arange(depth)[::-1]) & 1
    packed = np.packbits(bits.reshape(H, -1).astype(np.uint8), axis=1)
    if fill == 2:
        packed = np.packbits(
            np.unpackbits(packed[..., None], axis=2)[..., ::-1], axis=2
        )
    tags = {256: W, 257: H, 258: (3, [depth]), 259: (3, [1]), 262: (3, [1])}
    tags |= {266: (3, [fill]), 273: 8, 277: (3, [1]), 278: H, 279: packed.size}
    (tmp_path / "a.tif").write_bytes(tiff(tags, packed.tobytes()))
    got = read_image(tmp_path / "a.tif")
    if depth < 8:
        assert got.dtype == np.uint8
        top = (1 << depth) - 1
        np.testing.assert_array_equal(got, np.floor(levels * 255 / top + 0.5))
    else:
        assert got.dtype == np.uint16
        np.testing.assert_array_equal(got, levels)
    tags[262] = (3, [0])
    (tmp_path / "a.tif").write_bytes(tiff(tags, packed.tobytes()))
    turned = read_image(tmp_path / "a.tif")
    top = 255 if depth < 8 else (1 << depth) - 1
    np.testing.assert_array_equal(turned, got.dtype.type(top) - got)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_alpha_of_a_tiff_is_named_and_dropped(tmp_path, dtype, photometric):
    n = 2 if photometric == "minisblack" else 4
    path = tmp_path / "a.tif"
    for kind, planar in itertools.product(
        ["unassalpha", "assocalpha"], ["contig", "separate"]
    ):
        image = made(dtype, n)
        write = {"photometric": photometric, "extrasamples": [kind]}
        stored = np.moveaxis(image, 2, 0) if planar == "separate" else image
        tifffile.imwrite(path, stored, planarconfig=planar, **write)
        with pytest.warns(ImageWarning, match="alpha channel that is not opaque"):
            got = read_image(path)
        np.testing.assert_array_equal(got.reshape(H, W, n - 1), image[..., : n - 1])
        image[..., -1] = 1 if dtype == "f4" else np.iinfo(dtype).max
        stored = np.moveaxis(image, 2, 0) if planar == "separate" else image
        tifffile.imwrite(path, stored, planarconfig=planar, **write)
        np.testing.assert_array_equal(
            read_image(path).reshape(H, W, n - 1), image[..., : n - 1]
        )


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize(
    "extra", [[PLAIN], [PLAIN] * 2, [PLAIN] * 3, [PLAIN] * 2 + [ALPHA]]
)
def test_bands_of_a_tiff_whose_tag_says_gray(tmp_path, dtype, extra):
    """As GDAL and photogrammetry write colour of 16 bits."""
    n = 1 + len(extra)
    image = made(dtype, n)
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, image, photometric="minisblack", extrasamples=extra, planarconfig="contig"
    )
    with pytest.warns(ImageWarning) as seen:
        got = read_image(path)
    assert got.dtype == dtype
    message = " ".join(str(w.message) for w in seen)
    if n == 2:
        np.testing.assert_array_equal(got, image[..., 0])
        assert "channel 1, of which its tags do not say" in message
    else:
        np.testing.assert_array_equal(got, image[..., :3])
        assert "a tag that says gray: the first three are read as red" in message
    assert ("channel 3, of which" in message) == (n == 4 and ALPHA not in extra)
    assert ("alpha" in message) == (ALPHA in extra)
    np.testing.assert_array_equal(all_channels(path, n), image)


def test_a_fourth_channel_beside_colour_is_left_out_with_a_warning(tmp_path):
    image = made("u2", 4)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", extrasamples=[PLAIN])
    with pytest.warns(ImageWarning, match=r"has channel 3, .* read_image\(path, chan"):
        got = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(got, image[..., :3])


def test_five_bands_of_no_name_are_an_error_with_a_way_out(tmp_path):
    image = made("u2", 5)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, image, photometric="minisblack", planarconfig="contig")
    with pytest.raises(ImageReadError, match=r"channels=\(0, 1, 2\)\)"):
        read_image(path)
    got = read_image(path, channels=(0, 1, 2))
    np.testing.assert_array_equal(got, image[..., :3])


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_palette_and_inks_of_a_tiff(tmp_path, dtype):
    indices = made(dtype, 1)[..., 0]
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 65536, (3, 1 << (8 * indices.itemsize))).astype(np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif", indices, photometric="palette", colormap=palette
    )
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.tif"), np.moveaxis(palette >> 8, 0, 1)[indices]
    )
    inks = made(dtype, 4)
    tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated")
    got = read_image(tmp_path / "a.tif")
    top = np.iinfo(dtype).max
    light = (top - inks[..., :3].astype(float)) * (top - inks[..., 3:].astype(float))
    assert got.dtype == dtype
    np.testing.assert_allclose(got, light / top, atol=0.51)
    if dtype == "u1":
        with PIL.Image.open(tmp_path / "a.tif") as picture:
            wanted = np.asarray(picture.convert("RGB"))
        np.testing.assert_allclose(got, wanted, atol=1)


@pytest.mark.parametrize("photometric", [0, 1])
def test_jpeg_and_fax_in_a_tiff(tmp_path, photometric):
    from tests.images.made_files import tiff

    gray = made("u1", 1)[..., 0]
    buffer = io.BytesIO()
    PIL.Image.fromarray(gray).save(buffer, "JPEG", quality=95)
    body = buffer.getvalue()
    tags = {256: W, 257: H, 258: (3, [8]), 259: (3, [7]), 262: (3, [photometric])}
    tags |= {273: 8, 277: (3, [1]), 278: H, 279: len(body)}
    (tmp_path / "a.tif").write_bytes(tiff(tags, body))
    shown = np.asarray(PIL.Image.open(buffer))
    wanted = shown if photometric else 255 - shown
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), wanted)
    for fax in ("group3", "group4", "tiff_ccitt"):
        PIL.Image.fromarray(gray > 60).save(
            tmp_path / "b.tif", compression=fax, tiffinfo={262: photometric}
        )
        with PIL.Image.open(tmp_path / "b.tif") as picture:
            wanted = np.asarray(picture) * np.uint8(255)
        np.testing.assert_array_equal(read_image(tmp_path / "b.tif"), wanted)


# ---------------------------------------------------------------- PNG, JPEG and BMP


def as_pillow(path):
    with PIL.Image.open(path) as picture:
        if picture.mode in ("I;16", "I;16B", "I", "F", "L"):
            return np.asarray(picture)
        if picture.mode == "1":
            return np.asarray(picture) * np.uint8(255)
        if picture.mode == "LA":
            return np.asarray(picture)[..., 0]
        return np.asarray(picture.convert("RGBA"))[..., :3]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("colour", [0, 2, 3, 4, 6])
@pytest.mark.parametrize("key", [False, True])
def test_png_of_every_type(tmp_path, depth, colour, key):
    import zlib

    from tests.images.made_files import png

    kinds = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    if depth not in kinds[colour] or (key and colour in (4, 6)):
        return
    n = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    levels = np.random.default_rng(0).integers(0, 1 << depth, (H, W, n))
    bits = (levels.reshape(H, -1, 1) >> np.arange(depth)[::-1]) & 1
    rows = np.packbits(bits.reshape(H, -1).astype(np.uint8), axis=1)
    chunks = []
    palette = np.random.default_rng(1).integers(0, 256, (1 << depth, 3)).astype("u1")
    if colour == 3:
        chunks.append((b"PLTE", palette.tobytes()))
    if key:
        first = levels[0, 0].astype(">u2").tobytes()
        chunks.append((b"tRNS", b"\0\x80" if colour == 3 else first))
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    data = png(W, H, depth, colour, *chunks, (b"IDAT", body))
    (tmp_path / "a.png").write_bytes(data)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        got = read_image(tmp_path / "a.png")
    assert [w.category for w in seen] == ([ImageWarning] if key or n in (2, 4) else [])
    if colour == 3:
        wanted = palette[levels[..., 0]]
    else:
        wanted = levels[..., : 1 if n < 3 else 3]
        wanted = wanted * 255 // ((1 << depth) - 1) if depth < 8 else wanted
    np.testing.assert_array_equal(got.reshape(wanted.shape), wanted)
    assert got.dtype == ("u2" if depth == 16 else "u1")
    if depth < 16 or n == 1:  # Pillow keeps 16 bits of plain gray only
        np.testing.assert_array_equal(got, as_pillow(tmp_path / "a.png"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("format", ["png", "jpg", "bmp"])
def test_what_pillow_writes_is_read_as_pillow_reads_it(tmp_path, mode, format):
    held = {"jpg": ("L", "RGB", "CMYK"), "bmp": ("1", "L", "P", "RGB", "RGBA")}
    if mode not in held.get(format, ("1", "L", "P", "RGB", "RGBA", "I;16")):
        return
    colour = PIL.Image.fromarray(made("u1", 3))
    deep = PIL.Image.fromarray(made("u2", 1)[..., 0])
    picture = deep if mode == "I;16" else colour.convert(mode)
    options = [{}]
    if format == "jpg":
        options = [
            {},
            {"progressive": True},
            {"optimize": True, "quality": 30},
            {"subsampling": 0},
            {"restart_marker_blocks": 3},
        ]
    for option in options:
        path = tmp_path / f"a.{format}"
        picture.save(path, **option)
        got, wanted = quiet(path), as_pillow(path)
        if wanted.ndim == 3 and got.ndim == 2:  # equal channels are one
            wanted = wanted[..., 0]
        np.testing.assert_array_equal(got, wanted)


def filtered_png(colour, filters, n_channels, change=lambda body: body):
    """Random filtered bytes under the given filters: whatever they say is an image."""
    import zlib

    from tests.images.made_files import png

    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (len(filters), 1 + W * n_channels), dtype=np.uint8)
    rows[:, 0] = filters
    body = change(zlib.compress(rows.tobytes()))
    return png(W, len(filters), 8, colour, (b"IDAT", body))


@pytest.mark.parametrize(("colour", "n"), [(0, 1), (2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("first", range(5))
def test_png_filters_are_undone_as_pillow_does(tmp_path, colour, n, first):
    path = tmp_path / "a.png"
    path.write_bytes(filtered_png(colour, [first, *range(5), 4, 4, 3, 2, 1], n))
    got = quiet(path)
    wanted = np.asarray(PIL.Image.open(path)).reshape(11, W, n)
    wanted = wanted[..., 0] if n < 3 else wanted[..., :3]
    np.testing.assert_array_equal(got, wanted)


def test_png_of_an_unknown_filter_or_a_wrong_sum_is_an_error(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(filtered_png(2, [0, 5], 3))
    with pytest.raises(ImageReadError, match="a filter that does not exist"):
        read_image(path)
    path.write_bytes(filtered_png(2, [0, 1], 3, lambda body: body[:-1] + b"\0"))
    with pytest.raises(ImageReadError, match="do not inflate"):
        read_image(path)


# ------------------------------------------------------------------ chosen channels


def test_channels_are_chosen_by_name_or_number(tmp_path):
    image = made("u1", 4)
    cv2.imwrite(str(tmp_path / "a.png"), image[..., [2, 1, 0, 3]])
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png", channels="rgbt"), image
    )
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png", channels=3), image[..., 3]
    )
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png", channels=(2, 0)), image[..., [2, 0]]
    )
    gray = np.repeat(image[..., :1], 3, axis=2)
    cv2.imwrite(str(tmp_path / "b.png"), gray)
    # Asked for by number, equal channels stay as many as were asked for.
    np.testing.assert_array_equal(
        read_image(tmp_path / "b.png", channels=(0, 1, 2)), gray
    )


def test_channels_that_are_not_there_are_an_error(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), made("u1", 3))
    with pytest.raises(ValueError, match=r"a.png has 3 channels, numbers 0 to 2"):
        read_image(tmp_path / "a.png", channels="rgbt")
    cv2.imwrite(str(tmp_path / "a.png"), made("u1", 1))
    with pytest.raises(ValueError, match=r"1 channel, number 0: channels=\(1,\) asks"):
        read_image(tmp_path / "a.png", channels=1)


@pytest.mark.parametrize("channels", ["rgb", -1, True, 1.0, (), (0, -1), None])
def test_channels_is_checked(tmp_path, channels):
    with pytest.raises(ValueError, match="channels="):
        read_image(tmp_path / "none.png", channels=channels)
