"""What is computed of a pair."""

import numpy as np
import pytest

from skfusion.app.charts import histogram_svg
from skfusion.app.choices import Choices, StepChoice, build
from skfusion.app.results import (
    FAST,
    fuse_pair,
    gallery,
    histograms,
    maps,
    metric_table,
    reduced,
)
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import GFF, AverageFuser, SharpnessFuser
from skfusion.images import as_float, luma
from skfusion.metrics import qabf, registry
from skfusion.pairs import ImagePairs
from skfusion.pipelines import pipeline_names
from skfusion.transforms import LinearStretch


def of(method, pair, **choices):
    return maps(build(Choices(method, **choices)), pair)


def test_a_result_holds_what_it_is_compared_with(two_sizes):
    result = fuse_pair(
        build(Choices("average", align=StepChoice("Resize", {"to": "visible"}))),
        two_sizes,
    )
    assert result.infrared.shape == (60, 72)
    assert result.visible.shape == result.fused.shape == (60, 72, 3)
    assert result.seconds > 0 and result.notices == ()


def test_two_cameras_are_registered():
    infrared, visible = make_scene_pairs(1, size=(240, 320), random_state=1)[0]
    moved = ImagePairs([np.roll(infrared, (2, 5), axis=(0, 1))], [visible])
    register = StepChoice("Register", {"model": "translation"})
    result = fuse_pair(build(Choices("average", align=register)), moved)
    assert 0.27 < result.quality < 1
    inner = (slice(10, -10), slice(10, -10))
    assert np.abs(result.infrared - as_float(infrared))[inner].mean() < 0.01
    assert fuse_pair(build(Choices("average")), moved).quality is None


def test_two_sizes_are_an_error_that_says_so(two_sizes):
    with pytest.raises(ValueError, match="40x48 and visible 60x72"):
        fuse_pair(build(Choices("average")), two_sizes)


def test_what_is_said_about_an_image_is_kept():
    rng = np.random.default_rng(0)
    counts = rng.integers(7000, 7200, (32, 32)).astype(np.uint16)
    pair = ImagePairs([counts], [rng.random((32, 32))])
    result = fuse_pair(build(Choices("average")), pair)
    assert len(result.notices) == 1 and "looks all but flat" in result.notices[0]


def test_the_weight_map_is_that_of_the_fuser(pair):
    assert np.array_equal(
        of("average", pair)["weight"], AverageFuser().weight_map(pair)[0]
    )


def test_maps_of_the_layers_and_of_the_regions(pair):
    base, detail = GFF().weight_maps(pair)[0]
    found = of("gff", pair)
    assert np.array_equal(found["weight of the base"], base)
    assert np.array_equal(found["weight of the details"], detail)
    ir, vis = pair.read(0)
    none = StepChoice("none")
    found = of("relative_clarity", pair, infrared=none, visible=none)
    names = "score", "chosen", "visible distance", "infrared distance", "weight"
    assert tuple(found) == names
    own = SharpnessFuser(weighting="distance", softness=16.0).maps(ir, vis)
    assert np.array_equal(found["weight"], own["weight"])
    assert all(0 <= image.min() and image.max() <= 1 for image in found.values())


def test_decisions_of_the_learned_pyramid_have_the_size_of_the_pair(pair):
    found = of("balanced", pair)
    assert list(found)[:2] == ["weight, level 1", "weight, level 2"]
    assert {image.shape for image in found.values()} == {pair.read(0)[0].shape}


def test_enhanced_images_come_first_as_they_enter_the_fuser(pair):
    found = of("average", pair, infrared=StepChoice("LinearStretch"))
    ir, vis = pair.read(0)
    assert list(found) == ["infrared, enhanced", "visible, enhanced", "weight"]
    assert np.array_equal(
        found["infrared, enhanced"], LinearStretch().transform([ir])[0]
    )
    assert np.array_equal(found["visible, enhanced"], luma(vis))


def test_a_method_without_maps_has_none(pair):
    assert of("laplacian_pyramid", pair) == {}


def test_histograms_are_shares_of_the_levels(pair):
    result = fuse_pair(build(Choices("average")), pair)
    table = histograms(result)
    assert table.shape == (256, 3)
    assert np.allclose(table.sum(), 100)
    levels = np.rint(luma(result.visible) * 255).astype(int)
    assert table["visible"][100] == pytest.approx(100 * np.mean(levels == 100))


def test_the_drawing_names_its_lines_and_cuts_a_lonely_peak():
    flat = np.full(256, 0.2)
    flat[0] = 49.0
    import pandas as pd

    text = histogram_svg(pd.DataFrame({"infrared": flat, "fused": flat}))
    assert 'aria-label="Histograms of infrared, fused"' in text
    assert ">infrared</text>" in text and ">visible</text>" not in text
    assert ">0.22 %</text>" in text
    assert text.count("<polyline") == 2
    assert histogram_svg(pd.DataFrame({"fused": np.eye(256)[0]}))


def test_metrics_are_those_of_the_library_with_their_direction(pair):
    result = fuse_pair(build(Choices("average")), pair)
    table = metric_table(result, "seed001")
    images = result.infrared, result.visible, result.fused
    assert table.loc["Qabf", "value"] == pytest.approx(qabf(*images))
    assert table.loc["Qabf", "better"] == "higher"
    assert table.loc["Nabf", "better"] == "lower"
    assert table.loc["Qabf", "title"] == registry["qabf"].title


def test_a_target_is_named():
    from skfusion.app.results import _direction

    assert _direction(registry["qsf"]) == "near 0"


def test_the_gallery_goes_on_where_a_method_fails(pair):
    choices = Choices(params={"n_levels": 3}, color="gray")
    found = dict(gallery(choices, pair, ["average", "nosuch", "tif"]))
    assert list(found) == ["average", "nosuch", "tif"]
    assert "nosuch" in found["nosuch"]
    expected = fuse_pair(build(Choices("tif", color="gray")), pair).fused
    assert np.array_equal(found["tif"].fused, expected)


def test_the_gallery_runs_methods_of_the_registry():
    assert set(FAST) <= set(pipeline_names()) and len(set(FAST)) == len(FAST)


def test_large_pairs_are_reduced_for_the_gallery(two_sizes):
    rng = np.random.default_rng(0)
    pair = ImagePairs([rng.random((960, 1280))], [rng.random((960, 1280, 3))])
    ir, vis = reduced(pair, Choices()).read(0)
    assert ir.shape == (480, 640) and vis.shape == (480, 640, 3)
    small = reduced(
        two_sizes, Choices(align=StepChoice("Resize", {"to": "infrared"}))
    ).read(0)
    assert [image.shape[:2] for image in small] == [(40, 48), (40, 48)]
