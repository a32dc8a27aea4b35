import numpy as np
import pytest

from skfusion.fusers import MGFF
from tests.fusers.filters.test_gff import guided


def definition(ir, vis, n_levels, radius, eps, guide):
    """The method as a statement in NumPy and SciPy."""
    ir, vis = ir.astype(np.float64), vis.astype(np.float64)
    fused = 0
    for _ in range(n_levels):
        if guide == "self":
            next_ir, next_vis = (
                guided(ir, vis, radius, eps),
                guided(vis, ir, radius, eps),
            )
        else:
            next_ir, next_vis = (
                guided(vis, ir, radius, eps),
                guided(ir, vis, radius, eps),
            )
        a, b = ir - next_ir, vis - next_vis
        fused = fused + (np.abs(a) * a + np.abs(b) * b) / (np.abs(a) + np.abs(b))
        ir, vis = next_ir, next_vis
    return fused + (ir + vis) / 2


@pytest.mark.parametrize(
    "change", [{}, {"n_levels": 2}, {"radius": 5}, {"eps": 1e-3}, {"guide": "other"}]
)
def test_default_equals_its_definition(change):
    ir, vis = np.random.default_rng(0).random((2, 31, 44), dtype=np.float32)
    params = {"n_levels": 4, "radius": 3, "eps": 0.01, "guide": "self", **change}
    fused = MGFF(**params)._fuse_plane(ir, vis)
    np.testing.assert_allclose(fused, definition(ir, vis, **params), atol=1e-4)
    assert fused.dtype == np.float32


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("MGFF", pair).excess(MGFF(parity=True)).max() < 1e-12


def test_parity_equals_the_published_images(vifb):
    fuser = MGFF(parity=True, color="per_channel")
    assert vifb.difference(fuser, "MGFF", "running")[1] == 0


def test_no_level_is_the_mean():
    ir, vis = np.random.default_rng(1).random((2, 9, 12), dtype=np.float32)
    np.testing.assert_array_equal(MGFF(0)._fuse_plane(ir, vis), (ir + vis) / 2)


def test_any_image(check_any_image):
    for guide in ("self", "other"):
        check_any_image(MGFF(guide=guide), identity=1e-5)
    check_any_image(MGFF(parity=True), identity=1e-9)
