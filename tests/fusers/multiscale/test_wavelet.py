import numpy as np
import pytest

from skfusion.fusers import WaveletFuser
from skfusion.fusers.multiscale import _wavelet as transform

pywt = pytest.importorskip("pywt")


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    # Of the odd pair the original returns one row and column more than it was given.
    data = original("MST_DWT", pair)
    height, width = data.ir.shape
    data.fused = data.fused[:height, :width]
    data.resolution = data.resolution[:height, :width]
    assert data.excess(WaveletFuser(parity=True)).max() < 1e-12


def test_parity_heeds_the_number_of_levels_only():
    ir, vis = np.random.default_rng(0).random((2, 33, 20), dtype=np.float32)
    strange = dict(wavelet="db2", detail_rule="soft", window=7, base_weight=1)
    np.testing.assert_array_equal(
        WaveletFuser(n_levels=2, parity=True, **strange)._fuse_plane(ir, vis),
        WaveletFuser(n_levels=2, parity=True)._fuse_plane(ir, vis),
    )


@pytest.mark.parametrize("shape", [(16, 32), (13, 22), (1, 9)])
def test_haar_equals_pywavelets(shape):
    image = np.random.default_rng(1).random(shape)
    details, low = transform.decompose(image, "haar", 1)
    expected_low, expected = pywt.dwt2(image, "haar", mode="symmetric")
    np.testing.assert_allclose(low, expected_low, atol=1e-12)
    for band, other in zip(details[0], expected):
        np.testing.assert_allclose(band, other, atol=1e-12)


@pytest.mark.parametrize("wavelet", ["haar", "db2", "sym4", "bior4.4"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (7, 5), (33, 50)])
def test_rebuilding_undoes_the_transform(wavelet, shape):
    image = np.random.default_rng(2).random(shape)
    details, low = transform.decompose(image, wavelet, 9)
    found = transform.rebuild(details, low, wavelet, shape)
    np.testing.assert_allclose(found, image, atol=1e-10)


@pytest.mark.parametrize("wavelet", ["haar", "db2"])
def test_one_level_equals_its_definition(wavelet):
    ir, vis = np.random.default_rng(3).random((2, 24, 32), dtype=np.float32)
    (low_ir, bands_ir), (low_vis, bands_vis) = (
        pywt.dwt2(image, wavelet, mode="symmetric") for image in (ir, vis)
    )
    low = 0.25 * low_vis + 0.75 * low_ir
    bands = [np.where(np.abs(a) > np.abs(b), a, b) for a, b in zip(bands_ir, bands_vis)]
    expected = pywt.idwt2((low, bands), wavelet, mode="symmetric")
    fuser = WaveletFuser(wavelet, 1, detail_rule="max", base_weight=0.25)
    fused = fuser._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, expected, atol=1e-5)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("rule", ["li", "max", "energy", "match", "soft"])
@pytest.mark.parametrize("wavelet", ["haar", "db2"])
def test_any_image(check_any_image, wavelet, rule):
    check_any_image(WaveletFuser(wavelet, detail_rule=rule), identity=1e-5)


def test_any_image_in_parity(check_any_image):
    check_any_image(WaveletFuser(parity=True), identity=1e-5)


def test_window_matters():
    ir, vis = np.random.default_rng(4).random((2, 24, 32), dtype=np.float32)
    small, large = (WaveletFuser(window=n)._fuse_plane(ir, vis) for n in (1, 5))
    assert (small != large).any()


def test_unknown_wavelet_is_an_error():
    with pytest.raises(ValueError, match="'haarlem' is no discrete wavelet"):
        WaveletFuser("haarlem").fit()


def test_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pywt", None)
    with pytest.raises(ImportError, match="skfusion\\[wavelets\\]"):
        WaveletFuser("db2").fit()
    WaveletFuser().fit()


def test_even_window_is_an_error():
    with pytest.raises(ValueError, match="window=2 of WaveletFuser is even"):
        WaveletFuser(window=2).fit()
