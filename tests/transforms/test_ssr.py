import cv2
import numpy as np
import pytest

from skfusion.images import luma, read_image, to_dtype
from skfusion.transforms import SSR
from skfusion.transforms.ssr import clip_limits, surround


def retinex(levels, sigma=300.0, fraction=0.1):
    """The published recipe on one uint8 channel, before the last truncation."""
    f = levels.astype(np.float64) + 1
    R = np.log10(f) - np.log10(cv2.GaussianBlur(f, (0, 0), sigma))
    low, high = limits(R, fraction)
    R = np.clip(R, low, high)
    return (R - R.min()) / (R.max() - R.min()) * 255


def limits(R, fraction):
    """The walk over the histogram."""
    bins, counts = np.unique(np.trunc(100 * R).astype(int), return_counts=True)
    zero = counts[bins == 0][0] if (bins == 0).any() else 0
    low, high = bins[0] / 100, bins[-1] / 100
    for value, count in zip(bins, counts):
        if value < 0 and count < fraction * zero:
            low = value / 100
        if value > 0 and count < fraction * zero:
            high = value / 100
            break
    return low, high


def compare(folder, pair):
    data = np.load(folder / "seeds" / f"ssr_{pair}.npz")
    visible = read_image(folder / "inputs" / f"{pair}_vis.png")
    for image, expected in ((visible, data["vis"]), (data["mean_input"], data["mean"])):
        exact = to_dtype(SSR(parity=True).transform([image])[0], np.uint8)
        np.testing.assert_array_equal(exact, expected)
        close = to_dtype(SSR().transform([image])[0], np.uint8).astype(int)
        assert np.abs(close - expected).max() <= 1


def test_golden(golden):
    compare(golden, "odd")


@pytest.mark.parametrize("pair", ["street", "night"])
def test_golden_larger_pairs(shared, pair):
    compare(shared / "golden", pair)


@pytest.fixture
def levels(rng):
    shade = np.linspace(40, 180, 70)[None] * np.linspace(0.5, 1, 48)[:, None]
    return np.clip(shade + 12 * rng.standard_normal((48, 70)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [0.7, 5.0, 25.0, 80.0, 300.0])
@pytest.mark.parametrize("shape", [(48, 70), (1, 30), (30, 1), (1, 1), (2, 3)])
def test_surround_is_the_blur_of_opencv(rng, sigma, shape):
    image = rng.uniform(1, 256, shape)
    # A 1-pixel side has nothing to reflect; OpenCV keeps the pixel.
    expected = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    np.testing.assert_allclose(surround(image, sigma), expected, rtol=2e-5)


@pytest.mark.parametrize("sigma", [4.0, 30.0, 300.0])
@pytest.mark.parametrize("clip", [0.0, 0.1, 0.6])
def test_author_mode_is_the_recipe(levels, sigma, clip):
    out = 255 * SSR(sigma=sigma, clip=clip).transform([levels])[0]
    np.testing.assert_allclose(out, retinex(levels, sigma, clip), atol=0.01)


@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.3, 1.0])
def test_clip_limits_are_the_walk(rng, fraction):
    for spread in (0.01, 0.1, 0.4):
        R = spread * rng.standard_normal((30, 40)) + 0.02
        assert clip_limits(R, fraction) == limits(R, fraction)


def test_nothing_in_the_middle_bin_cuts_nothing():
    R = np.array([[-0.5, -0.4, 0.3, 0.3]])
    assert clip_limits(R, 1.0) == (-0.5, 0.3)


def test_a_constant_image_is_black():
    for value in (0.0, 0.3, 1.0):
        out = SSR().transform([np.full((20, 31), value)])[0]
        np.testing.assert_array_equal(out, np.zeros((20, 31)))


def test_an_image_within_one_bin_is_stretched_not_cut(rng):
    image = 0.5 + 0.002 * rng.random((20, 31))
    out = SSR().transform([image])[0]
    assert out.min() == 0.0 and out.max() == 1.0
    assert np.corrcoef(out.ravel(), image.ravel())[0, 1] > 0.999


def test_jobson_is_a_fixed_gain_and_offset(levels):
    f = levels.astype(float) + 1
    R = np.log10(f / cv2.GaussianBlur(f, (0, 0), 57.0))
    out = SSR(sigma=57.0, mode="jobson").transform([levels])[0]
    np.testing.assert_allclose(out, np.clip(R + 0.5, 0, 1), atol=1e-5)
    out = SSR(sigma=57.0, mode="jobson", gain=2.0, offset=0.3).transform([levels])[0]
    np.testing.assert_allclose(out, np.clip(2 * R + 0.3, 0, 1), atol=2e-5)


def test_strength_blends_with_the_input(levels):
    image = (levels / 255).astype(np.float32)
    whole = SSR().transform([image])[0]
    np.testing.assert_array_equal(SSR(strength=0.0).transform([image])[0], image)
    half = SSR(strength=0.5).transform([image])[0]
    np.testing.assert_allclose(half, 0.5 * (whole + image), atol=1e-6)


def test_parity_truncates_a_float_input(levels):
    image = (levels + 0.7).clip(0, 255) / 255
    out = SSR(parity=True).transform([image])[0]
    np.testing.assert_array_equal(out, SSR(parity=True).transform([levels])[0])
    steps = 255 * out.astype(float)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)


def test_colour(rng, levels):
    colour = levels[..., None] / 255 * np.array([0.9, 0.7, 0.8])
    out = SSR().transform([colour])[0]
    expected = SSR().transform([luma(colour)])[0]
    inside = (out > 0).all(-1) & (out < 1).all(-1)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(luma(out)[inside], expected[inside], atol=1e-5)
    out = SSR(color="per_channel").transform([colour])[0]
    for c in range(3):
        np.testing.assert_array_equal(out[..., c], SSR().transform([colour[..., c]])[0])


@pytest.mark.parametrize(
    "change",
    [
        {"sigma": 0.0},
        {"clip": 1.5},
        {"mode": "msr"},
        {"gain": 0.0},
        {"offset": "half"},
        {"strength": -0.1},
        {"color": "rgb"},
        {"parity": "yes"},
    ],
)
def test_bad_parameters_are_named(change):
    with pytest.raises(ValueError, match=f"'{next(iter(change))}' parameter"):
        SSR(**change).fit()
