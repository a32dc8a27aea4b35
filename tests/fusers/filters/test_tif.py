import numpy as np
import pytest
from scipy import ndimage

from skfusion.fusers import TIF


def two_scale(ir, vis, mean_size, median_size):
    """The method as a statement in NumPy and SciPy, borders reflecting."""

    def layers(image):
        base = ndimage.uniform_filter(image, mean_size, mode="reflect")
        median = ndimage.median_filter(image, median_size, mode="reflect")
        return base, image - base, (base - median) ** 2

    base_ir, detail_ir, saliency_ir = layers(ir.astype(np.float64))
    base_vis, detail_vis, saliency_vis = layers(vis.astype(np.float64))
    details = saliency_vis * detail_vis + saliency_ir * detail_ir
    return details / (saliency_vis + saliency_ir) + (base_vis + base_ir) / 2


@pytest.mark.parametrize("mean_size", [5, 35])
@pytest.mark.parametrize("median_size", [3, 5, 7])
def test_default_equals_its_definition(mean_size, median_size):
    ir, vis = np.random.default_rng(0).random((2, 31, 44), dtype=np.float32)
    fused = TIF(mean_size, median_size)._fuse_plane(ir, vis)
    np.testing.assert_allclose(
        fused, two_scale(ir, vis, mean_size, median_size), rtol=0, atol=1e-4
    )
    assert fused.dtype == np.float32


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    assert original("TIF", pair).excess(TIF(parity=True)).max() < 1e-12


def test_parity_in_colour_equals_the_original(original):
    fuser = TIF(parity=True, color="per_channel")
    assert original("TIF", "oddrgb").excess(fuser).max() < 1e-12


def test_parity_equals_the_published_images(vifb):
    fuser = TIF(parity=True, color="per_channel")
    for name in ("manCar", "walking"):
        mean, _ = vifb.difference(fuser, "TIF", name)
        assert mean < 0.001


def test_any_image(check_any_image):
    check_any_image(TIF(), identity=1e-6)
    check_any_image(TIF(median_size=7), identity=1e-6)
    check_any_image(TIF(parity=True), identity=1e-6)


def test_far_side_does_not_show_by_default():
    ir, vis = np.zeros((2, 40, 60), np.float32)
    ir[:, -5:] = 1
    assert TIF()._fuse_plane(ir, vis)[:, :15].max() == 0
    assert np.abs(TIF(parity=True)._fuse_plane(ir, vis)[:, :10]).min() > 0.02


def test_window_of_one_pixel_leaves_no_detail():
    ir, vis = np.random.default_rng(1).random((2, 9, 12), dtype=np.float32)
    np.testing.assert_allclose(TIF(1)._fuse_plane(ir, vis), (ir + vis) / 2, atol=1e-6)


@pytest.mark.parametrize("name", ["mean_size", "median_size"])
def test_even_window_is_an_error(name):
    with pytest.raises(ValueError, match=f"{name}=4 of TIF is even.* use 3 or 5"):
        TIF(**{name: 4}).fit()
