"""Metric ascent: what it is asked to raise rises, and it says what it cannot do."""

import numpy as np
import pytest
import torch

from skfusion.compose import PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import GFCE, AverageFuser, MetricAscent
from skfusion.losses import MeanRankLoss, Sources, looks, metric_values
from skfusion.metrics import registry
from skfusion.pipelines import get_pipeline

X = make_scene_pairs(2, size=(48, 64), random_state=0, color=False)
PAIRS = [X.read(i) for i in range(2)]
SHORT = {"start": "average", "n_iter": 8, "device": "cpu"}
METRICS = ["SSIM", "Qabf", "EN"]


def tensors(i):
    return [torch.from_numpy(np.array(x))[None] for x in PAIRS[i]]


def values(fused, i, metrics):
    f = torch.from_numpy(np.array(fused))[None]
    return metric_values(f, Sources(*tensors(i)), metrics)[0]


def table(methods, metrics=METRICS):
    """Values of methods on the two pairs: (2, n_methods, n_metrics)."""
    fused = [m.transform(X) for m in methods]
    return torch.stack(
        [torch.stack([values(f[i], i, metrics) for f in fused]) for i in (0, 1)]
    )


METHODS = [AverageFuser(0.2), AverageFuser(0.45), AverageFuser(0.55), GFCE()]


@pytest.mark.parametrize("name", ["qabf", "sd", "vif", "rmse", "nabf", "raised_noise"])
def test_what_it_is_asked_for_gets_better(name):
    start = GFCE() if name in ("rmse", "nabf", "raised_noise") else AverageFuser()
    ascent = MetricAscent(start, {name: 1.0}, n_iter=8, looks=0)
    record = registry[name]
    for pair, moved, first in zip(PAIRS, ascent.transform(X), start.transform(X)):
        before, after = (record.better(record(*pair, f)) for f in (first, moved))
        assert after > before


def test_weights_and_directions_of_a_sum():
    def moved(**objective):
        return MetricAscent(objective=objective, looks=0, **SHORT).transform(X)[0]

    one, two = moved(sd=0.1, rmse=1.0), moved(sd=0.2, rmse=2.0)
    np.testing.assert_allclose(one, two, atol=1e-3)  # Adam's steps have no scale
    start = AverageFuser().transform(X)[0]
    assert moved(sd=-1.0).std() < start.std() < moved(sd=1.0).std()


def test_the_mean_rank_among_opponents_falls():
    ascent = MetricAscent(opponents=METHODS, metrics=METRICS, **SHORT)
    loss = MeanRankLoss(table(METHODS), METRICS, softness=0)
    start = AverageFuser().transform(X)
    for i, moved in enumerate(ascent.transform(X)):
        first, last = (
            loss.ranks(values(f, i, METRICS)[None], [i]).mean()
            for f in (start[i], moved)
        )
        assert last < first


def test_opponents_by_name_are_those_pipelines():
    named = MetricAscent(opponents=["gfce", "gff"], metrics=METRICS, **SHORT)
    given = MetricAscent(
        opponents=[GFCE(), get_pipeline("gff")], metrics=METRICS, **SHORT
    )
    for a, b in zip(named.transform(X), given.transform(X)):
        np.testing.assert_array_equal(a, b)


def test_a_table_is_what_opponents_make():
    """Rows belong to the pairs in their order; a single row to each of them."""
    others = MetricAscent(opponents=METHODS, metrics=METRICS, **SHORT).transform(X)
    rows = table(METHODS)
    given = MetricAscent(objective=MeanRankLoss(rows, METRICS), **SHORT).transform(X)
    for a, b in zip(others, given):
        np.testing.assert_allclose(a, b, atol=1e-4)
    single = MetricAscent(objective=MeanRankLoss(rows[:1], METRICS), **SHORT)
    single = single.transform(X)
    np.testing.assert_array_equal(single[0], given[0])
    assert not np.array_equal(single[1], given[1])
    with pytest.raises(ValueError, match="2 rows for 1 pairs"):
        MetricAscent(objective=MeanRankLoss(rows, METRICS), **SHORT).transform(X[:1])


def test_the_table_of_the_user_is_not_touched():
    loss = MeanRankLoss(table(METHODS), METRICS, softness=0.7)
    before = {k: v.clone() for k, v in loss.state_dict().items()}
    MetricAscent(objective=loss, **SHORT).transform(X)
    assert loss.softness == 0.7
    assert all(torch.equal(before[k], v) for k, v in loss.state_dict().items())


def test_together_the_ranks_of_the_means_fall():
    loss = MeanRankLoss(table(METHODS), METRICS)
    start = AverageFuser().transform(X)
    moved = MetricAscent(objective=loss, together=True, looks=0, **SHORT).transform(X)
    before, after = (
        loss.ranks_of_means(
            torch.stack([values(x, i, METRICS) for i, x in enumerate(f)]), softness=0
        ).mean()
        for f in (start, moved)
    )
    assert after < before
    named = MetricAscent(
        opponents=METHODS, metrics=METRICS, together=True, looks=0, **SHORT
    )
    for a, b in zip(moved, named.transform(X)):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert named.transform([]).shape == (0,)


def test_looks_hold_back_what_metrics_ask_for():
    penalties = []
    for weight in (0.0, 20.0):
        ascent = MetricAscent(objective={"ag": 1.0}, looks=weight, **SHORT)
        f = torch.from_numpy(ascent.transform(X)[0])[None]
        penalties.append(float(looks(f, Sources(*tensors(0))).sum()))
    assert penalties[1] < 0.8 * penalties[0]


