import numpy as np
import pytest

from skfusion._kernels.diffusion import fourth_order
from skfusion.fusers import FPDE


def second(image, axis):
    if image.shape[axis] < 2:
        return np.zeros_like(image)
    return np.gradient(np.gradient(image, axis=axis), axis=axis)


def evolve(image, n_iter, dt, kappa):
    """The equation as a statement in NumPy."""
    image = image.astype(np.float64)
    for _ in range(n_iter):
        xx, yy = second(image, 1), second(image, 0)
        c = 1 / (1 + (xx**2 + yy**2) / kappa**2)
        image = image - dt * (second(c * xx, 1) + second(c * yy, 0))
    return image


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 6), (2, 2), (2, 9), (3, 3), (4, 3), (5, 8), (13, 21)]
)
def test_kernel_equals_its_definition(shape):
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    found = fourth_order(image, 8, 0.9, 0.1)
    np.testing.assert_allclose(found, evolve(image, 8, 0.9, 0.1), rtol=0, atol=2e-6)


@pytest.mark.parametrize("change", [{}, {"n_iter": 4}, {"dt": 0.5}, {"kappa": 20.0}])
def test_default_equals_its_definition(change):
    rng = np.random.default_rng(1)
    ir = rng.random((14, 19), dtype=np.float32)
    vis = 0.5 * ir + 0.5 * rng.random((14, 19), dtype=np.float32)
    params = {"n_iter": 15, "dt": 0.9, "kappa": 4.0, **change}
    scaled = {**params, "kappa": params["kappa"] / 255}
    base_ir, base_vis = evolve(ir, **scaled), evolve(vis, **scaled)
    detail_ir, detail_vis = ir - base_ir, vis - base_vis
    vector = np.linalg.eigh(np.cov(detail_ir.ravel(), detail_vis.ravel()))[1][:, -1]
    weights = np.abs(vector) / np.abs(vector).sum()
    expected = weights[0] * detail_ir + weights[1] * detail_vis
    expected += (base_ir + base_vis) / 2
    fused = FPDE(**params)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, expected, rtol=0, atol=2e-4)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("FPDE", pair).excess(FPDE(parity=True)).max() < 1e-12


def test_parity_equals_the_published_images(vifb):
    fuser = FPDE(parity=True, color="per_channel")
    assert vifb.difference(fuser, "FPDE", "running")[1] == 0


def test_any_image(check_any_image):
    check_any_image(FPDE(), identity=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_parity_takes_sides_too_short_for_a_derivative(shape):
    ir, vis = np.random.default_rng(2).random((2, *shape), dtype=np.float32)
    fused = FPDE(parity=True)._fuse_plane(ir, 0.5 * ir + 0.5 * vis)
    assert fused.shape == shape and np.isfinite(fused).all()
