import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skfusion._kernels.patches import nuclear_norms, overlap_add
from skfusion.fusers import LatLRR, MDLatLRR
from skfusion.fusers.sparse._latent_low_rank import latent_low_rank
from skfusion.learning.arrays import random_patches
from skfusion.pairs import as_pairs
from skfusion.weights import WeightsError, read_weights


def definition(
    ir, vis, projection, n_levels, side, stride=1, norm="nuclear", slip=False
):
    """Patch by patch, read column by column, singular values by LAPACK."""
    count = np.zeros(ir.shape)
    places = [(i, j) for i in range(0, ir.shape[0] - side + 1, stride)
              for j in range(0, ir.shape[1] - side + 1, stride)]  # fmt: skip
    for i, j in places:
        count[i : i + side, j : j + side] += 1

    def salient(image, i, j):
        patch = image[i : i + side, j : j + side]
        return (projection @ patch.ravel(order="F")).reshape(side, side, order="F")

    def size(patch):
        if norm == "l1":
            return np.abs(patch).sum()
        return np.linalg.svd(patch, compute_uv=False).sum()

    images, total = [ir.astype(np.float64), vis.astype(np.float64)], 0
    for level in range(n_levels):
        layers = np.zeros((3, *ir.shape))
        for i, j in places:
            patches = [salient(image, i, j) for image in images]
            sizes = [size(patch) for patch in patches]
            both = sizes[0] * patches[0] + sizes[1] * patches[1]
            for layer, patch in zip(layers, (*patches, both / sum(sizes))):
                layer[i : i + side, j : j + side] += patch
        layers /= count
        total = total + (n_levels - level if slip else 1) * layers[2]
        images = [image - layer for image, layer in zip(images, layers)]
    return total + (images[0] + images[1]) / 2


def small_projection(side=4, seed=0):
    rng = np.random.default_rng(seed)
    n = side**2
    return 0.4 * (np.eye(n) - 1 / n) + 0.02 * rng.standard_normal((n, n))


@pytest.mark.parametrize(
    ("change", "like"),
    [
        ({}, {}),
        ({"n_levels": 1}, {"n_levels": 1}),
        ({"norm": "l1"}, {"norm": "l1"}),
        ({"stride": 2}, {"stride": 2}),
        ({"accumulate_levels": True}, {"slip": True}),
    ],
)
def test_both_modes_equal_their_definition(change, like):
    ir, vis = np.random.default_rng(1).random((2, 14, 18), dtype=np.float32)
    L = small_projection()
    like = {"n_levels": 3, "side": 4, **like}
    expected = definition(ir, vis, L, **like)
    params = {"n_levels": 3, "patch_size": 4, "projection": L, **change}
    exact = LatLRR(**params, parity=True)._fuse_plane(ir, vis)
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-9)
    fused = LatLRR(**params)._fuse_plane(ir, vis)
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("side", [2, 3, 8])
def test_nuclear_norms_equal_lapack(side, dtype):
    patches = np.random.default_rng(2).standard_normal((side * side, 203)).astype(dtype)
    patches[:, 0] = 0
    patches[:, 1] = 1
    patches[:, 2] *= 1e-4
    patches[:, 3] = np.eye(side).ravel()
    squares = patches.T.reshape(-1, side, side).astype(np.float64)
    expected = np.linalg.svd(squares, compute_uv=False).sum(axis=1)
    tolerance = dtype(1e-3 if dtype == np.float32 else 1e-8)
    norms = nuclear_norms(patches, side, tolerance)
    assert norms.dtype == dtype
    rtol = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(norms, expected, rtol=rtol)


