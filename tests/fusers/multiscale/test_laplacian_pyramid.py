import numpy as np
import pytest
from scipy import ndimage

from skfusion.fusers import LaplacianPyramid
from skfusion.fusers.multiscale._joint_histogram import to_joint_histogram
from skfusion.fusers.multiscale._pyramid import (
    expand,
    laplacian_pyramid,
    rebuild,
    reduce,
)
from skfusion.fusers.multiscale._selection import fuse_bands, match_weight
from skfusion.images import luma

RULES = ["li", "max", "energy", "match", "soft"]
BASES = ["average", "saliency", "max", "energy", "deviation"]


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
        LaplacianPyramid(3, parity=True, **strange)._fuse_plane(*pair),
        LaplacianPyramid(3, parity=True)._fuse_plane(*pair),
    )
    assert (
        LaplacianPyramid(3, parity=True)._fuse_plane(*pair)
        != LaplacianPyramid(2, parity=True)._fuse_plane(*pair)
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
    fused = LaplacianPyramid(0, base_rule="average", base_weight=0.25)._fuse_plane(
        ir, vis
    )
    np.testing.assert_allclose(fused, 0.25 * vis + 0.75 * ir, atol=1e-6)
    fused = LaplacianPyramid(0, base_rule="max")._fuse_plane(ir, vis)
    np.testing.assert_array_equal(fused, np.maximum(ir, vis))


def test_energy_base_follows_the_image_that_departs_from_its_mean():
    ir, vis = np.full((2, 8, 8), 0.5, np.float32)
    ir[2:4, 2:4] = 1
    fused = LaplacianPyramid(0, base_rule="energy")._fuse_plane(ir, vis)
    np.testing.assert_array_equal(fused, ir)


def test_saliency_base_follows_the_rarer_level():
    ir, vis = np.full((2, 8, 8), 0.5, np.float32)
    ir[2:4, 2:4] = 1
    fused = LaplacianPyramid(0, base_rule="saliency")._fuse_plane(ir, vis)
    np.testing.assert_array_equal(fused, ir)


def test_gain_scales_the_details(pair):
    one = LaplacianPyramid(gain=1)._fuse_plane(*pair)
    none = LaplacianPyramid(gain=0)._fuse_plane(*pair)
    double = LaplacianPyramid(gain=2)._fuse_plane(*pair)
    np.testing.assert_allclose(double - one, one - none, atol=1e-5)


def test_gain_decays_from_band_to_band(pair):
    fused = LaplacianPyramid(2, gain=1.5, gain_decay=0.4)._fuse_plane(*pair)
    one = LaplacianPyramid(2)
    (fine, coarse), base = laplacian_pyramid(one._fuse_plane(*pair), 2)
    bands = [laplacian_pyramid(image, 2)[0] for image in pair]
    fine, coarse = (fuse_bands(a, b, "li", 5) for a, b in zip(*bands))
    expected = one._fuse_plane(*pair) + rebuild(
        [0.5 * fine, 0.2 * coarse], np.zeros_like(base), pair[0].shape
    )
    np.testing.assert_allclose(fused, expected, atol=1e-5)
    none = LaplacianPyramid(1, gain=1.5, gain_decay=0)._fuse_plane(*pair)
    np.testing.assert_array_equal(
        none, LaplacianPyramid(1, gain=1.5)._fuse_plane(*pair)
    )


def test_selectivity_goes_from_the_mean_to_the_choice(pair):
    a, b = (laplacian_pyramid(image, 1)[0][0] for image in pair)
    soft = fuse_bands(a, b, "soft", 3)
    energies = [ndimage.uniform_filter(x.astype(float) ** 2, 3) for x in (a, b)]
    for power in (1, 3):
        p, q = (e**power for e in energies)
        expected = (p * a + q * b) / (p + q)
        fused = fuse_bands(a, b, "soft", 3, power)
        np.testing.assert_allclose(fused, expected, atol=1e-5)
    assert np.abs(fuse_bands(a, b, "soft", 3, 3) - soft).max() > 0.01
    hard = fuse_bands(a, b, "energy", 3)
    near = np.abs(fuse_bands(a, b, "soft", 3, 200) - hard) < 1e-3
    assert near.mean() > 0.95
    tiny = np.full((4, 4), 1e-15, np.float32)
    np.testing.assert_allclose(fuse_bands(tiny, tiny, "soft", 3, 5), tiny)
    np.testing.assert_array_equal(fuse_bands(0 * a, 0 * a, "soft", 3, 5), 0 * a)


def test_deviation_base_follows_the_window_that_varies():
    ir, vis = np.full((2, 21, 21), 0.5, np.float32)
    ir[3:6:2, 3:6:2] = 1
    vis[14:18:2, 14:18:2] = 0
    fused = LaplacianPyramid(0, base_rule="deviation", base_window=3)._fuse_plane(
        ir, vis
    )
    np.testing.assert_array_equal(fused[:8, :8], ir[:8, :8])
    np.testing.assert_array_equal(fused[12:, 12:], vis[12:, 12:])


def test_deviation_base_is_that_of_its_definition(pair):
    ir, vis = pair.astype(float)
    for window in (3, 9):
        mean = [ndimage.uniform_filter(x, window) for x in (ir, vis)]
        square = [ndimage.uniform_filter(x * x, window) for x in (ir, vis)]
        of_ir, of_vis = (s - m * m for s, m in zip(square, mean))
        weight = ndimage.uniform_filter((of_vis >= of_ir).astype(float), window)
        fuser = LaplacianPyramid(0, base_rule="deviation", base_window=window)
        expected = weight * vis + (1 - weight) * ir
        np.testing.assert_allclose(fuser._fuse_plane(*pair), expected, atol=1e-5)


def test_base_blend_and_base_gain(pair):
    ir, vis = pair
    largest, mean = np.maximum(ir, vis), 0.3 * vis + 0.7 * ir
    params = dict(base_rule="max", base_weight=0.3)
    fused = LaplacianPyramid(0, base_blend=0.25, **params)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, 0.25 * largest + 0.75 * mean, atol=1e-6)
    fused = LaplacianPyramid(0, base_blend=0, **params)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, mean, atol=1e-6)
    fused = LaplacianPyramid(0, base_gain=1.5, **params)._fuse_plane(ir, vis)
    level = largest.mean()
    np.testing.assert_allclose(fused, level + 1.5 * (largest - level), atol=1e-5)


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


