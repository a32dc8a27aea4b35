"""A search from a file: whole steps, parameters, the table and the best pipeline."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from skfusion import ImagePairs
from skfusion.compose import DropChroma, EnhanceByModality, PreserveChroma
from skfusion.fusers import AverageFuser, DIDFuse, LaplacianPyramid
from skfusion.images import to_dtype
from skfusion.metrics import FusionScorer, registry, single_split
from skfusion.model_files import load_pipeline
from skfusion.ranking import mean_ranks
from skfusion.search import SearchSpace, read_space, run_search, write_search
from skfusion.transforms import HDRC, SSR, GuidedFilter, LinearStretch

BASE = "pipeline: average\n"
YAML = """
pipeline: average
params:
  fuse__visible_weight: [0.0, 0.5, 1.0]
metrics: [qabf, mse]
refit: qabf
"""


def write(tmp_path, text, name="grid.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.fixture
def pairs(small_pairs):
    return ImagePairs(*zip(*small_pairs))


def test_a_search_ranks_every_candidate(tmp_path, pairs):
    space = read_space(write(tmp_path, YAML))
    table, best = run_search(pairs, space)
    assert table["fuse__visible_weight"].nunique() == 3
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["qabf"].is_monotonic_decreasing
    assert (table["mse"] > 0).all()
    weight = table["fuse__visible_weight"][0]
    assert best.estimator_["fuse"].visible_weight == weight
    for name in ("qabf", "mse"):
        values = [
            registry[name](ir, vis, AverageFuser(weight).transform([(ir, vis)])[0])
            for ir, vis in map(pairs.read, range(len(pairs)))
        ]
        np.testing.assert_allclose(table[name][0], np.mean(values), rtol=1e-5)


def test_what_is_written_is_the_best_pipeline(tmp_path, pairs):
    table, best = run_search(pairs, read_space(write(tmp_path, YAML)))
    csv, model = write_search(table, best, tmp_path / "out")
    assert csv.read_text().count("\n") == 4
    for a, b in zip(load_pipeline(model).transform(pairs), best.transform(pairs)):
        np.testing.assert_array_equal(a, b)


def test_whole_steps_and_a_list_of_grids_in_json(tmp_path, pairs):
    grid = {
        "pipeline": {
            "class": "Pipeline",
            "params": {
                "steps": [
                    ["enhance", {"class": "EnhanceByModality"}],
                    ["fuse", {"class": "LaplacianPyramid"}],
                ]
            },
        },
        "params": [
            {
                "enhance__visible": [
                    "passthrough",
                    {"class": "HDRC", "params": {"target_contrast": 3.0}},
                ]
            },
            {"fuse": [{"class": "AverageFuser"}], "fuse__visible_weight": [0.2]},
        ],
        "metrics": "qabf",
        "color": "gray",
    }
    space = read_space(write(tmp_path, json.dumps(grid), "grid.json"))
    table, best = run_search(pairs, space, n_jobs=1)
    assert len(table) == 3
    assert isinstance(best, DropChroma) and isinstance(best.estimator, Pipeline)
    assert table["enhance__visible"].astype(str).str.contains("HDRC").sum() == 1


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: [", "is malformed"),
        ("- 1", "is no mapping"),
        ("pipeline: average", "lacks the key 'params'"),
        ("params: {}", "lacks the key 'pipeline'"),
        ("pipeline: averrage\nparams: {}", "method='averrage' is unknown"),
        ("pipeline: {class: os.system}\nparams: {}", "is unknown"),
        ("pipeline: average\nparams: {}\ngird: 1", "unknown key 'gird'"),
        ("pipeline: average\nparams: {fuze__x: [1]}", "'fuze__x' names no step"),
        ("pipeline: average\nparams: {fuse__visible_weight: 3}", "params: "),
        (
            "pipeline: average\nparams: {}\nmetrics: [qabf]\nrefit: vif",
            "refit='vif' is none of its metrics",
        ),
        ("pipeline: average\nparams: {}\ncolor: red", "color='red'"),
        ("pipeline: !!python/object/apply:os.system [ls]\nparams: {}", "malformed"),
        ("pipeline: 3\nparams: {}", "pipeline=3: expected a name"),
        (BASE + "params: 3", "params=3: expected a mapping"),
        (BASE + "params: []", "params=.*expected a mapping"),
        (BASE + "params: {fuse__visible_weight: []}", "expected a list of values"),
        (BASE + "params: {fuse__visible_weight: {normal: [0, 1]}}", "NAME one of"),
        (BASE + "params: {fuse__visible_weight: {uniform: 3}}", "two numbers"),
        (BASE + "params: {fuse__visible_weight: {uniform: [1, 1]}}", "low < high"),
        (BASE + "params: {fuse__visible_weight: {uniform: [0, .inf]}}", "finite"),
        (BASE + "params: {fuse__visible_weight: {uniform: [true, 2]}}", "numbers"),
        (BASE + "params: {fuse__x: {loguniform: [0, 1]}}", "low > 0"),
        (BASE + "params: {fuse__x: {loguniform: ['1e-3', 1]}}", "'1e-3' is text"),
        (BASE + "params: {fuse__x: {integers: [1.5, 3]}}", "whole numbers"),
        (BASE + "params: {}\nmetrics: [magic]", "'magic' is no metric"),
        (BASE + "params: {}\nobjective: magic", "objective='magic'"),
        (BASE + "params: {}\nobjective: qabf\nrefit: qabf", "keep one"),
        (BASE + "params: {}\nagainst: [1]", r"against=\[1\]: expected the path"),
        (BASE + "params: {}\nstrategy: best", "strategy='best': use one of grid"),
        (BASE + "params: {}\nn_candidates: few", "n_candidates='few'"),
        (BASE + "params: {}\nrandom_state: -1", "random_state=-1"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, text, match):
    with pytest.raises(ValueError, match=match):
        read_space(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.yaml.*cannot be read"):
        read_space(tmp_path / "none.yaml")


def full_pipeline():
    hdrc = HDRC(base_filter=GuidedFilter(radius=4, eps=0.01))
    return PreserveChroma(
        Pipeline(
            [
                (
                    "enhance",
                    EnhanceByModality(
                        infrared=LinearStretch(), visible=Pipeline([("hdrc", hdrc)])
                    ),
                ),
                ("fuse", LaplacianPyramid()),
                ("ssr", SSR(sigma=20)),
            ]
        )
    )


GRID = [
    {
        "estimator__enhance__visible__hdrc__base_filter__radius": [2, 6],
        "estimator__fuse__n_levels": [2, 3],
        "estimator__ssr": ["passthrough", SSR(sigma=5)],
    },
    {"estimator__fuse": [AverageFuser()], "estimator__enhance": ["passthrough"]},
]


def search(X, n_jobs):
    return GridSearchCV(
        full_pipeline(),
        GRID,
        scoring=FusionScorer(["qabf", "sd", "en"]),
        refit="qabf",
        cv=single_split(X),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(X)


def test_one_grid_search_over_enhancement_fusion_retinex_and_whole_steps(pairs):
    X = pairs.pack()
    one, two = search(X, 1), search(X, 2)
    assert len(one.cv_results_["params"]) == 9
    for name in ("qabf", "sd", "en"):
        np.testing.assert_array_equal(
            one.cv_results_[f"mean_test_{name}"], two.cv_results_[f"mean_test_{name}"]
        )
    assert one.best_index_ == two.best_index_


def test_grid_search_on_real_colour_pairs_of_many_sizes(shared):
    from skfusion import load_pairs

    X = load_pairs(shared / "data" / "RoadScene")[:4].pack()
    one, two = search(X, 1), search(X, 2)
    scores = one.cv_results_["mean_test_qabf"]
    np.testing.assert_array_equal(scores, two.cv_results_["mean_test_qabf"])
    assert 0 < scores.min() < 0.45 < scores.max() < 0.9
    assert one.best_estimator_.transform(X)[0].shape == X.read(0)[1].shape


def test_what_the_file_may_say(tmp_path):
    text = """