def test_overlap_add_equals_slices():
    rng = np.random.default_rng(3)
    patches = rng.random((9, 12))
    image = np.zeros((3 + 2 * 2, 3 + 3 * 2))
    overlap_add(patches, 3, 4, 2, image)
    expected = np.zeros_like(image)
    for k in range(12):
        i, j = divmod(k, 4)
        expected[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += patches[:, k].reshape(3, 3)
    np.testing.assert_allclose(image, expected)


def full_latent_low_rank(X, noise_weight=0.4, tol=1e-6):
    """The method with the n x n matrices of the paper."""

    def shrink(A, t):
        u, s, v = np.linalg.svd(A, full_matrices=False)
        return (u * np.maximum(s - t, 0)) @ v

    d, n = X.shape
    Z = J = Y2 = np.zeros((n, n))
    L = S = Y3 = np.zeros((d, d))
    E = Y1 = np.zeros((d, n))
    for_z = np.linalg.inv(np.eye(n) + X.T @ X)
    for_l = np.linalg.inv(np.eye(d) + X @ X.T)
    mu = 1e-6
    while True:
        J, S = shrink(Z + Y2 / mu, 1 / mu), shrink(L + Y3 / mu, 1 / mu)
        Z = for_z @ (X.T @ (X - L @ X - E) + J + (X.T @ Y1 - Y2) / mu)
        L = ((X - X @ Z - E) @ X.T + S + (Y1 @ X.T - Y3) / mu) @ for_l
        R = X - X @ Z - L @ X + Y1 / mu
        E = np.sign(R) * np.maximum(np.abs(R) - noise_weight / mu, 0)
        misses = X - X @ Z - L @ X - E, Z - J, L - S
        Y1, Y2, Y3 = (Y + mu * miss for Y, miss in zip((Y1, Y2, Y3), misses))
        mu = min(1.1 * mu, 1e6)
        if max(np.abs(miss).max() for miss in misses) < tol:
            return L


def test_latent_low_rank_equals_the_unreduced_iteration():
    rng = np.random.default_rng(4)
    X = rng.random((9, 3)) @ rng.random((3, 40))
    X += 0.1 * rng.standard_normal(X.shape) * (rng.random(X.shape) < 0.1)
    np.testing.assert_allclose(latent_low_rank(X), full_latent_low_rank(X), atol=1e-9)
    assert latent_low_rank(X, max_iter=3).shape == (9, 9)


def test_latent_low_rank_of_nothing_is_nothing():
    assert not latent_low_rank(np.zeros((4, 7))).any()


@pytest.mark.parametrize(
    ("cls", "level", "mean", "largest"),
    [
        (LatLRR, 1, 0.15, 1.5),
        # The slip adds the little brightness in the details ten times over, and how
        # little that is depends on the photographs.
        (LatLRR, 4, 6, 18),
        (MDLatLRR, 1, 0.1, 0.7),
        (MDLatLRR, 2, 1, 3),
    ],
)
def test_shipped_projection_comes_near_the_original(
    original, cls, level, mean, largest
):
    # The published projections are not ours: their results need not be met exactly.
    case = original(f"{cls.__name__}_level{level}")
    fuser = cls(level, accumulate_levels=True, parity=cls is LatLRR)
    difference = 255 * np.abs(case.result(fuser) - case.fused)
    assert difference.mean() < mean and difference.max() < largest


def test_any_image(check_any_image):
    check_any_image(LatLRR(2), identity=1e-5)
    check_any_image(LatLRR(1, stride=8), identity=1e-5)
    check_any_image(LatLRR(2, parity=True), identity=1e-9)


def test_any_image_with_large_patches(check_any_image):
    check_any_image(MDLatLRR(1, stride=4), identity=1e-5)


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(5)
    images = np.cumsum(rng.standard_normal((4, 20, 24)), axis=2)
    images = (images - images.min()) / np.ptp(images)
    return [(images[0], images[1]), (images[2], images[3])]


def learner(**params):
    params = {"patch_size": 3, "n_patches": 60, "random_state": 0, **params}
    return LatLRR(1, weights=None, **params)


def test_fit_learns_and_is_deterministic(X):
    first, second = learner().fit(X), learner().fit(X)
    assert first.projection_.shape == (9, 9)
    assert first.projection_.dtype == np.float32
    np.testing.assert_array_equal(first.projection_, second.projection_)
    other = learner(random_state=1).fit(X)
    assert not np.array_equal(first.projection_, other.projection_)
    assert np.isfinite(first.transform(X)[0]).all()


def test_unfitted_is_an_error_and_clone_keeps_weights_none(X):
    fuser = clone(learner())
    assert fuser.weights is None
    with pytest.raises(NotFittedError, match="weights=None and is not fitted"):
        fuser.transform(X)
    with pytest.raises(ValueError, match="X=None with weights=None"):
        fuser.fit()


def test_saved_weights_give_the_same_result(X, tmp_path):
    fitted = learner().fit(X)
    path = tmp_path / "projection.safetensors"
    fitted.save_weights(path)
    expected = fitted.transform(X)[0]
    for params in ({"weights": path}, {"weights": str(path)}, {"projection": path},
                   {"projection": fitted.projection_}):  # fmt: skip
        fuser = LatLRR(1, 3, **params).fit()
        np.testing.assert_array_equal(fuser.transform(X)[0], expected)
        assert not hasattr(fuser, "projection_")


def test_given_projection_reads_patches_column_by_column():
    ir, vis = np.zeros((2, 4, 4), np.float32)
    vis[:] = np.random.default_rng(6).random((4, 4))
    L = np.zeros((16, 16))
    L[1, 1] = 1
    fused = LatLRR(1, 4, projection=L)._fuse_plane(ir, vis)
    expected = vis / 2
    expected[1, 0] = vis[1, 0]
    np.testing.assert_allclose(fused, expected, atol=1e-6)


def test_wrong_projections_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"shape \(64, 63\).* needs \(64, 64\)"):
        LatLRR(projection=np.zeros((64, 63))).fit()
    with pytest.raises(WeightsError, match=r"holds \d+ NaN or infinite"):
        LatLRR(patch_size=2, projection=np.full((4, 4), np.nan)).fit()
    with pytest.raises(WeightsError, match="'latlrr_5' is not among the shipped"):
        LatLRR(patch_size=5).fit()
    with pytest.raises(WeightsError, match="no 'projection'"):
        LatLRR(weights="dictionary_256_8").fit()
    with pytest.raises(ValueError, match="stride=9 of LatLRR is larger"):
        LatLRR(stride=9).fit()