@pytest.mark.parametrize("name", ["window", "base_window"])
def test_even_window_is_an_error(name):
    with pytest.raises(ValueError, match=f"{name}=2 of LaplacianPyramid is even"):
        LaplacianPyramid(**{name: 2}).fit()


def test_consistency_lets_the_scales_of_a_place_come_from_one_image():
    rng = np.random.default_rng(0)
    ir = rng.normal(0.5, 0.02, (64, 64)).astype(np.float32)
    vis = ndimage.gaussian_filter(rng.random((64, 64)), 4).astype(np.float32)
    vis = (vis - vis.mean()) * 4 + np.float32(0.5)
    params = dict(detail_rule="energy", base_rule="deviation")

    def from_vis(consistency):
        fuser = LaplacianPyramid(3, consistency=consistency, **params)
        return np.abs(fuser._fuse_plane(ir, vis) - vis).mean()

    assert from_vis(0) > 0.01
    assert from_vis(100.0) < 0.001


@pytest.mark.parametrize("rule", ["energy", "soft"])
def test_consistency_adds_what_is_coarser_to_the_energies(pair, rule):
    fuser = LaplacianPyramid(2, detail_rule=rule, consistency=0.3, base_window=3)
    bands, base = laplacian_pyramid(pair[0], 2)
    mean = ndimage.uniform_filter(base.astype(float), 3)
    variance = ndimage.uniform_filter(base.astype(float) ** 2, 3) - mean**2
    expected = []
    for band in bands[::-1]:
        own = ndimage.uniform_filter(band.astype(float) ** 2, 5)
        variance = own + 0.3 * np.maximum(expand(variance, band.shape), 0)
        expected.append(variance)
    for energy, value in zip(fuser._energies(bands, base), expected[::-1]):
        np.testing.assert_allclose(energy, value, rtol=1e-3, atol=1e-6)
    plain = LaplacianPyramid(2, detail_rule=rule, base_window=3)
    assert np.abs(fuser._fuse_plane(*pair) - plain._fuse_plane(*pair)).max() > 1e-3


