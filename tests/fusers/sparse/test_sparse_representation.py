import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import orthogonal_mp

from skfusion._kernels.matching_pursuit import matching_pursuit
from skfusion.fusers import LaplacianPyramid, SparseRepresentationFuser
from skfusion.fusers.multiscale.ratio_pyramid import RatioPyramid
from skfusion.weights import WeightsError, read_weights


def atoms(d, n, seed=0):
    D = np.random.default_rng(seed).standard_normal((d, n))
    return D / np.linalg.norm(D, axis=0)


def low_band(ir, vis, dictionary, side, step, tolerance):
    """Patch by patch, read column by column, coded by scikit-learn."""
    total, count = np.zeros((2, *ir.shape))
    for i in range(0, ir.shape[0] - side + 1, step):
        for j in range(0, ir.shape[1] - side + 1, step):
            best = -1
            for image in (ir, vis):
                patch = image[i : i + side, j : j + side].ravel(order="F")
                signal = patch - patch.mean()
                # The tolerance of scikit-learn is a squared length.
                code = orthogonal_mp(dictionary, signal, tol=tolerance**2)
                if np.abs(code).sum() > best:
                    best = np.abs(code).sum()
                    kept = dictionary @ code + patch.mean()
            total[i : i + side, j : j + side] += kept.reshape(side, side, order="F")
            count[i : i + side, j : j + side] += 1
    mean = (ir + vis) / 2
    return np.divide(total, count, out=mean, where=count > 0)


@pytest.mark.parametrize("tolerance", [1e-3, 0.1])
@pytest.mark.parametrize("overlap", [0, 2, 3])
def test_low_band_equals_its_definition(tolerance, overlap):
    ir, vis = np.random.default_rng(1).random((2, 12, 16))
    D = atoms(16, 40)
    fuser = SparseRepresentationFuser(
        dictionary=D, patch_size=4, tol=tolerance, overlap=overlap, parity=True
    )
    expected = low_band(ir, vis, D, 4, 4 - overlap, tolerance)
    np.testing.assert_allclose(fuser._low_band(ir, vis, 1), expected, atol=1e-9)
    if (12 - 4) % (4 - overlap) == 0 and (16 - 4) % (4 - overlap) == 0:
        fuser.parity = False
        np.testing.assert_allclose(fuser._low_band(ir, vis, 1), expected, atol=1e-9)


def test_patches_cover_the_low_band_by_default_only():
    ir, vis = np.zeros((9, 9)), np.random.default_rng(2).random((9, 9))
    fuser = SparseRepresentationFuser(dictionary=atoms(16, 40), patch_size=4, overlap=1)
    # Without atoms that fit the visible patch wins everywhere it reaches.
    covered = fuser._low_band(ir, vis, 1)
    np.testing.assert_allclose(covered, vis, atol=1e-3)
    fuser.parity = True
    uncovered = fuser._low_band(ir, vis, 1)
    np.testing.assert_allclose(uncovered[:7, :7], vis[:7, :7], atol=1e-3)
    np.testing.assert_allclose(uncovered[7:], vis[7:] / 2)