def test_images_without_a_patch_teach_nothing():
    with pytest.raises(ValueError, match="none has 3x3 pixels"):
        learner().fit([(np.zeros((2, 9)), np.zeros((2, 9)))])


def test_random_patches_are_pieces_of_the_images():
    rng = np.random.default_rng(7)
    big, tiny = rng.random((2, 6, 7), dtype=np.float32), rng.random((2, 1, 7))
    pairs = as_pairs([tuple(big), tuple(tiny)])
    patches = random_patches(pairs, 3, 1000, np.random.RandomState(0))
    assert patches.shape == (9, 2 * 4 * 5)
    pieces = {tuple(image[i : i + 3, j : j + 3].ravel())
              for image in big for i in range(4) for j in range(5)}  # fmt: skip
    assert {tuple(np.float32(p)) for p in patches.T} == pieces
    # Drawn evenly: two from each of the four images, of which two are too small.
    assert random_patches(pairs, 3, 7, np.random.RandomState(0)).shape == (9, 4)
    assert random_patches(pairs[:1], 3, 7, np.random.RandomState(0)).shape == (9, 7)


@pytest.mark.parametrize("side", [8, 16])
def test_shipped_projection_removes_the_mean(side):
    L = read_weights(f"latlrr_{side}")["projection"].numpy()
    assert L.shape == (side**2, side**2)
    assert np.abs(L.sum(axis=1)).max() < 0.12
    assert 0.3 < np.diag(L).mean() < 0.5