pipeline: laplacian_pyramid
params: {fuse__n_levels: {integers: [1, 3]}}
metrics: [en]
against: table.csv
strategy: random
n_candidates: 4
random_state: 7
"""
    space = read_space(write(tmp_path, text))
    assert space.against == tmp_path / "table.csv"
    assert (space.strategy, space.n_candidates, space.random_state) == ("random", 4, 7)
    space = read_space(write(tmp_path, BASE + "params: {}\nmetrics: vifb"))
    assert (space.metrics, space.objective, space.random_state) == ("vifb", None, 0)


@pytest.mark.parametrize(
    ("written", "low", "high", "kind"),
    [
        ("{uniform: [2, 4]}", 2, 4, float),
        ("{loguniform: [0.01, 100]}", 0.01, 100, float),
        ("{integers: [3, 5]}", 3, 5, int),
    ],
)
def test_distributions(tmp_path, written, low, high, kind):
    space = read_space(write(tmp_path, BASE + f"params: {{fuse__x: {written}}}"))
    drawn = space.grid["estimator__fuse__x"].rvs(500, random_state=0)
    assert low <= drawn.min() and drawn.max() <= high
    if kind is int:
        assert set(drawn.tolist()) == {3, 4, 5}
    elif "log" in written:
        assert abs(np.median(np.log10(drawn))) < 0.3
    else:
        assert abs(np.median(drawn) - 3) < 0.2


def weights(grid, **kwargs):
    return SearchSpace(AverageFuser(), grid, ["qabf", "mse"], "qabf", **kwargs)


def uniform(tmp_path):
    text = BASE + "params: {fuse__visible_weight: {uniform: [0, 1]}}\nmetrics: qabf"
    return read_space(write(tmp_path, text))


def same(a, b):
    return a.drop(columns="seconds").equals(b.drop(columns="seconds"))


def test_random_candidates_are_drawn_by_the_random_state(tmp_path, pairs):
    space = uniform(tmp_path)
    state = np.random.get_state()[1].copy()
    table, best = run_search(pairs, space, strategy="random", n_candidates=4)
    assert len(table) == table["fuse__visible_weight"].nunique() == 4
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert best.estimator_["fuse"].visible_weight == table["fuse__visible_weight"][0]
    again, _ = run_search(
        pairs, space, strategy="random", n_candidates=4, random_state=0, n_jobs=2
    )
    other, _ = run_search(
        pairs, space, strategy="random", n_candidates=4, random_state=1
    )
    assert same(table, again) and not same(table, other)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert len(run_search(pairs, space, strategy="random")[0]) == 10


def test_random_candidates_are_those_of_sklearn(tmp_path, pairs):
    space = uniform(tmp_path)
    table, _ = run_search(pairs, space, strategy="random", n_candidates=5)
    theirs = RandomizedSearchCV(
        space.estimator,
        space.grid,
        n_iter=5,
        random_state=0,
        scoring=FusionScorer("qabf"),
        refit="qabf",
        cv=single_split(pairs),
    ).fit(pairs)
    np.testing.assert_array_equal(
        np.sort(table["qabf"]), np.sort(theirs.cv_results_["mean_test_qabf"])
    )


def test_random_candidates_never_come_twice(tmp_path, pairs):
    space = weights({"visible_weight": [0.1, 0.2, 0.3]})
    assert len(run_search(pairs, space, strategy="random", n_candidates=9)[0]) == 3
    assert len(run_search(pairs, space, strategy="random", n_candidates=2)[0]) == 2
    text = BASE + "params: [{fuse__visible_weight: {uniform: [0, 1]}}, {fuse__color: "
    space = read_space(write(tmp_path, text + "[luma]}]\nmetrics: qabf"))
    table, _ = run_search(pairs, space, strategy="random", n_candidates=8)
    assert len(table) == 8 and table["fuse__color"].notna().sum() == 1


@pytest.fixture
def six(small_pairs):
    both = [*small_pairs, *((vis, ir) for ir, vis in small_pairs)]
    return ImagePairs(*zip(*both), names=list("abcdef"))


def test_halving_goes_on_with_the_best_third_on_all_pairs(six):
    space = weights({"visible_weight": [0.1, 0.2, 0.4, 0.6, 0.8, 0.9]})
    table, best = run_search(six, space, strategy="halving")
    assert len(table) == 6 and table["n_pairs"].tolist() == [6, 6, 2, 2, 2, 2]
    assert table["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert best.visible_weight == table["visible_weight"][0]
    full, _ = run_search(six, space, strategy="grid")
    last = table[table["n_pairs"] == 6].set_index("visible_weight")
    full = full.set_index("visible_weight").loc[last.index]
    # The rounds take the pairs in another order, so that sums round otherwise.
    np.testing.assert_allclose(last["qabf"], full["qabf"], rtol=1e-12)
    assert table["qabf"][:2].is_monotonic_decreasing
    assert table["qabf"][2:].is_monotonic_decreasing


def test_halving_is_decided_by_its_random_state(six):
    space = weights({"visible_weight": [0.1, 0.2, 0.4, 0.6]})
    tables = [
        run_search(six, space, strategy="halving", random_state=seed, n_jobs=n_jobs)[0]
        for seed, n_jobs in ((0, None), (0, 2), (3, None))
    ]
    assert same(tables[0], tables[1]) and not same(tables[0], tables[2])


def test_halving_draws_candidates(tmp_path, six):
    table, _ = run_search(six, uniform(tmp_path), strategy="halving", n_candidates=5)
    assert len(table) == 5 and table["n_pairs"].max() == 6
    assert len(run_search(six, uniform(tmp_path), strategy="halving")[0]) == 10
    space = weights({"visible_weight": [0.1, 0.2, 0.4, 0.6]})
    table, _ = run_search(six, space, strategy="halving", n_candidates=2)
    assert len(table) == 2 and table["n_pairs"].tolist() == [6, 6]


@pytest.mark.parametrize("strategy", ["grid", "random", "halving"])
def test_mean_ranks_against_a_table(strategy, six):
    against = pd.DataFrame(
        [
            (method, name, 0.1 * k + 0.05 * j, 900.0)
            for k, method in enumerate("uvwxyz")
            for j, name in enumerate([*six.names, "more"])
        ],
        columns=["method", "image", "qabf", "mse"],
    )
    space = weights({"visible_weight": [0.1, 0.5, 0.9, 1.0]}, against=against)
    table, _ = run_search(six, space, strategy=strategy, objective="mean-rank")
    assert table.attrs["objective"] == "mean_rank"
    means = against[against["image"] != "more"].groupby("method")["qabf"].mean()
    if "n_pairs" in table:
        table = table[table["n_pairs"] == 6]
    for row in table.to_dict("records"):
        better = (means > row["qabf"]).sum(), 6 * (row["mse"] > 900)
        assert row["mean_rank"] == 1 + sum(better) / 2
    assert table["mean_rank"].is_monotonic_increasing and table["rank"][0] == 1


def test_the_ranks_stand_in_the_table_of_another_objective(six):
    against = pd.DataFrame({"method": ["a"], "qabf": [0.9], "mse": [0.0]})
    space = weights({"visible_weight": [0.1, 0.5]})
    for strategy in ("grid", "halving"):
        table, _ = run_search(six, space, against=against, strategy=strategy)
        assert table["mean_rank"].tolist() == [2.0, 2.0]
        assert table.attrs["objective"] == "qabf"
        assert table["rank"].tolist() == [1, 2]


def test_mean_rank_among_the_candidates(pairs):
    space = weights({"visible_weight": [0.1, 0.5, 0.9]})
    table, best = run_search(pairs, space, objective="mean-rank")
    ranks = mean_ranks(table[["qabf", "mse"]])
    np.testing.assert_array_equal(table["mean_rank"], ranks)
    assert table["mean_rank"].is_monotonic_increasing
    assert best.visible_weight == table["visible_weight"][0]


def test_equal_candidates_share_their_rank(pairs):
    space = weights({"visible_weight": [0.5], "color": ["luma", "per_channel"]})
    assert run_search(pairs, space)[0]["rank"].tolist() == [1, 1]


def test_the_table_has_the_mean_of_a_metric_with_a_target(pairs):
    space = SearchSpace(AverageFuser(), {"visible_weight": [0.2, 0.8]}, ["qsf", "en"])
    table, _ = run_search(pairs, space)
    for weight, value in zip(table["visible_weight"], table["qsf"]):
        values = [
            registry["qsf"](ir, vis, AverageFuser(weight).transform([(ir, vis)])[0])
            for ir, vis in map(pairs.read, range(len(pairs)))
        ]
        assert value == pytest.approx(np.mean(values), rel=1e-6)
    assert (table["qsf"] < 0).all()
    assert list(table)[-4:] == ["qsf", "en", "seconds", "rank"]


def test_another_metric_decides(pairs):
    space = weights({"visible_weight": [0.1, 0.5, 0.9]})
    table, _ = run_search(pairs, space, objective="en")
    assert table["en"].is_monotonic_decreasing and "mse" in table


def test_columns_keep_their_kind(pairs):
    grid = [{"n_levels": [2, 3]}, {"gain": [1.0, 1.5]}]
    space = SearchSpace(LaplacianPyramid(), grid, "qabf")
    table, _ = run_search(pairs, space)
    assert str(table["n_levels"].dtype) == "Int64"
    text = table.to_csv(index=False)
    assert "\n2," in text or "\n3," in text
    assert table.attrs["parameters"] == ["n_levels", "gain"]


def test_a_pipeline_that_learns_is_fitted_and_written(tmp_path, pairs):
    fuser = DIDFuse(
        weights=None, max_epochs=1, crop_size=16, n_channels=4, device="cpu"
    )
    space = SearchSpace(fuser, {"random_state": [0, 1]}, "qabf")
    pairs = [tuple(to_dtype(image, np.uint8) for image in row) for row in pairs]
    table, best = run_search(pairs, space)
    own = clone(best).fit(pairs)
    _, model = write_search(table, best, tmp_path)
    for a, b, c in zip(
        best.transform(pairs),
        own.transform(pairs),
        load_pipeline(model).transform(pairs),
    ):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"strategy": "best"}, "strategy='best': use one of grid"),
        ({"strategy": "random", "n_candidates": 0}, "n_candidates=0"),
        ({"strategy": "random", "n_candidates": 2.0}, "n_candidates=2.0"),
        ({"n_candidates": 3}, "a grid scores all"),
        ({"objective": "magic"}, "objective='magic'"),
        ({"strategy": "halving", "objective": "mean-rank"}, "give a table with"),
    ],
)
def test_arguments_that_do_not_fit(kwargs, match, pairs):
    with pytest.raises(ValueError, match=match):
        run_search(pairs, weights({"visible_weight": [0.1, 0.2]}), **kwargs)


def test_a_distribution_is_no_grid(tmp_path, pairs):
    with pytest.raises(ValueError, match="'fuse__visible_weight' is a distribution"):
        run_search(pairs, uniform(tmp_path))


@pytest.mark.parametrize(("strategy", "n"), [("grid", 0), ("halving", 1)])
def test_too_few_pairs(strategy, n, pairs):
    with pytest.raises(ValueError, match=f"pairs holds {n}: strategy='{strategy}'"):
        run_search(pairs[:n], weights({"visible_weight": [0.1]}), strategy=strategy)


def test_a_metric_may_not_be_called_like_a_column_of_the_table(pairs):
    space = SearchSpace(AverageFuser(), {}, [("rank", "qabf", {})])
    with pytest.raises(ValueError, match="'rank' is a column of every search"):
        run_search(pairs, space)


def test_a_candidate_that_cannot_fuse_is_an_error(pairs):
    space = weights({"visible_weight": [0.1, 7.0]})
    with pytest.raises(ValueError, match="visible_weight"):
        run_search(pairs, space)


def test_an_array_of_values_is_a_grid_too(pairs):
    space = weights({"visible_weight": np.array([0.1, 0.9])})
    table, _ = run_search(pairs, space)
    assert sorted(table["visible_weight"]) == [0.1, 0.9]


def test_the_space_of_the_default_preset_can_be_read(root):
    space = read_space(root / "benchmarks" / "train" / "search_balanced.yaml")
    names = space.estimator.get_params()
    assert all(name in names for name in space.grid)
