import numpy as np
import pytest

from skfusion.fusers import MSVD


def blocks_of(image):
    return np.array(
        [
            image[i : i + 2, j : j + 2].ravel(order="F")
            for i in range(0, image.shape[0], 2)
            for j in range(0, image.shape[1], 2)
        ]
    ).T


def definition(ir, vis, n_levels):
    """The method block by block in NumPy, one basis for both; even sides."""
    a, b = blocks_of(ir), blocks_of(vis)
    basis = np.linalg.svd(np.hstack([a, b]), full_matrices=False)[0]
    a, b = basis.T @ a, basis.T @ b
    fused = np.where(np.abs(a) >= np.abs(b), a, b)
    half = ir.shape[0] // 2, ir.shape[1] // 2
    if n_levels > 1:
        low = definition(a[0].reshape(half), b[0].reshape(half), n_levels - 1)
        fused[0] = low.ravel()
    else:
        fused[0] = (a[0] + b[0]) / 2
    columns = (basis @ fused).T
    image = np.empty_like(ir)
    for n, block in enumerate(columns):
        i, j = divmod(n, half[1])
        image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = block.reshape(2, 2, order="F")
    return image


@pytest.mark.parametrize("n_levels", [1, 2, 3])
def test_default_equals_its_definition(n_levels):
    ir, vis = np.random.default_rng(0).random((2, 24, 32))
    fused = MSVD(n_levels)._fuse_plane(ir.astype(np.float32), vis.astype(np.float32))
    np.testing.assert_allclose(fused, definition(ir, vis, n_levels), atol=1e-5)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    # Of the odd pair the original returns one row and column more than it was given.
    data = original("MSVD", pair)
    height, width = data.ir.shape
    data.fused = data.fused[:height, :width]
    data.resolution = data.resolution[:height, :width]
    assert data.excess(MSVD(parity=True)).max() < 1e-12


def test_parity_equals_the_published_images(vifb):
    # Of the other pairs the published images have other signs of singular vectors.
    fuser = MSVD(parity=True, color="per_channel")
    assert vifb.difference(fuser, "MSVD", "kettle")[1] == 0


def test_rescale_reaches_both_ends():
    ir, vis = np.random.default_rng(1).random((2, 12, 14), dtype=np.float32)
    fused = MSVD(rescale=True)._fuse_plane(ir, vis)
    assert fused.min() == 0 and fused.max() == 1
    flat = np.full((4, 4), 0.5, np.float32)
    np.testing.assert_allclose(
        MSVD(rescale=True)._fuse_plane(flat, flat), 0.5, atol=1e-6
    )


def test_rescale_of_colour_is_one_stretch():
    rng = np.random.default_rng(2)
    ir = rng.random((12, 14), dtype=np.float32)
    vis = 0.5 * rng.random((12, 14, 3), dtype=np.float32)
    plain = MSVD(color="per_channel").transform([(ir, vis)])[0]
    fused = MSVD(color="per_channel", rescale=True).transform([(ir, vis)])[0]
    assert plain.shape == fused.shape == (12, 14, 3)
    assert fused.min() == 0 and fused.max() == 1


def test_any_image(check_any_image):
    check_any_image(MSVD(), identity=1e-5)
    check_any_image(MSVD(4), identity=1e-5)
    check_any_image(MSVD(parity=True))
