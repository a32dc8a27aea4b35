"""The table of a search, read from its record."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .objective import MEAN_RANK, ranks_among
from .space import shown

__all__ = ["check_columns", "search_table"]

# Beside parameters and metrics.
_COLUMNS = ("mean_rank", "seconds", "n_pairs", "rank")


def check_columns(entries, grid):
    """Refuse a metric that is called like another column of the table."""
    parts = [grid] if isinstance(grid, dict) else grid
    parameters = {shown(name) for part in parts for name in part}
    for entry in entries:
        kind = "of every search" if entry.column in _COLUMNS else "of its parameters"
        if entry.column in {*_COLUMNS, *parameters}:
            raise ValueError(
                f"metrics: {entry.column!r} is a column {kind}: give the metric "
                "another name."
            )


def search_table(records, candidates, objective, ranker, rounds):
    """Return one row a candidate, best first.

    Parameters
    ----------
    records : list of Record
        At least one.
    candidates : list of dict
        The parameters of each, as seen from the pipeline.
    objective : str
        ``"mean-rank"`` or the metric that decides.
    ranker : MeanRank or None
    rounds : bool
        Whether the pairs differ from round to round.

    Returns
    -------
    table : pandas.DataFrame
        See :func:`skfusion.search.run_search`.
    best : int
        The number of the best candidate.
    """
    import pandas as pd

    # Of a candidate that went on only its last round stands in the table.
    records = list({record.number: record for record in records}.values())
    table, parameters = _parameters(candidates[record.number] for record in records)
    metrics = list(records[0].values.better)
    means = pd.DataFrame([record.values.means() for record in records])
    scores = pd.DataFrame([record.values.scores() for record in records])
    table[metrics] = means[metrics]
    if ranker is not None:
        table["mean_rank"] = _mean_ranks(records, scores, ranker)
    table["seconds"] = [record.seconds for record in records]
    among = objective == MEAN_RANK
    keys = [table["mean_rank"] if among else -scores[objective]]
    ties = [ranks_among(scores.to_numpy())] if among and not rounds else []
    if rounds:
        table["n_pairs"] = [len(record.pairs) for record in records]
        keys = [-table["n_pairs"], *keys]
    order = np.lexsort([*ties, *keys[::-1]])
    table = table.iloc[order].reset_index(drop=True)
    table["rank"] = _shared_ranks([key.to_numpy()[order] for key in keys])
    table.attrs = {
        "parameters": parameters,
        "metrics": metrics,
        "objective": "mean_rank" if among else objective,
    }
    return table, records[order[0]].number


def _parameters(candidates):
    import pandas as pd

    rows = [{shown(n): _short(v) for n, v in row.items()} for row in candidates]
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pd.DataFrame(index=range(len(rows)))
    for name in names:
        column = [row.get(name) for row in rows]
        table[name] = pd.array(column) if None in column else column
    return table, names


def _short(value):
    """Return numbers and texts as they are, the rest as text on one line."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, str)):
        return value
    return " ".join(repr(value).split())


def _mean_ranks(records, scores, ranker):
    if not ranker.fixed:
        return ranks_among(scores.to_numpy())
    rows = scores.to_dict("records")
    return [ranker.rank(row, record.pairs) for row, record in zip(rows, records)]


def _shared_ranks(keys):
    """Rank sorted rows: those with equal keys share the first of their ranks."""
    keys = np.nan_to_num(np.column_stack(keys), nan=np.inf)
    new = np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)]
    return np.maximum.accumulate(np.where(new, np.arange(1, len(keys) + 1), 0))
