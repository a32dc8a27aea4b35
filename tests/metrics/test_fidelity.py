"""VIF and VIFF against independent definitions."""

import sys

import numpy as np
import pytest
from scipy.signal import convolve2d

from skfusion._kernels.metrics.fidelity import filter_and_halve, vif_sums
from skfusion._kernels.taps import gaussian_taps
from skfusion.metrics import UndefinedMetricWarning, vif, viff
from skfusion.metrics._vif_wavelet import _box_sums, _vectors, _wavelet_sums
from tests.metrics.test_structural_invariants import images, scene


def window(scale):
    size = 2 ** (4 - scale) + 1
    w = gaussian_taps(size, size / 5)
    return np.outer(w, w)


def scale_twin(x, f, scale, noise):
    """The definition at one scale: logarithms held and carried, and the gains."""
    w = window(scale)

    def mean(y):
        return convolve2d(y, w, mode="valid")

    mx, mf = mean(x), mean(f)
    vx = np.maximum(mean(x * x) - mx**2, 0)
    vf = np.maximum(mean(f * f) - mf**2, 0)
    cov = mean(x * f) - mx * mf
    g = cov / (vx + 1e-10)
    sv = vf - g * cov
    flat = vx < 1e-10
    g[flat], sv[flat], vx[flat] = 0, vf[flat], 0
    flat = vf < 1e-10
    g[flat], sv[flat] = 0, 0
    sv[g < 0] = vf[g < 0]
    g[g < 0] = 0
    sv[sv <= 1e-10] = 1e-10
    return np.log10(1 + vx / noise), np.log10(1 + g**2 * vx / (sv + noise)), g


def levels(*images_):
    out = [[x.astype(float) for x in images_]]
    for scale in range(1, 4):
        w = window(scale)
        out.append([convolve2d(x, w, mode="valid")[::2, ::2] for x in out[-1]])
    return out


def vif_twin(x, f):
    sums = np.zeros(2)
    for scale, (y, g) in enumerate(levels(x, f)):
        held, carried, _ = scale_twin(y, g, scale, 2.0)
        sums += carried.sum(), held.sum()
    return sums[0] / sums[1]


def test_vif_equals_its_definition():
    a, b, f = images("vif")
    expected = (vif_twin(a, f) + vif_twin(b, f)) / 2
    assert vif(a, b, f) == pytest.approx(expected, rel=1e-10)


def test_viff_equals_its_definition():
    a, b, f = images("viff")
    expected = 0.0
    for scale, (x, y, z) in enumerate(levels(a, b, f)):
        held_x, carried_x, gain_x = scale_twin(x, z, scale, 325.125)
        held_y, carried_y, gain_y = scale_twin(y, z, scale, 325.125)
        first = gain_x < gain_y
        held = np.where(first, held_x, held_y)
        carried = np.where(first, carried_x, carried_y)
        ratio = (carried + 1e-7).sum() / (held + 1e-7).sum()
        expected += ratio * (1, 0, 0.15, 1)[scale] / 2.15
    assert viff(a, b, f) == pytest.approx(expected, rel=1e-10)


def test_scale_sums_with_flat_and_opposite_windows():
    a, b, f = (x.astype(float) for x in images("vif"))
    a[:, :30] = 40
    f[:20] = 90
    b[25:] = 255 - f[25:]
    w = gaussian_taps(9, 1.8)
    sums = vif_sums(a, b, f, w, 2.0)
    for k, x in enumerate((a, b)):
        held, carried, _ = scale_twin(x, f, 1, 2.0)
        assert sums[2 * k] == pytest.approx(carried.sum(), rel=1e-9)
        assert sums[2 * k + 1] == pytest.approx(held.sum(), rel=1e-9)


@pytest.mark.parametrize("size", [3, 5, 9])
@pytest.mark.parametrize("shape", [(20, 31), (21, 30)])
def test_filter_and_halve(size, shape):
    x = np.random.default_rng(0).random(shape)
    w = gaussian_taps(size, size / 5)
    expected = convolve2d(x, np.outer(w, w), mode="valid")[::2, ::2]
    assert np.allclose(filter_and_halve(x, w), expected, rtol=1e-12)


