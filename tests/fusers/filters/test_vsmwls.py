import numpy as np
import pytest
from scipy import ndimage

from skfusion.fusers import VSMWLS
from skfusion.fusers.filters._saliency import global_contrast
from tests.fusers.filters.test_gff import guided


def gaussian(image, size, sigma, mode):
    x = np.arange(size) - size // 2
    taps = np.exp(-(x**2) / (2 * sigma**2))
    for axis in (0, 1):
        image = ndimage.correlate1d(image, taps / taps.sum(), axis, mode=mode)
    return image


def contrast(image):
    levels = np.floor(image.astype(np.float64) * 255 + 0.5)
    far = np.abs(levels[:, :, None] - levels.ravel()).sum(axis=2)
    return (far - far.min()) / (far.max() - far.min())


def definition(ir, vis, n_levels, sigma_range, n_iter, lam):
    """The method as a statement in NumPy and SciPy."""
    weight = 0.5 + 0.5 * (contrast(ir) - contrast(vis))
    bases, details = [], []
    for image in (ir, vis):
        base, layers = image.astype(np.float64), []
        for j in range(1, n_levels):
            scale = 2**j
            guide = gaussian(base, 6 * scale + 1, scale, "nearest")
            for _ in range(n_iter):
                guide = guided(guide, base, scale, sigma_range**2)
            layers.append(base - guide)
            base = guide
        smooth = gaussian(base, 13, 2, "nearest")
        layers.append(base - smooth)
        bases.append(smooth)
        details.append(layers)
    fused = weight * bases[0] + (1 - weight) * bases[1]
    for j, (a, b) in enumerate(zip(*details)):
        if j == 0:
            fused = fused + np.where(np.abs(a) >= np.abs(b), a, b)
            continue
        choice = gaussian((np.abs(a) < np.abs(b)).astype(float), 13, 2, "reflect")
        mean = ndimage.uniform_filter(b, 7, mode="nearest")
        q = lam / (np.abs(mean) + 1e-6)
        fused = fused + (choice * b + (1 - choice) * a + q * a) / (1 + q)
    return fused


@pytest.mark.parametrize(
    "change",
    [{}, {"n_levels": 1}, {"n_levels": 2}, {"sigma_range": 0.2}, {"n_iter": 1},
     {"lam": 0.0}, {"lam": 0.1}],
)  # fmt: skip
def test_default_equals_its_definition(change):
    ir, vis = np.random.default_rng(0).random((2, 31, 44), dtype=np.float32)
    params = {"n_levels": 3, "sigma_range": 0.05, "n_iter": 4, "lam": 0.01, **change}
    fused = VSMWLS(**params)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, definition(ir, vis, **params), atol=2e-4)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("VSMWLS", pair).excess(VSMWLS(parity=True)).max() < 1e-12


def test_parity_equals_the_published_images(vifb):
    fuser = VSMWLS(parity=True, color="per_channel")
    assert vifb.difference(fuser, "VSMWLS", "running")[1] == 0


def test_any_image(check_any_image):
    check_any_image(VSMWLS(), identity=1e-5)
    check_any_image(VSMWLS(parity=True), identity=1e-9)


def test_contrast_of_a_constant_image_is_zero():
    assert not global_contrast(np.full((3, 4), 9, np.uint8)).any()


def test_a_range_whose_square_is_zero_keeps_every_edge(rng):
    pair = [(rng.random((24, 30)), rng.random((24, 30)))]
    least, small = (VSMWLS(sigma_range=s).transform(pair)[0] for s in (5e-324, 1e-15))
    np.testing.assert_allclose(least, small, rtol=0, atol=1e-5)
