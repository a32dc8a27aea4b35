import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.images import read_image
from skfusion.transforms import GuidedFilter, box_filter, guided_filter

SHAPES = [(1, 1), (1, 9), (9, 1), (5, 4), (24, 31)]
RADII = [0, 1, 4, 40]


def guided_gray(guide, image, radius, eps):
    """He et al. 2013, Algorithm 1, with windows clipped to the image."""

    def mean(values):
        return box_filter(values, radius)

    variance = mean(guide * guide) - mean(guide) ** 2
    a = (mean(guide * image) - mean(guide) * mean(image)) / (variance + eps)
    b = mean(image) - a * mean(guide)
    return mean(a) * guide + mean(b)


def guided_colour(guide, image, radius, eps):
    """He et al. 2013, Eq. (13) to (15)."""

    def mean(values):
        return box_filter(np.ascontiguousarray(values), radius)

    centre = mean(guide)
    products = guide[..., :, None] * guide[..., None, :]
    second = mean(products.reshape(*image.shape, 9)).reshape(*image.shape, 3, 3)
    covariance = second - centre[..., :, None] * centre[..., None, :]
    cross = mean(guide * image[..., None]) - centre * mean(image)[..., None]
    a = np.linalg.solve(covariance + eps * np.eye(3), cross[..., None])[..., 0]
    b = mean(image) - (a * centre).sum(-1)
    return (mean(a) * guide).sum(-1) + mean(b)


def fast(guide, image, radius, eps, s):
    """Fast form on gray arrays: nearest samples, bilinear with half-pixel centres."""
    height, width = guide.shape
    h, w = int(np.ceil(height / s)), int(np.ceil(width / s))
    rows = np.minimum(np.floor((np.arange(h) + 0.5) * s).astype(int), height - 1)
    cols = np.minimum(np.floor((np.arange(w) + 0.5) * s).astype(int), width - 1)
    small, source = guide[np.ix_(rows, cols)], image[np.ix_(rows, cols)]
    r = max(1, round(radius / s))
    variance = box_filter(small * small, r) - box_filter(small, r) ** 2
    cross = box_filter(small * source, r) - box_filter(small, r) * box_filter(source, r)
    a = cross / (variance + eps)
    b = box_filter(source, r) - a * box_filter(small, r)

    def enlarge(values):
        u = np.clip((np.arange(height) + 0.5) * h / height - 0.5, 0, h - 1)
        v = np.clip((np.arange(width) + 0.5) * w / width - 0.5, 0, w - 1)
        columns = [np.interp(u, np.arange(h), values[:, j]) for j in range(w)]
        tall = np.stack(columns, axis=1)
        return np.stack([np.interp(v, np.arange(w), row) for row in tall])

    return enlarge(box_filter(a, r)) * guide + enlarge(box_filter(b, r))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", RADII)
