"""Sixteen bits that fill a sliver of their range are named, and never rescaled."""

import numpy as np
import pytest

from skfusion.images import NarrowRangeWarning
from skfusion.images.ranges import limits, narrow_range, notice_range, stretch


def counts(low, high, shape=(40, 50)):
    rng = np.random.default_rng(0)
    image = rng.integers(low, high + 1, shape).astype(np.uint16)
    image[0, :2] = low, high
    return image


@pytest.mark.parametrize(
    ("low", "high"), [(7192, 8207), (0, 4095), (60000, 65535), (20000, 28000), (5, 6)]
)
def test_counts_of_a_camera_are_narrow(low, high):
    assert narrow_range(counts(low, high)) == (low, high)


@pytest.mark.parametrize(("low", "high"), [(0, 65535), (20000, 30000), (0, 9000)])
def test_a_wider_range_is_not(low, high):
    assert narrow_range(counts(low, high)) is None


def test_dead_and_hot_pixels_do_not_widen_the_range():
    image = counts(7192, 8207)
    image[3, 3], image[20, 20] = 0, 65535
    low, high = narrow_range(image)
    assert 7192 <= low < 7250
    assert 8150 < high <= 8207


def test_a_large_image_is_sampled_evenly():
    image = np.full((2000, 2000), 9000, np.uint16)
    image[:, 1000:] = 9100
    image[5, 5] = 65535
    assert narrow_range(image) == (9000, 9100)


@pytest.mark.parametrize("value", [0, 7200, 65535])
def test_a_constant_image_has_nothing_to_stretch(value):
    assert narrow_range(np.full((4, 5), value, np.uint16)) is None


def test_one_bright_pixel_on_black_fills_the_range():
    image = np.zeros((40, 50), np.uint16)
    image[3, 3] = 65535
    assert narrow_range(image) is None


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_other_dtypes_have_no_such_range(dtype):
    assert narrow_range(np.array([[0, 0.5]]).astype(dtype)) is None
    assert narrow_range(np.zeros((0, 3), np.uint16)) is None


def test_the_warning_names_image_span_and_way_out():
    with pytest.warns(
        NarrowRangeWarning,
        match=r"^infrared spans 1.5 % of its range, 7192..8207, .*: stretch it, "
        r"`--stretch` or LinearStretch\(1, 99\)\.$",
    ):
        notice_range(counts(7192, 8207), "infrared")


def test_stretch_fills_the_range_between_the_percentiles():
    image = np.arange(101, dtype=np.float32)[None] / 200
    low, high = limits(image, 10, 90)
    np.testing.assert_allclose([low, high], [0.05, 0.45], rtol=1e-6)
    out = stretch(image, low, high)
    np.testing.assert_allclose(
        out, np.clip((image - 0.05) / 0.4, 0, 1), rtol=0, atol=1e-6
    )
    assert limits(image, 0, 100) == (0, 0.5)
