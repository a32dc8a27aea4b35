"""The terms for looks: each sees its own defect, and none sees a picture without."""

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter

from skfusion.losses import LOOKS, Sources, looks, metric_values
from skfusion.losses._places import near, ring

SHAPE = (96, 112)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]


def day():
    """A bright even sky, cold in the infrared, over warm houses with texture."""
    rng = np.random.default_rng(0)
    sky = ROWS < 50 + 8 * ((COLUMNS // 20) % 2)
    texture = gaussian_filter(rng.standard_normal(SHAPE), 1.0)
    visible = np.where(sky, 0.8, 0.35 + 0.15 * texture)
    infrared = np.where(sky, 0.1, 0.55 + 0.02 * texture)
    person = (ROWS > 62) & (ROWS < 88) & (COLUMNS > 48) & (COLUMNS < 62)
    infrared = np.where(person, 0.95, infrared)
    return sky, person, np.clip(infrared, 0, 1), np.clip(visible, 0, 1)


SKY, PERSON, INFRARED, VISIBLE = day()
GOOD = np.where(SKY, VISIBLE, np.maximum(INFRARED, VISIBLE))


def measure(fused, infrared=INFRARED, visible=VISIBLE, names=LOOKS):
    a, b, f = (torch.from_numpy(x)[None] for x in (infrared, visible, fused))
    return dict(zip(names, metric_values(f, Sources(a, b), names)[0].tolist()))


def outside(mask):
    """Distance in pixels from the mask, 0 inside."""
    return distance_transform_edt(~mask)


def rim_along_the_skyline():
    away = outside(~SKY)
    return GOOD - 0.25 * np.exp(-((away / 10) ** 2)) * SKY


def blurred():
    return np.where(SKY, GOOD, gaussian_filter(GOOD, 3.0))


DEFECTS = {
    "dark_sky": lambda: np.where(SKY, INFRARED, GOOD),
    "marred_heat": lambda: np.where(PERSON, VISIBLE, GOOD),
    "false_edges": rim_along_the_skyline,
    "marred_detail": blurred,
    "raised_noise": lambda: (
        GOOD + 0.02 * np.random.default_rng(1).standard_normal(SHAPE)
    ),
}


@pytest.mark.parametrize("name", LOOKS)
def test_each_term_sees_its_defect(name):
    good, bad = measure(GOOD), measure(np.clip(DEFECTS[name](), 0, 1))
    assert bad[name] > 1.5 * good[name] + 0.01


@pytest.mark.parametrize("name", LOOKS)
def test_nothing_is_wrong_with_three_alike_images(name):
    for image in (INFRARED, VISIBLE, np.zeros(SHAPE), np.ones(SHAPE)):
        assert measure(image, image, image)[name] == 0


def test_detail_is_marred_by_loss_and_by_invention():
    texture = VISIBLE - gaussian_filter(VISIBLE, 2.0)
    sharper, softer = VISIBLE + 1.5 * texture, VISIBLE - 0.8 * texture
    values = [measure(x, VISIBLE, VISIBLE) for x in (VISIBLE, sharper, softer)]
    assert values[0]["marred_detail"] == 0
    assert values[1]["marred_detail"] > 0.1 and values[2]["marred_detail"] > 0.01


def test_a_ring_round_a_person_mars_its_heat():
    away = outside(PERSON)
    ringed = np.where((away > 3) & (away < 12), 0.2, GOOD)
    names = ("marred_heat", "dark_ring")
    good, bad = (measure(x, names=names) for x in (GOOD, ringed))
    assert good["dark_ring"] == 0 and bad["dark_ring"] > 0.4
    assert bad["marred_heat"] > good["marred_heat"] + 0.5


def test_the_dark_ring_is_a_share_of_pixels():
    infrared = np.full(SHAPE, 0.2)
    infrared[40:56, 40:56] = 0.9
    visible = np.full(SHAPE, 0.3)
    hot = infrared >= np.quantile(infrared, 0.98)
    away = outside(hot)
    places = (away >= 3) & (away <= 15)
    fused = np.maximum(infrared, visible)
    rng = np.random.default_rng(0)
    for depth in (4, 6):  # levels below both sources
        fused = np.where(places & (rng.random(SHAPE) < 0.3), 0.2 - depth / 255, fused)
        expected = (fused[places] < 0.2 - 5 / 255).mean()
        found = measure(fused, infrared, visible, ("dark_ring",))["dark_ring"]
        assert found == pytest.approx(expected, abs=1e-12)
        assert (expected > 0) == (depth == 6)


@pytest.mark.parametrize("square", [0, 1, 8, 9, 225])
def test_near_is_the_euclidean_distance(square):
    rng = np.random.default_rng(3)
    mask = rng.random((3, 40, 31)) < 0.003
    mask[2] = False
    found = near(torch.from_numpy(mask), square).numpy()
    for k in (0, 1):
        away = distance_transform_edt(~mask[k]) if mask[k].any() else np.inf
        np.testing.assert_array_equal(found[k], away**2 <= square + 1e-6)
    assert not found[2].any()


def test_a_constant_image_has_no_ring():
    assert not ring(torch.full((1, 9, 9), 7.0)).any()


def test_the_level_of_the_sky_is_a_share_of_the_visible_one():
    for share in (1.0, 0.9, 0.5):
        fused = np.where(SKY, share * VISIBLE, GOOD)
        level = measure(fused, names=("sky_level",))["sky_level"]
        assert level == pytest.approx(share, abs=0.03)
    assert measure(0 * GOOD, INFRARED, 0.3 * VISIBLE, ("sky_level",)) == {
        "sky_level": 1.0
    }


def test_a_sky_of_nine_tenths_is_hardly_dark():
    values = [
        measure(np.where(SKY, share * VISIBLE, GOOD))["dark_sky"]
        for share in (1.0, 0.93, 0.85, 0.6)
    ]
    assert values[0] == values[1] < 0.3 * values[2] < 0.1 * values[3]


def test_a_rim_beside_an_edge_of_the_sources_is_no_excuse():
    """The rim hides in the skyline's own slope unless the sky is judged by itself."""
    away = outside(~SKY)
    values = [
        measure(GOOD - depth * np.exp(-((away / 6) ** 2)) * SKY)["false_edges"]
        for depth in (0.0, 0.05, 0.1, 0.2)
    ]
    assert all(x < y for x, y in zip(values, values[1:]))
    assert values[2] > values[0] + 0.04


def test_the_terms_come_in_order_and_for_a_batch():
    a, b, f = (
        torch.from_numpy(np.stack([x, x[:, ::-1]]))
        for x in (INFRARED, VISIBLE, DEFECTS["dark_sky"]())
    )
    found = looks(f, Sources(a, b))
    assert found.shape == (2, len(LOOKS))
    expected = list(measure(DEFECTS["dark_sky"]()).values())
    assert found[0].tolist() == pytest.approx(expected, rel=1e-9)
