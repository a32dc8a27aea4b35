"""Colour around a pipeline: chroma kept, gray results, channel by channel."""

# SPDX-License-Identifier: BSD-3-Clause
import pickle
import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import StrOptions
from sklearn.utils._tags import get_tags

from skfusion import fuse
from skfusion.base import BaseFuser
from skfusion.compose import (
    DropChroma,
    EnhanceByModality,
    PerChannel,
    PreserveChroma,
    with_chroma,
    with_color,
)
from skfusion.compose._chroma import stored_luma
from skfusion.compose.colour import check_color
from skfusion.fusers import GFF, AverageFuser
from skfusion.images import as_float, luma, to_dtype
from skfusion.transforms import HDRC, SSR, LinearStretch


def colour_pair(seed=0, shape=(13, 17)):
    rng = np.random.default_rng(seed)
    return rng.random(shape), rng.random((*shape, 3))


def test_luma_of_the_result_is_what_the_pipeline_fused():
    ir, vis = colour_pair()
    out = PreserveChroma(AverageFuser(0.3)).fit_transform([(ir, vis)])[0]
    gray = AverageFuser(0.3).transform([(ir, luma(vis))])[0]
    assert out.shape == vis.shape and out.min() >= 0 and out.max() <= 1
    np.testing.assert_allclose(luma(out), gray, atol=1e-6)


def test_chroma_of_the_result_is_that_of_the_visible_image():
    ir, vis = colour_pair()
    vis = 0.45 + 0.1 * vis
    ir = 0.45 + 0.1 * ir
    out = PreserveChroma(AverageFuser()).fit_transform([(ir, vis)])[0]
    np.testing.assert_allclose(
        out - luma(out)[..., None], vis - luma(vis)[..., None], atol=1e-6
    )


def test_hue_is_kept_where_the_range_ends():
    vis = np.zeros((1, 1, 3))
    vis[0, 0] = (0.6, 0.1, 0.3)
    out = PreserveChroma(AverageFuser(0)).fit_transform([(np.full((1, 1), 0.9), vis)])
    chroma = out[0][0, 0] - 0.9
    expected = vis[0, 0] - luma(vis)[0, 0]
    np.testing.assert_allclose(
        chroma / np.abs(chroma).max(), expected / np.abs(expected).max(), atol=1e-5
    )


def test_the_kernel_equals_its_definition():
    rng = np.random.default_rng(1)
    colour = rng.random((9, 11, 3), dtype=np.float32)
    colour[0] = colour[0, :, :1]
    for fused in (
        rng.random((9, 11), dtype=np.float32),
        np.zeros((9, 11), np.float32),
        np.ones((9, 11), np.float32),
    ):
        chroma = colour - (colour @ [0.299, 0.587, 0.114])[..., None]
        # The largest k in [0, 1] with 0 <= fused + k * chroma <= 1 in every channel.
        with np.errstate(divide="ignore", invalid="ignore"):
            limits = np.where(
                chroma > 0, (1 - fused[..., None]) / chroma, -fused[..., None] / chroma
            )
        limits[np.abs(chroma) < 1e-7] = 1
        k = np.clip(limits.min(axis=-1), 0, 1)[..., None]
        expected = np.clip(fused[..., None] + k * chroma, 0, 1)
        np.testing.assert_allclose(with_chroma(fused, colour), expected, atol=1e-6)


def stored_colour(dtype, shape=(13, 17, 3)):
    rng = np.random.default_rng(2)
    if dtype is np.float32:
        return rng.random(shape, dtype=dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_stored_colours_give_the_bits_that_scaled_ones_give(dtype):
    colour = stored_colour(dtype)
    fused = np.random.default_rng(3).random(colour.shape[:2], dtype=np.float32)
    fused[0], fused[1] = 0, 1
    kept = with_chroma(fused, as_float(colour))
    np.testing.assert_array_equal(with_chroma(fused, colour), kept)
    levels = with_chroma(fused, colour, np.uint8)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels, to_dtype(kept, np.uint8))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_luma_in_one_pass_has_the_same_bits(dtype):
    for image in (stored_colour(dtype), stored_colour(dtype)[..., 1]):
        np.testing.assert_array_equal(stored_luma(image), luma(image))


def test_levels_of_what_is_not_finite_are_refused():
    with pytest.raises(ValueError, match="holds 1 NaN or infinite values, for which"):
        with_chroma(np.array([[np.nan]]), np.zeros((1, 1, 3)), np.uint8)
    with pytest.raises(ValueError, match="dtype='int8': expected numpy.float32 or"):
        with_chroma(np.zeros((1, 1)), np.zeros((1, 1, 3)), "int8")


def test_gray_colour_gives_gray_and_gray_stays_gray(small_pairs):
    ir, vis = small_pairs[0]
    colour = np.repeat(vis[..., None], 3, axis=2)
    out = PreserveChroma(AverageFuser()).fit_transform([(ir, colour), (ir, vis)])
    assert out[1].shape == vis.shape
    np.testing.assert_allclose(out[0], out[1][..., None].repeat(3, 2), atol=1e-6)


