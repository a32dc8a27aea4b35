"""What an image is."""

import numpy as np
import pytest

from skfusion.images import as_float, as_levels, luma, to_dtype, write_image


def test_uint8_and_uint16_are_divided_by_their_largest_value():
    np.testing.assert_array_equal(as_float(np.array([[0, 255]], np.uint8)), [[0, 1]])
    np.testing.assert_array_equal(as_float(np.array([[0, 65535]], np.uint16)), [[0, 1]])


def test_every_level_stays_in_the_range():
    levels = np.arange(256, dtype=np.uint8)[None]
    image = as_float(levels)
    assert image.dtype == np.float32 and image.max() == 1
    np.testing.assert_array_equal(np.rint(image * 255), levels)
    counts = as_float(np.arange(65536, dtype=np.uint16)[None])
    assert counts.max() <= 1


def test_bool_and_trailing_axis():
    mask = np.array([[True, False]])
    np.testing.assert_array_equal(as_float(mask), [[1, 0]])
    assert as_float(np.zeros((3, 4, 1))).shape == (3, 4)
    assert as_float(np.zeros((3, 4, 3))).shape == (3, 4, 3)


def test_a_contiguous_float32_image_is_not_copied():
    image = np.zeros((3, 4), np.float32)
    assert np.shares_memory(as_float(image), image)


def test_rounding_beyond_the_range_is_clipped_and_more_is_refused():
    assert as_float(np.array([[1 + 5e-7, -5e-7]])).tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="image has values from 0 to 200"):
        as_float(np.array([[0, 200.0]]))
    with pytest.raises(ValueError, match="thermal has values from -1 to 0"):
        as_float(np.array([[0, -1.0]]), "thermal")


@pytest.mark.parametrize("shape", [(3,), (2, 3, 2), (2, 3, 4), (1, 2, 3, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"image has shape .*expected \(H, W\)"):
        as_float(np.zeros(shape))


def test_no_pixel_is_refused():
    with pytest.raises(ValueError, match="holds no pixel"):
        as_float(np.zeros((0, 4)))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint32, complex, object])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match=r"has dtype .*use uint8, uint16"):
        as_float(np.zeros((2, 2), dtype))


def test_nan_is_counted():
    image = np.zeros((4, 4))
    image[0, :3] = np.nan
    with pytest.raises(ValueError, match="holds 3 NaN or infinite values"):
        as_float(image)


def test_a_path_is_read(tmp_path):
    levels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    write_image(tmp_path / "image.png", levels)
    np.testing.assert_array_equal(as_float(tmp_path / "image.png"), as_float(levels))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_levels_are_the_same_in_every_dtype(dtype):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = {
        np.uint8: levels,
        np.uint16: levels.astype(np.uint16) * 257,
        np.float32: levels.astype(np.float32) / np.float32(255),
        np.float64: levels / 255,
    }[dtype]
    np.testing.assert_allclose(as_levels(image), levels, rtol=0, atol=3e-14)


def test_levels_of_float16_are_close():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    half = (levels / 255).astype(np.float16)
    np.testing.assert_allclose(as_levels(half), levels, atol=0.07)


def test_levels_keep_colour_when_asked():
    colour = np.zeros((2, 2, 3), np.uint8)
    colour[..., 0] = 100
    np.testing.assert_allclose(as_levels(colour), 29.9)
    np.testing.assert_array_equal(as_levels(colour, gray=False), colour)


def test_luma_weights_and_white():
    primaries = np.eye(3)[None]
    np.testing.assert_allclose(luma(primaries), [[0.299, 0.587, 0.114]], atol=1e-6)
    assert luma(np.ones((2, 2, 3))).max() <= 1
    gray = np.full((2, 2), 0.25, np.float32)
    assert luma(gray) is gray


def test_to_dtype_rounds_half_up_and_saturates():
    image = np.array([[-0.5, 0.0, 0.5 / 255, 1.5 / 255, 1.0, 2.0]])
    assert to_dtype(image, np.uint8).tolist() == [[0, 0, 1, 2, 255, 255]]
    assert to_dtype(np.ones((1, 1)), np.uint16).tolist() == [[65535]]
    assert to_dtype(np.ones((1, 1)), np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="dtype=int32"):
        to_dtype(image, np.int32)


def test_the_mean_of_two_neighbouring_levels_rounds_up():
    levels = np.arange(255)
    mean = (as_float(levels[None].astype(np.uint8)) + np.float32(0)) / 2
    mean += as_float((levels[None] + 1).astype(np.uint8)) / 2
    np.testing.assert_array_equal(to_dtype(mean, np.uint8), levels[None] + 1)


def test_to_dtype_inverts_as_float():
    levels = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_array_equal(to_dtype(as_float(levels), np.uint8), levels)
    counts = np.arange(65536, dtype=np.uint16)[None]
    np.testing.assert_array_equal(to_dtype(as_float(counts), np.uint16), counts)
