import numpy as np
import pytest
from scipy import signal
from sklearn.exceptions import NotFittedError

from skfusion.fusers import ConvSR
from skfusion.fusers._filters import tikhonov_low_pass
from skfusion.fusers.sparse._convolutional_coding import (
    convolve,
    learn_filters,
    sparse_maps,
)
from skfusion.weights import WeightsError, read_weights


def bank(n=4, side=3, seed=0):
    filters = np.random.default_rng(seed).standard_normal((n, side, side))
    return filters / np.sqrt((filters**2).sum(axis=(1, 2), keepdims=True))


def code(s, filters, sparsity, tol, max_iter):
    """The method of multipliers with a linear system solved at each frequency."""
    n = len(filters)
    D = np.fft.fft2(filters, s=s.shape).reshape(n, -1)
    S = np.fft.fft2(s).ravel()
    rho, T = 100 * sparsity + 0.5, 1 + 18.3 ** (np.log10(sparsity) + 1)
    Y = U = np.zeros((n, *s.shape))
    for k in range(max_iter):
        B = D.conj() * S + rho * np.fft.fft2(Y - U).reshape(n, -1)
        X = np.empty_like(B)
        for f in range(s.size):
            A = np.outer(D[:, f].conj(), D[:, f]) + rho * np.eye(n)
            X[:, f] = np.linalg.solve(A, B[:, f])
        X = np.fft.ifft2(X.reshape(n, *s.shape)).real
        old, relaxed = Y, 1.8 * X - 0.8 * Y
        Y = np.sign(relaxed + U) * np.maximum(np.abs(relaxed + U) - sparsity / rho, 0)
        U = U + relaxed - Y
        norm = np.linalg.norm
        r = norm(X - Y) / max(norm(X), norm(Y))
        d = norm(old - Y) / norm(U)
        if k:
            ratio = np.sqrt(r / (d * T))
            ratio = min(max(ratio, 1 / ratio), 100)
            change = ratio if r > 1.2 * T * d else 1.0
            change = 1 / ratio if d > 1.2 / T * r else change
            rho, U = rho * change, U / change
        if r <= tol and d <= tol:
            break
    return Y


def definition(ir, vis, filters, sparsity=0.01, smoothness=5.0, window=7, tol=1e-3,
               max_iter=500):  # fmt: skip
    lows, codes, activities = [], [], []
    for image in (ir, vis):
        padded = np.pad(image, 16, mode="symmetric")
        steps = [np.fft.fft2(k, s=padded.shape) for k in ([[-1, 1]], [[-1], [1]])]
        power = sum(np.abs(step) ** 2 for step in steps)
        low = np.fft.ifft2(np.fft.fft2(padded) / (1 + smoothness * power)).real
        lows.append(low[16:-16, 16:-16])
        codes.append(code(image - lows[-1], filters, sparsity, tol, max_iter))
        ones = np.ones((window, window)) / window**2
        activity = np.abs(codes[-1]).sum(axis=0)
        activities.append(signal.convolve2d(activity, ones, mode="same"))
    maps = np.where(activities[0] >= activities[1], *codes)
    total = (np.fft.fft2(filters, s=ir.shape) * np.fft.fft2(maps)).sum(axis=0)
    return np.fft.ifft2(total).real + (lows[0] + lows[1]) / 2


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sparsity": 0.1},
        {"smoothness": 1.0},
        {"window": 3},
        {"tol": 0.1},
        {"max_iter": 4},
    ],
)
def test_parity_equals_its_definition(change):
    ir, vis = np.random.default_rng(1).random((2, 11, 14))
    params = {"max_iter": 60, **change}
    fuser = ConvSR(filters=bank(), filter_size=3, parity=True, **params)
    expected = definition(ir, vis, bank(), **params)
    np.testing.assert_allclose(fuser._fuse_plane(ir, vis), expected, rtol=0, atol=1e-8)


def test_float32_comes_near_float64():
    ir, vis = np.random.default_rng(2).random((2, 20, 25), dtype=np.float32)
    fuser = ConvSR(filters=bank(), filter_size=3, max_iter=50)
    fused = fuser._fuse_plane(ir, vis)
    assert fused.dtype == np.float32
    wide = fuser._fuse_plane(ir.astype(float), vis.astype(float))
    assert np.median(np.abs(fused - wide)) < 1e-5


def test_sparse_maps_come_near_the_minimum():
    s = np.random.default_rng(3).standard_normal((9, 10))
    filters, sparsity = bank(), 0.2
    spectra = np.fft.fft2(filters, s=s.shape)

    def objective(maps):
        rest = s - convolve(maps, filters)
        return (rest**2).sum() / 2 + sparsity * np.abs(maps).sum()

    # Plain proximal gradient descent, slow and sure.
    step = 1 / (np.abs(spectra) ** 2).sum(axis=0).max()
    best = np.zeros((4, *s.shape))
    for _ in range(2000):
        rest = np.fft.fft2(s - convolve(best, filters))
        best = best + step * np.fft.ifft2(spectra.conj() * rest).real
        best = np.sign(best) * np.maximum(np.abs(best) - step * sparsity, 0)
    maps = sparse_maps(s, filters, sparsity)
    assert 0.05 < np.mean(maps != 0) < 0.5
    assert objective(best) <= objective(maps) < 1.02 * objective(best)


