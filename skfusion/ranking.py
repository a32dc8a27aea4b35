"""Rank methods by several metrics: best first in each, then the mean of the ranks."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .metrics import registry
from .metrics.sets import as_entries

__all__ = ["mean_ranks", "metric_ranks", "rank_scores", "rank_table"]


def metric_ranks(means, metrics=None):
    """Rank the rows of a table in each of its columns; 1 is best.

    Parameters
    ----------
    means : pandas.DataFrame, shape (n_methods, n_metrics)
        One value a method and metric, as a rule the mean over the pairs.
    metrics : str or list, optional
        What the columns are, in the form that :func:`skfusion.metrics.evaluate` takes;
        needed for columns that are not called like a key of the registry (capitals
        do not count).

    Returns
    -------
    pandas.DataFrame of float64, shape (n_methods, n_metrics)
        The direction and the target of each metric are the registry's. Equal values
        share the mean of their ranks; NaN ranks behind every number.

    Raises
    ------
    ValueError
        If a column is no known metric, or a name comes twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from skfusion.ranking import metric_ranks
    >>> means = pd.DataFrame({"en": [7.1, 6.8], "rmse": [0.2, 0.1]}, index=["a", "b"])
    >>> metric_ranks(means).loc["a"].tolist()
    [1.0, 2.0]
    """
    records = _records(means.columns, metrics)
    for kind, names in (("column", means.columns), ("method", means.index)):
        if names.has_duplicates:
            raise ValueError(
                f"means: the {kind} {names[names.duplicated()][0]!r} comes twice: give "
                "each its own name."
            )
    ranks = means.astype(np.float64)
    for column, record in records.items():
        scores = np.array([record.better(value) for value in ranks[column]])
        ranks[column] = rank_scores(scores)
    return ranks


def mean_ranks(means, metrics=None):
    """Return the mean over the metrics of each method's rank; less is better.

    Parameters
    ----------
    means, metrics
        As in :func:`metric_ranks`.

    Returns
    -------
    pandas.Series of float64, shape (n_methods,)
        In the order of the rows of `means`, called ``"mean_rank"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skfusion.ranking import mean_ranks
    >>> means = pd.DataFrame({"en": [7.1, 6.8], "rmse": [0.2, 0.1]}, index=["a", "b"])
    >>> mean_ranks(means).tolist()
    [1.5, 1.5]
    """
    return metric_ranks(means, metrics).mean(axis=1).rename("mean_rank")


def rank_table(means, metrics=None):
    """Return the ranks in each metric with their mean beside them, best first.

    Parameters
    ----------
    means, metrics
        As in :func:`metric_ranks`.

    Returns
    -------
    pandas.DataFrame of float64, shape (n_methods, n_metrics + 1)
        Columns ``"mean_rank"`` and those of `means`; methods of one mean rank stay in
        the order of their names.

    Examples
    --------
    >>> import pandas as pd
    >>> from skfusion.ranking import rank_table
    >>> means = pd.DataFrame({"en": [6.8, 7.1], "sd": [40.0, 41.0]}, index=["a", "b"])
    >>> rank_table(means).index.tolist()
    ['b', 'a']
    """
    ranks = metric_ranks(means, metrics)
    ranks.insert(0, "mean_rank", ranks.mean(axis=1))
    return ranks.sort_index(kind="stable").sort_values("mean_rank", kind="stable")


def rank_scores(scores):
    """Rank scores of one metric; greatest first, 1 is best.

    Parameters
    ----------
    scores : array-like of float, shape (n,)
        Greater is better.

    Returns
    -------
    ndarray of float64, shape (n,)
        Equal scores share the mean of their ranks, NaN shares the last places.

    Examples
    --------
    >>> from skfusion.ranking import rank_scores
    >>> rank_scores([0.5, 0.9, 0.5]).tolist()
    [2.5, 1.0, 2.5]
    """
    # `rank_among` all others for each, without comparing all with all.
    scores = np.asarray(scores, dtype=np.float64)
    undefined = np.isnan(scores)
    ranks = np.empty(len(scores))
    # SciPy's rankdata of infinities of both signs is NaN in old releases.
    _, places, counts = np.unique(
        -scores[~undefined], return_inverse=True, return_counts=True
    )
    ranks[~undefined] = (counts.cumsum() - (counts - 1) / 2)[places]
    ranks[undefined] = len(scores) - (undefined.sum() - 1) / 2
    return ranks


def _records(columns, metrics):
    """Return {column: row of the registry}."""
    if metrics is not None:
        known = {entry.column: entry.record for entry in as_entries(metrics)}
    else:
        known = {
            column: registry[str(column).lower()]
            for column in columns
            if str(column).lower() in registry
        }
    if not len(columns):
        raise ValueError("means has no column: give at least one metric.")
    for column in columns:
        if column not in known:
            raise ValueError(
                f"means: the column {column!r} is no metric: name columns like keys of "
                "skfusion.metrics.registry, or say with metrics= what they are."
            )
    return {column: known[column] for column in columns}
