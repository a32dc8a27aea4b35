import numpy as np
import pytest

from skfusion.images import read_image
from skfusion.transforms import LinearStretch


def test_golden_infrared(golden):
    image = read_image(golden / "inputs" / "odd_ir.png")
    expected = np.load(golden / "seeds" / "enhance_odd.npz")["ir_linear"] / 255
    out = LinearStretch().transform([image])[0]
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_the_range_is_full_and_a_second_pass_changes_nothing(rng):
    image = (rng.random((15, 21)) * 0.3 + 0.2).astype(np.float32)
    out = LinearStretch().transform([image])[0]
    assert out.min() == 0.0 and out.max() == 1.0
    np.testing.assert_array_equal(LinearStretch().transform([out])[0], out)


@pytest.mark.parametrize(("low", "high"), [(2, 98), (0, 90), (10, 100), (49, 51)])
def test_percentiles(rng, low, high):
    image = rng.random((15, 21)).astype(np.float32)
    a, b = np.percentile(image.astype(float), [low, high])
    expected = np.clip((image - a) / (b - a), 0, 1)
    out = LinearStretch(low=low, high=high).transform([image])[0]
    np.testing.assert_allclose(out, expected, atol=1e-4 if low == 49 else 2e-6)


def test_colour_has_one_pair_of_limits(rng):
    image = rng.random((6, 7, 3)) * [0.2, 0.5, 0.4] + 0.3
    out = LinearStretch().transform([image])[0]
    expected = (image - image.min()) / (image.max() - image.min())
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_counts_of_a_radiometric_camera(rng):
    counts = rng.integers(7000, 7800, (15, 21)).astype(np.uint16)
    low, high = int(counts.min()), int(counts.max())
    out = LinearStretch().transform([counts])[0]
    np.testing.assert_allclose(out, (counts - low) / (high - low), atol=1e-5)


def test_equal_limits():
    np.testing.assert_array_equal(
        LinearStretch().transform([np.full((3, 4), 0.7)])[0], np.zeros((3, 4))
    )
    spike = np.zeros((10, 10))
    spike[4, 4] = 0.5
    out = LinearStretch(low=10, high=90).transform([spike])[0]
    np.testing.assert_array_equal(out, spike > 0)


@pytest.mark.parametrize(("low", "high"), [(50, 50), (90, 10)])
def test_limits_in_the_wrong_order(low, high):
    with pytest.raises(ValueError, match="is not below high="):
        LinearStretch(low=low, high=high).fit()


@pytest.mark.parametrize("change", [{"low": -1}, {"low": 100}, {"high": 101}])
def test_percentiles_out_of_range(change):
    with pytest.raises(ValueError, match="parameter of LinearStretch"):
        LinearStretch(**change).fit()
