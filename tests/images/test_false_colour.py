"""Infrared images in false colour or with a scale drawn in are named, no others."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

import skfusion
from skfusion import ImagePairs
from skfusion._kernels.colour_scale import bars_among_few, ramps_down_columns
from skfusion.images import FalseColourWarning, read_image
from skfusion.images.false_colour import coloured_share, has_scale

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PALETTES = ["INFERNO", "JET", "HOT", "RAINBOW", "MAGMA", "PLASMA", "VIRIDIS", "TURBO"]


def scene(shape=(120, 160)):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (12, 16), dtype=np.uint8)
    smooth = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC).astype(int)
    return np.clip(smooth + rng.integers(-3, 4, shape), 0, 255).astype(np.uint8)


def palette(image, name):
    return cv2.applyColorMap(image, getattr(cv2, f"COLORMAP_{name}"))[..., ::-1].copy()


def said(infrared):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        skfusion.fuse(infrared, scene(), "average")
    return [str(w.message) for w in seen if w.category is FalseColourWarning]


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_palette_is_seen(name, dtype):
    image = palette(scene(), name)
    image = image.astype(dtype) * {np.uint16: 257, np.float32: dtype(1 / 255)}.get(
        dtype, dtype(1)
    )
    assert coloured_share(image) > 0.5
    (message,) = said(image)
    assert "infrared of pair 'the pair' is in false colour (" in message
    assert "export it in a gray palette" in message


def test_gray_and_nearly_gray_are_not(tmp_path):
    gray = scene()
    assert coloured_share(gray) == 0
    nearly = np.dstack([gray, gray // 2 + gray // 2, gray - gray // 20])
    cv2.imwrite(str(tmp_path / "a.jpg"), nearly, [cv2.IMWRITE_JPEG_QUALITY, 60])
    for image in (gray, nearly, tmp_path / "a.jpg"):
        assert not said(image)
    cross = np.repeat(gray[..., None], 3, axis=2)
    cross[58:62, 70:90] = 255, 0, 0  # a mark in colour makes no palette
    assert not said(cross)


def test_a_visible_image_may_be_coloured():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skfusion.fuse(scene(), palette(scene(), "JET"), "average")


def with_bar(image, side, frame=True, width=6):
    """Draw a scale along a side, as cameras do."""
    turns = {"right": 0, "top": 1, "left": 2, "bottom": 3}[side]
    image = np.rot90(image, -turns).copy()
    height = image.shape[0]
    start, stop = height // 8, height - height // 8
    left = image.shape[1] - width - 8
    if frame:
        image[start - 1 : stop + 1, left - 2 : left + width + 2] = 255
    ramp = np.linspace(255, 0, stop - start).astype(np.uint8)
    image[start:stop, left : left + width] = ramp.reshape(
        -1, 1, *[1] * (image.ndim - 2)
    )
    return np.rot90(image, turns).copy()


@pytest.mark.parametrize("side", ["right", "left", "top", "bottom"])
@pytest.mark.parametrize("frame", [True, False])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_scale_along_any_side_is_seen_in_a_file(tmp_path, side, frame, suffix):
    image = with_bar(scene(), side, frame)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), image)
    image = read_image(tmp_path / f"a{suffix}")
    assert has_scale(image)
    assert has_scale(np.repeat(image[..., None], 3, axis=2))
    (message,) = said(tmp_path / f"a{suffix}")
    assert message.endswith(
        f"a{suffix}' has a scale drawn into it, which is fused as well: crop it."
    )


def ramps():
    rows, columns = np.mgrid[:120, :160]
    down, across = rows * 255 // 119, columns * 255 // 159
    sky = np.where(columns > 100, 40, down)
    return {
        "down": down,
        "across": across,
        "both": (down + across) // 2,
        "a wide ramp at the side": np.where(columns < 50, down, 30),
        "a sky beside a house": sky,
        "stripes": np.where(columns % 20 < 10, 255, 0),
        "short bar": with_bar(scene((60, 160)), "left")[:, :].repeat(2, axis=0) * 0 + 7,
        "black": down * 0,
    }


@pytest.mark.parametrize("name", ramps())
def test_ramps_and_skies_are_no_scales(name):
    assert not has_scale(ramps()[name].astype(np.uint8))


def test_scales_are_looked_for_in_pictures_of_8_bits_and_some_size():
    bar = with_bar(scene(), "right")
    assert not has_scale(bar.astype(np.uint16) * 257)
    assert not has_scale(bar[:30])
    # An array that a program made has none drawn in.
    assert not said(bar)


@pytest.mark.parametrize("folder", ["RoadScene", "TNO", "MSRS", "VIFB"])
def test_real_infrared_images_are_neither(folder):
    files = sorted((DATA / folder / "ir").glob("*"))[:12]
    if not files:
        pytest.skip(f"{DATA / folder} is not here")
    for path in files:
        image = read_image(path)
        assert coloured_share(image) < 0.01
        assert not has_scale(image), path


def test_a_folder_in_false_colour_is_named_once(recwarn):
    X = ImagePairs([palette(scene(), "JET")] * 3, [scene()] * 3, names=list("abc"))
    skfusion.fusers.AverageFuser().transform(X)
    (warning,) = recwarn.list
    assert warning.category is FalseColourWarning
    assert "(2 more like it, such as infrared of pair 'b'.)" in str(warning.message)


def plain_ramps(levels, first, behind, thin, noise, jump, least, span):
    """The longest run of each column, by loops over its rows."""
    starts, ends = [], []
    for column in range(first, behind):
        part = levels[:, column : column + thin]
        flat = (np.abs(np.diff(part, axis=1)) <= noise).all(1)
        best, run = (0, 0), 0
        for row, here in enumerate(flat):
            far = row and abs(levels[row, column] - levels[row - 1, column]) > jump
            run = (1 if far else run + 1) if here else 0
            best = max(best, (run, -row))
        end = 1 - best[1]
        steps = np.diff(levels[end - best[0] : end, column])
        way = max(steps.clip(0).sum(), -steps.clip(max=0).sum())
        good = best[0] >= least and way > 0.8 * np.abs(steps).sum()
        good = good and abs(steps.sum()) > span
        starts.append(end - best[0] if good else 0)
        ends.append(end if good else 0)
    return starts, ends


def test_kernel_finds_the_runs_that_loops_find(rng):
    found = 0
    for _ in range(40):
        levels = rng.integers(0, 30, (60, 24)).astype(np.float32)
        top, length = rng.integers(0, 20), rng.integers(20, 40)
        bar = np.linspace(10, rng.integers(60, 250), length) + rng.integers(0, 9)
        levels[top : top + length, 6:14] = bar[:, None]
        parameters = levels, 3, 16, 4, 8, 24, 22, 127
        starts, ends = ramps_down_columns(*parameters)
        expected = plain_ramps(*parameters)
        np.testing.assert_array_equal([starts, ends], expected)
        found += ends.any()
    assert 5 < found < 35


def test_columns_among_few_rows_need_an_edge_and_a_span():
    levels = np.full((10, 30), 90, np.float32)
    levels[:, 4:9] = np.linspace(0, 240, 10)[:, None]
    form = 4, 20, 8, 1 / 6, 64
    assert bars_among_few(levels, *form) == (4, 6)
    assert bars_among_few(levels, 4, 5, 8, 1 / 6, 64) == (4, 5)
    assert bars_among_few(levels, 4, 20, 8, 1 / 6, 250) == (0, 0)
    alone = np.repeat(levels[:, 4:5], 30, axis=1)
    assert bars_among_few(alone, *form) == (0, 0)  # no edge along it
