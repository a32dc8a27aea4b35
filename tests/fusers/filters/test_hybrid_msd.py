import math

import numpy as np
import pytest

from skfusion._kernels.bilateral_grid import bilateral_grid
from skfusion.fusers import HybridMSD
from skfusion.fusers.filters._hybrid import combine_hybrid
from tests.fusers.filters.test_vsmwls import gaussian


def grid_filter(image, sigma_space, sigma_range):
    """The bilateral grid as a statement in NumPy."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    at = [rows / sigma_space, columns / sigma_space]
    at = [*at, (image - image.min()) / sigma_range]
    shape = [int(a.max()) + 5 for a in at]
    grid = np.zeros((2, *shape))
    cell = tuple((a + 0.5).astype(int) + 2 for a in at)
    np.add.at(grid[0], cell, image)
    np.add.at(grid[1], cell, 1)
    for axis in (1, 2, 3):
        for _ in range(2):
            around = np.roll(grid, 1, axis) + np.roll(grid, -1, axis)
            grid = (2 * grid + around) / 4
            for edge in (0, -1):
                for a in (1, 2, 3):
                    np.moveaxis(grid, a, 0)[edge] = 0
    low = [(a + 2).astype(int) for a in at]
    part = [a + 2 - k for a, k in zip(at, low)]
    out = np.zeros((2, *image.shape))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod([p if c else 1 - p for c, p in zip(corner, part)], axis=0)
        place = tuple(k + c for k, c in zip(low, corner))
        out += weight * grid[(slice(None), *place)]
    return out[0] / out[1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 8), (17, 30)])
@pytest.mark.parametrize("sigmas", [(2.0, 0.05), (4.0, 0.3), (16.0, 0.01)])
def test_kernel_equals_its_definition(shape, sigmas):
    image = np.random.default_rng(0).random(shape)
    expected = grid_filter(image, *sigmas)
    np.testing.assert_allclose(bilateral_grid(image, *sigmas), expected, atol=1e-12)
    single = bilateral_grid(image.astype(np.float32), *sigmas)
    assert single.dtype == np.float32


def test_kernel_keeps_a_step_and_smooths_noise():
    rng = np.random.default_rng(1)
    step = np.repeat([[0.2] * 20 + [0.8] * 20], 40, axis=0)
    noisy = step + 0.01 * rng.standard_normal(step.shape)
    smooth = bilateral_grid(noisy, 4.0, 0.1)
    assert np.abs(smooth - step).max() < 0.01
    assert (smooth - step).std() < 0.003


def definition(ir, vis, n_levels, lam, sigma_range):
    """The method as a statement in NumPy and SciPy."""
    layers = []
    for image in (vis, ir):
        smooth, edge, found = image, image, []
        for j in range(1, n_levels + 1):
            size = 2 * math.floor(3 * 2**j) + 1
            previous, smooth = smooth, gaussian(smooth, size, 2**j, "reflect")
            edge = grid_filter(edge, 2.0**j, sigma_range / 2 ** (j - 1))
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
        if j:
            c = gaussian(c, 7, 1, "reflect")
        fused = fused + c * e2 + (1 - c) * e1
        if not j:
            c = (np.abs(d1) < np.abs(d2)).astype(float)
        fused = fused + c * d2 + (1 - c) * d1
    return fused


@pytest.mark.parametrize(
    "change", [{}, {"n_levels": 1}, {"n_levels": 2}, {"lam": 3000.0}, {"lam": 0.5},
               {"sigma_range": 0.2}],
)  # fmt: skip
def test_equals_its_definition(change):
    ir, vis = np.random.default_rng(2).integers(0, 256, (2, 31, 44)) / 255
    params = {"n_levels": 3, "lam": 30.0, "sigma_range": 0.05, **change}
    expected = definition(ir, vis, **params)
    ir, vis = ir.astype(np.float32), vis.astype(np.float32)
    fused = HybridMSD(**params, parity=True)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, expected, atol=1e-9)
    default = HybridMSD(**params)._fuse_plane(ir, vis)
    assert default.dtype == np.float32
    # Cells and signs of single pixels may fall to the other side in float32.
    assert np.mean(np.abs(default - expected) > 1e-4) < 0.01


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("Hybrid_MSD", pair).excess(HybridMSD(parity=True)).max() < 1e-8


def test_parity_equals_the_published_images(vifb):
    fuser = HybridMSD(parity=True, color="per_channel")
    assert vifb.difference(fuser, "Hybrid_MSD", "running")[1] == 0


def test_any_image(check_any_image):
    check_any_image(HybridMSD(), identity=1e-5)
    check_any_image(HybridMSD(1), identity=1e-5)
    check_any_image(HybridMSD(parity=True), identity=1e-9)


def test_equal_edges_keep_the_visible_picture():
    flat = np.full((6, 8), 0.5)
    layers = ([flat, flat], [flat, flat], flat)
    other = ([flat, flat], [flat, flat], 0 * flat)
    fused = combine_hybrid(layers, other, 30.0, smooth_finest=True)
    np.testing.assert_allclose(fused, 2.5)
