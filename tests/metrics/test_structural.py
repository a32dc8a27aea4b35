"""SSIM, MS-SSIM and MEF-SSIM against independent definitions."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from skimage.metrics import structural_similarity

from skfusion._kernels.metrics.moments import along_row, down_ring, local_moments
from skfusion._kernels.metrics.structural import halve
from skfusion._kernels.taps import gaussian_taps
from skfusion.metrics import mef_ssim, ms_ssim, ssim
from tests.metrics.test_structural_invariants import images, scene


def moments_twin(a, b, f, w):
    """The definition: weighted moments of every window, one after the other."""
    window = np.outer(w, w)
    views = [sliding_window_view(x, window.shape) for x in (a, b, f)]

    def mean(x):
        return (x * window).sum(axis=(2, 3))

    means = [mean(v) for v in views]
    pairs = [(0, 0), (1, 1), (2, 2), (0, 2), (1, 2), (0, 1)]
    second = [mean(views[p] * views[q]) - means[p] * means[q] for p, q in pairs]
    return np.stack(means + second)


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 11, 17, 31])
def test_local_moments_are_those_of_every_window(size):
    rng = np.random.default_rng(0)
    a, b, f = 255 * rng.random((3, 33, 40))
    w = gaussian_taps(size, size / 5)
    expected = moments_twin(a, b, f, w)
    assert np.allclose(local_moments(a, b, f, w, 9), expected, rtol=1e-10, atol=1e-8)
    assert np.allclose(local_moments(a, b, f, w, 8), expected[:8], atol=1e-8)


@pytest.mark.parametrize("size", [1, 3, 7, 9, 11, 17, 31])
def test_filtering_along_rows_and_down_a_ring_is_correlation(size):
    rng = np.random.default_rng(1)
    w = gaussian_taps(size, 2.0)
    x = rng.random(50)
    out = np.empty(50 - size + 1)
    along_row(out, x, w, out.size)
    assert np.allclose(out, np.correlate(x, w, "valid"), rtol=1e-13)
    ring = rng.random((size, 6))
    out = np.empty(6)
    for first in (0, 4):
        down_ring(out, ring, first, w, 6)
        order = (first + np.arange(size)) % size
        assert np.allclose(out, w @ ring[order], rtol=1e-13)


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (1, 1)])
def test_halving_repeats_an_odd_last_row(shape):
    x = np.random.default_rng(2).random(shape)
    even = np.pad(x, [(0, n % 2) for n in shape], mode="edge")
    h, w = even.shape
    expected = even.reshape(h // 2, 2, w // 2, 2).mean(axis=(1, 3))
    assert np.allclose(halve(x), expected, rtol=1e-14)


def skimage_ssim(x, y):
    return structural_similarity(
        *(x, y),
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


def test_ssim_equals_scikit_image():
    a, b, f = images("ssim")
    expected = (skimage_ssim(a, f) + skimage_ssim(b, f)) / 2
    assert ssim(a, b, f) == pytest.approx(expected, rel=1e-12)
    assert ssim(a, b, f, variant="vifb") == pytest.approx(2 * expected, rel=1e-12)


def test_replicated_borders_are_those_of_a_padded_image():
    a, b, f = images("ssim")
    padded = [np.pad(x, 5, mode="edge") for x in (a, b, f)]
    assert ssim(a, b, f, variant="matlab") == pytest.approx(ssim(*padded), rel=1e-12)
    assert 0 < ssim(*(x[:3, :4] for x in (a, b, f)), variant="matlab") <= 1


def test_constants_of_unit_range_equal_a_scaled_image():
    # C1, C2 of [0, 1] on 0..255 are those of 0..255 on 255 times larger values.
    a, b, f = (x.astype(float) for x in images("ssim"))
    maps = []
    for x in (a, b):
        o = moments_twin(x, x, f, gaussian_taps(11, 1.5))
        c1, c2 = 0.01**2, 0.03**2
        top = (2 * o[0] * o[2] + c1) * (2 * o[6] + c2)
        bottom = (o[0] ** 2 + o[2] ** 2 + c1) * (o[3] + o[5] + c2)
        maps.append((top / bottom).mean())
    args = [x / 255 for x in (a, b, f)]
    assert ssim(*args, variant="zoo") == pytest.approx(sum(maps), rel=1e-8)


def test_constant_pair_is_its_luminance_term():
    a = np.full((12, 12), 100, np.uint8)
    f = np.full((12, 12), 50, np.uint8)
    c1 = 2.55**2
    expected = (2 * 100 * 50 + c1) / (100**2 + 50**2 + c1)
    assert ssim(a, a, f) == pytest.approx(expected, rel=1e-9)


def test_five_scales_are_the_product_of_their_terms():
    a, _, f = images("ms_ssim")
    x, y = a.astype(float), f.astype(float)
    c1, c2 = 2.55**2, 7.65**2
    expected = 1.0
    for level, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        o = moments_twin(x, x, y, gaussian_taps(11, 1.5))
        term = (2 * o[6] + c2) / (o[3] + o[5] + c2)
        if level == 4:
            term *= (2 * o[0] * o[2] + c1) / (o[0] ** 2 + o[2] ** 2 + c1)
        expected *= term.mean() ** weight
        x, y = halve(x), halve(y)
    assert ms_ssim(a, a, f) == pytest.approx(expected, rel=1e-9)


def test_variants_of_ms_ssim_agree_where_no_side_is_odd():
    a, b, f = (scene(seed, (176, 176)) for seed in (1, 2, 3))
    total = ms_ssim(a, b, f, reduction="sum")
    assert ms_ssim(a, b, f, variant="zoo_uint8") == pytest.approx(total, rel=1e-12)
    mean = ms_ssim(a, b, f, variant="zoo_uint8", reduction="mean")
    assert mean == pytest.approx(total / 2, rel=1e-12)
    assert ms_ssim(a, b, f, variant="zoo") != pytest.approx(total, rel=1e-3)


def test_a_negative_contrast_term_counts_as_nothing():
    a, _, _ = images("ms_ssim")
    assert ms_ssim(a, a, 255 - a) == 0.0


def mef_twin(a, b, f):
    """The definition, window by window (Ma, Zeng, Wang 2015)."""
    gauss = np.outer(gaussian_taps(11, 1.5), gaussian_taps(11, 1.5))
    eps = np.finfo(float).eps
    views = [sliding_window_view(x.astype(float), (11, 11)) for x in (a, b, f)]
    out = np.empty(views[0].shape[:2])
    for i, j in np.ndindex(out.shape):
        xa, xb = (v[i, j] - v[i, j].mean() for v in views[:2])
        norms = np.linalg.norm(xa), np.linalg.norm(xb)
        agree = (np.linalg.norm(xa + xb) + eps) / (sum(norms) + eps)
        power = min(np.tan(np.pi / 2 * min(max(agree, eps), 1 - eps)), 10)
        contrast = np.array(norms) + 0.001
        weights = (contrast / 11) ** power + eps
        weights /= weights.sum()
        wanted = weights[0] * xa / contrast[0] + weights[1] * xb / contrast[1]
        if np.linalg.norm(wanted) > 0:
            wanted *= contrast.max() / np.linalg.norm(wanted)
        y = views[2][i, j]
        mr, mf = (gauss * wanted).sum(), (gauss * y).sum()
        vr = (gauss * wanted**2).sum() - mr**2
        vf = (gauss * y**2).sum() - mf**2
        cov = (gauss * wanted * y).sum() - mr * mf
        out[i, j] = (2 * cov + 7.65**2) / (vr + vf + 7.65**2)
    return out.mean()


def test_mef_ssim_equals_its_loop_over_windows():
    a, b, f = (x[:24, :30] for x in images("mef_ssim"))
    assert mef_ssim(a, b, f) == pytest.approx(mef_twin(a, b, f), rel=1e-9)


def test_mef_ssim_ignores_luminance():
    a, b, f = (x // 2 for x in images("mef_ssim"))
    assert mef_ssim(a + 60, b, f + 90) == pytest.approx(mef_ssim(a, b, f), rel=1e-9)


def test_three_scales_are_a_weighted_geometric_mean():
    a, b, f = images("mef_ssim")
    weights = np.array([0.0448, 0.2856, 0.3001])
    weights /= weights.sum()
    expected, levels = 1.0, [x.astype(float) for x in (a, b, f)]
    for weight in weights:
        expected *= mef_ssim(*(x / 255 for x in levels)) ** weight
        levels = [halve(x) for x in levels]
    value = mef_ssim(a, b, f, variant="multi_scale")
    assert value == pytest.approx(expected, rel=1e-9)
    assert ms_ssim(a, b, f, variant="mef") == value


def test_three_scales_need_41_pixels():
    a, b, f = (x[:40] for x in images("mef_ssim"))
    with pytest.raises(ValueError, match="41"):
        mef_ssim(a, b, f, variant="multi_scale")
    with pytest.raises(ValueError, match="41"):
        ms_ssim(a, b, f, variant="mef")
