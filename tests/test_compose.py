"""Enhancement by modality, and colour around a gray pipeline."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils._tags import get_tags

from skfusion import ImagePairs
from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.fusers import AverageFuser
from skfusion.images import luma
from skfusion.transforms import HDRC, SSR, GuidedFilter, LinearStretch


class NeedsFit(LinearStretch):
    """A transformer that learns, to see that ``fit`` reaches it."""

    def fit(self, X, y=None):
        self.seen_ = len(X)
        return super().fit(X)

    def transform(self, X):
        if not hasattr(self, "seen_"):
            raise NotFittedError("fit me")
        return super().transform(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


class Halves(LinearStretch):
    def transform(self, X):
        return list(X)[:1]


def test_each_modality_gets_its_own_step(small_pairs):
    enhance = EnhanceByModality(infrared=LinearStretch())
    out = enhance.fit_transform(small_pairs)
    for (ir, vis), a, b in zip(small_pairs, out.infrared, out.visible):
        np.testing.assert_array_equal(a, LinearStretch().transform([ir])[0])
        np.testing.assert_array_equal(b, vis)
    swapped = EnhanceByModality(visible=LinearStretch()).fit_transform(small_pairs)
    np.testing.assert_array_equal(swapped.infrared[0], small_pairs[0][0])


def test_names_and_order_are_kept(small_pairs):
    X = ImagePairs(*zip(*small_pairs), names=["c", "a", "b"])
    out = EnhanceByModality(visible=Pipeline([("h", HDRC())])).fit_transform(X)
    assert out.names.tolist() == ["c", "a", "b"]
    assert EnhanceByModality().get_feature_names_out().tolist() == [
        "infrared",
        "visible",
    ]


def test_slots_are_fitted_clones(small_pairs):
    slot = NeedsFit()
    enhance = EnhanceByModality(visible=slot).fit(small_pairs)
    assert enhance.visible_.seen_ == 3 and not hasattr(slot, "seen_")
    assert enhance.infrared_ == "passthrough"
    assert get_tags(enhance).requires_fit
    with pytest.raises(NotFittedError):
        EnhanceByModality(visible=NeedsFit()).transform(small_pairs)


def test_stateless_slots_need_no_fit(small_pairs):
    enhance = EnhanceByModality(infrared=LinearStretch())
    assert not get_tags(enhance).requires_fit
    first = enhance.transform(small_pairs)
    second = enhance.fit(small_pairs).transform(small_pairs)
    np.testing.assert_array_equal(first.infrared[1], second.infrared[1])


@pytest.mark.parametrize("slot", [None, "drop", 3, LinearStretch])
def test_what_is_no_transformer_is_refused(slot, small_pairs):
    with pytest.raises(ValueError, match="visible=.*'passthrough'"):
        EnhanceByModality(visible=slot).fit(small_pairs)


def test_a_slot_that_loses_images_is_refused(small_pairs):
    with pytest.raises(ValueError, match="turned 3 images into 1"):
        EnhanceByModality(visible=Halves()).fit_transform(small_pairs)


def test_nested_parameters_reach_the_base_filter(small_pairs):
    pipeline = Pipeline(
        [
            (
                "enhance",
                EnhanceByModality(
                    visible=Pipeline([("hdrc", HDRC(base_filter=GuidedFilter()))])
                ),
            ),
            ("fuse", AverageFuser()),
        ]
    )
    name = "enhance__visible__hdrc__base_filter__radius"
    assert name in pipeline.get_params()
    few = pipeline.set_params(**{name: 1}).fit(small_pairs).transform(small_pairs)
    many = clone(pipeline).set_params(**{name: 9}).fit(small_pairs)
    assert not np.array_equal(few[0], many.transform(small_pairs)[0])


def test_html_shows_both_slots():
    html = EnhanceByModality(infrared=LinearStretch(), visible=HDRC())._repr_html_()
    assert "LinearStretch" in html and "HDRC" in html and "infrared" in html


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
    from skfusion.compose import _with_chroma

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
        np.testing.assert_allclose(_with_chroma(fused, colour), expected, atol=1e-6)


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
            return [np.zeros((2, 2), np.float32) for _ in range(len(X))]

    with pytest.raises(ValueError, match="keeps the size"):
        PreserveChroma(Colours()).transform([(ir, vis)])


def test_preserve_chroma_clones_and_pickles():
    ir, vis = colour_pair()
    estimator = PreserveChroma(AverageFuser(0.2))
    expected = estimator.fit([(ir, vis)]).transform([(ir, vis)])[0]
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.transform([(ir, vis)])[0], expected)
    twin = clone(estimator).set_params(estimator__visible_weight=0.2)
    np.testing.assert_array_equal(twin.transform([(ir, vis)])[0], expected)