def test_the_best_round_is_kept():
    """A step far too large brings nothing: the start comes back as it is."""
    ascent = MetricAscent("average", {"ssim": 1.0}, n_iter=2, step=120.0, looks=0)
    np.testing.assert_array_equal(
        ascent.transform(X)[0], AverageFuser().transform(X)[0]
    )


def test_it_stops_where_nothing_gets_better(capsys):
    ascent = MetricAscent(
        AverageFuser(), {"ssim": 1.0}, n_iter=50, step=120.0, n_iter_no_change=3,
        looks=0, verbose=True,
    )  # fmt: skip
    ascent.transform(X[:1])
    last = capsys.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]
    assert " 4/51 " in last and "objective=" in last
    MetricAscent(**SHORT, objective={"sd": 1.0}).transform(X[:1])
    assert capsys.readouterr().err == ""


def test_more_steps_and_longer_ones_reach_further():
    def deviation(**kwargs):
        ascent = MetricAscent("average", {"sd": 1.0}, looks=0, **kwargs)
        return ascent.transform(X[:1])[0].std()

    assert deviation(n_iter=2) < deviation(n_iter=8)
    assert deviation(n_iter=2) < deviation(n_iter=2, step=2.0)


def test_softness_changes_the_way():
    loss = MeanRankLoss(table(METHODS), METRICS)
    one, two = (
        MetricAscent(objective=loss, softness=s, **SHORT).transform(X)[0]
        for s in ((0.35, 0.06), [3.0, 2.0])
    )
    assert not np.array_equal(one, two)


def test_the_seed_decides_the_noise_and_nothing_else_does():
    def moved(seed):
        ascent = MetricAscent(objective={"en": 1.0}, random_state=seed, **SHORT)
        return ascent.transform(X)

    assert np.array_equal(moved(0)[0], moved(0)[0])
    assert not np.array_equal(moved(0)[0], moved(1)[0])
    state = np.random.RandomState(3)
    assert not np.array_equal(moved(state)[0], moved(0)[0])


def test_metrics_that_need_larger_images_do_not_count():
    rng = np.random.default_rng(0)
    pair = tuple(rng.random((2, 8, 20)))
    one = MetricAscent(objective={"sd": 1.0, "ms_ssim": 5.0}, **SHORT)
    two = MetricAscent(objective={"sd": 1.0}, **SHORT)
    np.testing.assert_array_equal(one.transform([pair])[0], two.transform([pair])[0])
    none = MetricAscent(objective={"vif": 5.0}, **SHORT).transform([pair])[0]
    np.testing.assert_array_equal(none, AverageFuser().transform([pair])[0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 5)])
def test_small_images_are_ranked_by_the_metrics_that_they_have(shape):
    rng = np.random.default_rng(0)
    fuser = MetricAscent("average", opponents=["average", GFCE()], n_iter=2)
    fused = fuser.transform([tuple(rng.random((2, *shape)))])[0]
    assert fused.shape == shape and np.isfinite(fused).all()


def test_colour_is_kept_around_it_or_moved_by_channel():
    pairs = make_scene_pairs(1, size=(48, 64), random_state=0, color=True)
    options = {**SHORT, "objective": {"sd": 1.0}}
    kept = PreserveChroma(MetricAscent(**options)).transform(pairs)[0]
    assert kept.shape == (48, 64, 3)
    moved = MetricAscent(color="per_channel", **options).transform(pairs)[0]
    ir, vis = pairs.read(0)
    green = MetricAscent(**options).transform([(ir, vis[..., 1])])[0]
    np.testing.assert_array_equal(moved[..., 1], green)
    together = MetricAscent(color="per_channel", together=True, **options)
    np.testing.assert_allclose(together.transform(pairs)[0], moved, atol=1e-5)


def test_it_fuses_two_images_as_any_fuser_does():
    fuser = MetricAscent(objective={"sd": 1.0}, **SHORT)
    np.testing.assert_array_equal(fuser._fuse_plane(*PAIRS[0]), fuser.transform(X)[0])


@pytest.mark.parametrize(
    "params, message",
    [
        ({"start": "nope"}, "start='nope' is no named method"),
        ({"opponents": ["nope"]}, "opponents='nope' is no named method"),
        ({"opponents": []}, "opponents is empty"),
        ({"metrics": ["fmi"]}, "'fmi' has no differentiable form"),
        ({"metrics": []}, "at least one metric"),
        ({"objective": {"fmi": 1.0}}, "'fmi' has no differentiable form"),
        ({"objective": {}}, "at least one metric"),
        ({"objective": {"sd": float("nan")}}, r"objective\['sd'\]=nan"),
        ({"objective": {"sd": "1"}}, r"objective\['sd'\]='1'"),
        ({"softness": (0.1,)}, "softness="),
        ({"softness": (0.1, 0)}, "softness="),
        ({"softness": ("a", "b")}, "softness="),
        ({"device": "nope"}, "device='nope'"),
        ({"n_iter": 0}, "'n_iter' parameter"),
        ({"step": 0.0}, "'step' parameter"),
        ({"looks": -1.0}, "'looks' parameter"),
        ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter"),
    ],
)
def test_bad_parameters_are_named(params, message):
    fuser = MetricAscent(**{**SHORT, **params})
    with pytest.raises(ValueError, match=message):
        fuser.fit(X).transform(X)


def test_a_method_that_changes_the_size_is_refused():
    class Half:
        def transform(self, X):
            return [ir[::2] for ir, _ in X]

    with pytest.raises(ValueError, match=r"start=.*shape \(24, 64\)"):
        MetricAscent(Half(), {"sd": 1.0}).transform(X)
