"""Files that lost data or claim more than they hold: an error, at once."""

import io
import os
import struct
import subprocess
import sys
import time
import zlib

import cv2
import numpy as np
import PIL.Image
import pytest

from skfusion.images import ImageReadError, read_image
from skfusion.images.formats import jpeg_scans
from tests.fuzz.mutations import png_chunk
from tests.images.made_files import GRAY, gray_tiff

FORMS = {
    "plain": {},
    "4:4:4": {"subsampling": 0},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "gray": {},
    "gray progressive": {"progressive": True},
}


def scene():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (16, 21, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC).astype(int)
    return np.clip(image + rng.integers(-9, 9, image.shape), 0, 255).astype(np.uint8)


def jpeg(form, image=None):
    picture = PIL.Image.fromarray(scene() if image is None else image)
    picture = picture.convert("L") if "gray" in form else picture
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85, **FORMS[form])
    return buffer.getvalue()


def read(tmp_path, data):
    (tmp_path / "a.jpg").write_bytes(data)
    return read_image(tmp_path / "a.jpg")


@pytest.fixture(scope="module", params=FORMS)
def data(request):
    return jpeg(request.param)


END = b"\xff\xd9"


def damages(data):
    half = len(data) // 2
    yield "half", data[:half] + END
    yield "a tenth", data[: max(len(data) // 10, data.index(b"\xff\xda") + 20)] + END
    yield "all but a little", data[:-22] + END
    for n in (512, 2048):
        yield f"{n} zeros", data[:half] + b"\0" * n + data[half + n :]
    yield "512 times ff", data[:half] + b"\xff" * 512 + data[half + 512 :]
    noise = np.random.default_rng(1).integers(0, 255, 2048, np.uint8).tobytes()
    yield "noise", data[:half] + noise + data[half + 2048 :]
    yield "a piece gone", data[:half] + data[half + 1000 :]
    yield "a piece twice", data[: half + 1000] + data[half:]
    yield "no end", data[:-2]


def test_a_jpeg_that_lost_some_of_its_data_is_an_error(tmp_path, data):
    assert read(tmp_path, data).shape[:2] == (240, 320)
    for name, broken in damages(data):
        with pytest.raises(
            ImageReadError, match=r"a\.jpg is a (damaged|truncated) JPEG"
        ):
            read(tmp_path, broken)
            raise AssertionError(name)


def test_what_may_follow_the_codes_or_the_end_is_no_damage(tmp_path, data):
    whole = read(tmp_path, data)
    for harmless in (
        data + b"more" * 99,
        data[:-2] + b"\0" * 7 + END,
        data[:-2] + b"\xff" * 7 + END,
        data[:2] + b"\xff\xfe\0\x06abcd" + data[2:],
    ):
        np.testing.assert_array_equal(read(tmp_path, harmless), whole)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("form", FORMS)
def test_flat_jpegs_whose_codes_may_be_zero_bytes_are_read(tmp_path, form, level):
    image = read(tmp_path, jpeg(form, np.full((800, 808, 3), level, np.uint8)))
    assert (image == level).all()


def test_every_size_and_sampling_is_followed_to_its_end(tmp_path):
    for size in ((1, 1), (1, 200), (8, 8), (9, 17), (33, 100)):
        for sampling in (0, 1, 2):
            for progressive in (False, True):
                buffer = io.BytesIO()
                PIL.Image.fromarray(scene()[: size[0], : size[1]]).save(
                    buffer, "JPEG", subsampling=sampling, progressive=progressive
                )
                assert read(tmp_path, buffer.getvalue()).shape[:2] == size


def segments(data):
    """Split a JPEG's head into its segments, and the rest."""
    position, found = 2, []
    while data[position + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, position + 2)
        found.append(data[position : position + 2 + length])
        position += 2 + length
    return found, data[position:]


def rebuilt(data, change):
    found, rest = segments(data)
    return data[:2] + b"".join(change(part) for part in found) + rest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: b"" if p[1] == 0xC4 else p, "lacks a table of codes"),
        (lambda p: p + p if p[1] == 0xC0 else p, "two frame headers"),
        (lambda p: p[:-3] if p[1] == 0xC0 else p, "JPEG"),
        (lambda p: b"\xff\xc9" + p[2:] if p[1] == 0xC0 else p, "a rare kind"),
        (lambda p: b"\xff\xc3" + p[2:] if p[1] == 0xC0 else p, "a rare kind"),
        (
            lambda p: p[:11] + b"\x51" + p[12:] if p[1] == 0xC0 else p,
            "no such sampling",
        ),
        (lambda p: p[:13] + b"\x01" + p[14:] if p[1] == 0xC0 else p, "have one number"),
        (lambda p: p[:9] + b"\x02" + p[10:] if p[1] == 0xC0 else p, "of 2 components"),
        (lambda p: b"\xff\xc4\0\x04\0\1" if p[1] == 0xC4 else p, "codes is cut off"),
        (
            lambda p: p[:5] + b"\xff" * 16 + p[21:] if p[1] == 0xC4 else p,
            "codes is cut off|more codes than bits",
        ),
        (lambda p: b"\xff\xdb\0\x04\0\1" if p[1] == 0xDB else p, "quantisation table"),
    ],
)
def test_tables_and_frames_that_make_no_sense(tmp_path, change, message):
    with pytest.raises(ImageReadError, match=message):
        read(tmp_path, rebuilt(jpeg("plain"), change))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"\x01\x01\x00\x00\x3f\x00", None),
        (b"\x01\x09\x00\x00\x3f\x00", "channels that are not there"),
        (b"\x02\x01\x00\x01\x00\x00\x3f\x00", "channels that are not there"),
        (b"\x00\x00\x3f\x00", "too short"),
        (b"\x01\x01", "too short"),
    ],
)
def test_headers_of_scans_that_make_no_sense(tmp_path, header, message):
    data = jpeg("gray")
    place = data.index(b"\xff\xda")
    (length,) = struct.unpack_from(">H", data, place + 2)
    scan = b"\xff\xda" + struct.pack(">H", 2 + len(header)) + header
    data = data[:place] + scan + data[place + 2 + length :]
    if message is None:
        assert read(tmp_path, data).ndim == 2
        return
    with pytest.raises(ImageReadError, match=message):
        read(tmp_path, data)


