import numpy as np
import pytest
from scipy import ndimage

from skfusion._kernels.domain_transform import recursive_filter
from skfusion.fusers import SAIF


def box(image, radius):
    size = 2 * radius + 1
    total = ndimage.uniform_filter(image, size, mode="constant")
    return total / ndimage.uniform_filter(np.ones_like(image), size, mode="constant")


def recursive(image, across, down):
    """One pass right, left, down and up."""
    image = image.copy()
    for turn, feedback in ((np.asarray, across), (np.transpose, down)):
        view, v = turn(image), turn(feedback)
        for j in range(1, view.shape[1]):
            view[:, j] += v[:, j - 1] * (view[:, j - 1] - view[:, j])
        for j in range(view.shape[1] - 2, -1, -1):
            view[:, j] += v[:, j] * (view[:, j + 1] - view[:, j])
    return image


def definition(ir, vis, radius=3, eps=0.01, sigma_spatial=10, sigma_range=0.2,
               n_iter=3):  # fmt: skip
    """The method as a statement in NumPy and SciPy."""
    ir, vis = ir.astype(np.float64), vis.astype(np.float64)

    def structure(image):
        mean = box(image, radius)
        variance = box(image**2, radius) - mean**2
        smooth = mean + variance / (variance + eps) * (image - mean)
        across = np.abs(np.diff(smooth, axis=1, append=smooth[:, -1:]))
        return across + np.abs(np.diff(smooth, axis=0, append=smooth[-1:]))

    wins = (box(structure(ir) - structure(vis), radius) > 1e-6).astype(float)
    a = np.exp(-np.sqrt(2) / sigma_spatial)
    across, down = (
        a ** (1 + sigma_spatial / sigma_range * np.abs(np.diff(ir, axis=axis)))
        for axis in (1, 0)
    )
    for _ in range(n_iter):
        wins = recursive((wins > 0.5).astype(float), across, down)
    return wins * ir + (1 - wins) * vis


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"radius": 1},
        {"radius": 0},
        {"eps": 0.1},
        {"sigma_spatial": 3.0},
        {"sigma_range": 1.0},
        {"n_iter": 0},
        {"n_iter": 1},
    ],
)
def test_default_equals_its_definition(change):
    ir, vis = np.random.default_rng(0).random((2, 31, 44), dtype=np.float32)
    vis[:, 20:] = vis[:, 20:] / 4 + 0.3
    fused = SAIF(**change)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, definition(ir, vis, **change), rtol=0, atol=1e-4)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (1, 8), (8, 1), (9, 7)])
def test_recursive_filter_equals_its_definition(shape, dtype):
    rng = np.random.default_rng(1)
    image = rng.random(shape).astype(dtype)
    across = rng.random((shape[0], shape[1] - 1)).astype(dtype)
    down = rng.random((shape[0] - 1, shape[1])).astype(dtype)
    expected = recursive(image, across, down)
    recursive_filter(image, across, down)
    np.testing.assert_allclose(image, expected, rtol=1e-5)


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("SAIF", pair).excess(SAIF(parity=True)).max() < 1e-12


def test_any_image(check_any_image):
    check_any_image(SAIF(), identity=1e-6)
    check_any_image(SAIF(parity=True), identity=1e-12)


def test_result_lies_between_the_images():
    ir, vis = np.random.default_rng(2).random((2, 40, 50), dtype=np.float32)
    fused = SAIF()._fuse_plane(ir, vis)
    assert (fused >= np.minimum(ir, vis) - 1e-6).all()
    assert (fused <= np.maximum(ir, vis) + 1e-6).all()


def test_flat_regions_take_the_visible_image():
    ir, vis = np.full((30, 40), 0.9, np.float32), np.full((30, 40), 0.2, np.float32)
    np.testing.assert_allclose(SAIF()._fuse_plane(ir, vis), vis, atol=1e-6)


def test_bright_border_is_no_structure_by_default():
    rng = np.random.default_rng(3)
    ir = np.full((40, 60), 0.9, np.float32)
    vis = 0.5 + 0.03 * rng.standard_normal((40, 60)).astype(np.float32)
    X = [(ir, vis.clip(0, 1))]
    assert SAIF(n_iter=0).weight_map(X)[0].min() == 1
    quirk = SAIF(n_iter=0, parity=True).weight_map(X)[0]
    assert quirk[:, -1].max() == 0 and quirk[:-6, :-6].min() == 1


def test_weight_map_is_one_where_the_visible_image_has_the_structure():
    rng = np.random.default_rng(4)
    ir, vis = np.full((2, 40, 60), 0.5, np.float32)
    vis[:, :30] = rng.random((40, 30))
    ir[:, 30:] = rng.random((40, 30))
    weight = SAIF().weight_map([(ir, vis)])[0]
    assert weight[:, :20].mean() > 0.95 and weight[:, 40:].mean() < 0.05