def test_a_retinex_behind_the_fuser_never_touches_chroma():
    ir, vis = colour_pair()
    pipeline = Pipeline([("fuse", AverageFuser()), ("ssr", SSR(sigma=5))])
    out = PreserveChroma(pipeline).fit_transform([(ir, vis)])[0]
    gray = pipeline.fit([(ir, luma(vis))]).transform([(ir, luma(vis))])[0]
    np.testing.assert_allclose(luma(out), gray, atol=1e-6)


def test_an_estimator_that_returns_colour_is_refused():
    ir, vis = colour_pair()

    class Colours(AverageFuser):
        def transform(self, X):
            return [np.zeros((*ir.shape, 3), np.float32) for _ in range(len(X))]

    with pytest.raises(ValueError, match="returns gray images for gray pairs"):
        PreserveChroma(Colours()).transform([(ir, vis)])


def test_a_pipeline_that_changes_the_size_is_told_what_works():
    ir, vis = colour_pair()

    class Crop:
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return [image[:8, :9] for image in X]

    small = EnhanceByModality(Crop(), Crop())
    pipeline = Pipeline([("enhance", small), ("fuse", AverageFuser())])
    with pytest.raises(ValueError, match="8x9, the visible one 13x17") as caught:
        fuse(ir, vis, pipeline)
    advice = re.search(r"color='(\w+)'", str(caught.value))[1]
    assert fuse(ir, vis, pipeline, color=advice).shape == (8, 9)


def test_preserve_chroma_clones_and_pickles():
    ir, vis = colour_pair()
    estimator = PreserveChroma(AverageFuser(0.2))
    expected = estimator.fit([(ir, vis)]).transform([(ir, vis)])[0]
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.transform([(ir, vis)])[0], expected)
    twin = clone(estimator).set_params(estimator__visible_weight=0.2)
    np.testing.assert_array_equal(twin.transform([(ir, vis)])[0], expected)


# ---- one word for what becomes of colour


