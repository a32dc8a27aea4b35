import numpy as np
import pytest

from skfusion.fusers import GFCE, HMSDGF
from skfusion.fusers.filters._perceptual_saliency import perceptual_saliency
from skfusion.fusers.filters.hmsd_gf import automatic_lam
from skfusion.transforms import HDRC
from tests.fusers.filters.test_gff import guided
from tests.fusers.filters.test_vsmwls import gaussian


def definition(ir, vis, n_levels, lam, eps):
    """The method as a statement in NumPy and SciPy."""
    layers = []
    for image in (vis, ir):
        smooth, edge, found = image, image, []
        for j in range(1, n_levels + 1):
            previous, smooth = smooth, guided(smooth, smooth, 2**j, 1e4)
            edge = guided(edge, edge, 2**j, eps / 4 ** (j - 1))
            found.append((previous - edge, edge - smooth, smooth))
        layers.append(found)
    fused = 0
    for j in reversed(range(n_levels)):
        (d1, e1, m1), (d2, e2, m2) = layers[0][j], layers[1][j]
        if j:
            excess = np.maximum(np.abs(e2) - np.abs(e1), 0)
            c = np.arctan(lam * excess / excess.max()) / np.arctan(lam)
        else:
            c = (np.abs(e1) < np.abs(e2)).astype(float)
        if j == n_levels - 1:
            wide = gaussian(c, 385, 64, "reflect")
            fused = wide * m2 + (1 - wide) * m1
        c = gaussian(c, 7, 1, "reflect")
        fused = fused + c * e2 + (1 - c) * e1
        if not j:
            c = (np.abs(d1) < np.abs(d2)).astype(float)
        fused = fused + c * d2 + (1 - c) * d1
    return fused


@pytest.mark.parametrize(
    "change", [{}, {"n_levels": 1}, {"n_levels": 2}, {"lam": 3.0}, {"eps": 0.1}]
)
def test_equals_its_definition(change):
    ir, vis = np.random.default_rng(2).integers(0, 256, (2, 31, 44)) / 255
    params = {"n_levels": 3, "lam": 1500.0, "eps": 0.01, **change}
    expected = definition(ir, vis, **params)
    ir, vis = ir.astype(np.float32), vis.astype(np.float32)
    fused = HMSDGF(**params, parity=True)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, 275 / 255 * expected, atol=1e-9)
    default = HMSDGF(**params, gain=0.5)._fuse_plane(ir, vis)
    assert default.dtype == np.float32
    # Signs of single pixels may fall to the other side in float32.
    assert np.mean(np.abs(default - 0.5 * expected) > 1e-4) < 0.01


@pytest.mark.parametrize("fuser", [HMSDGF(parity=True), GFCE(parity=True)])
@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair, fuser):
    method = "GFCE" if isinstance(fuser, GFCE) else "HMSD_GF"
    assert original(method, pair).excess(fuser).max() < 1e-10


def test_parity_equals_the_published_images(vifb):
    for cls, method in ((HMSDGF, "HMSD_GF"), (GFCE, "GFCE")):
        fuser = cls(parity=True, color="per_channel")
        assert vifb.difference(fuser, method, "kettle")[1] == 0


def test_any_image(check_any_image):
    check_any_image(HMSDGF(), identity=1e-5)
    check_any_image(HMSDGF(parity=True, gain=1))
    check_any_image(GFCE())
    check_any_image(GFCE(parity=True))


def test_gfce_is_the_enhancement_and_the_fusion():
    rng = np.random.default_rng(3)
    ir = 0.2 + 0.5 * rng.random((40, 50), dtype=np.float32)
    vis = rng.random((40, 50), dtype=np.float32) ** 3
    stretched = (ir - ir.min()) / (ir.max() - ir.min())
    enhanced = HDRC().transform([vis])[0]
    np.testing.assert_allclose(
        GFCE(lam=200.0)._fuse_plane(ir, vis),
        HMSDGF(lam=200.0)._fuse_plane(stretched, enhanced),
        atol=1e-5,
    )


def saliency(levels):
    """Perceptual saliency frequency by frequency."""
    inner = levels[1:-1, 1:-1]
    height, width = inner.shape
    energy = weight = 0.0
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    windows = np.lib.stride_tricks.sliding_window_view(levels, (3, 3))
    squares = (windows * kernel).sum((2, 3)) ** 2 + (windows * kernel.T).sum(
        (2, 3)
    ) ** 2
    for i in range(0, height, 40):
        for j in range(0, width, 40):
            block = inner[i : i + 40, j : j + 40]
            m, n = block.shape
            total = 0.0
            spectrum = np.fft.fftshift(np.fft.fft2(block))
            for p in range(m):
                for q in range(n):
                    u = (p - m // 2) / m * 2
                    v = (q - n // 2) / n * 2
                    rho = 0.114 * 16 * np.hypot(u, v)
                    s = 2.6 * (0.0192 + rho) * np.exp(-(rho**1.1))
                    total += np.abs(spectrum[p, q] * s) ** 2
            share = squares[i : i + 40, j : j + 40].sum()
            energy += share * np.sqrt(total) / (m * n)
            weight += share
    return energy / weight


@pytest.mark.parametrize("shape", [(3, 3), (43, 30), (50, 85)])
def test_saliency_equals_its_definition(shape):
    levels = 255 * np.random.default_rng(4).random(shape)
    np.testing.assert_allclose(perceptual_saliency(levels), saliency(levels), rtol=1e-9)


def test_saliency_of_flat_and_tiny_images_is_zero():
    assert perceptual_saliency(np.full((9, 9), 7.0)) == 0
    assert perceptual_saliency(np.random.default_rng(5).random((2, 9))) == 0


def test_automatic_lam_grows_with_the_saliency_of_the_infrared_image():
    image = np.random.default_rng(6).random((40, 40))
    flat = np.full((40, 40), 0.5)
    assert automatic_lam(image, image) == pytest.approx(600)
    assert automatic_lam(0.5 * image, image) == 100
    assert automatic_lam(image, 0.5 * image) == 2000
    assert automatic_lam(image, flat) == 2000
    assert automatic_lam(flat, image) == 100
    assert automatic_lam(flat, flat) == 600
