import numpy as np
import pytest
from scipy import fft, ndimage

from skfusion.fusers import DCHWT


def definition(ir, vis, n_levels=3):
    """The method on sizes that are multiples of 2 ** n_levels, band by band."""
    shape = ir.shape

    def transform(image):
        spectrum = fft.dctn(image.astype(np.float64), norm="ortho")
        bands = {}
        for level in range(1, n_levels + 1):
            r, c = shape[0] >> level, shape[1] >> level
            bands[level, "v"] = spectrum[:r, c : 2 * c]
            bands[level, "h"] = spectrum[r : 2 * r, :c]
            bands[level, "d"] = spectrum[r : 2 * r, c : 2 * c]
        bands["low"] = spectrum[:r, :c]
        return {key: fft.idctn(band, norm="ortho") for key, band in bands.items()}

    def significance(bands, key):
        if key == "low":
            return sum(significance(bands, (n_levels, k)) for k in "vhd")
        level, k = key
        if level == 1:
            return ndimage.uniform_filter(bands[key] ** 2, 3, mode="mirror")
        total = np.abs(bands[key])
        for finer in range(1, level):
            children = np.abs(bands[finer, k])
            step = 2 ** (level - finer)
            h, w = total.shape
            total = total + children.reshape(h, step, w, step).sum(axis=(1, 3))
        return total

    first, second = transform(ir), transform(vis)
    spectrum = np.empty(shape)
    for key in first:
        s, t = significance(first, key), significance(second, key)
        band = fft.dctn((first[key] * s + second[key] * t) / (s + t), norm="ortho")
        r, c = band.shape
        top = 0 if key == "low" or key[1] == "v" else r
        left = 0 if key == "low" or key[1] == "h" else c
        spectrum[top : top + r, left : left + c] = band
    return fft.idctn(spectrum, norm="ortho")


@pytest.mark.parametrize("n_levels", [1, 2, 3, 4])
def test_default_equals_its_definition(n_levels):
    ir, vis = np.random.default_rng(0).random((2, 32, 48), dtype=np.float32)
    fused = DCHWT(n_levels)._fuse_plane(ir, vis)
    assert fused.dtype == np.float32
    expected = definition(ir, vis, n_levels)
    np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    case = original("DCHWT", pair)
    # The reference was made from the first rows and columns, multiples of 8.
    rows, columns = case.fused.shape
    case.ir, case.vis = case.ir[:rows, :columns], case.vis[:rows, :columns]
    assert case.excess(DCHWT(parity=True)).max() < 1e-11


def test_any_image(check_any_image):
    check_any_image(DCHWT(), identity=1e-5)
    check_any_image(DCHWT(5), identity=1e-5)
    check_any_image(DCHWT(parity=True), identity=1e-9)


def test_other_sizes_are_mirrored_up_and_cut_back():
    ir, vis = np.random.default_rng(1).random((2, 13, 21), dtype=np.float32)
    grown = [np.pad(x, ((0, 3), (0, 3)), mode="symmetric") for x in (ir, vis)]
    expected = DCHWT()._fuse_plane(*grown)[:13, :21]
    np.testing.assert_array_equal(DCHWT()._fuse_plane(ir, vis), expected)


def test_nothing_in_both_images_gives_nothing():
    zero = np.zeros((16, 16), np.float32)
    assert not DCHWT()._fuse_plane(zero, zero).any()
