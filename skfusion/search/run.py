"""Score the candidates of a search space and write what came of it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import tempfile
from pathlib import Path

import joblib
import numpy as np

from .._atomic_files import replace_file
from ..metrics import FusionScorer, single_split
from ..metrics.sets import compute_entries
from ..model_files import save_pipeline
from ..pairs import as_pairs
from .cache import Candidate, EnhancementCache, learns
from .journal import Journal, SearchInterrupted, short
from .objective import MEAN_RANK, MeanRank, as_value, resolve_objective
from .space import shown
from .strategies import check_strategy, make_searcher, varying

__all__ = ["run_search", "write_search"]

_RESERVED = ("score", "mean rank", "mean_rank", "seconds", "n_pairs", "rank")


def run_search(
    pairs,
    space,
    *,
    objective=None,
    against=None,
    strategy=None,
    n_candidates=None,
    random_state=None,
    n_jobs=None,
    verbose=0,
    cache=None,
):
    """Score the candidates of a search space on pairs.

    Parameters
    ----------
    pairs : pairs
        Read into memory once if they are paths.
    space : SearchSpace
        What the following arguments leave open (``None``) is taken from it.
    objective : str, optional
        ``"mean-rank"`` (:class:`skfusion.search.MeanRank`), a metric of the space, or
        another key of :data:`skfusion.metrics.registry`.
    against : path or pandas.DataFrame, optional
        A table of other methods, in the forms of :class:`skfusion.search.MeanRank`;
        a table with a row an image is restricted to the names of the pairs.
    strategy : {"grid", "random", "halving"}, optional
        ``"grid"``: all combinations. ``"random"``: `n_candidates` drawn ones.
        ``"halving"``: all combinations, or `n_candidates` drawn ones, on a few pairs;
        the best third goes on with three times the pairs, up to nearly all.
    n_candidates : int, optional
        How many candidates are drawn, 10 by default, or all where halving can have
        all; not with ``"grid"``.
    random_state : int, optional
        Decides what is drawn: candidates, and pairs of the rounds of halving.
    n_jobs : int, default=None
        Number of workers.
    verbose : int, default=0
        As in ``GridSearchCV``.
    cache : path, optional
        Folder where slow enhancement steps leave their images, for this search and
        later ones. By default a temporary folder that is removed at the end.

    Returns
    -------
    table : pandas.DataFrame
        One row a candidate, best first: its parameters, the mean of each metric as
        the metric counts it, ``mean_rank`` where ranks were asked for, the seconds
        spent on it, ``n_pairs`` of its last round for halving, and ``rank``.
        ``table.attrs`` names columns: ``"parameters"``, ``"metrics"``,
        ``"objective"``.
    best : estimator
        Fitted with the best parameters.

    Raises
    ------
    ValueError
        If the arguments do not fit together, the table lacks a metric or a pair, or a
        candidate cannot fuse.
    SearchInterrupted
        A ``KeyboardInterrupt`` whose ``table`` has the candidates finished so far.

    Notes
    -----
    A pipeline that learns nothing is only scored. Images enhanced by steps that take
    long are shared between candidates; the candidate that computed them first has
    them in its ``seconds``.

    The rounds of halving see different pairs, so candidates of an earlier round rank
    behind all of a later one.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.fusers import LaplacianPyramid
    >>> from skfusion.search import SearchSpace, run_search
    >>> space = SearchSpace(LaplacianPyramid(), {"n_levels": [1, 2, 3]}, ["qabf"])
    >>> X = make_scene_pairs(2, size=(32, 48), random_state=0)
    >>> table, best = run_search(X, space)
    >>> len(table), best.n_levels == table["n_levels"][0]
    (3, np.True_)
    """
    strategy = space.strategy if strategy is None else strategy
    n_candidates = space.n_candidates if n_candidates is None else n_candidates
    objective = space.objective if objective is None else objective
    against = space.against if against is None else against
    seed = space.random_state if random_state is None else random_state
    check_strategy(strategy, n_candidates, space.grid)
    entries, objective = resolve_objective(space.metrics, objective, against)
    for entry in entries:
        if entry.column in _RESERVED:
            raise ValueError(
                f"metrics: {entry.column!r} is a column of every search: give the "
                "metric another name."
            )
    X = as_pairs(pairs).pack()
    _check_pairs(X, strategy)
    ranker = None
    if objective == MEAN_RANK or against is not None:
        ranker = MeanRank(entries, against=against, names=X.names)
    if strategy == "halving":
        if objective == MEAN_RANK and not ranker.fixed:
            raise ValueError(
                "objective='mean-rank' with strategy='halving': ranks among the "
                "candidates of a round say nothing in the next; give a table with "
                "against=, use one metric, or strategy='grid' or 'random'."
            )
        scorer, refit = _SearchScorer(entries, objective, ranker), "score"
    else:
        scorer = _SearchScorer(entries)
        refit = ranker if objective == MEAN_RANK else objective
    searcher = make_searcher(strategy, space.grid, n_candidates, len(X), seed)
    with _temporary_folder() as folder:
        if cache is None:
            cache = Path(folder) / "cache"
        scorer.journal = Journal(Path(folder) / "journal", varying(space.grid))
        search = searcher(
            Candidate(space.estimator, EnhancementCache(cache)),
            scoring=scorer,
            refit=refit,
            cv=single_split(X),
            n_jobs=n_jobs,
            verbose=verbose,
            error_score="raise",
        )
        try:
            search.fit(X)
        except KeyboardInterrupt:
            results = scorer.journal.results(rounds=strategy == "halving")
            if results is None:
                raise
            table = _table(results, entries, objective, ranker)
            raise SearchInterrupted(table) from None
    best = search.best_estimator_.estimator_
    if not learns(best):
        best.fit(X[:1])  # nothing is learned: the pair only shows the form
    return _table(search.cv_results_, entries, objective, ranker), best


def write_search(table, best, folder) -> tuple[Path, Path]:
    """Write the table as ``search.csv`` and the best pipeline as ``best.json``.

    Parameters
    ----------
    table, best
        From :func:`run_search`.
    folder : path
        Made if it is not there.

    Returns
    -------
    tuple of two paths
        Of the table and of the pipeline.
    """
    path = save_table(table, folder)
    save_pipeline(best, path.with_name("best.json"))
    return path, path.with_name("best.json")


def save_table(table, folder) -> Path:
    """Write ``search.csv`` and return its path."""
    path = Path(folder) / "search.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, table.to_csv(index=False).encode())
    return path


class _SearchScorer(FusionScorer):
    """FusionScorer that adds what the table and halving need.

    A metric with a target scores by the distance from it, which the table cannot turn
    back into the metric's mean: that comes as ``"raw <column>"``. Halving goes by the
    one number ``"score"``, and its ranks belong to the pairs of the round.
    """

    def __init__(self, metrics, decide=None, ranker=None):
        super().__init__(metrics)
        self.decide = decide
        self.ranker = ranker
        self.journal = None
        self._raw = {
            f"raw {entry.column}": entry.column
            for entry in self.entries
            if entry.record.target is not None
        }
        self.entries += [
            entry._replace(column=raw)
            for entry in self.entries
            for raw, column in self._raw.items()
            if column == entry.column
        ]

    def __call__(self, estimator, X, y=None):
        scores = super().__call__(estimator, X)
        if self.ranker is not None:
            scores["mean rank"] = self.ranker.rank(scores, as_pairs(X).names)
        if self.decide == MEAN_RANK:
            scores["score"] = -scores["mean rank"]
        elif self.decide is not None:
            scores["score"] = scores[self.decide]
        if self.journal is not None:
            self.journal.add(estimator, scores, len(X))
        return scores

    def _score_pair(self, infrared, visible, fused):
        entries = [entry for entry in self.entries if entry.column not in self._raw]
        row = compute_entries(infrared, visible, fused, entries)
        scores = {e.column: e.record.better(row[e.column]) for e in entries}
        return scores | {raw: row[column] for raw, column in self._raw.items()}


def _check_pairs(X, strategy):
    needed = 2 if strategy == "halving" else 1
    if len(X) < needed:
        raise ValueError(
            f"pairs holds {len(X)}: strategy={strategy!r} needs at least {needed}."
        )


def _temporary_folder():
    return tempfile.TemporaryDirectory(prefix="skfusion-", ignore_cleanup_errors=True)


def _table(results, entries, objective, ranker):
    import pandas as pd

    params = [
        {shown(name): short(value) for name, value in row.items()}
        for row in results["params"]
    ]
    parameters = list(dict.fromkeys(name for row in params for name in row))
    table = pd.DataFrame(index=range(len(params)))
    for name in parameters:
        column = [row.get(name) for row in params]
        table[name] = pd.array(column) if None in column else column
    for entry in entries:
        raw = results.get(f"mean_test_raw {entry.column}")
        if raw is None:
            raw = as_value(results[f"mean_test_{entry.column}"], entry.record)
        table[entry.column] = raw
    if ranker is not None:
        own = results.get("mean_test_mean rank")
        table["mean_rank"] = ranker.ranks(results) if own is None else own
    table["seconds"] = results["mean_fit_time"] + results["mean_score_time"]
    if "iter" in results:
        table["n_pairs"] = results["n_resources"]
        keys = [-results["iter"], -results["mean_test_score"]]
        order = np.lexsort(keys[::-1])
        # Of a candidate that went on only its last round stands in the table.
        hashes = [joblib.hash(row) for row in results["params"]]
        last = {key: i for i, key in enumerate(hashes)}
        order = order[np.isin(order, list(last.values()))]
    elif objective == MEAN_RANK:
        keys = [table["mean_rank"].to_numpy()]
        order = ranker.order(results)
    else:
        keys = [-results[f"mean_test_{objective}"]]
        order = np.argsort(keys[0], kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    table["rank"] = _shared_ranks([key[order] for key in keys])
    table.attrs = {
        "parameters": parameters,
        "metrics": [entry.column for entry in entries],
        "objective": "mean_rank" if objective == MEAN_RANK else objective,
    }
    return table


def _shared_ranks(keys):
    """Rank sorted rows: those with equal keys share the first of their ranks."""
    keys = np.nan_to_num(np.column_stack(keys), nan=np.inf)
    new = np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)]
    return np.maximum.accumulate(np.where(new, np.arange(1, len(keys) + 1), 0))
