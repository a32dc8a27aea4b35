import numpy as np
import pytest
from scipy import ndimage

from skfusion.fusers import LaplacianPyramid
from skfusion.fusers._pyramid import expand, laplacian_pyramid, rebuild, reduce
from skfusion.fusers._selection import fuse_bands, match_weight

RULES = ["li", "max", "energy", "match", "soft"]
BASES = ["average", "saliency", "max", "energy"]


@pytest.fixture
def pair():
    return np.random.default_rng(0).random((2, 33, 50), dtype=np.float32)


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    fuser = LaplacianPyramid(parity=True)
    assert original("MST_LP", pair).excess(fuser).max() < 1e-12


def test_parity_heeds_the_number_of_levels_only(pair):
    strange = dict(detail_rule="soft", window=7, base_rule="max", gain=2)
    np.testing.assert_array_equal(
        LaplacianPyramid(3, parity=True, **strange)._fuse(*pair),
        LaplacianPyramid(3, parity=True)._fuse(*pair),
    )
    assert (
        LaplacianPyramid(3, parity=True)._fuse(*pair)
        != LaplacianPyramid(2, parity=True)._fuse(*pair)
    ).any()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("base", BASES)
def test_any_image(check_any_image, rule, base):
    check_any_image(
        LaplacianPyramid(9, detail_rule=rule, base_rule=base), identity=1e-5
    )


def test_any_image_in_parity(check_any_image):
    check_any_image(LaplacianPyramid(parity=True), identity=1e-5)


def test_away_from_the_border_parity_is_the_default(original):
    data = original("MST_LP")
    ours = data.result(LaplacianPyramid(3, detail_rule="li", window=3))
    theirs = data.result(LaplacianPyramid(3, parity=True))
    inner = (slice(40, -40), slice(40, -40))
    np.testing.assert_allclose(ours[inner], theirs[inner], rtol=0, atol=2e-6)


@pytest.mark.parametrize("border", ["mirror", "reflect"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 8), (5, 5), (16, 16), (17, 30)])
def test_rebuilding_undoes_the_pyramid(border, shape):
    image = np.random.default_rng(1).random(shape)
    bands, base = laplacian_pyramid(image, 9, border)
    np.testing.assert_allclose(rebuild(bands, base, shape, border), image, atol=1e-12)


@pytest.mark.parametrize("border, mode", [("mirror", "mirror"), ("reflect", "reflect")])
def test_reduce_and_expand_equal_their_definition(border, mode):
    image = np.random.default_rng(2).random((12, 18))
    taps = np.array([1, 4, 6, 4, 1]) / 16

    def smooth(x, mode):
        for axis in (0, 1):
            x = ndimage.correlate1d(x, taps, axis, mode=mode)
        return x

    np.testing.assert_allclose(
        reduce(image, border), smooth(image, mode)[::2, ::2], atol=1e-12
    )
    small = image[:6, :9]
    padded = np.pad(small, 1, mode="edge")
    stuffed = np.zeros((16, 22))
    stuffed[::2, ::2] = 4 * padded
    full = smooth(stuffed, "constant")[2:-2, 2:-2]
    if border == "mirror":  # the first sample is mirrored, the last one repeated
        stuffed = np.zeros((12, 18))
        stuffed[::2, ::2] = 4 * small
        full = smooth(stuffed, "mirror")
    np.testing.assert_allclose(expand(small, (12, 18), border), full, atol=1e-12)


def test_no_level_is_the_base_alone(pair):
    ir, vis = pair
    fused = LaplacianPyramid(0, base_rule="average", base_weight=0.25)._fuse(ir, vis)
    np.testing.assert_allclose(fused, 0.25 * vis + 0.75 * ir, atol=1e-6)
    fused = LaplacianPyramid(0, base_rule="max")._fuse(ir, vis)
    np.testing.assert_array_equal(fused, np.maximum(ir, vis))


def test_energy_base_follows_the_image_that_departs_from_its_mean():
    ir, vis = np.full((2, 8, 8), 0.5, np.float32)
    ir[2:4, 2:4] = 1
    fused = LaplacianPyramid(0, base_rule="energy")._fuse(ir, vis)
    np.testing.assert_array_equal(fused, ir)


def test_saliency_base_follows_the_rarer_level():
    ir, vis = np.full((2, 8, 8), 0.5, np.float32)
    ir[2:4, 2:4] = 1
    fused = LaplacianPyramid(0, base_rule="saliency")._fuse(ir, vis)
    np.testing.assert_array_equal(fused, ir)


def test_gain_scales_the_details(pair):
    one = LaplacianPyramid(gain=1)._fuse(*pair)
    none = LaplacianPyramid(gain=0)._fuse(*pair)
    double = LaplacianPyramid(gain=2)._fuse(*pair)
    np.testing.assert_allclose(double - one, one - none, atol=1e-5)


def test_rules_choose_what_they_say():
    ir = np.zeros((9, 9), np.float32)
    vis = np.zeros((9, 9), np.float32)
    ir[4, 4], vis[2, 2] = 0.5, -0.4
    fused = fuse_bands(ir, vis, "max", 3)
    assert fused[4, 4] == 0.5 and fused[2, 2] == np.float32(-0.4)
    fused = fuse_bands(ir, vis, "energy", 7)
    np.testing.assert_array_equal(fused[3:6, 3:6], ir[3:6, 3:6])
    # A lone win is outvoted by "li": the other's maximum rules all around it.
    vis[:] = 0.3
    vis[4, 4] = 0
    ir[4, 4] = 0.31
    ir[4, 5] = 0
    assert fuse_bands(ir, vis, "max", 3)[4, 4] == np.float32(0.31)
    assert fuse_bands(ir, vis, "li", 1)[4, 4] == np.float32(0.31)
    assert fuse_bands(ir, vis, "energy", 3)[4, 4] == 0
    equal = fuse_bands(vis, vis, "match", 3)
    np.testing.assert_allclose(equal, vis, atol=1e-7)
    # Energies 9 : 1 in one place.
    soft = fuse_bands(np.full_like(ir, 0.3), np.full_like(ir, 0.1), "soft", 1)
    np.testing.assert_allclose(soft, 0.9 * 0.3 + 0.1 * 0.1, atol=1e-6)


def test_match_averages_what_agrees_and_chooses_what_does_not():
    a = np.full((5, 5), 2.0)
    np.testing.assert_allclose(match_weight(a, -a / 2, 3, 0.75), 1)
    np.testing.assert_allclose(match_weight(-a / 2, a, 3, 0.75), 0)
    np.testing.assert_allclose(match_weight(a, a, 3, 0.75), 0.5)
    np.testing.assert_allclose(match_weight(0 * a, 0 * a, 3, 0.75), 0.5)


def test_even_window_is_an_error():
    with pytest.raises(ValueError, match="window=2 of LaplacianPyramid is even"):
        LaplacianPyramid(window=2).fit()
