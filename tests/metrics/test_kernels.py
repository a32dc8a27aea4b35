"""Each kernel of the histogram and gradient metrics equals its plain NumPy twin."""

import math

import numpy as np
import pytest

from skfusion._kernels.metrics import feature_information as fmi
from skfusion._kernels.metrics import features, gradient, information, rows

SHAPES = [(1, 1), (1, 7), (7, 1), (2, 2), (5, 8), (8, 5), (16, 17)]


@pytest.fixture(params=SHAPES, ids=str)
def images(request):
    """Three float64 images with whole levels, ties and flat parts."""
    rng = np.random.default_rng(7)
    a, b, f = rng.integers(0, 256, (3, *request.param)).astype(float)
    f[: request.param[0] // 2] = a[: request.param[0] // 2]
    b[-1:] = 9.0
    return a, b, f


def test_whole_levels_round_half_up():
    image = np.array([[0.0, 0.49, 0.5, 254.5, 255.0]])
    levels, whole = information.whole_levels(image)
    assert levels.tolist() == [[0, 0, 1, 255, 255]] and not whole
    assert information.whole_levels(np.array([[3.0, 255.0]]))[1]


def test_histograms_count_every_pixel(images):
    x, y = (image.astype(np.uint8) for image in images[:2])
    assert np.array_equal(
        information.histogram(x), np.bincount(x.ravel(), minlength=256)
    )
    joint = np.zeros((256, 256), int)
    np.add.at(joint, (x.ravel(), y.ravel()), 1)
    assert np.array_equal(information.joint_histogram(x, y), joint)


def test_central_gradient_sum(images):
    f = images[2]
    gx = np.gradient(f, axis=1) if f.shape[1] > 1 else np.zeros_like(f)
    gy = np.gradient(f, axis=0) if f.shape[0] > 1 else np.zeros_like(f)
    expected = np.sqrt((gx**2 + gy**2) / 2).sum()
    assert features.central_gradient_sum(f) == pytest.approx(expected, rel=1e-12)


def test_forward_gradient_sum(images):
    f = images[2]
    dx, dy = np.diff(f, axis=1)[:-1], np.diff(f, axis=0)[:, :-1]
    expected = np.sqrt((dx**2 + dy**2) / 2).sum()
    assert features.forward_gradient_sum(f) == pytest.approx(expected, rel=1e-12)


def _sobel(padded):
    m, n = padded.shape[0] - 2, padded.shape[1] - 2
    x, y = np.zeros((m, n)), np.zeros((m, n))
    for i in range(3):
        for j in range(3):
            part = padded[i : i + m, j : j + n]
            x += (j - 1) * (2 - abs(i - 1)) * part
            y += (1 - i) * (2 - abs(j - 1)) * part
    return x, y


def test_sobel_magnitude_sum(images):
    padded = np.pad(images[2], 1, mode="edge")
    expected = np.hypot(*_sobel(padded)).sum()
    assert features.sobel_magnitude_sum(padded) == pytest.approx(expected, rel=1e-12)


def test_sobel_strength(images):
    padded = np.pad(images[2], 1, mode="edge")
    x, y = _sobel(padded)
    assert np.array_equal(fmi.sobel_strength(padded), x**2 + y**2)


def _differences(f):
    return (
        np.diff(f, axis=1),
        np.diff(f, axis=0),
        f[1:, 1:] - f[:-1, :-1],
        f[1:, :-1] - f[:-1, 1:],
    )


def test_difference_sums(images):
    a, b, f = images
    expected = [np.sum(d**2) for d in _differences(f)]
    assert np.array_equal(features.squared_difference_sums(f), expected)
    expected = [
        np.sum(np.maximum(p**2, q**2)) for p, q in zip(_differences(a), _differences(b))
    ]
    assert np.array_equal(features.largest_difference_sums(a, b), expected)


def test_exp_row():
    x = np.concatenate([np.linspace(-700, 700, 1001), [-1e9, 1e9, 0.0]])
    out, room = np.empty_like(x), np.empty_like(x)
    rows.exp_row(x, out, room)
    np.testing.assert_allclose(out, np.exp(np.clip(x, -700, 700)), rtol=1e-13)


def test_angle_row():
    x, y = (
        v.ravel() for v in np.meshgrid(np.linspace(-3, 3, 25), [-9, -0.1, 0, 1e-9, 4])
    )
    out = np.empty_like(x)
    rows.angle_row(x, y, out)
    with np.errstate(all="ignore"):
        expected = np.where(x == 0, np.pi / 2, np.arctan(y / x))
    np.testing.assert_allclose(out, expected, atol=1e-12)


def _sigmoid(x, top, slope, middle):
    return top / (1 + np.exp(-slope * (x - middle)))


def _strength_angle(padded):
    x, y = _sobel(padded)
    with np.errstate(all="ignore"):
        return np.hypot(x, y), np.where(x == 0, np.pi / 2, np.arctan(y / x))


@pytest.mark.parametrize("tie_is_one", [False, True])
def test_hong_sums(images, tie_is_one):
    edges = [_strength_angle(np.pad(x, 1)) for x in images]
    gf, af = edges[2]
    top = bottom = 0.0
    for g, angle in edges[:2]:
        with np.errstate(all="ignore"):
            ratio = np.where(g > gf, gf / g, g / gf)
        ratio = np.where(g == gf, 1.0 if tie_is_one else gf, ratio)
        delta = 1 - np.abs(angle - af) / (np.pi / 2)
        q = _sigmoid(ratio, 0.9994, 15, 0.5) * _sigmoid(delta, 0.9879, 22, 0.8)
        top, bottom = top + np.sum(q * g), bottom + np.sum(g)
    got = gradient.hong_sums(*images, 1.0, tie_is_one)
    assert got == pytest.approx((top, bottom), rel=1e-9)


def _mirrored(image):
    m, n = image.shape
    padded = np.zeros((m + 2, n + 2))
    padded[1:-1, 1:-1] = image
    padded[0], padded[-1] = padded[2], padded[-3]
    padded[:, 0], padded[:, -1] = padded[:, 2], padded[:, -3]
    return padded


def test_kumar_sums(images):
    edges = []
    for image in images:
        y, x = (v / 8 for v in _sobel(_mirrored(image)))
        with np.errstate(all="ignore"):
            angle = np.where((x == 0) & (y == 0), 0.0, np.arctan(y / -x))
        edges.append((np.hypot(x, y), angle))
    gf, af = edges[2]
    q, w = [], []
    for g, angle in edges[:2]:
        with np.errstate(all="ignore"):
            ratio = np.where(
                (g == 0) | (gf == 0), 0, np.minimum(g, gf) / np.maximum(g, gf)
            )
        delta = np.abs(np.abs(angle - af) - np.pi / 2) * 2 / np.pi
        q.append(
            np.sqrt(_sigmoid(ratio, 0.9999, 19, 0.5) * _sigmoid(delta, 0.9995, 22, 0.5))
        )
        w.append(np.where(g >= 2, g**1.5, 0.001))
    missing = (1 - q[0]) * w[0] + (1 - q[1]) * w[1]
    new = (gf > edges[0][0]) & (gf > edges[1][0])
    expected = [
        np.sum(q[0] * w[0] + q[1] * w[1]),
        np.sum(missing[~new]),
        np.sum(missing[new]),
        np.sum(((2 - q[0] - q[1]) * (w[0] + w[1]))[new]),
        np.sum(w[0] + w[1]),
    ]
    got = gradient.kumar_sums(*images, 1.0, 2.0, 0.001)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_liu_sums(images):
    edges = []
    for image in images:
        x, y = _sobel(np.pad(image, 1))
        g = np.hypot(x, y)
        edges.append(
            (np.where(g == 0, 1e-5, g), np.arctan(-y / np.where(x == 0, 1e-5, x)))
        )
    (ga, aa), (gb, ab), (gf, af) = edges
    q = []
    for g, angle in edges[:2]:
        delta = np.abs(np.abs(angle - af) - np.pi / 2) * 2 / np.pi
        ratio = np.minimum(g, gf) / np.maximum(g, gf)
        q.append(_sigmoid(ratio, 1, 10, 0.5) * _sigmoid(delta, 1, 20, 0.75))
    good = q[0] * ga + q[1] * gb
    lost = ((1 - q[0]) * ga + (1 - q[1]) * gb)[(gf < ga) & (gf < gb)]
    new = ((2 - q[0] - q[1]) * (ga + gb))[(gf > ga) & (gf > gb)]
    expected = [
        np.sum(good / (ga + gb)),
        good.sum(),
        np.sum(ga + gb),
        lost.sum(),
        new.sum(),
    ]
    got = gradient.liu_sums(*images, 1.0)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_haar_step_is_orthonormal(rng):
    image = rng.random((6, 8))
    low, detail = gradient.haar_step(image)
    assert np.sum(low**2) + np.sum(detail**2) == pytest.approx(np.sum(image**2))
    assert np.array_equal(gradient.haar_step(np.ones((5, 3)))[0], [[2.0], [2.0]])
    assert not gradient.haar_step(np.ones((4, 4)))[1].any()


def test_wavelet_preservation_sums(rng):
    a, b, f = rng.normal(size=(3, 3, 4, 5))
    parts = [(np.exp(-np.abs(x - f)).sum(axis=0), (x**2).sum(axis=0)) for x in (a, b)]
    expected = sum(np.sum(ep * w) for ep, w in parts), sum(np.sum(w) for _, w in parts)
    assert gradient.wavelet_preservation_sums(a, b, f) == pytest.approx(expected)


def _window_fmi(x, y):
    """Feature mutual information of two windows as the paper defines it."""
    if np.array_equal(x, y):
        return 1.0
    pdfs = []
    for w in (x.ravel(order="F"), y.ravel(order="F")):
        flat = w.min() == w.max()
        w = np.ones(w.size) if flat else (w - w.min()) / (w.max() - w.min())
        pdfs.append(w / w.sum())
    p, q = pdfs
    if np.ptp(p) == np.ptp(q) == 0:
        return 1.0
    k = np.arange(1, p.size + 1)
    sd_p, sd_q = (math.sqrt(max(k**2 @ v - (k @ v) ** 2, 0)) for v in (p, q))
    independent = np.outer(q, p)
    big_p, big_q = np.cumsum(p), np.cumsum(q)
    cov = np.sum((p - p.mean()) * (q - q.mean()))
    if cov >= 0:
        bound = np.minimum.outer(big_q, big_p)
    else:
        bound = np.maximum(np.add.outer(big_q, big_p) - 1, 0)
    t = 0.0
    if cov != 0 and sd_p and sd_q:
        extreme = (bound - np.outer(big_q, big_p)).sum() / (sd_p * sd_q)
        t = cov / math.sqrt(np.sum((p - p.mean()) ** 2) * np.sum((q - q.mean()) ** 2))
        t /= extreme
    cells = np.diff(np.diff(np.pad(bound, ((1, 0), (1, 0))), axis=0), axis=1)
    joint = t * cells + (1 - t) * independent

    def entropy(v):
        v = v[v != 0]
        return -np.sum(v * np.log2(np.abs(v)))

    both = entropy(p) + entropy(q)
    information = both - entropy(joint)
    return 2 * information / both if information else 0.0


@pytest.mark.parametrize("n_levels", [2, 5, 256])
@pytest.mark.parametrize("window", [1, 3, 5])
def test_fmi_sum(n_levels, window):
    rng = np.random.default_rng(n_levels)
    a, b, f = rng.integers(0, n_levels, (3, 9, 8)).astype(float)
    f[:5] = a[:5]
    a[:, 5:], f[:, 6:] = 1.0, 0.0
    expected = 0.0
    for i in range(9 - window + 1):
        for j in range(8 - window + 1):
            at = np.s_[i : i + window, j : j + window]
            expected += _window_fmi(a[at], f[at]) + _window_fmi(b[at], f[at])
    total, count = fmi.fmi_sum(a, b, f, window)
    assert count == (9 - window + 1) * (8 - window + 1)
    assert total == pytest.approx(expected, rel=1e-9)
