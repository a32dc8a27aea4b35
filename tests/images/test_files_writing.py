"""write_image: levels, depths, errors, and what an interruption leaves."""

# SPDX-License-Identifier: BSD-3-Clause
import os

import numpy as np
import pytest

from skfusion.images import read_image, write_image

from .made_files import COLOUR, GRAY


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
