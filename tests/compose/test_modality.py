"""Enhancement by modality: each image goes its own way, and none is swapped."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils._tags import get_tags

from skfusion import ImagePairs
from skfusion.compose import EnhanceByModality
from skfusion.fusers import AverageFuser
from skfusion.transforms import HDRC, GuidedFilter, LinearStretch


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
    with pytest.raises(ValueError, match="'visible' parameter.*'passthrough'.*Got"):
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
