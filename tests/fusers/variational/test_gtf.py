import numpy as np
import pytest

from skfusion._kernels.total_variation import (
    apply_operator,
    conjugate_gradients,
    squared_gradient,
)
from skfusion.fusers import GTF
from skfusion.fusers.variational.gtf import _quantile


def differences(shape):
    """The forward differences, zero beyond the border, as one matrix."""
    n = shape[0] * shape[1]
    rows = []
    for e in np.eye(n):
        image = e.reshape(shape)
        across, down = np.zeros((2, *shape))
        across[:, :-1] = np.diff(image, axis=1)
        down[:-1] = np.diff(image, axis=0)
        rows.append(np.concatenate([across.ravel(), down.ravel()]))
    return np.array(rows).T


def operator(fidelity, edges, strength):
    D = differences(fidelity.shape)
    W, E = np.diag(fidelity.ravel()), np.diag(np.tile(edges.ravel(), 2))
    return np.eye(fidelity.size) + strength * W @ D.T @ E @ D @ W


def definition(ir, vis, regularization=4.0, n_iter=5):
    """Reweighted least squares with matrices and textbook conjugate gradients."""
    s = ir.astype(np.float64) - vis
    D = differences(s.shape)
    u = s
    for k in range(n_iter):
        gradient = ((D @ u.ravel()).reshape(2, *s.shape) ** 2).sum(axis=0)
        fidelity = np.full(s.shape, 2 * np.sqrt(0.1))
        if k:
            miss = np.abs(u - s)
            floor = quantile(miss, 0.05, True)
            fidelity = np.sqrt(np.maximum(miss, floor) / 2)
        edges = 2 / np.sqrt(np.maximum(gradient, quantile(gradient, 0.01, False)))
        A = operator(fidelity, edges, regularization)
        b, v = (s / fidelity).ravel(), (u / fidelity).ravel()
        r = b - A @ v
        p, limit, steps = r, np.linalg.norm(r) / 5, 0
        while np.linalg.norm(r) > limit:
            step = r @ r / (p @ A @ p)
            v, new = v + step * p, r - step * A @ p
            p, r = new + new @ new / (r @ r) * p, new
            steps += 1
        if steps == 0:
            break
        u = fidelity * v.reshape(s.shape)
    return vis + u


def quantile(values, share, beyond):
    centres = np.linspace(values.min(), values.max(), 1000)
    nearest = np.abs(values.ravel()[:, None] - centres).argmin(axis=1)
    counts = np.bincount(nearest, minlength=1000)
    k = np.flatnonzero(np.cumsum(counts) > share * values.size)[0]
    k += beyond or centres[k] == 0
    return centres[min(k, 999)]


@pytest.mark.parametrize(
    ("change", "tolerance"),
    [
        # The reweighting amplifies rounding, the more the more rounds there are.
        ({}, 1e-5),
        ({"regularization": 1.0}, 1e-5),
        ({"n_iter": 1}, 1e-13),
        ({"n_iter": 2}, 1e-12),
    ],
)
def test_default_equals_its_definition(change, tolerance):
    ir, vis = np.random.default_rng(0).random((2, 11, 14))
    expected = definition(ir, vis, **change)
    exact = vis + GTF(**change)._transfer(ir - vis)
    np.testing.assert_allclose(exact, expected, rtol=0, atol=tolerance)
    fused = GTF(**change)._fuse_plane(ir.astype(np.float32), vis.astype(np.float32))
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (7, 9)])
def test_operator_equals_its_matrix(shape):
    rng = np.random.default_rng(1)
    v, fidelity, edges = rng.random((3, *shape))
    out = np.empty(shape)
    padded = np.pad(edges, 1)
    dot = apply_operator(v, fidelity, padded, 4.0, np.empty_like(padded), out)
    expected = operator(fidelity, edges, 4.0) @ v.ravel()
    np.testing.assert_allclose(out.ravel(), expected, rtol=1e-12)
    assert dot == pytest.approx(v.ravel() @ expected)


def test_conjugate_gradients_solve_and_stop():
    rng = np.random.default_rng(2)
    target, fidelity, edges = rng.random((3, 20, 6))
    x = np.zeros_like(target)
    padded = np.pad(edges, 1)
    steps = conjugate_gradients(x, target, fidelity, padded, 4.0, 1e-12, 500)
    expected = np.linalg.solve(operator(fidelity, edges, 4.0), target.ravel())
    np.testing.assert_allclose(x.ravel(), expected, atol=1e-10)
    assert 5 < steps < 120
    assert conjugate_gradients(x * 0, target, fidelity, padded, 4.0, 1e-12, 3) == 3


def test_squared_gradient_is_zero_beyond_the_border():
    image = np.random.default_rng(3).random((5, 6))
    out = np.empty_like(image)
    squared_gradient(image, out)
    expected = ((differences(image.shape) @ image.ravel()) ** 2).reshape(2, 5, 6)
    np.testing.assert_allclose(out, expected.sum(axis=0), atol=1e-15)


def test_quantile_of_a_constant_is_positive():
    assert _quantile(np.zeros((3, 3)), 0.05, beyond=True) > 0
    assert _quantile(np.full((3, 3), 2.0), 0.05, beyond=False) == 2.0


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    # The order of the sums in the dot products differs from the original's.
    assert original("GTF", pair).excess(GTF(parity=True)).max() < 7e-9


def test_parity_comes_near_the_published_images(vifb):
    # Gray references are met exactly, these colour images are not. Coupling the
    # gradients of the channels would bring ours nearer (3.0 to 0.7 for manCar), not
    # all the way: what that program does in colour is not known.
    fuser = GTF(parity=True, color="per_channel")
    for name in ("manCar", "walking"):
        mean, _ = vifb.difference(fuser, "GTF", name)
        assert mean < 5


def test_any_image(check_any_image):
    check_any_image(GTF(), identity=1e-6)
    check_any_image(GTF(parity=True), identity=1e-9)


def test_no_regularization_gives_the_infrared_image():
    ir, vis = np.random.default_rng(4).random((2, 12, 12), dtype=np.float32)
    np.testing.assert_allclose(GTF(0)._fuse_plane(ir, vis), ir, atol=1e-5)
