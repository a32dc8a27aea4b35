"""Named pipelines and the one-liner."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

import skfusion
from skfusion import fusers
from skfusion.fusers import AverageFuser
from skfusion.images import luma, write_image
from skfusion.pipelines import (
    DEFAULT_METHOD,
    get_pipeline,
    pipeline_names,
    registry,
)
from skfusion.pipelines.named import (
    _TRAINED_FUSERS,
)


@pytest.mark.parametrize("name", pipeline_names())
def test_every_named_pipeline_fuses(name, small_pairs):
    pipeline = get_pipeline(name)
    assert isinstance(pipeline, Pipeline) and "fuse" in pipeline.named_steps
    assert registry[name].title
    fused = pipeline.transform(small_pairs[:1])[0]
    assert fused.shape == small_pairs[0][0].shape
    assert np.isfinite(fused).all() and 0 <= fused.min() and fused.max() <= 1
    again = clone(pipeline).fit(small_pairs[:1]).transform(small_pairs[:1])[0]
    np.testing.assert_array_equal(again, fused)


def test_the_default_is_a_name():
    assert DEFAULT_METHOD in pipeline_names()


def test_parameters_direct_and_nested():
    assert get_pipeline("average", visible_weight=0.2)["fuse"].visible_weight == 0.2
    nested = get_pipeline("average", fuse__visible_weight=0.2)
    assert nested["fuse"].visible_weight == 0.2


def test_unknown_names_and_parameters_are_refused():
    with pytest.raises(ValueError, match="method='avarage' is unknown: use one of"):
        get_pipeline("avarage")
    with pytest.raises(ValueError, match="'average' has no parameter 'sigma'"):
        get_pipeline("average", sigma=3)
    with pytest.raises(ValueError, match="sigma"):
        get_pipeline("average", fuse__sigma=3)


@pytest.mark.parametrize("written", ["denoise", "fused__denoise"])
def test_a_parameter_of_a_step_is_named_as_it_is_given(written):
    with pytest.raises(
        ValueError, match=r"of its steps, e\.g\. fuse__denoise\."
    ) as caught:
        get_pipeline("natural", **{written: 0.0})
    assert f"has no parameter {written!r}" in str(caught.value)
    assert get_pipeline("natural", fuse__denoise=0.0)["fuse"].denoise == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_fuse_keeps_the_dtype_of_the_visible_image(dtype, small_pairs):
    ir, vis = small_pairs[0]
    scale = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    vis = (vis * scale).astype(dtype)
    fused = skfusion.fuse(ir, vis, method="average")
    assert fused.dtype == dtype and fused.shape == vis.shape


def test_fuse_takes_paths_lists_and_masks(tmp_path):
    write_image(tmp_path / "i.png", np.zeros((4, 5)))
    write_image(tmp_path / "v.png", np.ones((4, 5)))
    fused = skfusion.fuse(tmp_path / "i.png", str(tmp_path / "v.png"), method="average")
    assert fused.dtype == np.uint8 and fused[0, 0] == 128
    assert skfusion.fuse([[0.0]], [[1.0]], method="average")[0, 0] == 0.5
    mask = np.ones((2, 2), bool)
    assert skfusion.fuse(mask, mask, method="average").dtype == np.float32


def test_fuse_colour():
    rng = np.random.default_rng(0)
    ir, vis = rng.random((8, 9)), rng.random((8, 9, 3)).astype(np.float32)
    kept = skfusion.fuse(ir, vis, method="average")
    gray = skfusion.fuse(ir, vis, method="average", color="gray")
    channels = skfusion.fuse(ir, vis, method="average", color="per_channel")
    assert kept.shape == vis.shape and gray.shape == ir.shape
    np.testing.assert_allclose(luma(kept), gray, atol=1e-6)
    np.testing.assert_allclose(channels, (vis + ir[..., None]) / 2, atol=1e-6)
    with pytest.raises(ValueError, match="color='rgb'"):
        skfusion.fuse(ir, vis, color="rgb")


def test_fuse_takes_an_estimator(small_pairs):
    ir, vis = small_pairs[0]
    fused = skfusion.fuse(ir, vis, AverageFuser(), visible_weight=1.0)
    np.testing.assert_allclose(fused, vis, atol=1e-6)
    with pytest.raises(ValueError, match="method=3"):
        skfusion.fuse(ir, vis, 3)


def test_fuse_names_sizes_that_differ():
    with pytest.raises(ValueError, match="2x2.*3x3"):
        skfusion.fuse(np.zeros((2, 2)), np.zeros((3, 3)))


def test_fuse_does_not_fit_again(small_pairs):
    class Learns(AverageFuser):
        def fit(self, X, y=None):
            raise AssertionError("fit was called")

    ir, vis = small_pairs[0]
    assert skfusion.fuse(ir, vis, Learns()).shape == ir.shape

    class Unfitted(AverageFuser):
        def transform(self, X):
            raise NotFittedError("call fit first")

    with pytest.raises(NotFittedError):
        skfusion.fuse(ir, vis, Unfitted())


@pytest.mark.parametrize("name", ["average", "image_enhancement", "fast"])
def test_color_goes_before_the_word_of_the_fuser(name):
    rng = np.random.default_rng(0)
    ir, vis = rng.random((24, 30)), rng.random((24, 30, 3)).astype(np.float32)
    for word, other in (("gray", "per_channel"), ("per_channel", "gray")):
        expected = get_pipeline(name, fuse__color=word).transform([(ir, vis)])[0]
        pipeline = get_pipeline(name, fuse__color=other)
        fused = skfusion.fuse(ir, vis, pipeline, color=word)
        np.testing.assert_array_equal(fused, expected)
        assert pipeline["fuse"].color == other


def test_networks_are_methods_once_their_weights_are_shipped(monkeypatch):
    from skfusion.pipelines import named

    monkeypatch.setattr(named, "pretrained_names", lambda: ["mmdrfuse"])
    table = named._collect()
    assert "mmdrfuse" in table and "sage" not in table and "gff" in table
    fuser = table["mmdrfuse"].build(parity=True).named_steps["fuse"]
    assert type(fuser).__name__ == "MMDRFuse" and fuser.parity


@pytest.mark.parametrize("name", _TRAINED_FUSERS)
def test_every_such_method_can_be_built(name):
    cls, params, title = _TRAINED_FUSERS[name]
    assert getattr(fusers, cls)(**params)._pretrained() == name
    assert title