def test_self_guide_is_the_definition(rng, shape, radius):
    image = rng.random(shape)
    expected = guided_gray(image, image, radius, 0.01)
    out = guided_filter(image, image, radius, 0.01)
    np.testing.assert_allclose(out, expected, atol=1e-10)
    # The general kernel gives the same as the fused one.
    out = guided_filter(image, image.copy(), radius, 0.01)
    np.testing.assert_allclose(out, expected, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", RADII)
def test_gray_guide_is_the_definition(rng, shape, radius):
    guide, image = rng.random((2, *shape))
    expected = guided_gray(guide, image, radius, 0.01)
    out = guided_filter(guide, image, radius, 0.01)
    np.testing.assert_allclose(out, expected, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", RADII)
def test_colour_guide_is_the_definition(rng, shape, radius):
    guide, image = rng.random((*shape, 3)), rng.random(shape)
    expected = guided_colour(guide, image, radius, 0.01)
    out = guided_filter(guide, image, radius, 0.01)
    np.testing.assert_allclose(out, expected, atol=1e-10)


@pytest.mark.parametrize("s", [1.5, 2, 2.75, 7, 100])
def test_subsampled_form_is_the_definition(rng, s):
    guide, image = rng.random((2, 29, 34))
    expected = fast(guide, image, 6, 0.01, s)
    out = guided_filter(guide, image, 6, 0.01, subsample=s)
    np.testing.assert_allclose(out, expected, atol=1e-10)
    expected = fast(guide, guide, 6, 0.01, s)
    out = guided_filter(guide, guide, 6, 0.01, subsample=s)
    np.testing.assert_allclose(out, expected, atol=1e-10)


def test_subsampled_colour_guide_of_equal_channels_is_nearly_the_gray_one(rng):
    gray, image = rng.random((2, 29, 34))
    colour = np.repeat(gray[..., None], 3, axis=2)
    # Three equal channels share the slope: eps counts a third.
    out = guided_filter(colour, image, 6, 0.03, subsample=2)
    np.testing.assert_allclose(
        out, guided_filter(gray, image, 6, 0.01, subsample=2), atol=1e-9
    )


def test_subsample_of_one_and_small_auto_are_exact(rng):
    image = rng.random((12, 15))
    exact = guided_filter(image, image, 4, 0.01)
    for subsample in (None, 1, 1.0, "auto"):
        out = guided_filter(image, image, 4, 0.01, subsample)
        np.testing.assert_array_equal(out, exact)
    quarter = guided_filter(image, image, 6, 0.01, 1.5)
    np.testing.assert_array_equal(guided_filter(image, image, 6, 0.01, "auto"), quarter)


def test_golden_base_of_the_authors(golden):
    image = read_image(golden / "inputs" / "odd_vis.png").astype(float)
    data = np.load(golden / "seeds" / "enhance_odd.npz")
    x = (image - image.min()) / (image.max() - image.min())
    base = guided_filter(x, x, int(data["radius"]), 0.01, float(data["subsampling"]))
    np.testing.assert_allclose(255 * base, data["hdrc_base"], atol=1e-9)


@pytest.mark.parametrize("pair", ["street", "night"])
def test_golden_base_of_the_larger_pairs(shared, pair):
    image = read_image(shared / "golden" / "inputs" / f"{pair}_vis.png").astype(float)
    data = np.load(shared / "golden" / "seeds" / f"enhance_{pair}.npz")
    x = (image - image.min()) / (image.max() - image.min())
    base = guided_filter(x, x, int(data["radius"]), 0.01, "auto")
    # Stored as float32.
    np.testing.assert_allclose(255 * base, data["hdrc_base"], rtol=6e-8)


def test_any_range_follows_the_scale_of_eps(rng):
    image = rng.normal(size=(14, 17))
    out = guided_filter(image, image, 3, 0.01)
    scaled = guided_filter(1000 * image + 7, 1000 * image + 7, 3, 0.01 * 1e6)
    np.testing.assert_allclose(scaled, 1000 * out + 7, atol=1e-7)


def test_a_constant_stays_even_under_a_tiny_eps(rng):
    for image in (np.full((9, 8), 200.1), np.full((9, 8), 0.7, np.float32)):
        out = guided_filter(image, image, 2, 1e-15)
        np.testing.assert_allclose(out, image, rtol=1e-6)
        out = guided_filter(rng.random((9, 8)), image, 2, 0.01)
        np.testing.assert_allclose(out, image, rtol=1e-6)


def test_large_eps_is_the_double_mean_and_small_eps_the_image(rng):
    image = rng.random((14, 17))
    blurred = box_filter(box_filter(image, 3), 3)
    out = guided_filter(image, image, 3, 1e9)
    np.testing.assert_allclose(out, blurred, atol=1e-8)
    np.testing.assert_allclose(guided_filter(image, image, 3, 1e-12), image, atol=1e-8)


def test_dtypes(rng):
    single = rng.random((8, 9), dtype=np.float32)
    double = single.astype(float)
    assert guided_filter(single, single, 2, 0.01).dtype == np.float32
    assert guided_filter(single, double, 2, 0.01).dtype == np.float64
    assert guided_filter(double, single, 2, 0.01).dtype == np.float64
    expected = guided_filter(double, double, 2, 0.01)
    out = guided_filter(single, single, 2, 0.01)
    np.testing.assert_allclose(out, expected, atol=1e-6)
    # A variance far below the float32 resolution of the mean square is still right.
    single = (single * np.float32(1e-3) + 1).astype(np.float32)
    out = guided_filter(single, single, 2, 1e-8)
    expected = guided_filter(single.astype(float), single.astype(float), 2, 1e-8)
    np.testing.assert_allclose(out, expected, atol=2e-7)


def test_channels_of_the_image_are_filtered_apart(rng):
    guide, image = rng.random((8, 9)), rng.random((8, 9, 2))
    out = guided_filter(guide, image, 2, 0.01)
    assert out.shape == image.shape
    for c in range(2):
        expected = guided_filter(guide, image[..., c], 2, 0.01)
        np.testing.assert_array_equal(out[..., c], expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"guide": np.zeros((3, 4))}, r"guide is \(3, 4\) and image \(4, 4\)"),
        ({"guide": np.zeros((4, 4, 2))}, "guide has 2 channels"),
        ({"guide": np.full((4, 4), np.nan)}, "guide holds 16 NaN"),
        ({"image": np.full((4, 4), np.inf)}, "image holds 16 NaN"),
        ({"radius": 1.5}, "radius=1.5"),
        ({"eps": 0.0}, "eps=0.0"),
        ({"eps": np.nan}, "eps=nan"),
        ({"eps": True}, "eps=True"),
        ({"subsample": 0.5}, "subsample=0.5"),
        ({"subsample": "twice"}, "subsample='twice'"),
        ({"subsample": True}, "subsample=True"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {
        "guide": np.zeros((4, 4)),
        "image": np.zeros((4, 4)),
        "radius": 1,
        "eps": 0.1,
    }
    with pytest.raises(ValueError, match=message):
        guided_filter(**(arguments | change))


def test_transformer_equals_the_function(rng):
    image = rng.random((12, 14)).astype(np.float32)
    colour = rng.random((12, 14, 3)).astype(np.float32)
    out = GuidedFilter(radius=3, eps=0.02, subsample=2).transform([image, colour])
    expected = guided_filter(image, image, 3, 0.02, 2)
    np.testing.assert_array_equal(out[0], np.clip(expected, 0, 1))
    expected = guided_filter(colour, colour, 3, 0.02, 2)
    np.testing.assert_array_equal(out[1], np.clip(expected, 0, 1))


def test_infrared_guides_visible(rng):
    ir, vis = rng.random((2, 12, 14)).astype(np.float32)
    X = ImagePairs([ir], [vis], names=["a"])
    out = GuidedFilter(radius=3, guide="infrared").fit(X).transform(X)
    assert isinstance(out, ImagePairs) and out.names.tolist() == ["a"]
    np.testing.assert_array_equal(out.infrared[0], ir)
    expected = np.clip(guided_filter(ir, vis, 3, 0.01), 0, 1)
    np.testing.assert_array_equal(out.visible[0], expected)


def test_visible_guides_infrared_in_colour(rng):
    ir = rng.random((12, 14)).astype(np.float32)
    vis = rng.random((12, 14, 3)).astype(np.float32)
    out = GuidedFilter(radius=3, guide="visible").fit().transform([(ir, vis)])
    np.testing.assert_array_equal(out.visible[0], vis)
    expected = np.clip(guided_filter(vis, ir, 3, 0.01), 0, 1)
    np.testing.assert_array_equal(out.infrared[0], expected)


def test_guides_of_pairs_refuse_images_and_unequal_sizes(rng):
    with pytest.raises(ValueError, match="expected a pair"):
        GuidedFilter(guide="infrared").fit([rng.random((12, 14, 3))])
    with pytest.raises(ValueError, match="bring them to one size"):
        GuidedFilter(guide="visible").transform([(np.zeros((2, 3)), np.zeros((4, 3)))])
    with pytest.raises(ValueError, match="'guide' parameter"):
        GuidedFilter(guide="depth").fit()
    with pytest.raises(ValueError, match="'eps' parameter"):
        GuidedFilter(guide="infrared", eps=-1.0).fit()
