"""Radiometric JPEGs: counts as the camera took them, temperatures by its constants."""

import io
import itertools
import struct
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from skfusion import ImagePairs
from skfusion.images import (
    FalseColourWarning,
    ImageReadError,
    read_image,
    read_radiometric,
)

AWKWARD = Path(__file__).resolve().parents[3] / "shared" / "data" / "awkward"
REAL = AWKWARD / "radiometric16_real"
PLANCK = {"r1": 14144.4228515625, "b": 1385.5, "f": 2.5, "o": -7494, "r2": 0.0277009}
COUNTS = (
    12000
    + 20 * np.arange(48)[:, None]
    + 11 * np.arange(64)
    + np.random.default_rng(0).integers(0, 9, (48, 64))
).astype(np.uint16)
KELVIN = 273.15


def record_of_camera(order="<", median=0, **changes):
    constants = {**PLANCK, **changes}
    camera = bytearray(2476)
    camera[:2] = struct.pack(order + "H", 2)
    for place, value in (
        (0x20, 0.95),
        (0x28, 22 + KELVIN),
        (0x58, constants["r1"]),
        (0x5C, constants["b"]),
        (0x60, constants["f"]),
        (0x30C, constants["r2"]),
    ):
        struct.pack_into(order + "f", camera, place, value)
    struct.pack_into(order + "i", camera, 0x308, constants["o"])
    struct.pack_into(order + "H", camera, 0x338, median)
    camera[0xD4:0xDD] = b"DRAWN ONE"
    return bytes(camera)


def record_of_counts(form, counts=COUNTS, order="<"):
    height, width = counts.shape
    head = struct.pack(order + "HHH", 2, width, height).ljust(32, b"\0")
    if form == "raw":
        return head + counts.astype("<u2").tobytes()
    stored = counts.byteswap() if form == "png turned" else counts
    return head + cv2.imencode(".png", stored)[1].tobytes()


def fff(records, order=">"):
    """Lay out a header, a table and the records."""
    start = 64 + 32 * (len(records) + 1)
    table, body = struct.pack(order + "HHIIII", 0, 0, 0, 0, 0, 0).ljust(32, b"\0"), b""
    for kind, content in records:
        place = start + len(body)
        entry = struct.pack(order + "HHIIII", kind, 1, 100, 1, place, len(content))
        table += entry.ljust(32, b"\0")
        body += content
    head = b"FFF\0" + b"drawn".ljust(16, b"\0")
    head += struct.pack(order + "III", 101, 64, len(records) + 1)
    return head.ljust(64, b"\0") + table + body


def picture():
    gray = cv2.resize(((COUNTS - 12000) / 8).astype(np.uint8), (128, 96))
    colour = cv2.applyColorMap(gray, cv2.COLORMAP_INFERNO)
    return cv2.imencode(".jpg", colour)[1].tobytes()


def with_segments(segments):
    data = picture()
    parts = [
        bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
        for marker, content in segments
    ]
    return data[:2] + b"".join(parts) + data[2:]


def flir(records=None, order=">", size=3000, numbers=None):
    """Draw a radiometric JPEG whose records lie in several segments."""
    if records is None:
        records = [(1, record_of_counts("png turned")), (32, record_of_camera())]
    data = records if isinstance(records, bytes) else fff(records, order)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    last = len(pieces) - 1
    numbers = range(len(pieces)) if numbers is None else numbers
    return with_segments(
        [(0xE1, b"FLIR\0\1" + bytes([i, last]) + pieces[i]) for i in numbers]
    )


def dji(make=b"DJI", xmp=b""):
    tag = struct.pack("<HHI4s", 271, 2, len(make) + 1, make)
    exif = b"II*\0" + struct.pack("<IH", 8, 1) + tag + b"\0" * 4
    segments = [(0xE1, b"Exif\0\0" + exif)]
    segments += [(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)] if xmp else []
    raw = COUNTS.tobytes()
    return with_segments(
        segments + [(0xE3, raw[i : i + 4096]) for i in range(0, len(raw), 4096)]
    )


@pytest.fixture
def written(tmp_path):
    def write(data):
        path = tmp_path / "a.jpg"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("form", ["raw", "png turned"])
