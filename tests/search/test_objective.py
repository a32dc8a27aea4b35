"""Mean ranks: among the candidates, and against tables in all their forms."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from skfusion import ImagePairs
from skfusion._text import as_csv
from skfusion.fusers import AverageFuser
from skfusion.metrics import FusionScorer, single_split
from skfusion.ranking import mean_ranks
from skfusion.search import MeanRank
from skfusion.search.objective import resolve_objective

METRICS = ["qabf", "rmse"]


def results(**columns):
    """What a search returns, given the scores (greater is better)."""
    return {f"mean_test_{name}": np.array(values) for name, values in columns.items()}


def test_candidates_rank_among_each_other():
    found = results(qabf=[0.3, 0.5, 0.4], rmse=[-1.0, -3.0, -2.0])
    ranker = MeanRank(METRICS)
    assert not ranker.fixed
    assert ranker.ranks(found).tolist() == [2.0, 2.0, 2.0]
    assert ranker(found) == 0
    means = pd.DataFrame({"qabf": [0.3, 0.5, 0.4], "rmse": [1.0, 3.0, 2.0]})
    assert ranker.ranks(found).tolist() == mean_ranks(means).tolist()


def test_a_candidate_without_a_score_comes_last():
    found = results(qabf=[np.nan, 0.5], rmse=[np.nan, -3.0])
    assert MeanRank(METRICS).order(found).tolist() == [1, 0]
    table = pd.DataFrame({"method": ["a"], "qabf": [0.9], "rmse": [0.0]})
    ranks = MeanRank(METRICS, against=table).ranks(found)
    assert ranks.tolist() == [2.0, 2.0]


def test_the_metric_with_a_target_ranks_by_the_distance_from_it():
    table = pd.DataFrame({"method": ["a", "b"], "qsf": [-0.2, 0.6]})
    ranker = MeanRank(["qsf"], against=table)
    # FusionScorer gives minus the distance from the target, 0.
    assert ranker.ranks(results(qsf=[-0.1, -0.4, -0.7])).tolist() == [1, 2, 3]
    assert MeanRank(["qsf"]).ranks(results(qsf=[-0.4, -0.1])).tolist() == [2, 1]


TABLE = pd.DataFrame(
    {"method": ["a", "b", "c"], "qabf": [0.2, 0.4, 0.6], "rmse": [1.0, 2.0, 2.0]}
)


def test_ranks_against_a_table_are_those_of_adding_one_row_to_it():
    scores = {"qabf": 0.4, "rmse": -2.0}
    joined = pd.concat([TABLE.set_index("method"), pd.DataFrame(
        {"qabf": [0.4], "rmse": [2.0]}, index=["own"]
    )])  # fmt: skip
    ranker = MeanRank(METRICS, against=TABLE)
    # Only the own row of the joined ranks counts, ties shared.
    assert ranker.rank(scores) == mean_ranks(joined)["own"] == (2.5 + 3.0) / 2


def test_other_candidates_do_not_change_the_rank_against_a_table():
    ranker = MeanRank(METRICS, against=TABLE)
    one = ranker.ranks(results(qabf=[0.5], rmse=[-0.5]))
    many = ranker.ranks(results(qabf=[0.5, 0.9, 0.1], rmse=[-0.5, -0.1, -9.0]))
    assert one[0] == many[0] == (2 + 1) / 2
    assert many.tolist() == [1.5, 1.0, 4.0]


def test_equal_ranks_against_a_table_are_decided_among_the_candidates():
    found = results(qabf=[0.51, 0.55, 0.53], rmse=[-0.5, -0.5, -0.5])
    ranker = MeanRank(METRICS, against=TABLE)
    assert len(set(ranker.ranks(found))) == 1
    assert ranker(found) == 1 and ranker.order(found).tolist() == [1, 2, 0]


def per_image():
    rows = [
        ("a", "x", 0.1, 1.0), ("a", "y", 0.3, 1.0), ("a", "z", 0.9, 9.0),
        ("b", "x", 0.4, 2.0), ("b", "y", 0.4, 2.0), ("b", "z", 0.9, 9.0),
        ("c", "x", 0.6, 2.0), ("c", "z", 0.9, 9.0),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "image", "qabf", "rmse"])


def long_form(table):
    keys = [name for name in ("method", "image") if name in table]
    return table.melt(keys, var_name="metric", value_name="value").dropna()


@pytest.mark.parametrize("form", ["csv", "frame", "index", "long"])
def test_tables_of_means_in_every_form(form, tmp_path):
    table = {
        "frame": TABLE,
        "index": TABLE.set_index("method"),
        "long": long_form(TABLE),
    }.get(form)
    if form == "csv":
        table = tmp_path / "leaderboard.csv"
        # Called otherwise, and with columns that are no metrics.
        TABLE.rename(columns={"method": "name"}).assign(mean_rank=1.0).to_csv(
            table, index=False
        )
    ranker = MeanRank(METRICS, against=table)
    assert ranker.rank({"qabf": 0.5, "rmse": -1.5}) == 2.0


@pytest.mark.parametrize("form", ["wide", "long", "bench"])
def test_a_table_with_a_row_an_image_is_restricted_to_the_pairs(form):
    table = per_image() if form == "wide" else long_form(per_image())
    if form == "bench":
        table = table.rename(columns={"image": "pair"}).assign(source="own")
    scores = {"qabf": 0.3, "rmse": -1.5}
    # "c" has no value for "y" and takes no part: a is (0.2, 1), b (0.4, 2).
    assert MeanRank(METRICS, table, names=["x", "y"]).rank(scores, ["x", "y"]) == 2.0
    # Only "x": a (0.1, 1), b (0.4, 2), c (0.6, 2).
    assert MeanRank(METRICS, table).rank(scores, ["x"]) == 2.5
    # All images: "c" is left out again, a is (0.43, 3.7), b (0.57, 4.3).
    assert MeanRank(METRICS, table).rank(scores) == (3 + 1) / 2
    found = results(qabf=[0.3], rmse=[-1.5])
    assert MeanRank(METRICS, table, names=["x"]).ranks(found).tolist() == [2.5]


def test_names_of_images_may_be_numbers(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("method,image,qabf\na,1,0.5\na,2,0.7\n")
    assert MeanRank(["qabf"], table, names=["1", "2"]).rank({"qabf": 0.65}) == 1.0


def test_names_of_vifb_are_the_columns_of_its_set():
    table = pd.DataFrame(
        {"method": ["a", "a"], "metric": ["Avg_gradient", "Variance"], "value": [3, 40]}
    )
    ranker = MeanRank([("AG", "ag", {}), ("SD", "sd", {})], against=table)
    assert ranker.rank({"AG": 4.0, "SD": 30.0}) == 1.5


@pytest.mark.parametrize(
    ("table", "names", "match"),
    [
        (TABLE.drop(columns="rmse"), None, "no column 'rmse': it has qabf"),
        (TABLE.assign(rmse="good"), None, "'rmse' holds something that is no number"),
        (TABLE.assign(rmse=np.nan), None, "no method of the table has 'rmse'"),
        (pd.concat([TABLE, TABLE]), None, r"row \(a\) comes twice"),
        (pd.concat([per_image()] * 2), None, r"row \(a, x\) comes twice"),
        (TABLE[:0], None, "expected a column of methods"),
        (TABLE[["method"]], None, "expected a column of methods"),
        (per_image(), ["x", "q", "r"], "2 of the 3 pairs, first 'q'"),
        ("none.csv", None, r"against='none.csv': the table cannot be read"),
    ],
)
def test_tables_that_do_not_fit_are_named(table, names, match):
    with pytest.raises(ValueError, match=match):
        MeanRank(METRICS, against=table, names=names)


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match="cannot be read"):
        MeanRank(METRICS, against=tmp_path / "empty.csv")


def test_metrics_that_were_not_scored_are_named():
    with pytest.raises(ValueError, match="no 'mean_test_rmse'.*FusionScorer"):
        MeanRank(METRICS)(results(qabf=[0.5]))


def test_repr():
    assert repr(MeanRank(["en"])) == "MeanRank(['en'], against=None)"
    assert "a table" in repr(MeanRank(METRICS, TABLE))


@pytest.mark.parametrize("search", [GridSearchCV, RandomizedSearchCV])
def test_it_is_a_refit_of_sklearns_searches(search, small_pairs):
    X = ImagePairs(*zip(*small_pairs))
    more = {"n_iter": 3, "random_state": 0} if search is RandomizedSearchCV else {}
    best = MeanRank(["qabf", "en"], names=X.names)
    found = search(
        AverageFuser(),
        {"visible_weight": [0.0, 0.5, 1.0]},
        scoring=FusionScorer(["qabf", "en"]),
        refit=best,
        cv=single_split(X),
        **more,
    ).fit(X)
    assert found.best_index_ == np.argmin(best.ranks(found.cv_results_))
    chosen = found.cv_results_["params"][found.best_index_]
    assert found.best_estimator_.visible_weight == chosen["visible_weight"]


@pytest.mark.parametrize(
    ("metrics", "objective", "against", "columns", "decides"),
    [
        (None, None, None, ["qabf"], "qabf"),
        (None, "vif", None, ["vif"], "vif"),
        (["en", "sd"], None, None, ["en", "sd"], "en"),
        (["en"], "sd", None, ["en", "sd"], "sd"),
        ([("EN2", "en", {})], "en", None, ["EN2"], "EN2"),
        (["en"], None, TABLE, ["en"], "mean-rank"),
        (["en"], "mean-rank", None, ["en"], "mean-rank"),
    ],
)
def test_what_decides(metrics, objective, against, columns, decides):
    entries, name = resolve_objective(metrics, objective, against)
    assert [entry.column for entry in entries] == columns and name == decides


def test_ranks_are_of_the_vifb_set_by_default():
    assert len(resolve_objective(None, "mean-rank", None)[0]) == 13
    entries, name = resolve_objective(None, "qabf", TABLE)
    assert len(entries) == 13 and name == "Qabf"


@pytest.mark.parametrize(
    ("metrics", "objective", "match"),
    [
        (["magic"], None, "'magic' is no metric"),
        ("magic", None, "'magic' is no set"),
        ([3], None, "metrics="),
        (["en"], "magic", "objective='magic': expected 'mean-rank'"),
    ],
)
def test_unknown_metrics_are_named(metrics, objective, match):
    with pytest.raises(ValueError, match=match):
        resolve_objective(metrics, objective, None)


def test_the_published_vifb_table(shared):
    folder = shared / "data" / "published_results" / "metric_tables"
    names = ["carShadow", "kettle"]
    ranker = MeanRank("vifb", folder / "VIFB_published_metrics_dev.csv", names=names)
    rows = pd.read_csv(folder / "VIFB_published_metrics_dev.csv")
    rows = rows[rows["image"].isin(names) & (rows["metric"] == "Qabf")]
    best = rows.groupby("method")["value"].mean().max()
    scores = dict.fromkeys([entry.column for entry in ranker.entries], np.nan)
    assert ranker.rank(scores) == 27.0
    assert ranker.rank({**scores, "Qabf": best + 0.01}) == (12 * 27 + 1) / 13


def test_names_that_a_spreadsheet_would_run_are_found_in_a_table(tmp_path):
    names = ["=cmd", "two\nlines", "\udcff", "-1"]
    rows = {"method": "a", "source": "own", "pair": names, "metric": "qabf"}
    values = pd.DataFrame({**rows, "value": [0.1, 0.2, 0.3, 0.4]}, dtype=object)
    (tmp_path / "values.csv").write_bytes(as_csv(values, index=False))
    for name, value in zip(names, values["value"]):
        ranker = MeanRank(["qabf"], tmp_path / "values.csv", names=[name])
        assert ranker.rank({"qabf": value + 0.01}, [name]) == 1.0
        assert ranker.rank({"qabf": value - 0.01}, [name]) == 2.0