def test_contrast_beyond_the_sources_goes_above_one():
    a, _, _ = images("vif")
    half = (a // 2 + 60).astype(np.uint8)
    assert vif(half, half, a) > 1.0


def test_a_constant_source_is_undefined_and_a_constant_fused_image_worth_nothing():
    a, b, f = images("vif")
    flat = np.full_like(f, 77)
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(vif(a, flat, f))
    assert vif(a, b, flat) == 0.0
    assert viff(a, b, flat) < 1e-4
    assert viff(flat, flat, f) == pytest.approx(1.0, abs=1e-2)


def test_the_zoo_form_sees_zeros_beyond_the_border():
    a, b, f = images("vif")
    total = vif(a, b, f, variant="zoo")
    assert vif(a, b, f, variant="zoo", reduction="mean") == pytest.approx(total / 2)
    assert total != pytest.approx(2 * vif(a, b, f), rel=1e-3)


# Wavelet form ------------------------------------------------------------------------


def band_twin(x, y, scale):
    """Sheikh and Bovik's sums over one band, block by block."""
    size = 2 ** (4 - scale) + 1
    half = size // 2
    xp, yp = (np.pad(z, half, mode="reflect") for z in (x, y))
    dense = _vectors(x, 1)
    covariance = np.cov(dense, bias=True)
    inverse = np.linalg.inv(covariance)
    values = np.linalg.eigvalsh(covariance)
    margin = -(-half // 3)
    carried = held = 0.0
    n_rows, n_columns = x.shape[0] // 3, x.shape[1] // 3
    for i in range(margin, n_rows - margin):
        for j in range(margin, n_columns - margin):
            r, c = 3 * i + 1, 3 * j + 1
            wx, wy = (z[r : r + size, c : c + size] for z in (xp, yp))
            n = size * size
            cov = (wx * wy).sum() - n * wx.mean() * wy.mean()
            vx = (wx**2).sum() - n * wx.mean() ** 2
            vy = (wy**2).sum() - n * wy.mean() ** 2
            g = cov / (vx + 1e-15)
            sv = (vy - g * cov) / n
            if g < 0:
                g, sv = 0.0, vy
            vector = x[3 * i : 3 * i + 3, 3 * j : 3 * j + 3].T.ravel()
            power = vector @ inverse @ vector / 9
            carried += np.log2(1 + g**2 * power * values / (max(sv, 1e-15) + 0.4)).sum()
            held += np.log2(1 + power * values / 0.4).sum()
    return carried, held


@pytest.mark.parametrize("scale", [2, 3])
def test_sums_of_a_band_equal_the_loop_over_blocks(scale):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(33, 39))
    y = 0.7 * x + 0.3 * rng.normal(size=x.shape)
    y[:10] *= -1
    assert _wavelet_sums(x, y, scale) == pytest.approx(band_twin(x, y, scale), rel=1e-9)


def test_box_sums_are_taken_at_the_block_centres():
    x = np.random.default_rng(2).random((12, 15))
    padded = np.pad(x, 2, mode="reflect")
    assert _box_sums(x, 5)[1, 2] == pytest.approx(padded[4:9, 7:12].sum())


def test_a_band_without_content_adds_nothing():
    zeros = np.zeros((30, 30))
    assert _wavelet_sums(zeros, zeros, 3) == (0.0, 0.0)


def test_wavelets_need_72_pixels():
    with pytest.raises(ValueError, match="72"):
        vif(*images("vif"), variant="wavelet")


def test_a_missing_pyrtools_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrtools", None)
    monkeypatch.setitem(sys.modules, "pyrtools.pyramids.filters", None)
    args = [scene(seed, (72, 80)) for seed in (1, 2, 3)]
    with pytest.raises(ImportError, match="pip install pyrtools"):
        vif(*args, variant="wavelet")


def test_wavelet_constants_are_undefined():
    a, f = scene(1, (72, 80)), scene(2, (72, 80))
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(vif(a, np.full_like(a, 9), f, variant="wavelet"))


@pytest.mark.filterwarnings("default")
def test_wavelets_with_pyrtools():
    pytest.importorskip("pyrtools")
    a, b, f = (scene(seed, (72, 81)) for seed in (1, 2, 3))
    assert vif(a, a, a, variant="wavelet") == pytest.approx(1.0, abs=1e-6)
    assert 0 < vif(a, b, f, variant="wavelet") < 1
    assert vif(a, b, f, variant="wavelet_unit") != vif(a, b, f, variant="wavelet")
