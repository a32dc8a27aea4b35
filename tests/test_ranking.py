"""Ranks over metrics: direction, target, ties, undefined values."""

import numpy as np
import pandas as pd
import pytest

from skfusion._ranks import rank_among
from skfusion.ranking import mean_ranks, metric_ranks, rank_table

NAN, INF = np.nan, np.inf

# Higher is better in EN, lower in RMSE, and zero is best in qsf.
MEANS = pd.DataFrame(
    {
        "EN": [7.0, 6.0, 7.0, NAN, 5.0],
        "RMSE": [0.3, 0.1, 0.2, 0.2, NAN],
        "qsf": [-0.2, 0.1, 0.0, 0.2, -0.3],
    },
    index=["d", "c", "b", "a", "e"],
)
RANKS = pd.DataFrame(
    {
        "EN": [1.5, 3.0, 1.5, 5.0, 4.0],
        "RMSE": [4.0, 1.0, 2.5, 2.5, 5.0],
        "qsf": [3.5, 2.0, 1.0, 3.5, 5.0],
    },
    index=MEANS.index,
)


def test_ranks_of_a_table_worked_by_hand():
    pd.testing.assert_frame_equal(metric_ranks(MEANS), RANKS)
    expected = pd.Series([3, 2, 5 / 3, 11 / 3, 14 / 3], index=MEANS.index)
    pd.testing.assert_series_equal(mean_ranks(MEANS), expected, check_names=False)
    assert mean_ranks(MEANS).name == "mean_rank"


def test_rank_table_is_best_first_and_by_name_among_equals():
    table = rank_table(MEANS)
    assert table.index.tolist() == ["b", "c", "d", "a", "e"]
    assert table.columns.tolist() == ["mean_rank", "EN", "RMSE", "qsf"]
    pd.testing.assert_frame_equal(table[RANKS.columns], RANKS.loc[table.index])
    equal = pd.DataFrame({"en": [1.0, 1.0, 2.0]}, index=["z", "y", "x"])
    assert rank_table(equal).index.tolist() == ["x", "y", "z"]


def test_undefined_values_share_the_last_places_behind_infinite_ones():
    means = pd.DataFrame({"psnr": [NAN, -INF, 3.0, NAN, INF]}, index=list("abcde"))
    assert metric_ranks(means)["psnr"].tolist() == [4.5, 3, 2, 4.5, 1]
    means = pd.DataFrame({"rmse": [NAN, INF, 3.0]}, index=list("abc"))
    assert metric_ranks(means)["rmse"].tolist() == [3, 2, 1]


def test_ranks_sum_to_the_same_whatever_the_ties(rng):
    means = pd.DataFrame(rng.integers(0, 4, (20, 3)), columns=["en", "sd", "rmse"])
    means = means.astype(float).where(means > 0)
    assert (metric_ranks(means).sum() == 20 * 21 / 2).all()


def test_order_of_the_methods_changes_no_rank(rng):
    means = pd.DataFrame(rng.random((12, 2)), columns=["en", "nabf"])
    shuffled = means.sample(frac=1, random_state=0)
    pd.testing.assert_series_equal(mean_ranks(means), mean_ranks(shuffled).sort_index())


def test_columns_of_a_named_set_and_of_entries():
    means = pd.DataFrame({"AG": [1.0, 2.0], "Qcv": [1.0, 2.0]})
    pd.testing.assert_frame_equal(metric_ranks(means), metric_ranks(means, "vifb"))
    own = [("mine", "rmse", {"variant": "vifb"})]
    means = pd.DataFrame({"mine": [1.0, 2.0]})
    assert metric_ranks(means, own)["mine"].tolist() == [1, 2]


def test_one_method_and_none():
    assert mean_ranks(pd.DataFrame({"en": [3.0]})).tolist() == [1]
    empty = pd.DataFrame({"en": []}, index=[])
    assert mean_ranks(empty).empty and rank_table(empty).empty


def test_the_table_given_is_left_alone():
    before = MEANS.copy()
    rank_table(MEANS)
    pd.testing.assert_frame_equal(MEANS, before)


@pytest.mark.parametrize(
    ("means", "metrics", "match"),
    [
        (pd.DataFrame({"beauty": [1.0]}), None, "'beauty' is no metric"),
        (pd.DataFrame({"en": [1.0]}), "vifb", "'en' is no metric"),
        (pd.DataFrame(index=["a"]), None, "no column"),
        (pd.DataFrame([[1.0, 2.0]], columns=["en", "en"]), None, "column 'en' comes"),
        (pd.DataFrame({"en": [1, 2]}, index=["a", "a"]), None, "method 'a' comes"),
    ],
)
def test_bad_tables(means, metrics, match):
    with pytest.raises(ValueError, match=match):
        metric_ranks(means, metrics)


def test_ranks_are_those_among_the_others(rng):
    """The one definition, of which the table's ranks are a faster form."""
    scores = rng.integers(0, 6, 40) / 4.0
    scores[[3, 7, 20]] = np.nan
    scores[5] = -np.inf
    means = pd.DataFrame({"en": scores}, index=[f"m{k}" for k in range(40)])
    expected = [rank_among(x, np.delete(scores, k)) for k, x in enumerate(scores)]
    assert metric_ranks(means)["en"].tolist() == expected
