import numpy as np
import pytest

from skfusion._kernels.cross_bilateral import cross_bilateral, cross_bilateral_exact
from skfusion.fusers import CBF


def base(image, guide, size, sigma_spatial, sigma_range):
    """Gather the shifted images: the cross bilateral filter as it is defined."""
    half = size // 2
    rows, columns = image.shape
    padded, guides = (np.pad(x, half, mode="reflect") for x in (image, guide))
    total, weights = np.zeros((2, rows, columns))
    for a in range(size):
        for b in range(size):
            there = guides[a : a + rows, b : b + columns]
            w = np.exp(-((a - half) ** 2 + (b - half) ** 2) / (2 * sigma_spatial**2))
            w = w * np.exp(-((there - guide) ** 2) / (2 * sigma_range**2))
            total += w * padded[a : a + rows, b : b + columns]
            weights += w
    return total / weights


def strength(detail, size):
    """Sum the eigenvalues of both covariance matrices of each window."""
    padded = np.pad(detail, size // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    out = np.empty(detail.shape)
    for at in np.ndindex(*detail.shape):
        window = windows[at]
        out[at] = np.linalg.eigvalsh(np.cov(window, rowvar=False)).sum()
        out[at] += np.linalg.eigvalsh(np.cov(window)).sum()
    return out


def definition(ir, vis, window_size=11, sigma_spatial=1.8, sigma_range=25 / 255,
               covariance_size=5):  # fmt: skip
    ir, vis = ir.astype(np.float64), vis.astype(np.float64)
    how = window_size, sigma_spatial, sigma_range
    w_ir = strength(ir - base(ir, vis, *how), covariance_size)
    w_vis = strength(vis - base(vis, ir, *how), covariance_size)
    return (w_ir * ir + w_vis * vis) / (w_ir + w_vis)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"window_size": 5},
        {"sigma_spatial": 4.0},
        {"sigma_range": 0.5},
        {"sigma_range": 0.01},
        {"covariance_size": 3},
    ],
)
def test_default_equals_its_definition(change):
    ir, vis = np.random.default_rng(0).random((2, 21, 26), dtype=np.float32)
    expected = definition(ir, vis, **change)
    np.testing.assert_allclose(CBF(**change)._fuse_plane(ir, vis), expected, atol=1e-4)
    exact = CBF(**change, parity=True)._fuse_plane(ir, vis)
    np.testing.assert_allclose(exact, expected, atol=1e-9)


def test_fast_exponential_is_exact_to_float32():
    image, guide = np.random.default_rng(1).random((2, 19, 23), dtype=np.float32)
    near = np.ones((5, 5), np.float32)
    for scale in (0.01, 1.0, 50.0, 1e4):
        exact = cross_bilateral_exact(
            image.astype(float), guide.astype(float), near.astype(float), scale
        )
        fast = cross_bilateral(image, guide, near, scale)
        np.testing.assert_allclose(fast, exact, rtol=2e-5)


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("CBF", pair).excess(CBF(parity=True)).max() < 1e-11


def test_parity_equals_the_published_images(vifb):
    fuser = CBF(parity=True, color="per_channel")
    for name in ("manCar", "walking"):
        mean, _ = vifb.difference(fuser, "CBF", name)
        assert mean < 0.001


def test_any_image(check_any_image):
    check_any_image(CBF(), identity=1e-6)
    check_any_image(CBF(parity=True), identity=1e-9)


def test_flat_images_are_averaged():
    ir, vis = np.full((9, 9), 0.2, np.float32), np.full((9, 9), 0.6, np.float32)
    for fuser in (CBF(), CBF(parity=True)):
        np.testing.assert_allclose(fuser._fuse_plane(ir, vis), 0.4, atol=1e-4)


@pytest.mark.parametrize("name", ["window_size", "covariance_size"])
def test_even_window_is_an_error(name):
    with pytest.raises(ValueError, match=f"{name}=4 of CBF is even"):
        CBF(**{name: 4}).fit()
