import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer

from skfusion.images import luma, read_image
from skfusion.transforms import HDRC, GuidedFilter, guided_filter


def hdrc(image, target=4.0, ratio=0.04, eps=0.1, subsample="auto", base=None):
    """The published recipe in float64, image and result in [0, 1]."""
    x = (image - image.min()) / (image.max() - image.min())
    radius = int(np.floor(ratio * max(image.shape)))
    if base is None:
        base = guided_filter(x, x, radius, eps**2, subsample)
    log_base = np.log(255 * base + 1)
    detail = np.log(255 * x + 1) - log_base
    scale = np.log(target) / (log_base.max() - log_base.min())
    out = np.exp(scale * log_base + detail + (1 - scale) * log_base.max())
    return np.minimum(out, 255) / 255


def compare(folder, pair):
    image = read_image(folder / "inputs" / f"{pair}_vis.png")
    expected = np.load(folder / "seeds" / f"enhance_{pair}.npz")["hdrc"] / 255
    np.testing.assert_allclose(HDRC().transform([image])[0], expected, atol=1e-6)


def test_golden(golden):
    compare(golden, "odd")


@pytest.mark.parametrize("pair", ["street", "night"])
def test_golden_larger_pairs(shared, pair):
    compare(shared / "golden", pair)


@pytest.fixture
def image(small_pairs):
    visible = np.tile(small_pairs[0][1], (3, 4)) * np.linspace(0.1, 0.8, 124)
    return visible.astype(np.float32)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"target_contrast": 2.0},
        {"target_contrast": 60.0},
        {"radius_ratio": 0.1},
        {"radius_ratio": 0.0},
        {"eps": 0.5},
        {"subsample": None, "radius_ratio": 0.08},
        {"subsample": 3, "radius_ratio": 0.08},
    ],
)
def test_every_parameter_is_the_recipe(image, change):
    names = {"target_contrast": "target", "radius_ratio": "ratio"}
    expected = hdrc(
        image.astype(float), **{names.get(k, k): v for k, v in change.items()}
    )
    out = HDRC(**change).transform([image])[0]
    np.testing.assert_allclose(out, expected, atol=3e-6)


def test_base_filter_replaces_the_default(image):
    x = (image - image.min()) / (image.max() - image.min())
    smooth = GuidedFilter(radius=5, eps=0.04)
    expected = hdrc(image.astype(float), base=smooth.transform([x])[0].astype(float))
    out = HDRC(base_filter=smooth).transform([image])[0]
    np.testing.assert_allclose(out, expected, atol=3e-6)


def test_base_filter_is_searchable_and_cloned(image):
    transformer = HDRC(base_filter=GuidedFilter(radius=5))
    before = transformer.transform([image])[0]
    other = clone(transformer).set_params(base_filter__radius=2)
    assert transformer.base_filter.radius == 5
    assert not np.array_equal(other.transform([image])[0], before)
    np.testing.assert_array_equal(transformer.transform([image])[0], before)


def test_a_flat_base_leaves_the_contrast():
    image = np.linspace(0.2, 0.6, 20)[None]
    flat = FunctionTransformer(lambda X: [np.full_like(X[0], 0.5)])
    out = HDRC(base_filter=flat).transform([image])[0]
    stretched = (image - image.min()) / (image.max() - image.min())
    np.testing.assert_allclose(out, np.minimum(stretched + 1 / 255, 1), atol=1e-6)


def test_a_base_of_another_size_is_named():
    half = FunctionTransformer(lambda X: [X[0][::2]])
    with pytest.raises(ValueError, match=r"base_filter=.*returned shape \(2, 4\)"):
        HDRC(base_filter=half).transform([np.eye(4)])


def test_dark_regions_open_up_and_nothing_darkens(image):
    dark = image**2
    out = HDRC().transform([dark])[0]
    assert np.median(out) > 1.5 * np.median(dark)
    x = (dark - dark.min()) / (dark.max() - dark.min())
    uncut = out < 1
    np.testing.assert_array_less(x[uncut] * (1 - 1e-4), out[uncut])


def test_a_constant_image_comes_back():
    for image in (np.full((5, 6), 0.4), np.zeros((5, 6)), np.full((5, 6, 3), 0.4)):
        out = HDRC().transform([image])[0]
        np.testing.assert_allclose(out, image, atol=1e-6)


def test_gain_and_offset_of_the_input_do_not_matter(image):
    first = HDRC().transform([image])[0]
    second = HDRC().transform([image * 0.5 + 0.2])[0]
    np.testing.assert_allclose(second, first, atol=1e-5)


def test_colour_keeps_its_ratios_and_gets_the_luma(rng, image):
    colour = image[..., None] * np.array([0.5, 0.6, 0.45], np.float32) + np.float32(0.1)
    out = HDRC().transform([colour])[0]
    expected = HDRC().transform([luma(colour)])[0]
    inside = (out > 0).all(-1) & (out < 1).all(-1)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(luma(out)[inside], expected[inside], atol=1e-5)
    one = 1 / 255
    ratio = (out + one) / (colour + one)
    np.testing.assert_allclose(ratio[inside].std(axis=-1), 0, atol=1e-4)


def test_per_channel_is_each_channel_alone(rng):
    colour = rng.random((30, 40, 3)).astype(np.float32)
    out = HDRC(color="per_channel").transform([colour])[0]
    for c in range(3):
        alone = HDRC().transform([np.ascontiguousarray(colour[..., c])])[0]
        np.testing.assert_array_equal(out[..., c], alone)


@pytest.mark.parametrize(
    "change",
    [
        {"target_contrast": 1.0},
        {"radius_ratio": -0.1},
        {"eps": 0.0},
        {"subsample": 0.5},
        {"color": "rgb"},
        {"base_filter": "guided"},
    ],
)
def test_bad_parameters_are_named(change):
    with pytest.raises(ValueError, match=f"'{next(iter(change))}' parameter"):
        HDRC(**change).fit()
