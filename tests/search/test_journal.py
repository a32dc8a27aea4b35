"""The record of a search: everything that was measured, as exactly as it was."""

# SPDX-License-Identifier: BSD-3-Clause
import math

import numpy as np
import pytest

from skfusion.metrics.scorer import FusionScorer, PairValues
from skfusion.metrics.sets import as_entries
from skfusion.search.journal import Journal, Record

ENTRIES = as_entries(["qabf", "nabf", "qsf"])


def values(table, excused=None):
    better = {entry.column: entry.record.better for entry in ENTRIES}
    return PairValues(
        better, table, [False] * len(table) if excused is None else excused
    )


def test_a_record_comes_back_as_it_was(tmp_path):
    journal = Journal(tmp_path / "journal", ENTRIES)
    assert journal.records() == []
    table = [[1 / 3, math.inf, -0.1], [math.nan, 1e-300, 0.3]]
    journal.add(Record(1, values(table, [False, True]), ["ä\udcff", "b"], 0.25))
    journal.add(Record(0, values(table), ["a", "b"], 0.5))
    zero, one = journal.records()
    assert (zero.number, one.number, one.seconds) == (0, 1, 0.25)
    assert one.pairs == ["ä\udcff", "b"]
    np.testing.assert_array_equal(one.values.table, table)
    assert one.values.excused.tolist() == [False, True]


def test_rounds_of_a_candidate_stay_in_their_order(tmp_path):
    journal = Journal(tmp_path / "journal", ENTRIES)
    for pairs in (["a", "b", "c"], ["a"]):
        journal.add(Record(0, values([[0.1, 0.2, 0.3]] * len(pairs)), pairs, 1.0))
    assert [len(record.pairs) for record in journal.records()] == [1, 3]


def test_scores_follow_from_values():
    found = values([[0.5, 0.1, -0.2], [0.7, 0.3, 0.4]])
    assert found.means() == {"qabf": 0.6, "nabf": 0.2, "qsf": 0.1}
    # Less is better for nabf; qsf is best at 0.
    assert found.scores() == pytest.approx({"qabf": 0.6, "nabf": -0.2, "qsf": -0.3})


def test_what_is_excused_is_left_out_and_all_else_counts():
    nan = math.nan
    found = values([[nan, 0.1, 0.0], [0.5, nan, 0.0]], [True, False])
    assert found.means()["qabf"] == 0.5 and math.isnan(found.means()["nabf"])
    assert found.left_out() == {"qabf": 1}
    assert math.isnan(values([[nan] * 3], [True]).scores()["qabf"])


def test_a_call_of_the_scorer_is_the_score_of_its_values(small_pairs):
    from skfusion.fusers import AverageFuser

    scorer = FusionScorer(ENTRIES)
    found = scorer.values(AverageFuser(0.3), small_pairs)
    assert scorer(AverageFuser(0.3), small_pairs) == found.scores()
    assert found.table.shape == (len(small_pairs), 3)
    rows = [scorer.values(AverageFuser(0.3), [pair]).table[0] for pair in small_pairs]
    np.testing.assert_array_equal(found.table, rows)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_halving_of_sklearn_is_told_that_it_takes_one_metric(n_jobs, small_pairs):
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    from skfusion.fusers import AverageFuser
    from skfusion.metrics import get_fusion_scorer, single_split
    from skfusion.pairs import as_pairs

    X = as_pairs([*small_pairs, *small_pairs])

    def search(scoring, n_jobs=n_jobs):
        return HalvingGridSearchCV(
            AverageFuser(),
            {"visible_weight": [0.1, 0.4, 0.9]},
            scoring=scoring,
            cv=single_split(X),
            min_resources=2,
            n_jobs=n_jobs,
        ).fit(X)

    with pytest.raises(ValueError, match=r"qabf, en: use scoring=get_fusion_scorer"):
        search(FusionScorer(["qabf", "en"]))
    assert search(get_fusion_scorer("qabf"), None).best_params_["visible_weight"]
