"""Scorers: one transform, un-enhanced sources, greater is better."""

import math
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline

from skfusion import ImagePairs
from skfusion.metrics import (
    FusionScorer,
    UndefinedMetricWarning,
    en,
    get_fusion_scorer,
    make_fusion_scorer,
    nabf,
    qabf,
    qsf,
    registry,
    single_split,
)
from skfusion.pairs import as_pairs, pair_array


class Blend(TransformerMixin, BaseEstimator):
    """Weighted mean; counts its transforms."""

    def __init__(self, weight=0.5, color=False):
        self.weight = weight
        self.color = color

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        self.n_transforms_ = getattr(self, "n_transforms_", 0) + 1
        pairs = as_pairs(X)
        fused = np.empty(len(pairs), dtype=object)
        for i in range(len(pairs)):
            infrared, visible = pairs.read(i)
            fused[i] = (1 - self.weight) * infrared + self.weight * visible
            if self.color:
                fused[i] = np.stack([fused[i], fused[i] * 0, fused[i]], axis=2)
        return fused


class Darken(TransformerMixin, BaseEstimator):
    """Stands for an enhancement: changes both sources."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        rows = [as_pairs(X).read(i) for i in range(len(X))]
        return [(infrared * 0.5, visible * 0.25) for infrared, visible in rows]


@pytest.fixture
def X(small_pairs):
    return [tuple(pair) for pair in small_pairs]


def test_scores_are_means_over_pairs(X):
    scores = FusionScorer(["qabf", "nabf", "en"])(Blend().fit(X), X)
    fused = Blend().transform(X)
    for key in scores:
        pairs = as_pairs(X)
        values = [registry[key](*pairs.read(i), fused[i]) for i in range(len(X))]
        sign = 1 if registry[key].higher_is_better else -1
        assert scores[key] == pytest.approx(sign * np.mean(values))
    assert list(scores) == ["qabf", "nabf", "en"]


def test_one_transform_for_all_metrics(X):
    estimator = Blend().fit(X)
    FusionScorer(["qabf", "ssim", "en", "mi"])(estimator, X)
    assert estimator.n_transforms_ == 1


def test_the_sources_are_not_enhanced(X):
    pipeline = Pipeline([("dark", Darken()), ("fuse", Blend())]).fit(X)
    plain = get_fusion_scorer("psnr")(pipeline, X)
    pairs, fused = as_pairs(X), pipeline.transform(X)
    expected = [registry["psnr"](*pairs.read(i), fused[i]) for i in range(len(X))]
    assert plain == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X,
        lambda X: ImagePairs(*zip(*X)),
        lambda X: ImagePairs(*zip(*X)).pack(),
        lambda X: pair_array(*zip(*X)),
    ],
)
def test_any_form_of_pairs(form, X):
    expected = get_fusion_scorer("qabf")(Blend(), X)
    assert get_fusion_scorer("qabf")(Blend(), form(X)) == pytest.approx(expected, 1e-6)


def test_grid_search_finds_the_better_weight(X):
    search = GridSearchCV(
        Blend(),
        {"weight": [0.0, 0.5, 1.0]},
        scoring=FusionScorer(["psnr", "rmse", "en"]),
        refit="psnr",
        cv=single_split(X),
    ).fit(ImagePairs(*zip(*X)))
    assert search.best_params_ == {"weight": 0.5}
    assert search.cv_results_["mean_test_rmse"].argmax() == 1
    assert len(search.cv_results_["mean_test_en"]) == 3


def test_grid_search_over_a_pipeline_with_one_metric_in_workers(X):
    search = GridSearchCV(
        Pipeline([("fuse", Blend())]),
        {"fuse__weight": [0.0, 0.5]},
        scoring=make_fusion_scorer("mse"),
        cv=3,
        n_jobs=2,
    ).fit(ImagePairs(*zip(*X)))
    assert search.best_params_ == {"fuse__weight": 0.5}


def test_cross_validate(X):
    result = cross_validate(
        Blend(), pair_array(*zip(*X)), cv=3, scoring=FusionScorer(["qabf", "cc"])
    )
    assert len(result["test_qabf"]) == 3 and np.isfinite(result["test_cc"]).all()


def test_scorers_are_small_and_picklable(X):
    for scorer in (
        FusionScorer(["qabf", "vif", "en"]),
        FusionScorer("vifb"),
        get_fusion_scorer("qabf"),
        make_fusion_scorer("qabf", variant="liu"),
        make_fusion_scorer(brightness),
    ):
        sent = pickle.dumps(scorer)
        assert len(sent) < 2000
        assert repr(pickle.loads(sent)) == repr(scorer)
    assert repr(FusionScorer(["qabf"])) == "FusionScorer(['qabf'])"


def brightness(infrared, visible, fused, power=1):
    return float(np.mean(fused) ** power)


def test_a_function_of_the_user(X):
    up = make_fusion_scorer(brightness)(Blend(), X)
    assert make_fusion_scorer(brightness, greater_is_better=False)(Blend(), X) == -up
    assert make_fusion_scorer(brightness, power=2)(Blend(), X) < up
    assert "brightness" in repr(make_fusion_scorer(brightness))


def test_a_metric_is_its_name(X):
    for row in (nabf, qsf, en):  # lower is better, best at 0, of one image
        expected = get_fusion_scorer(row.name)(Blend(), X)
        assert make_fusion_scorer(row)(Blend(), X) == expected
        assert FusionScorer([row, "mi"])(Blend(), X)[row.name] == expected
    assert repr(FusionScorer(nabf)) == "FusionScorer(['nabf'])"
    scorer = make_fusion_scorer(qabf, variant="liu")
    assert repr(scorer) == "make_fusion_scorer('qabf', variant='liu')"


def test_keywords_reach_the_metric(X):
    assert make_fusion_scorer("qabf", variant="liu")(Blend(), X) != get_fusion_scorer(
        "qabf"
    )(Blend(), X)
    columns = FusionScorer([("a", "qabf"), ("b", "qabf", {"variant": "liu"})])
    assert set(columns(Blend(), X)) == {"a", "b"}


def test_best_inside_the_range(X):
    assert get_fusion_scorer("qsf")(Blend(), X) <= 0


def test_colour_output_is_scored_by_its_luma_or_by_channel(X):
    colour = Blend(color=True)
    luma = get_fusion_scorer("en")(colour, X)
    each = make_fusion_scorer("en", channel="mean")(colour, X)
    gray = get_fusion_scorer("en")(Blend(), X)
    assert each == pytest.approx(2 / 3 * gray, rel=1e-6) and luma < gray


def test_a_dead_source_is_left_out_with_a_warning(X):
    dead = np.zeros((20, 20))
    with_dead = [*X, (dead, np.random.default_rng(0).random((20, 20)))]
    expected = get_fusion_scorer("cc")(Blend(), X)
    with pytest.warns(UndefinedMetricWarning, match=r"cc \(1\) of 4"):
        assert get_fusion_scorer("cc")(Blend(), with_dead) == pytest.approx(expected)
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(get_fusion_scorer("cc")(Blend(), with_dead[-1:]))


def test_a_dead_result_scores_nan(X):
    class Dead(Blend):
        def transform(self, X):
            fused = super().transform(X)
            fused[0] = fused[0] * 0
            return fused

    assert math.isnan(get_fusion_scorer("cc")(Dead(), X))
    assert math.isfinite(get_fusion_scorer("en")(Dead(), X))


def test_errors(X):
    with pytest.raises(KeyError, match="'nope' is no metric"):
        get_fusion_scorer("nope")
    with pytest.raises(ValueError, match="'nope' is no set"):
        FusionScorer("nope")
    with pytest.raises(ValueError, match="no name twice"):
        FusionScorer(["qabf", "qabf"])
    with pytest.raises(ValueError, match="at least one"):
        FusionScorer([])
    with pytest.raises(ValueError, match="metrics=3"):
        FusionScorer(3)

    class Loses(Blend):
        def transform(self, X):
            return super().transform(X)[1:]

    with pytest.raises(ValueError, match="Loses.transform returned 2 images for 3"):
        get_fusion_scorer("en")(Loses(), X)


def test_single_split(X):
    ((train, test),) = single_split(ImagePairs(*zip(*X)))
    assert train.tolist() == test.tolist() == [0, 1, 2]
