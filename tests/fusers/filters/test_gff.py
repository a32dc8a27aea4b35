import numpy as np
import pytest
from scipy import ndimage

from skfusion.fusers import GFF

SMALL = {"radius_base": 6, "radius_detail": 2, "base_size": 9}


def clipped_mean(image, radius):
    size = 2 * radius + 1
    total = ndimage.uniform_filter(image, size, mode="constant")
    return total / ndimage.uniform_filter(np.ones_like(image), size, mode="constant")


def guided(guide, image, radius, eps):
    mean_guide, mean = clipped_mean(guide, radius), clipped_mean(image, radius)
    covariance = clipped_mean(guide * image, radius) - mean_guide * mean
    slope = covariance / (clipped_mean(guide**2, radius) - mean_guide**2 + eps)
    offset = mean - slope * mean_guide
    return clipped_mean(slope, radius) * guide + clipped_mean(offset, radius)


def definition(ir, vis, radius_base=45, eps_base=0.3, radius_detail=7, eps_detail=1e-6,
               base_size=31, saliency_sigma=5.0, saliency_size=11):  # fmt: skip
    """The method as a statement in NumPy and SciPy."""
    images = [vis.astype(np.float64), ir.astype(np.float64)]
    x = np.arange(saliency_size) - saliency_size // 2
    taps = np.exp(-(x**2) / (2 * saliency_sigma**2))
    taps /= taps.sum()
    saliency = []
    for image in images:
        strength = np.abs(ndimage.laplace(image, mode="nearest"))
        for axis in (0, 1):
            strength = ndimage.correlate1d(strength, taps, axis, mode="nearest")
        saliency.append(strength)
    wins = [saliency[0] >= saliency[1], saliency[0] < saliency[1]]
    fused = 0
    lows = [
        ndimage.uniform_filter(image, base_size, mode="nearest") for image in images
    ]
    details = [image - low for image, low in zip(images, lows)]
    for layers, radius, eps in [
        (lows, radius_base, eps_base),
        (details, radius_detail, eps_detail),
    ]:
        weights = [
            np.clip(guided(image, win.astype(float), radius, eps), 0, 1)
            for image, win in zip(images, wins)
        ]
        fused = fused + (weights[0] * layers[0] + weights[1] * layers[1]) / sum(weights)
    return fused


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"radius_base": 3},
        {"eps_base": 0.01},
        {"radius_detail": 5},
        {"eps_detail": 1e-3},
        {"base_size": 5},
        {"saliency_sigma": 1.0},
        {"saliency_size": 5},
    ],
)
def test_default_equals_its_definition(change):
    ir, vis = np.random.default_rng(1).random((2, 31, 44), dtype=np.float32)
    params = {**SMALL, **change}
    fused = GFF(**params)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, definition(ir, vis, **params), rtol=0, atol=2e-4)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("GFF", pair).excess(GFF(parity=True)).max() < 1e-12


def test_parity_in_colour_equals_the_original(original):
    fuser = GFF(parity=True, color="per_channel")
    assert original("GFF", "oddrgb").excess(fuser).max() < 1e-12


def test_parity_equals_the_published_images(vifb):
    # The benchmark's program for this method writes its inputs as JPEG first.
    fuser = GFF(parity=True, color="per_channel")
    for name in ("manCar", "walking"):
        mean, _ = vifb.difference(fuser, "GFF", name, jpeg_inputs=True)
        assert mean < 0.001


def test_any_image(check_any_image):
    check_any_image(GFF(), identity=1e-5)
    check_any_image(GFF(parity=True), identity=1e-9)


def test_colour_shares_one_pair_of_weights():
    rng = np.random.default_rng(2)
    ir = rng.random((20, 30), dtype=np.float32)
    gray = rng.random((20, 30), dtype=np.float32)
    vis = np.repeat(gray[..., None], 3, axis=2)
    fused = GFF(**SMALL, color="per_channel").transform([(ir, vis)])[0]
    assert fused.shape == (20, 30, 3)
    np.testing.assert_array_equal(fused[..., 0], fused[..., 2])
    alone = GFF(**SMALL).transform([(ir, gray)])[0]
    np.testing.assert_allclose(fused[..., 1], alone, rtol=0, atol=1e-3)


def test_weight_maps_favour_the_image_with_detail():
    rng = np.random.default_rng(4)
    ir, vis = np.full((2, 40, 60), 0.5, np.float32)
    vis[:, :30] = rng.random((40, 30))
    ir[:, 30:] = rng.random((40, 30))
    maps = GFF(**SMALL).weight_maps([(ir, vis)])
    assert maps.shape == (1, 2)
    for weight in maps[0]:
        assert weight.dtype == np.float32
        assert weight.min() >= 0 and weight.max() <= 1
        assert weight[:, :15].mean() > 0.8 and weight[:, 45:].mean() < 0.2


@pytest.mark.parametrize("name", ["base_size", "saliency_size"])
def test_even_window_is_an_error(name):
    with pytest.raises(ValueError, match=f"{name}=6 of GFF is even"):
        GFF(**{name: 6}).fit()