class Stretched:
    """A method that is nobody's subclass: the brighter image, in colour if that is."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        out = np.empty(len(X), object)
        for i in range(len(X)):
            ir, vis = X.read(i)
            out[i] = np.maximum(ir if vis.ndim == 2 else ir[..., None], vis)
        return out


class StretchedStep(TransformerMixin, Stretched, BaseEstimator):
    """The same as scikit-learn wants it in a Pipeline."""

    def __sklearn_is_fitted__(self):
        return True


class Tinted(AverageFuser):
    """A fuser with a word of its own for colour, as EncoderDecoderFuser has."""

    _parameter_constraints = {"color": [StrOptions({"rgb"})]}

    def __init__(self, color="rgb"):
        super().__init__(color=color)

    def _fuse_any(self, ir, vis):
        return ir if vis.ndim == 2 else (vis + ir[..., None]) / 2


class Plain(BaseFuser):
    """A fuser without a parameter for colour."""

    def __init__(self, gain=1.0):
        self.gain = gain

    def _fuse(self, ir, vis):
        return self.gain * np.maximum(ir, vis)


def enhanced(fuser):
    enhance = EnhanceByModality(infrared=LinearStretch(), visible=HDRC())
    return Pipeline([("e", enhance), ("f", fuser), ("ssr", SSR(sigma=3))])


ESTIMATORS = {
    "gray": AverageFuser(),
    "luma": AverageFuser(color="luma"),
    "per_channel": AverageFuser(color="per_channel"),
    "other word": Tinted(),
    "no word": Plain(),
    "pipeline": enhanced(AverageFuser(color="per_channel")),
    "nested pipeline": Pipeline([("inner", enhanced(Tinted())), ("s", "passthrough")]),
    "PreserveChroma": PreserveChroma(AverageFuser()),
    "PerChannel": PerChannel(enhanced(AverageFuser())),
    "DropChroma": DropChroma(AverageFuser()),
    "step": Pipeline([("colour", PreserveChroma(AverageFuser())), ("ssr", SSR())]),
    "stranger": Stretched(),
    "stranger in a pipeline": Pipeline([("only", StretchedStep())]),
}
COLOURS = {"luma": (13, 17, 3), "gray": (13, 17), "per_channel": (13, 17, 3)}


@pytest.mark.parametrize("color", COLOURS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_word_does_as_it_says_for_every_estimator(name, color):
    ir, vis = colour_pair()
    estimator = ESTIMATORS[name]
    before = repr(estimator)
    for X, shape in (((ir, vis), COLOURS[color]), ((ir, vis[..., 0]), (13, 17))):
        fused = with_color(estimator, color).transform([X])
        assert fused.shape == (1,) and fused[0].shape == shape
        assert fused[0].dtype == np.float32
        np.testing.assert_array_equal(fuse(*X, estimator, color=color), fused[0])
    assert repr(estimator) == before


@pytest.mark.parametrize("color", COLOURS)
@pytest.mark.parametrize("own", ["gray", "per_channel"])
def test_what_is_handed_in_is_left_as_it_is(color, own):
    fuser = AverageFuser(color=own)
    pipeline = enhanced(fuser)
    for estimator, prefix in ((fuser, ""), (pipeline, "f__")):
        twin = with_color(estimator, color)
        twin.set_params(**{f"estimator__{prefix}visible_weight": 0.9})
    assert fuser.get_params() == {"visible_weight": 0.5, "color": own}


def test_gray_and_per_channel_are_the_words_of_the_fuser():
    ir, vis = colour_pair()
    for color in ("gray", "per_channel"):
        expected = enhanced(AverageFuser(0.3, color=color)).transform([(ir, vis)])[0]
        fused = with_color(enhanced(AverageFuser(0.3)), color).transform([(ir, vis)])
        np.testing.assert_array_equal(fused[0], expected)


def test_one_weight_map_rules_all_channels():
    ir, vis = colour_pair()
    fuser = GFF(2, 3)
    fused = PerChannel(fuser).transform([(ir, vis)])[0]
    expected = GFF(2, 3, color="per_channel").transform([(ir, vis)])[0]
    np.testing.assert_array_equal(fused, expected)
    single = [fuser.transform([(ir, vis[..., c])])[0] for c in range(3)]
    assert not np.allclose(fused, np.stack(single, axis=-1))


def test_another_word_of_a_fuser_means_three_gray_pairs():
    ir, vis = colour_pair()
    fused = PerChannel(Tinted()).transform([(ir, vis)])[0]
    np.testing.assert_allclose(fused, np.stack([ir] * 3, axis=-1), atol=1e-7)


def test_a_gray_result_of_a_coloured_pipeline_step_is_its_luma():
    ir, vis = colour_pair()
    step = Pipeline([("colour", PreserveChroma(AverageFuser())), ("ssr", SSR())])
    expected = SSR().transform(AverageFuser().transform([(ir, luma(vis))]))[0]
    np.testing.assert_array_equal(DropChroma(step).transform([(ir, vis)])[0], expected)


def test_gray_is_the_luma_of_luma_without_an_enhancement():
    ir, vis = colour_pair()
    kept = fuse(ir, vis.astype(np.float32), AverageFuser())
    gray = fuse(ir, vis.astype(np.float32), AverageFuser(), color="gray")
    np.testing.assert_allclose(luma(kept), gray, atol=1e-6)


class Learns(LinearStretch):
    def fit(self, X, y=None):
        self.seen_ = len(X)
        return self

    def transform(self, X):
        return super().transform(X) if self.seen_ else X

    def __sklearn_is_fitted__(self):
        return hasattr(self, "seen_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


@pytest.mark.parametrize("color", COLOURS)
def test_what_was_fitted_stays_fitted(color):
    X = [colour_pair()]
    enhance = EnhanceByModality(infrared=Learns())
    pipeline = Pipeline([("enhance", enhance), ("fuse", AverageFuser())])
    wrapped = with_color(pipeline, color)
    assert get_tags(wrapped).requires_fit
    assert not wrapped.__sklearn_is_fitted__()
    fitted = with_color(pipeline.fit(X), color).transform(X)[0]
    again = wrapped.fit(X)
    assert again.__sklearn_is_fitted__()
    np.testing.assert_array_equal(again.transform(X)[0], fitted)
    # The last word counts, and nothing has to be fitted again for it.
    assert with_color(again, "gray").transform(X)[0].shape == (13, 17)


@pytest.mark.parametrize("color", COLOURS)
def test_wrapped_estimators_clone_and_pickle(color):
    X = [colour_pair()]
    estimator = with_color(enhanced(AverageFuser(0.2)), color)
    expected = estimator.transform(X)[0]
    for twin in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        np.testing.assert_array_equal(twin.transform(X)[0], expected)


def test_steps_that_pass_through_are_passed(small_pairs):
    steps = [("a", "passthrough"), ("fuse", AverageFuser()), ("b", None)]
    out = PerChannel(Pipeline(steps)).transform(small_pairs)
    np.testing.assert_array_equal(out[0], AverageFuser().transform(small_pairs)[0])


@pytest.mark.parametrize("color", ["rgb", "per-channel", None, 3])
def test_other_words_are_refused(color):
    with pytest.raises(ValueError, match="color=.*: use one of luma, gray, per_ch"):
        with_color(AverageFuser(), color)
    with pytest.raises(ValueError, match="color=.*: use one of"):
        check_color(color)


@pytest.mark.parametrize("estimator", [None, "average", 3, AverageFuser])
@pytest.mark.parametrize("cls", [PreserveChroma, PerChannel, DropChroma])
def test_what_is_no_estimator_is_refused(cls, estimator, small_pairs):
    for use in (cls(estimator).fit, cls(estimator).transform):
        with pytest.raises(ValueError, match="'estimator' parameter of .*an estimator"):
            use(small_pairs)
    with pytest.raises(ValueError, match="'estimator' parameter of PreserveChroma"):
        with_color(estimator, "luma")
