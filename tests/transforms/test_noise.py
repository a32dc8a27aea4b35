"""Where an image holds nothing but noise, its grain is not amplified."""

import numpy as np
import pytest

from skfusion.transforms import HDRC, SSR
from skfusion.transforms._noise import detail_share, noise_level, smoothed


@pytest.fixture(scope="module")
def night():
    """A dark, noisy image with a bright lamp and a striped wall on its right."""
    rng = np.random.default_rng(0)
    image = np.full((120, 160), 0.04)
    image[:, 110:] += 0.15 * (np.arange(50) // 4 % 2)
    image[10:16, 20:26] = 0.9
    return np.clip(image + rng.normal(0, 0.008, image.shape), 0, 1).astype(np.float32)


def grain(image):
    return image[40:110, 10:90].std()


def stripes(image):
    return np.ptp(image[40:110, 116:152].mean(axis=0))


def test_noise_level_is_that_of_the_noise():
    rng = np.random.default_rng(1)
    for sigma in (0.01, 0.05):
        image = np.linspace(0.2, 0.8, 200)[None] + rng.normal(0, sigma, (150, 200))
        assert noise_level(image) == pytest.approx(sigma, rel=0.05)


def test_noise_level_has_the_grey_step_as_its_floor():
    assert noise_level(np.full((9, 9), 0.3)) == 0.5 / 255
    assert noise_level(np.full((1, 9), 0.3)) == 0.5 / 255


def test_detail_share_is_small_on_grain_and_large_at_edges(night):
    share = detail_share(night, 4.0)
    assert share[40:110, 10:90].max() < 0.15
    assert share[40:110, 125:145].min() > 0.6
    assert detail_share(night, 8.0).mean() < share.mean()


def test_smoothed_keeps_a_constant_up_to_the_border():
    np.testing.assert_allclose(smoothed(np.full((5, 30), 0.25)), 0.25)


def test_hdrc_opens_the_dark_and_leaves_its_grain(night):
    plain = HDRC().transform([night])[0]
    spared = HDRC(noise_floor=4.0).transform([night])[0]
    assert grain(plain) > 5 * grain(night)
    assert grain(spared) < 2 * grain(night)
    # The level and the wall are those of the plain compression.
    assert spared[40:110, 10:90].mean() == pytest.approx(
        plain[40:110, 10:90].mean(), rel=0.05
    )
    assert stripes(spared) > 0.8 * stripes(plain)


def test_hdrc_with_a_floor_of_zero_is_the_plain_one(night):
    plain, floor = (
        HDRC(noise_floor=floor).transform([night])[0] for floor in (None, 0)
    )
    np.testing.assert_allclose(plain, floor, atol=1e-6)


def test_ssr_smooths_what_is_grain_alone(night):
    plain = SSR().transform([night])[0]
    spared = SSR(noise_floor=4.0, least_range=0.4).transform([night])[0]
    assert grain(spared) < 0.5 * grain(plain)
    assert stripes(spared) > 0.5 * stripes(plain)


def test_least_range_keeps_an_even_sky_even():
    rng = np.random.default_rng(2)
    sky = (0.6 + rng.normal(0, 0.004, (80, 100))).astype(np.float32)
    plain = SSR().transform([sky])[0]
    bounded = SSR(least_range=0.4).transform([sky])[0]
    assert plain.std() > 0.1  # black and white specks
    assert bounded.std() < 3 * sky.std()
    assert bounded.mean() == pytest.approx(sky.mean(), abs=0.01)


def test_least_range_leaves_a_wide_range_alone(night):
    plain = SSR().transform([night])[0]
    np.testing.assert_array_equal(plain, SSR(least_range=0.01).transform([night])[0])


def test_colour_keeps_its_hue_under_the_floor(night):
    image = np.stack([night, night * 0.5, night * 0.25], axis=-1)
    plain, spared = (
        HDRC(noise_floor=floor).transform([image])[0] for floor in (None, 4.0)
    )
    hue = [
        np.median(out[..., 1] / np.maximum(out[..., 0], 1e-3))
        for out in (plain, spared)
    ]
    assert hue[0] == pytest.approx(hue[1], abs=0.01)
    assert grain(spared[..., 0]) < 0.5 * grain(plain[..., 0])


@pytest.mark.parametrize(
    ("step", "name"),
    [(HDRC, "noise_floor"), (SSR, "noise_floor"), (SSR, "least_range")],
)
def test_negative_floors_are_refused(step, name, night):
    with pytest.raises(ValueError, match=name):
        step(**{name: -1}).transform([night])
