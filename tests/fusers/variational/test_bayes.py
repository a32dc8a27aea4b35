import numpy as np
import pytest

from skfusion.fusers import BayesFuser


def gradient(h):
    """Minus the forward differences, zero across the last column and row."""
    across, down = np.zeros((2, *h.shape))
    across[:, :-1] = h[:, :-1] - h[:, 1:]
    down[:-1] = h[:-1] - h[1:]
    return across, down


def soft(x, limit):
    return np.sign(x) * np.maximum(np.abs(x) - limit, 0)


def definition(ir, vis, smoothness=0.5, n_iter=15):
    """The model with matrices: no cosine transform, no kernel."""
    y = ir.astype(np.float64) - vis
    n = y.size
    D = np.array([np.concatenate([g.ravel() for g in gradient(e.reshape(y.shape))])
                  for e in np.eye(n)]).T  # fmt: skip
    inverse = np.linalg.inv(np.eye(n) + D.T @ D)
    c, d, rho = (np.ones(y.shape) for _ in range(3))
    h, flow = np.zeros(y.shape), np.zeros(2 * n)
    tau_c = tau_d = 1.0
    for _ in range(n_iter):
        for _ in range(2):
            x = (2 * c * y + rho * h) / (2 * c + 2 * d + rho)
            h = (inverse @ (x.ravel() + D.T @ flow)).reshape(y.shape)
            limit = np.tile((smoothness / rho).ravel(), 2)
            flow = soft(D @ h.ravel(), limit)
        d = np.sqrt(2 / tau_d / (x**2 + 1e-6))
        c = np.sqrt(2 / tau_c / ((y - x) ** 2 + 1e-12))
        d = np.minimum(d, 2 * c)
        rho = (c + d) / 2
        tau_d = np.mean(1 / (d + 1e-6)) + tau_d / 2
        tau_c = np.mean(1 / (c + 1e-6)) + tau_c / 2
    return vis + x


@pytest.mark.parametrize(
    "change", [{}, {"smoothness": 0.05}, {"smoothness": 0.0}, {"n_iter": 1}]
)
@pytest.mark.parametrize("shape", [(7, 9), (1, 9), (9, 1)])
def test_default_equals_its_definition(change, shape):
    ir, vis = np.random.default_rng(0).random((2, *shape))
    expected = definition(ir, vis, **change)
    exact = vis + BayesFuser(**change)._solve(ir - vis)
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-9)
    fused = BayesFuser(**change)._fuse_plane(
        ir.astype(np.float32), vis.astype(np.float32)
    )
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, expected, rtol=0, atol=2e-4)


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("BayesFusion", pair).excess(BayesFuser(parity=True)).max() < 1e-11


def test_any_image(check_any_image):
    check_any_image(BayesFuser(), identity=1e-6)
    check_any_image(BayesFuser(parity=True), identity=1e-6)


def test_far_side_does_not_show_by_default():
    ir, vis = np.zeros((2, 40, 60), np.float32)
    ir[:, -8:] = 1
    assert np.abs(BayesFuser()._fuse_plane(ir, vis)[:, :4]).max() < 1e-3
    assert np.abs(BayesFuser(parity=True)._fuse_plane(ir, vis)[:, :4]).max() > 1e-3
