import numpy as np
import pytest
from scipy import ndimage

from skfusion._kernels.taps import gaussian_taps
from skfusion.fusers import _filters as filters
from skfusion.images.pixels import grey_levels

BORDERS = ["nearest", "reflect", "mirror", "wrap", "constant"]


@pytest.fixture(params=[np.float32, np.float64])
def image(request):
    return np.random.default_rng(0).random((17, 23)).astype(request.param)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [1, 2, 5, 8, 35])
def test_box_mean_equals_scipy(image, size, border):
    expected = image.astype(np.float64)
    # An even window of OpenCV has its extra pixel before the centre, as SciPy's.
    expected = ndimage.uniform_filter(expected, size, mode=border)
    found = filters.box_mean(image, size, border)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert found.dtype == image.dtype


@pytest.mark.parametrize("border", [name for name in BORDERS if name != "wrap"])
def test_gaussian_equals_scipy(image, border):
    taps = gaussian_taps(9, 2.0)
    assert taps.sum() == pytest.approx(1)
    assert taps[0] / taps[4] == pytest.approx(np.exp(-2))
    expected = image.astype(np.float64)
    for axis in (0, 1):
        expected = ndimage.correlate1d(expected, taps, axis, mode=border)
    found = filters.gaussian(image, 9, 2.0, border)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [1, 3, 5, 7, 11])
@pytest.mark.parametrize("levels", [True, False])
def test_median_equals_scipy(image, size, border, levels):
    if levels:
        image = (np.rint(image * 255).astype(np.uint8) * np.float32(1 / 255)).astype(
            image.dtype
        )
    found = filters.median(image, size, border)
    np.testing.assert_array_equal(
        found, ndimage.median_filter(image, size, mode=border)
    )
    assert found.dtype == image.dtype


def test_mround_rounds_half_up_and_clips():
    found = filters.mround(np.array([-3, 0.49, 0.5, 1.5, 2.5, 254.5, 300]))
    np.testing.assert_array_equal(found, [0, 0, 1, 2, 3, 255, 255])


def test_grey_levels_restores_whole_levels_only():
    levels = np.arange(256)
    image = np.multiply(levels.astype(np.uint8), np.float32(1 / 255), dtype=np.float32)
    np.testing.assert_array_equal(grey_levels(image), levels)
    half = np.float32(10.5 / 255)
    assert grey_levels(half) == pytest.approx(10.5, abs=1e-5)
    sixteen = np.float32(2571 / 65535)  # 1/257 of a level above 10
    assert grey_levels(sixteen) == pytest.approx(2571 / 257, abs=1e-5)
