import numpy as np
import pytest

from skfusion.transforms import box_filter

SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (13, 18), (24, 31)]


def box(image, radius):
    """The definition: the mean of what the window holds."""
    out = np.empty(image.shape)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            rows = slice(max(y - radius, 0), y + radius + 1)
            out[y, x] = image[rows, max(x - radius, 0) : x + radius + 1].mean()
    return out


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", [0, 1, 2, 7, 50])
def test_box_filter_is_the_mean_of_the_clipped_window(rng, shape, radius):
    image = rng.normal(size=shape)
    np.testing.assert_allclose(
        box_filter(image, radius), box(image, radius), atol=1e-13
    )


def test_float32_is_kept_and_sums_are_float64(rng):
    image = rng.random((24, 31), dtype=np.float32) + np.float32(1e4)
    out = box_filter(image, 5)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, box(image.astype(float), 5).astype(np.float32))


def test_integers_become_float64_without_scaling():
    out = box_filter(np.array([[0, 200]], dtype=np.uint8), 1)
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out, [[100.0, 100.0]])


def test_channels_are_filtered_apart(rng):
    image = rng.random((7, 9, 4))
    out = box_filter(image, 2)
    for c in range(4):
        np.testing.assert_array_equal(out[..., c], box_filter(image[..., c], 2))


def test_a_constant_stays_and_the_input_too(rng):
    image = np.full((6, 8), 0.3)
    np.testing.assert_allclose(box_filter(image, 3), image, atol=1e-15)
    image = rng.random((6, 8))
    before = image.copy()
    box_filter(image, 2)
    np.testing.assert_array_equal(image, before)


def test_large_finite_values_are_accepted():
    image = np.full((3, 3), 3e38, dtype=np.float32)
    np.testing.assert_array_equal(box_filter(image, 1), image)


@pytest.mark.parametrize("radius", [-1, 1.5, True, None, "2"])
def test_a_bad_radius_is_named(radius):
    with pytest.raises(ValueError, match="radius=.*int of 0 or more"):
        box_filter(np.zeros((2, 2)), radius)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros(3), r"image has shape \(3,\)"),
        (np.zeros((0, 3)), r"image has shape \(0, 3\)"),
        (np.array([[1j]]), "dtype complex128"),
        (np.array([[0.0, np.nan], [np.inf, 1.0]]), "2 NaN or infinite"),
    ],
)
def test_a_bad_image_is_named(image, message):
    with pytest.raises(ValueError, match=message):
        box_filter(image, 1)