@pytest.mark.parametrize("tolerance", [0.0, 0.1, 1.0, 10.0])
def test_matching_pursuit_equals_scikit_learn(tolerance):
    X = 10 * np.random.default_rng(3).standard_normal((20, 9))
    D = atoms(9, 30)
    coded = np.empty_like(X)
    totals = matching_pursuit(X, D, tolerance, coded)
    assert not matching_pursuit(np.zeros((1, 9)), D, tolerance, coded[:1].copy()).any()
    if tolerance == 0:
        np.testing.assert_allclose(coded, X, atol=1e-9)
        return
    # scikit-learn takes one atom even where none is needed.
    needed = np.linalg.norm(X, axis=1) > tolerance
    assert needed.sum() > 15 and not totals[~needed].any()
    codes = orthogonal_mp(D, X.T, tol=tolerance**2) * needed
    np.testing.assert_allclose(totals, np.abs(codes).sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(coded, (D @ codes).T, atol=1e-9)


def test_matching_pursuit_passes_over_atoms_that_explain_nothing():
    D = np.eye(3)[:, [0, 0, 1]]
    X = np.array([[1.0, 2.0, 3.0]])
    coded = np.empty_like(X)
    totals = matching_pursuit(X, D, 0.0, coded)
    np.testing.assert_allclose(coded, [[1, 2, 0]])
    assert totals == [3]


@pytest.mark.parametrize("pyramid", ["laplacian", "ratio"])
@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_all_but_the_low_band_equals_the_original(original, monkeypatch, pyramid, pair):
    # The published dictionary is not ours. With the mean in place of the codes the
    # method is the toolbox's plain pyramid, which has references of its own.
    case = original({"laplacian": "MST_LP", "ratio": "MST_RP"}[pyramid], pair)
    fuser = SparseRepresentationFuser(pyramid, parity=True)
    monkeypatch.setattr(fuser, "_low_band", lambda ir, vis, white: (ir + vis) / 2)
    assert case.excess(fuser).max() < 1e-10
    plain = {"laplacian": LaplacianPyramid, "ratio": RatioPyramid}[pyramid]
    np.testing.assert_allclose(
        case.result(fuser), case.result(plain(parity=True)), atol=1e-12
    )


@pytest.mark.parametrize(
    ("pyramid", "method"), [("laplacian", "LP_SR"), ("ratio", "RP_SR")]
)
def test_any_dictionary_makes_the_choices_of_the_original_on_odd(
    original, pyramid, method
):
    case = original(method)
    fuser = SparseRepresentationFuser(pyramid, parity=True)
    # What is left is what the codes leave over: 0.1 grey levels a patch.
    assert 255 * np.abs(case.result(fuser) - case.fused).max() < 0.05


def test_any_image(check_any_image):
    D = atoms(16, 40)
    check_any_image(SparseRepresentationFuser(n_levels=1), identity=1e-3)
    check_any_image(
        SparseRepresentationFuser(n_levels=2, patch_size=4, overlap=2, dictionary=D),
        identity=1e-3,
    )
    check_any_image(SparseRepresentationFuser("ratio", 2), identity=2e-3)
    check_any_image(SparseRepresentationFuser(n_levels=1, parity=True), identity=2e-3)
    check_any_image(SparseRepresentationFuser("ratio", 1, parity=True))


def test_low_band_takes_the_image_with_the_structure():
    ir, vis = np.full((2, 16, 40), 0.5)
    ir[:, 24:] = np.random.default_rng(4).random((16, 16))
    vis[:, :16] = np.random.default_rng(5).random((16, 16))
    low = SparseRepresentationFuser()._low_band(ir, vis, 1)
    np.testing.assert_allclose(low[:, :16], vis[:, :16], atol=2e-3)
    np.testing.assert_allclose(low[:, 24:], ir[:, 24:], atol=2e-3)


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(6)
    images = np.cumsum(rng.standard_normal((4, 24, 24)), axis=2)
    images = (images - images.min()) / np.ptp(images)
    return [(images[0], images[1]), (images[2], images[3])]


def learner(**params):
    params = {"n_atoms": 12, "patch_size": 3, "n_patches": 300, "overlap": 2,
              "random_state": 0, **params}  # fmt: skip
    return SparseRepresentationFuser(n_levels=1, weights=None, **params)


def test_fit_learns_and_is_deterministic(X, tmp_path):
    first, second = learner().fit(X), learner().fit(X)
    assert first.dictionary_.shape == (9, 12)
    np.testing.assert_array_equal(first.dictionary_, second.dictionary_)
    np.testing.assert_allclose(np.linalg.norm(first.dictionary_, axis=0), 1, rtol=1e-5)
    # Patches are coded less their mean.
    assert np.abs(first.dictionary_.sum(axis=0)).max() < 0.5
    path = tmp_path / "dictionary.safetensors"
    first.save_weights(path)
    other = learner().set_params(weights=path)
    np.testing.assert_array_equal(other.transform(X)[0], first.transform(X)[0])


def test_unfitted_is_an_error(X):
    with pytest.raises(NotFittedError, match="SparseRepresentationFuser has weights"):
        learner().transform(X)


def test_too_few_patches_are_an_error(X):
    flat = [(np.zeros((9, 9)), np.ones((9, 9)))]
    with pytest.raises(ValueError, match="gives 0 patches that are not flat, for n_at"):
        learner().fit(flat)


def test_atoms_of_any_length_and_empty_ones_do():
    ir, vis = np.random.default_rng(7).random((2, 16, 16), dtype=np.float32)
    D = atoms(64, 80)
    scaled = np.hstack([D * np.linspace(0.1, 9, 80), np.zeros((64, 1))])
    one, other = (
        SparseRepresentationFuser(n_levels=0, dictionary=d)._fuse_plane(ir, vis)
        for d in (D, scaled)
    )
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_wrong_parameters_are_named():
    with pytest.raises(ValueError, match="overlap=8 of SparseRepresentationFuser is"):
        SparseRepresentationFuser(overlap=8).fit()
    with pytest.raises(WeightsError, match=r"shape \(63, 9\).* needs \(64, 'any'\)"):
        SparseRepresentationFuser(dictionary=np.zeros((63, 9))).fit()
    with pytest.raises(WeightsError, match="'dictionary_100_8' is not among"):
        SparseRepresentationFuser(n_atoms=100).fit()


def test_shipped_dictionary_has_unit_atoms():
    D = read_weights("dictionary_256_8")["dictionary"].numpy()
    assert D.shape == (64, 256)
    np.testing.assert_allclose(np.linalg.norm(D, axis=0), 1, rtol=1e-5)
