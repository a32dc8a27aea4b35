"""Decide by the mean of ranks, among the candidates or against a published table."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .._ranks import rank_among
from .._text import csv_cell
from ..metrics import registry
from ..metrics.sets import Entry, as_entries
from ..ranking import rank_scores
from .tables import read_scores

__all__ = ["MEAN_RANK", "MeanRank", "ranks_among", "resolve_objective"]

MEAN_RANK = "mean-rank"


class MeanRank:
    """Choose the candidate with the best mean rank over several metrics.

    A value for ``refit=`` of ``GridSearchCV`` and ``RandomizedSearchCV`` with
    ``scoring=FusionScorer(metrics)``: called with ``cv_results_`` it returns the index
    of the best candidate.

    Parameters
    ----------
    metrics : str or list
        As given to the :class:`skfusion.metrics.FusionScorer` of the search.
    against : path or pandas.DataFrame, optional
        A table of other methods. A candidate then ranks among *them*, whatever the
        other candidates are: 1 is better than all, number of methods + 1 worse. Three
        forms are read: the method first and one column a metric (the
        ``leaderboard.csv`` of ``skfusion bench``); the same with a further column
        ``image`` or ``pair``; or the columns ``method``, ``image``, ``metric``,
        ``value`` (the ``values.csv`` of ``skfusion bench``, VIFB's table). Columns are
        found by the names of `metrics`; VIFB's own names are those of the set
        ``"vifb"``. ``None`` ranks the candidates among each other.
    names : sequence of str, optional
        Names of the pairs of the search: a table with a row an image is restricted to
        them. By default the means are over all its images.

    Notes
    -----
    The direction of each metric and its target, if it has one, are the registry's.
    Equal values share the mean of their ranks; a candidate whose mean is NaN comes
    last. A method without a value for one of the pairs does not take part in that
    metric. Against few methods many candidates share a mean rank: the ranks among each
    other then decide, and at last the order of the candidates.

    For a metric with a target, a table with a row an image is compared image by image;
    one of means only by the distance of its mean.

    Raises
    ------
    ValueError
        If the table cannot be read, or lacks a metric or a pair.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.fusers import LaplacianPyramid
    >>> from skfusion.metrics import FusionScorer, single_split
    >>> from skfusion.search import MeanRank
    >>> X = make_scene_pairs(1, size=(32, 48), random_state=0)
    >>> metrics = ["qabf", "rmse"]
    >>> published = pd.DataFrame(
    ...     {"method": ["A", "B"], "qabf": [0.0, 0.9], "rmse": [0.0, 99.0]}
    ... )
    >>> best = MeanRank(metrics, against=published)
    >>> search = GridSearchCV(
    ...     LaplacianPyramid(), {"n_levels": [2, 4]}, scoring=FusionScorer(metrics),
    ...     refit=best, cv=single_split(X),
    ... ).fit(X)
    >>> best.ranks(search.cv_results_).tolist()
    [2.0, 2.0]
    """

    def __init__(self, metrics, against=None, names=None):
        self.entries = as_entries(metrics)
        self.names = None if names is None else [str(name) for name in names]
        self.table = None if against is None else read_scores(against, self.entries)
        self._references = {}
        if self.table is not None:
            self._reference(self.names)  # a missing pair is named before the search

    def __repr__(self):
        columns = [entry.column for entry in self.entries]
        return f"MeanRank({columns}, against={'a table' if self.fixed else None})"

    @property
    def fixed(self):
        """Whether a table of other methods was given."""
        return self.table is not None

    def __call__(self, cv_results) -> int:
        """Return the index of the best candidate."""
        return int(self.order(cv_results)[0])

    def order(self, cv_results):
        """Return the indices of the candidates, best first.

        Parameters
        ----------
        cv_results : dict
            ``cv_results_`` of a search.

        Returns
        -------
        ndarray of int, shape (n_candidates,)
        """
        scores = self._scores(cv_results)
        return np.lexsort((ranks_among(scores), self._ranks(scores)))

    def ranks(self, cv_results):
        """Return the mean rank of each candidate.

        Parameters
        ----------
        cv_results : dict
            ``cv_results_`` of a search.

        Returns
        -------
        ndarray of float64, shape (n_candidates,)
        """
        return self._ranks(self._scores(cv_results))

    def rank(self, scores, names=None) -> float:
        """Return the mean rank of one candidate against the table.

        Parameters
        ----------
        scores : mapping
            What :class:`skfusion.metrics.FusionScorer` returned.
        names : sequence of str, optional
            The pairs that were scored, where they are not those of all the search.

        Returns
        -------
        float
        """
        row = np.array([[scores[entry.column] for entry in self.entries]])
        return float(_ranks_against(row, self._reference(names))[0])

    def _scores(self, cv_results):
        columns = []
        for entry in self.entries:
            key = f"mean_test_{entry.column}"
            if key not in cv_results:
                raise ValueError(
                    f"cv_results has no {key!r}: search with scoring=FusionScorer("
                    "metrics) of the metrics that MeanRank was given."
                )
            columns.append(np.asarray(cv_results[key], dtype=np.float64))
        return np.column_stack(columns)

    def _ranks(self, scores):
        if self.table is None:
            return ranks_among(scores)
        return _ranks_against(scores, self._reference(self.names))

    def _reference(self, names):
        """Return the methods' scores, one array a metric."""
        key = None if names is None else tuple(names)
        if key not in self._references:
            self._references[key] = self._reference_of(names)
        return self._references[key]

    def _reference_of(self, names):
        table = self.table
        if "image" in table.index.names:
            images = table.index.unique("image")
            names = list(images if names is None else map(csv_cell, names))
            missing = [name for name in names if name not in images]
            if missing:
                raise ValueError(
                    f"against: the table has no row for {len(missing)} of the "
                    f"{len(names)} pairs, first {missing[0]!r}: search over the images "
                    "of the table, or give a table of means."
                )
            table = table[table.index.get_level_values("image").isin(names)]
            # The mean over some of the pairs would be one over other images.
            table = {
                column: table[column].unstack("image").mean(axis=1, skipna=False)
                for column in table.columns
            }
        reference = []
        for entry in self.entries:
            values = np.asarray(table[entry.column], dtype=np.float64)
            values = values[~np.isnan(values)]
            if not len(values):
                raise ValueError(
                    f"against: no method of the table has {entry.column!r} for all of "
                    "the pairs: leave the metric or the pairs out."
                )
            reference.append(values)
        return reference


def resolve_objective(metrics, objective, against):
    """Return the columns to compute and the name of what decides.

    Parameters
    ----------
    metrics : str, list or None
    objective : str or None
        ``"mean-rank"``, a column, or a key of the registry.
    against : path, pandas.DataFrame or None

    Returns
    -------
    entries : list of Entry
    objective : str
        ``"mean-rank"`` or the name of a column.
    """
    if not isinstance(objective, str | None):
        raise ValueError(
            f"objective={objective!r}: expected {MEAN_RANK!r} or the name of a metric."
        )
    if objective is None and against is not None:
        objective = MEAN_RANK
    if metrics is None:
        if objective == MEAN_RANK or against is not None:
            metrics = "vifb"
        else:
            metrics = objective if objective in registry else "qabf"
    try:
        entries = as_entries(metrics)
    except (KeyError, TypeError) as error:
        raise ValueError(f"metrics={metrics!r}: {error.args[0]}") from None
    columns = [entry.column for entry in entries]
    if objective is None:
        return entries, columns[0]
    if objective == MEAN_RANK or objective in columns:
        return entries, objective
    of_that_metric = [e.column for e in entries if e.metric == objective]
    if of_that_metric:
        return entries, of_that_metric[0]
    if objective in registry:
        return [*entries, Entry(objective, objective)], objective
    raise ValueError(
        f"objective={objective!r}: expected {MEAN_RANK!r}, one of the metrics "
        f"{columns}, or a key of the registry: {', '.join(registry)}."
    )


def ranks_among(scores):
    """Return the mean rank of each row among all, greater scores first."""
    return np.column_stack([rank_scores(column) for column in scores.T]).mean(axis=1)


def _ranks_against(scores, reference):
    """Rank each row on its own among the methods of the reference."""
    ranks = np.empty(scores.shape)
    for k, methods in enumerate(reference):
        ranks[:, k] = rank_among(scores[:, k], methods[:, None])
    return ranks.mean(axis=1)
