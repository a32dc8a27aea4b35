import numpy as np
import pytest

from skfusion.fusers import RatioPyramid
from skfusion.fusers.multiscale._pyramid import (
    expand,
    ratio_pyramid,
    rebuild_ratio,
    reduce,
)


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("MST_RP", pair).excess(RatioPyramid(parity=True)).max() < 1e-11


@pytest.mark.parametrize("rule", ["li", "max"])
def test_any_image(check_any_image, rule):
    check_any_image(RatioPyramid(9, detail_rule=rule), identity=1e-5)


def test_one_level_equals_its_definition():
    ir, vis = np.random.default_rng(0).random((2, 12, 18))
    low_ir, low_vis = (expand(reduce(x), x.shape) for x in (ir, vis))
    ratio_ir, ratio_vis = (ir + 0.2) / (low_ir + 0.2), (vis + 0.2) / (low_vis + 0.2)
    stronger = np.abs(np.log(ratio_ir)) > np.abs(np.log(ratio_vis))
    low = expand(0.3 * reduce(vis) + 0.7 * reduce(ir), ir.shape)
    expected = np.where(stronger, ratio_ir, ratio_vis) * (low + 0.2) - 0.2
    fuser = RatioPyramid(1, detail_rule="max", base_weight=0.3, offset=0.2)
    fused = fuser._fuse_plane(ir.astype(np.float32), vis.astype(np.float32))
    np.testing.assert_allclose(fused, expected, atol=1e-5)


def test_rebuilding_undoes_the_pyramid():
    image = np.random.default_rng(1).random((17, 30))
    bands, base = ratio_pyramid(image, 3, 0.1)
    fused = rebuild_ratio(bands, base, image.shape, 0.1)
    np.testing.assert_allclose(fused, image, atol=1e-12)


def test_window_matters_to_the_vote_only():
    ir, vis = np.random.default_rng(2).random((2, 24, 24), dtype=np.float32)
    small, large = (RatioPyramid(window=n)._fuse_plane(ir, vis) for n in (1, 5))
    assert (small != large).any()
    only = RatioPyramid(detail_rule="max")._fuse_plane(ir, vis)
    np.testing.assert_array_equal(small, only)


def test_a_spark_in_the_dark_stays_within_bounds_by_default():
    ir, vis = np.zeros((40, 40), np.float32), np.full((40, 40), 0.8, np.float32)
    ir[20, 20] = 0.5
    assert RatioPyramid()._fuse_plane(ir, vis).max() < 3
    assert RatioPyramid(parity=True)._fuse_plane(ir, vis).max() > 20


def test_even_window_is_an_error():
    with pytest.raises(ValueError, match="window=4 of RatioPyramid is even"):
        RatioPyramid(window=4).fit()