def scans(data):
    """Return the head of a progressive JPEG and its scans with their tables."""
    starts = [i for i in range(len(data)) if data[i : i + 2] == b"\xff\xda"]
    return data[: starts[0]], [
        data[a:b] for a, b in zip(starts, [*starts[1:], len(data) - 2])
    ]


def test_a_scan_that_comes_twice_is_refused(tmp_path):
    head, parts = scans(jpeg("gray progressive"))
    for i in range(len(parts)):
        again = [*parts[: i + 1], *parts[i:]]
        with pytest.raises(ImageReadError, match="its scans repeat or lack"):
            read(tmp_path, head + b"".join(again) + END)


def test_a_channel_that_never_comes_is_missed(tmp_path):
    data = jpeg("4:4:4")
    place = data.index(b"\xff\xda")
    one = jpeg("gray")
    codes = one[one.index(b"\xff\xda") :]
    with pytest.raises(ImageReadError, match="a colour channel is missing"):
        read(tmp_path, data[:place] + codes)


def test_restart_marks_out_of_order_are_an_error(tmp_path):
    data = bytearray(jpeg("restarts"))
    place = data.index(b"\xff\xd1")
    data[place + 1] = 0xD5
    with pytest.raises(
        ImageReadError, match="a restart mark is missing or out of order"
    ):
        read(tmp_path, bytes(data))


def test_brighter_than_white_is_damage(tmp_path):
    def louder(part):
        return part[:5] + b"\xff" * 64 if part[1] == 0xDB and len(part) == 69 else part

    found, _ = segments(
        jpeg(
            "gray",
            np.kron(np.eye(8) > 0, np.ones((16, 16)))
            .astype(np.uint8)
            .repeat(3)
            .reshape(128, 128, 3)
            * 255,
        )
    )
    assert any(part[1] == 0xDB and len(part) == 69 for part in found)
    data = jpeg("gray", np.full((64, 64, 3), 255, np.uint8))
    with pytest.raises(ImageReadError, match="brighter than white"):
        read(tmp_path, rebuilt(data, louder))


# ------------------------------------------------------------- claims and hard work