@pytest.mark.parametrize(("order", "inner"), [*itertools.product("<>", "<>")])
def test_counts_come_back_whatever_the_byte_order(written, form, order, inner):
    records = [
        (34, b"a palette"),
        (1, record_of_counts(form, order=inner)),
        (32, record_of_camera(inner)),
    ]
    counts = read_radiometric(written(flir(records, order)))
    assert counts.dtype == np.uint16
    np.testing.assert_array_equal(counts, COUNTS)


@pytest.mark.parametrize("form", ["png", "png turned"])
def test_the_median_that_the_camera_noted_tells_the_byte_order_of_a_png(written, form):
    camera = record_of_camera(median=int(np.median(COUNTS)) + 5)
    data = flir([(1, record_of_counts(form)), (32, camera)])
    np.testing.assert_array_equal(read_radiometric(written(data)), COUNTS)


def test_segments_are_joined_by_their_numbers(written):
    n = -(-len(fff([(1, record_of_counts("raw")), (32, record_of_camera())])) // 3000)
    records = [(1, record_of_counts("raw")), (32, record_of_camera())]
    data = flir(records, numbers=[*range(n)][::-1])
    np.testing.assert_array_equal(read_radiometric(written(data)), COUNTS)


def black_body(celsius):
    """Return the counts by Planck's law in the form of the maker."""
    p = PLANCK
    return p["r1"] / (p["r2"] * (np.exp(p["b"] / (celsius + KELVIN)) - p["f"])) - p["o"]


def test_temperatures_invert_planck_s_law(written):
    celsius = np.linspace(-10, 120, 48 * 64).reshape(48, 64)
    counts = np.rint(black_body(celsius)).astype(np.uint16)
    path = written(
        flir([(1, record_of_counts("raw", counts)), (32, record_of_camera())])
    )
    got = read_radiometric(path, temperature=True)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, celsius, atol=0.05)


@pytest.mark.parametrize("emissivity", [0.95, 0.6])
@pytest.mark.parametrize("reflected", [None, -5.0])
def test_emissivity_and_reflected_temperature_are_undone(
    written, emissivity, reflected
):
    celsius = np.linspace(30, 120, 48 * 64).reshape(48, 64)
    around = 22 if reflected is None else reflected  # None is the file's
    mixed = emissivity * black_body(celsius) + (1 - emissivity) * black_body(around)
    counts = np.rint(mixed).astype(np.uint16)
    path = written(
        flir([(1, record_of_counts("raw", counts)), (32, record_of_camera())])
    )
    got = read_radiometric(
        path,
        temperature=True,
        emissivity=emissivity,
        reflected_temperature=reflected,
    )
    np.testing.assert_allclose(got, celsius, atol=0.1)


def test_counts_of_no_body_are_nan(written):
    counts = np.full((2, 2), 100, np.uint16)  # below the offset of 7494
    path = written(
        flir([(1, record_of_counts("raw", counts)), (32, record_of_camera())])
    )
    assert np.isnan(read_radiometric(path, temperature=True)).all()


def test_details_hold_what_the_camera_noted(written):
    image = read_radiometric(written(flir()), details=True)
    np.testing.assert_array_equal(image.counts, COUNTS)
    assert image.camera == "DRAWN ONE"
    np.testing.assert_allclose(image.emissivity, 0.95, rtol=1e-6)
    np.testing.assert_allclose(image.reflected_temperature, 22, atol=1e-4)
    for name, value in PLANCK.items():
        np.testing.assert_allclose(getattr(image.planck, name), value, rtol=1e-6)
    np.testing.assert_allclose(
        image.planck.counts(image.planck.celsius(COUNTS)), COUNTS, rtol=1e-9
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"emissivity": 0}, "emissivity=0: expected above 0, at most 1"),
        ({"emissivity": 1.1}, "emissivity=1.1"),
        ({"emissivity": "steel"}, "emissivity='steel'"),
        (
            {"reflected_temperature": -300.0},
            "reflected_temperature=-300.0: expected deg",
        ),
        ({"reflected_temperature": float("nan")}, "reflected_temperature=nan"),
    ],
)
def test_parameters_are_checked(written, options, message):
    with pytest.raises(ValueError, match=message):
        read_radiometric(written(flir()), temperature=True, **options)


