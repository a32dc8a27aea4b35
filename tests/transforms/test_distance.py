import math

import numpy as np
import pytest
from scipy import ndimage

from skfusion.transforms import DistanceTransform, distance_transform


def brute_force(mask):
    """The definition."""
    background = np.argwhere(mask == 0)
    out = np.zeros(mask.shape)
    for y, x in np.argwhere(mask):
        out[y, x] = math.sqrt(((background - (y, x)) ** 2).sum(axis=1).min())
    return out


SHAPES = [(1, 1), (1, 12), (12, 1), (9, 14), (30, 41)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_distances_are_the_definition(rng, shape, share):
    mask = rng.random(shape) < share
    mask[-1, -1] = False
    np.testing.assert_array_equal(distance_transform(mask), brute_force(mask))


@pytest.mark.parametrize("hole", [(0, 0), (35, 60), (69, 119), (3, 118)])
def test_long_distances(hole):
    # Beyond the reach of the brute force over short rows.
    mask = np.ones((70, 120))
    mask[hole] = 0
    rows, cols = np.indices(mask.shape)
    expected = np.hypot(rows - hole[0], cols - hole[1])
    np.testing.assert_allclose(distance_transform(mask), expected, atol=1e-12)


@pytest.mark.parametrize("share", [0.9, 0.99, 0.999])
def test_scipy_agrees_on_many_masks(rng, share):
    for _ in range(20):
        mask = rng.random(rng.integers(1, 90, 2)) < share
        np.testing.assert_allclose(
            distance_transform(mask, phantom=True),
            ndimage.distance_transform_edt(mask),
            atol=1e-9,
        )


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_golden(request, golden, pair):
    folder = golden
    if pair != "odd":
        folder = request.getfixturevalue("shared") / "golden"
    data = np.load(folder / "seeds" / f"edt_{pair}.npz")
    np.testing.assert_allclose(distance_transform(data["gmap"]), data["edt"], atol=1e-9)
    np.testing.assert_allclose(
        distance_transform(1 - data["gmap"]), data["edt_complement"], atol=1e-9
    )


def test_a_mask_without_background():
    mask = np.ones((3, 4))
    np.testing.assert_array_equal(distance_transform(mask), np.full((3, 4), 5.0))
    phantom = distance_transform(mask, phantom=True)
    np.testing.assert_allclose(phantom, ndimage.distance_transform_edt(mask))


def test_a_mask_without_foreground_and_other_dtypes():
    for phantom in (False, True):
        out = distance_transform(np.zeros((3, 4)), phantom=phantom)
        np.testing.assert_array_equal(out, np.zeros((3, 4)))
    expected = [[2.0, 1.0, 0.0, 1.0]]
    for row in ([3, -1, 0, 7], [0.1, 2.0, 0.0, -3.5], [True, True, False, True]):
        np.testing.assert_array_equal(distance_transform([row]), expected)


def test_transposing_the_mask_transposes_the_distances(rng):
    mask = rng.random((33, 20)) < 0.97
    np.testing.assert_array_equal(
        distance_transform(mask.T), distance_transform(mask).T
    )


@pytest.mark.parametrize("shape", [(3,), (2, 3, 3), (0, 4)])
def test_a_bad_mask_is_named(shape):
    with pytest.raises(ValueError, match="mask has shape"):
        distance_transform(np.zeros(shape))


def test_transformer(rng):
    image = rng.random((12, 16)).astype(np.float32)
    pixels = distance_transform(image > 0.3).astype(np.float32)
    out = DistanceTransform(threshold=0.3, normalize=False).transform([image])[0]
    np.testing.assert_array_equal(out, pixels)
    out = DistanceTransform(threshold=0.3).transform([image])[0]
    np.testing.assert_allclose(out, pixels / 20, rtol=1e-6)


def test_transformer_on_colour_and_on_extremes():
    red = np.zeros((2, 3, 3))
    red[:, 1:, 0] = 1  # luma 0.299
    out = DistanceTransform(threshold=0.25, normalize=False).transform([red])[0]
    np.testing.assert_array_equal(out, [[0, 1, 2], [0, 1, 2]])
    white, black = np.ones((2, 3)), np.zeros((2, 3))
    out = DistanceTransform().transform([white, black])
    np.testing.assert_array_equal(out[0], white)
    np.testing.assert_array_equal(out[1], black)


def test_a_bad_threshold_is_named():
    with pytest.raises(ValueError, match="'threshold' parameter"):
        DistanceTransform(threshold=1.5).fit()