def test_base_selectivity_goes_from_the_mean_to_the_choice(pair):
    def base(selectivity):
        fuser = LaplacianPyramid(
            0, base_rule="deviation", base_selectivity=selectivity, base_window=3
        )
        return fuser._fuse_plane(*pair)

    def distance(selectivity):
        return np.abs(base(selectivity) - base(None)).mean()

    assert distance(0.1) > distance(1.0) > distance(5.0) > distance(300.0)
    assert distance(300.0) < 1e-3
    np.testing.assert_allclose(base(1e-6), pair.mean(axis=0), atol=1e-4)


def test_histogram_gives_the_levels_of_both_images(pair):
    ir, vis = pair**2, pair[::-1].mean(axis=0)
    ir = ir[0]
    fused = to_joint_histogram(np.sqrt(ir), ir, vis, 1.0)
    expected = np.quantile(np.stack([ir, vis]), [0.1, 0.3, 0.5, 0.7, 0.9])
    found = np.quantile(fused, [0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(found, expected, atol=0.01)
    order = np.argsort(ir, axis=None)
    assert (np.diff(fused.ravel()[order]) >= -1e-6).all()
    np.testing.assert_array_equal(to_joint_histogram(ir, ir, vis, 0.0), ir)
    half = to_joint_histogram(np.sqrt(ir), ir, vis, 0.5)
    np.testing.assert_allclose(half, (fused + np.sqrt(ir)) / 2, atol=1e-6)
    assert np.isfinite(to_joint_histogram(3 * ir - 1, ir, vis, 1.0)).all()


def test_histogram_is_a_parameter_of_the_fuser(pair):
    plain = LaplacianPyramid()._fuse_plane(*pair)
    fused = LaplacianPyramid(histogram=0.4)._fuse_plane(*pair)
    np.testing.assert_allclose(fused, to_joint_histogram(plain, *pair, 0.4), atol=1e-6)
    assert np.abs(fused - plain).max() > 0.01


def test_channels_are_fused_by_the_decisions_on_luma(pair):
    """With weights fixed, fusion is linear: gray and chroma go through it alike."""
    ir = pair[0]
    vis = np.random.default_rng(5).random((*ir.shape, 3), dtype=np.float32)
    params = dict(detail_rule="energy", base_rule="deviation", gain=1.3, histogram=0.2)
    fuser = LaplacianPyramid(3, color="per_channel", **params)
    fused = fuser._fuse_channels(ir, vis)
    expected = LaplacianPyramid(3, **params)._fuse_plane(ir, luma(vis))
    np.testing.assert_allclose(fused @ [0.299, 0.587, 0.114], expected, atol=1e-5)
    gray = np.repeat(luma(vis)[..., None], 3, axis=2)
    fused = fuser._fuse_channels(ir, gray)
    np.testing.assert_allclose(fused, np.stack([expected] * 3, -1), atol=1e-5)


def test_channels_decide_for_themselves_in_parity(pair):
    vis = np.random.default_rng(5).random((*pair[0].shape, 3), dtype=np.float32)
    fuser = LaplacianPyramid(3, parity=True, color="per_channel")
    fused = fuser._fuse_channels(pair[0], vis)
    for c in range(3):
        expected = fuser._fuse_plane(pair[0], np.ascontiguousarray(vis[..., c]))
        np.testing.assert_array_equal(fused[..., c], expected)