def test_convolve_equals_scipy_and_wraps_large_filters():
    rng = np.random.default_rng(4)
    for shape, side in (((7, 9), 3), ((2, 1), 3)):
        maps, filters = rng.random((2, *shape)), rng.random((2, side, side))
        expected = 0
        for one, kernel in zip(maps, filters):
            for at in np.ndindex(side, side):
                expected = expected + kernel[at] * np.roll(one, at, axis=(0, 1))
        np.testing.assert_allclose(convolve(maps, filters), expected)


def test_low_pass_keeps_the_mean_and_smooths():
    image = np.random.default_rng(5).random((20, 21))
    low = tikhonov_low_pass(image, 5.0)
    assert np.abs(np.diff(low, axis=1)).mean() < 0.3 * np.abs(np.diff(image)).mean()
    np.testing.assert_allclose(tikhonov_low_pass(np.full((3, 4), 0.3), 5.0), 0.3)
    np.testing.assert_allclose(tikhonov_low_pass(image, 0), image)


def test_any_image(check_any_image):
    params = {"filters": bank(), "filter_size": 3, "max_iter": 20}
    check_any_image(ConvSR(**params))
    check_any_image(ConvSR(**params, parity=True))


def test_equal_images_come_back_up_to_the_sparsity():
    image = np.random.default_rng(6).random((24, 24), dtype=np.float32)
    fused = ConvSR(sparsity=1e-3)._fuse_plane(image, image)
    np.testing.assert_allclose(fused, image, atol=0.02)


def test_near_the_original_with_other_filters(original):
    # The published filters are not ours: where both images are active ours may choose
    # the other one.
    case = original("ConvSR")
    crop = np.s_[30:94, 40:120]
    fused = ConvSR(max_iter=30).transform([(case.ir, case.vis)])[0]
    difference = 255 * np.abs(fused - case.fused)[crop]
    assert np.median(difference) < 1.5


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(7)
    images = np.cumsum(rng.standard_normal((2, 30, 70)), axis=1)
    images = (images - images.min()) / np.ptp(images)
    return [(images[0], images[1])]


def test_fit_learns_and_is_deterministic(X, tmp_path, monkeypatch):
    monkeypatch.setattr("skfusion.fusers.sparse.convsr._ROUNDS", 3)
    params = {"n_filters": 3, "filter_size": 4, "n_crops": 2, "max_iter": 5}
    first, second = (
        ConvSR(weights=None, random_state=0, **params).fit(X) for _ in range(2)
    )
    assert first.filters_.shape == (3, 4, 4)
    np.testing.assert_array_equal(first.filters_, second.filters_)
    lengths = np.linalg.norm(first.filters_.reshape(3, -1), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    path = tmp_path / "filters.safetensors"
    first.save_weights(path)
    other = ConvSR(weights=path, **params)
    np.testing.assert_array_equal(other.transform(X)[0], first.transform(X)[0])
    with pytest.raises(NotFittedError, match="ConvSR has weights=None"):
        ConvSR(weights=None, **params).transform(X)


def test_learning_lowers_the_objective():
    truth = bank(2, 3, seed=8)
    rng = np.random.default_rng(9)
    maps = rng.standard_normal((6, 2, 16, 16)) * (rng.random((6, 2, 16, 16)) < 0.05)
    signals = np.stack([convolve(one, truth) for one in maps]).astype(np.float32)

    def objective(filters):
        total = 0
        for one in signals.astype(float):
            x = sparse_maps(one, filters, 0.05, tol=1e-4)
            total += ((convolve(x, filters) - one) ** 2).sum() / 2
            total += 0.05 * np.abs(x).sum()
        return total

    learned, start = (
        learn_filters(
            signals, 2, 3, 0.05, n_rounds=rounds, rng=np.random.RandomState(1)
        )
        for rounds in (40, 0)
    )
    assert objective(learned) < 0.6 * objective(start)
    assert objective(learned) < 1.6 * objective(truth)


def test_learning_from_nothing_keeps_the_start():
    nothing = np.zeros((1, 8, 8), np.float32)
    filters = learn_filters(
        nothing, 2, 3, 0.1, n_rounds=2, rng=np.random.RandomState(0)
    )
    np.testing.assert_allclose((filters**2).sum(axis=(1, 2)), 1)


def test_wrong_parameters_are_named():
    with pytest.raises(ValueError, match="window=4 of ConvSR is even"):
        ConvSR(window=4).fit()
    with pytest.raises(
        WeightsError, match=r"shape \(4, 3, 3\).* needs \('any', 8, 8\)"
    ):
        ConvSR(filters=bank()).fit()


def test_shipped_filters_have_unit_length():
    filters = read_weights("convsr_32_8")["filters"].numpy()
    assert filters.shape == (32, 8, 8)
    lengths = np.linalg.norm(filters.reshape(32, -1), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
