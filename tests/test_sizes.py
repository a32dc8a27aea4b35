"""Pairs of two sizes: every place where the advice to resize is followed."""

# SPDX-License-Identifier: BSD-3-Clause
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import skfusion
from skfusion import ImagePairs
from skfusion.base import PairTransformer
from skfusion.batch import fuse_folder
from skfusion.compose import DropChroma, EnhanceByModality, PerChannel, PreserveChroma
from skfusion.compose._steps import is_ready, needs_fit
from skfusion.fusers import AverageFuser, DenseFuse
from skfusion.images import read_image, write_image
from skfusion.metrics import FusionScorer, registry, single_split
from skfusion.search import SearchSpace, run_search
from skfusion.sizes import resize_pairs, sized
from skfusion.transforms import SSR, LinearStretch, Resize

RNG = np.random.default_rng(0)
IR = RNG.integers(0, 256, (12, 16), np.uint8)
VIS = RNG.integers(0, 256, (24, 32, 3), np.uint8)
SIDES = {"visible": (24, 32), "infrared": (12, 16)}


def pipeline(fuser=None, to="visible"):
    fuser = AverageFuser() if fuser is None else fuser
    return Pipeline([("size", Resize(to=to)), ("fuse", fuser)])


@pytest.fixture
def pairs():
    return ImagePairs([IR] * 2, [VIS] * 2)


@pytest.mark.parametrize("to", SIDES)
@pytest.mark.parametrize("color", ["luma", "gray", "per_channel"])
def test_fuse_follows_the_advice_in_every_colour(to, color):
    with pytest.raises(ValueError, match=r"Resize\(to='visible'\)"):
        skfusion.fuse(IR, VIS)
    fused = skfusion.fuse(IR, VIS, pipeline(to=to), color=color)
    assert fused.shape == SIDES[to] + ((3,) if color != "gray" else ())


@pytest.mark.parametrize("to", SIDES)
def test_wrapper_inside_or_around_the_size_step_is_one(pairs, to):
    inside = pipeline(PreserveChroma(AverageFuser()), to).transform(pairs)[0]
    around = PreserveChroma(pipeline(to=to)).transform(pairs)[0]
    np.testing.assert_allclose(inside, around, atol=2e-6)
    fitted = PreserveChroma(pipeline(to=to)).fit(pairs).transform(pairs)[0]
    np.testing.assert_array_equal(fitted, around)


class Shift(PairTransformer):
    """Brings the infrared image to the visible one and counts its calls."""

    _sizes_may_differ = True
    seen = 0

    def _transform_pair(self, ir, vis):
        type(self).seen += 1
        return Resize(to="visible")._transform_pair(ir, vis)


def test_a_step_that_settles_sizes_is_done_once_and_sees_colour(pairs):
    steps = Pipeline([("size", Shift()), ("fuse", AverageFuser())])
    PreserveChroma(steps).transform(pairs)
    assert Shift.seen == len(pairs)


def test_a_size_step_behind_an_enhancement(pairs):
    steps = [("enhance", EnhanceByModality(LinearStretch())), *pipeline().steps]
    assert PreserveChroma(Pipeline(steps)).transform(pairs)[0].shape == VIS.shape


def test_relative_clarity_as_its_authors_has_colour():
    fused = skfusion.fuse(IR, VIS, "relative_clarity", compat=True)
    assert fused.shape == (456, 456, 3)


def test_sized_leaves_what_no_step_resizes(pairs):
    plain = Pipeline([("e", EnhanceByModality(LinearStretch())), ("f", AverageFuser())])
    assert sized(plain, pairs) is pairs
    assert sized(PerChannel(plain), pairs) is pairs
    assert sized(object(), pairs) is pairs


def test_sized_follows_slots_wrappers_and_what_comes_behind_the_fuser(pairs):
    slot = Pipeline([("a", LinearStretch()), ("size", Resize(6, 8))])
    both = DropChroma(Pipeline([("e", EnhanceByModality(slot, slot)), ("f", SSR())]))
    infrared, visible = sized(both, pairs).read(0)
    assert infrared.shape == visible.shape[:2] == (6, 8)
    raw = Resize(6, 8).transform([IR])[0]
    np.testing.assert_array_equal(infrared, raw)  # resized, but not stretched
    behind = Pipeline([*pipeline().steps, ("half", Resize(scale=0.5))])
    assert sized(behind, pairs).read(0)[0].shape == (12, 16)


def test_scorer_compares_with_the_pair_as_the_size_step_left_it(pairs):
    scores = FusionScorer(["mse"])(pipeline(PerChannel(AverageFuser())), pairs)
    infrared, visible = Resize(to="visible").transform(pairs).read(0)
    fused = pipeline(PerChannel(AverageFuser())).transform(pairs)[0]
    expected = registry["mse"](infrared, visible, fused)
    assert scores["mse"] == pytest.approx(-expected)


def test_searches_take_pairs_of_two_sizes(pairs):
    grid = {"fuse__visible_weight": [0.3, 0.6]}
    search = GridSearchCV(
        *(pipeline(), grid),
        scoring=FusionScorer(["en"]),
        refit="en",
        cv=single_split(pairs),
        error_score="raise",
    ).fit(pairs)
    assert search.best_params_["fuse__visible_weight"] in (0.3, 0.6)
    table, _ = run_search(pairs, SearchSpace(pipeline(), grid, ["en"]))
    assert len(table) == 2


def test_fuse_folder(pairs, tmp_path):
    fuse_folder(PreserveChroma(pipeline()), pairs, tmp_path)
    assert read_image(tmp_path / "pair_0000.png").shape == VIS.shape


@pytest.mark.parametrize("to", SIDES)
def test_pairs_resized_when_they_are_read_are_those_of_the_step(tmp_path, to):
    write_image(tmp_path / "ir.png", IR)
    write_image(tmp_path / "vis.png", VIS)
    pairs = ImagePairs([tmp_path / "ir.png"], [tmp_path / "vis.png"])
    lazy = resize_pairs(pairs, to)
    assert lazy.paths(0) == pairs.paths(0) and lazy.names.tolist() == ["vis"]
    for ours, step in zip(lazy.read(0), Resize(to=to).transform(pairs).read(0)):
        np.testing.assert_array_equal(ours, step)
    with pytest.raises(ValueError, match="to='both': use 'infrared' or 'visible'"):
        resize_pairs(pairs, "both")


def test_is_fitted_is_asked_of_the_steps(pairs):
    preset = pipeline()
    for ready in (preset, PreserveChroma(preset), EnhanceByModality(LinearStretch())):
        check_is_fitted(ready)
        assert is_ready(ready) and not needs_fit(ready)
    raw = PreserveChroma(pipeline(DenseFuse(weights=None)))
    assert needs_fit(raw) and not is_ready(raw)
    assert not hasattr(BaseEstimator(), "fitted_") and is_ready("passthrough")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline(PreserveChroma(preset)).transform(pairs)