WHOLE = fff([(1, record_of_counts("raw")), (32, record_of_camera())])
BAD = {
    "no jpeg": (b"\x89PNG", "is no JPEG"),
    "a picture only": (picture(), "holds no radiometric data"),
    "cut jpeg": (flir()[:-40], "JPEG"),
    "a part is missing": (flir(numbers=[0]), "a part is missing"),
    "no records": (flir(b"FFF\0"), "records do not begin"),
    "no table": (flir(WHOLE[:70]), "table is cut off"),
    "record outside": (flir(WHOLE[:-2000]), "record is cut off"),
    "no raw image": (flir([(32, record_of_camera())]), "raw image are missing"),
    "no camera": (flir([(1, record_of_counts("raw"))]), "constants of the camera"),
    "short camera": (
        flir([(1, record_of_counts("raw")), (32, record_of_camera()[:99])]),
        "record is too short",
    ),
    "constants of zero": (
        flir([(1, record_of_counts("raw")), (32, record_of_camera(r1=0))]),
        "constants make no sense",
    ),
    "constants of nan": (
        flir([(1, record_of_counts("raw")), (32, record_of_camera(b=float("nan")))]),
        "constants make no sense",
    ),
    "cut counts": (
        flir([(1, record_of_counts("raw")[:-9]), (32, record_of_camera())]),
        "raw image is cut off",
    ),
    "png of another size": (
        flir(
            [
                (
                    1,
                    record_of_counts("raw")[:32]
                    + record_of_counts("png", COUNTS[1:])[32:],
                ),
                (32, record_of_camera()),
            ]
        ),
        "not of the size it says",
    ),
    "damaged png": (
        flir([(1, record_of_counts("png")[:-30]), (32, record_of_camera())]),
        "PNG",
    ),
    "DJI": (dji(), "DJI camera, which only DJI's Thermal SDK.*dji_irp"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_named_with_the_reason(written, case):
    data, message = BAD[case]
    with pytest.raises(ImageReadError, match=rf"a\.jpg .*{message}") as caught:
        read_radiometric(written(data))
    assert str(caught.value).count("a.jpg") == 1


def test_limits_and_missing_files(written, tmp_path):
    with pytest.raises(ImageReadError, match="max_pixels"):
        read_radiometric(written(flir()), max_pixels=1000)
    with pytest.raises(FileNotFoundError):
        read_radiometric(tmp_path / "none.jpg")
    with pytest.raises(IsADirectoryError):
        read_radiometric(tmp_path)


@pytest.mark.parametrize(
    ("data", "maker", "way"),
    [
        (flir(), "FLIR", "read_radiometric"),
        (dji(), "DJI", "Thermal SDK"),
        (dji(b"", b"<x drone-dji:a='b'/>"), "DJI", "Thermal SDK"),
    ],
    ids=["FLIR", "DJI", "DJI by its XMP"],
)
def test_the_picture_of_a_radiometric_file_is_named_as_infrared(
    written, data, maker, way
):
    path = written(data)
    image = read_image(path)  # by itself it is a picture like any other
    assert image.shape == (96, 128, 3)
    with pytest.warns(FalseColourWarning) as seen:
        ImagePairs([path], [image]).read(0)
    (message,) = (str(w.message) for w in seen)
    assert f"a.jpg' is a picture that a {maker} camera made of radiometric" in message
    assert way in message and "false colour" in message


def test_a_camera_of_dji_that_holds_no_raw_data_is_no_radiometric_one(written):
    path = written(with_segments([(0xE1, dji()[6:38]), (0xE3, b"\0" * 20)]))
    with pytest.raises(ImageReadError, match="a picture only"):
        read_radiometric(path)


def real_files():
    files = sorted((REAL / "rjpeg").glob("*.jpg")) if REAL.is_dir() else []
    if not files:
        return [pytest.param(None, marks=pytest.mark.skip(reason=str(REAL)))]
    return [pytest.param(path, id=path.stem) for path in files]


@pytest.mark.parametrize("path", real_files())
def test_real_files_of_flir(path):
    counts = read_radiometric(path)
    np.testing.assert_array_equal(
        counts, read_image(REAL / "ir_png16" / f"{path.stem}.png")
    )
    celsius = read_radiometric(path, temperature=True)
    wanted = read_image(REAL / "ir_tiff_float32_celsius" / f"{path.stem}.tiff")
    np.testing.assert_allclose(celsius, wanted, atol=0.01)
    with pytest.warns(FalseColourWarning, match="has a scale drawn into it"):
        ImagePairs([path], [path]).read(0)


def test_pillow_opens_the_drawn_file():
    with PIL.Image.open(io.BytesIO(flir())) as image:
        assert image.size == (128, 96)