def claims(side):
    """Small files of every format that say they are large."""
    data = bytearray(jpeg("gray", np.zeros((8, 8, 3), np.uint8)))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", side, side)
    yield "jpeg", bytes(data)
    data = bytearray(jpeg("gray progressive", np.zeros((8, 8, 3), np.uint8)))
    place = data.index(b"\xff\xc2") + 5
    data[place : place + 4] = struct.pack(">HH", side, side)
    yield "progressive jpeg", bytes(data)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    yield (
        "png",
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 2**20))
        + png_chunk(b"IEND", b""),
    )
    for bits, compression in ((24, 0), (8, 1), (4, 2)):
        info = struct.pack(
            "<IiiHHIIiiII", 40, side, side, 1, bits, compression, 0, 0, 0, 256, 0
        )
        body = b"\0" * 1024 + b"\xff\1" * 40 + b"\0\1"
        start = 14 + len(info) + 1024
        yield (
            f"bmp {compression}",
            b"BM" + struct.pack("<IHHI", start, 0, 0, start) + info + body,
        )
    for code in (1, 2, 3, 4, 5, 7, 8, 32773, 34925, 50000):
        depth = 1 if code in (2, 3, 4) else 8
        yield (
            f"tiff {code}",
            gray_tiff(
                GRAY,
                t256=side,
                t257=side,
                t258=(3, [depth]),
                t259=(3, [code]),
                t278=side,
            ),
        )


def narrow_claims():
    """A small file that says it has as many strips as the limit has pixels."""
    strips = {"t256": 1, "t257": 2**27, "t278": 1}
    yield "tiff of strips", gray_tiff(GRAY, **strips)
    yield "tiff of strips in LZW", gray_tiff(GRAY, **strips, t259=(3, [5]))
    tiles = {"t322": 1, "t323": 1, "t324": 8, "t325": 9, "t273": None, "t279": None}
    yield "tiff of tiles", gray_tiff(GRAY, **strips, **tiles)


CHILD = """
import resource, sys
from skfusion.images import ImageReadError, read_image
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        read_image(path)
    except ImageReadError as error:
        continue
    print("read", path)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_small_files_that_claim_to_be_large_cost_little_memory(tmp_path, root):
    paths = []
    (tmp_path / "first.jpg").write_bytes(jpeg("plain")[:-9])
    for name, data in (*claims(11_000), *narrow_claims()):
        assert len(data) < 5000
        paths.append(tmp_path / name.replace(" ", "_"))
        paths[-1].write_bytes(data)
    found = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, paths)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    *read_anyway, grown = found.stdout.split("\n")[:-1]
    assert read_anyway == []
    unit = 1 if sys.platform == "darwin" else 1024
    # The libraries that it loads, numba among them; one such image is 121 MB.
    assert int(grown) * unit < 110e6


def test_repeated_passes_over_a_large_jpeg_are_refused_at_once(tmp_path):
    buffer = io.BytesIO()
    PIL.Image.new("L", (4000, 4000), 128).save(buffer, "JPEG", progressive=True)
    head, parts = scans(buffer.getvalue())
    read(tmp_path, buffer.getvalue())
    start = time.process_time()
    with pytest.raises(ImageReadError, match="its scans repeat"):
        read(tmp_path, head + b"".join(parts) + parts[-1] * 300 + END)
    assert time.process_time() - start < 2


def test_passes_are_counted_where_each_is_new(tmp_path, monkeypatch):
    data = jpeg("progressive")
    monkeypatch.setattr(jpeg_scans, "_FREE", 0)
    read(tmp_path, data)
    monkeypatch.setattr(jpeg_scans, "_PASSES", 3)
    with pytest.raises(ImageReadError, match="passes over its pixels more often"):
        read(tmp_path, data)


def test_the_check_of_a_png_takes_time_in_proportion_to_its_size(tmp_path):
    def seconds(n):
        noise = np.random.default_rng(0).integers(0, 256, (n, 2000, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "a.png"), noise, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        data = bytearray((tmp_path / "a.png").read_bytes())
        start = time.process_time()
        with PIL.Image.open(io.BytesIO(data)) as picture:
            picture.load()
        middle = time.process_time()
        read_image(tmp_path / "a.png")
        return time.process_time() - middle, middle - start

    ours, pillows = zip(*(seconds(n) for n in (500, 4000)))
    # In one chunk of 24 MB the quadratic check took ten times as long as Pillow.
    assert ours[1] < 4 * pillows[1] + 0.2, (ours, pillows)


# ----------------------------------------------------------------- what is no file


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    for name in ("a.png", "b.png"):
        with pytest.raises(ImageReadError, match="is no regular file"):
            read_image(tmp_path / name)


@pytest.mark.skipif(not os.path.exists("/dev/tty"), reason="no devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused_at_once(device):
    with pytest.raises(ImageReadError, match="is no regular file"):
        read_image(device)
