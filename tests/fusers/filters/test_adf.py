import numpy as np
import pytest

from skfusion._kernels.diffusion import perona_malik
from skfusion.fusers import ADF
from skfusion.fusers.filters._pca import pca_weights


def diffuse(image, n_iter, dt, kappa, conductance):
    """Perona and Malik with eight neighbours; a neighbour outside is the pixel."""
    image = image.astype(np.float64)
    height, width = image.shape
    for _ in range(n_iter):
        padded = np.pad(image, 1, constant_values=np.nan)
        change = np.zeros_like(image)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                g = padded[1 + i : 1 + i + height, 1 + j : 1 + j + width] - image
                g = np.nan_to_num(g)
                ratio = (g / kappa) ** 2
                c = np.exp(-ratio) if conductance == "exponential" else 1 / (1 + ratio)
                change += c * g * (0.5 if i and j else 1)
        image = image + dt * change
    return image


@pytest.mark.parametrize("conductance", ["exponential", "quadratic"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (12, 17)])
@pytest.mark.parametrize("kappa", [0.02, 0.1, 0.5])
def test_kernel_equals_its_definition(conductance, shape, kappa):
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    found = perona_malik(image, 6, 0.12, kappa, conductance == "quadratic")
    expected = diffuse(image, 6, 0.12, kappa, conductance)
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6)


@pytest.mark.parametrize(
    "change",
    [{}, {"n_iter": 3}, {"dt": 0.1}, {"kappa": 10.0}, {"conductance": "quadratic"}],
)
def test_default_equals_its_definition(change):
    rng = np.random.default_rng(1)
    ir = rng.random((14, 19), dtype=np.float32)
    vis = 0.5 * ir + 0.5 * rng.random((14, 19), dtype=np.float32)
    params = {"n_iter": 10, "dt": 0.15, "kappa": 30.0, "conductance": "exponential"}
    params.update(change)
    scaled = {**params, "kappa": params["kappa"] / 255}
    base_ir, base_vis = diffuse(ir, **scaled), diffuse(vis, **scaled)
    matrix = np.cov((ir - base_ir).ravel(), (vis - base_vis).ravel())
    weights = np.linalg.eigh(matrix)[1][:, -1]
    weights = np.abs(weights) / np.abs(weights).sum()
    expected = (base_ir + base_vis) / 2 + weights[0] * (ir - base_ir)
    expected += weights[1] * (vis - base_vis)
    fused = ADF(**params)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-5)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("ADF", pair).excess(ADF(parity=True)).max() < 1e-12


def test_parity_equals_the_published_images(vifb):
    fuser = ADF(parity=True, color="per_channel")
    assert vifb.difference(fuser, "ADF", "running")[1] == 0


def test_parity_has_both_conductances():
    ir, vis = np.random.default_rng(2).random((2, 12, 12), dtype=np.float32)
    one = ADF(parity=True)._fuse_plane(ir, vis)
    other = ADF(parity=True, conductance="quadratic")._fuse_plane(ir, vis)
    assert (one != other).any()


def test_border_stays_as_bright_as_it_was():
    flat = np.full((9, 9), 0.1, np.float32)
    np.testing.assert_array_equal(ADF()._diffuse(flat), flat)
    assert ADF(parity=True)._diffuse(flat * 255)[0, 0] < 15


def test_any_image(check_any_image):
    check_any_image(ADF(), identity=1e-6)


class TestPcaWeights:
    def test_equals_numpy(self):
        rng = np.random.default_rng(3)
        a = rng.random((8, 9))
        b = 0.4 * a + 0.2 * rng.random((8, 9))
        vector = np.linalg.eigh(np.cov(a.ravel(), b.ravel()))[1][:, -1]
        for guard in (True, False):
            found = pca_weights(a, b, guard=guard)
            np.testing.assert_allclose(found, vector / vector.sum(), rtol=1e-12)

    def test_opposite_images_weigh_alike(self):
        a = np.random.default_rng(4).random((8, 9))
        np.testing.assert_allclose(pca_weights(a, -a), 0.5)
        np.testing.assert_allclose(pca_weights(a, 1 - 3 * a), [0.25, 0.75])

    def test_flat_images(self):
        flat, a = np.zeros((4, 5)), np.random.default_rng(5).random((4, 5))
        assert pca_weights(flat, flat) == (0.5, 0.5)
        assert pca_weights(a, flat) == (1, 0)
        assert pca_weights(flat, a) == (0, 1)
