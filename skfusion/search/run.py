"""Score the candidates of a search space and write what came of it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path

from .._atomic_files import replace_file
from .._text import as_csv
from ..bad_pairs import readable
from ..images.notices import Notices
from ..metrics import FusionScorer, single_split
from ..model_files import save_pipeline
from ..pairs import as_pairs
from .cache import EnhancementCache, learns
from .candidate import Candidate
from .journal import Journal, Record
from .objective import MEAN_RANK, MeanRank, resolve_objective
from .results import check_columns, search_table
from .strategies import check_strategy, draw_candidates, make_searcher

__all__ = ["SearchInterrupted", "run_search", "save_table", "write_search"]


class SearchInterrupted(KeyboardInterrupt):
    """A search was interrupted.

    Attributes
    ----------
    table : pandas.DataFrame
        The candidates that were finished, as :func:`skfusion.search.run_search`
        returns them.
    """

    def __init__(self, table):
        super().__init__(f"{len(table)} candidates were finished: see .table")
        self.table = table


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
        Read into memory if they are paths. One that cannot be read is left out, with
        a warning that says why.
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
        ``"objective"``; and the pairs that were left out: ``"failures"``, a list of
        dicts with ``pair`` and ``error``.
    best : estimator
        Fitted with the best parameters.

    Raises
    ------
    ValueError
        If the arguments do not fit together, no pair can be read, the table lacks a
        metric or a pair, or a candidate cannot fuse.
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
    >>> len(table), bool(best.n_levels == table["n_levels"][0])
    (3, True)
    """
    strategy = space.strategy if strategy is None else strategy
    n_candidates = space.n_candidates if n_candidates is None else n_candidates
    objective = space.objective if objective is None else objective
    against = space.against if against is None else against
    seed = space.random_state if random_state is None else random_state
    check_strategy(strategy, n_candidates, space.grid)
    entries, objective = resolve_objective(space.metrics, objective, against)
    check_columns(entries, space.grid)
    candidates = draw_candidates(strategy, space.grid, n_candidates, seed)
    X, failures = _packed(as_pairs(pairs), space.estimator)
    _check_pairs(X, strategy)
    ranker = None
    if objective == MEAN_RANK or against is not None:
        ranker = MeanRank(entries, against=against, names=X.names)
    rounds = strategy == "halving"
    if rounds and objective == MEAN_RANK and not ranker.fixed:
        raise ValueError(
            "objective='mean-rank' with strategy='halving': ranks among the candidates "
            "of a round say nothing in the next; give a table with against=, use one "
            "metric, or strategy='grid' or 'random'."
        )
    searcher = make_searcher(strategy, candidates, len(X), seed)
    with _temporary_folder() as folder:
        if cache is None:
            cache = Path(folder) / "cache"
        journal = Journal(Path(folder) / "journal", entries)
        search = searcher(
            Candidate(space.estimator, EnhancementCache(cache)),
            scoring=_Recorder(FusionScorer(entries), objective, ranker, journal),
            refit=False,
            cv=single_split(X),
            n_jobs=n_jobs,
            verbose=verbose,
            error_score="raise",
        )
        stopped = False
        try:
            search.fit(X)
        except KeyboardInterrupt:
            if not journal.records():
                raise
            stopped = True
        records = journal.records()
    table, best = search_table(records, candidates, objective, ranker, rounds)
    table.attrs["failures"] = failures
    if stopped:
        raise SearchInterrupted(table) from None
    best = Candidate(space.estimator, params=candidates[best]).fit(X).estimator_
    if not learns(best):
        best.fit(X[:1])  # nothing is learned: the pair only shows the form
    return table, best


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
    replace_file(path, as_csv(table, index=False))
    return path


class _Recorder:
    """Scorer of the search: notes all values, returns the number that decides."""

    def __init__(self, scorer, objective, ranker, journal):
        self.scorer = scorer
        self.objective = objective
        self.ranker = ranker
        self.journal = journal

    def __call__(self, candidate, X, y=None):
        start = time.perf_counter()
        # What there is to say about the pairs was said when they were read.
        with Notices(quiet=True):
            values = self.scorer.values(candidate, X)
        names = [str(name) for name in as_pairs(X).names]
        seconds = candidate.fit_seconds_ + time.perf_counter() - start
        self.journal.add(Record(candidate.number, values, names, seconds))
        scores = values.scores()
        if self.objective != MEAN_RANK:
            return scores[self.objective]
        if not self.ranker.fixed:
            return 0.0  # ranks among the candidates are known when all are done
        return -self.ranker.rank(scores, names)


def _packed(pairs, estimator):
    """Return the pairs that can be read, in memory, and what is wrong with others."""
    good, _, failures = readable(pairs, estimator)
    if failures:
        named = "; ".join(f"{item['pair']!r}: {item['error']}" for item in failures)
        warnings.warn(
            f"{len(failures)} of {len(pairs)} pairs are left out: {named}",
            stacklevel=3,
        )
    return good.pack(), failures


def _check_pairs(X, strategy):
    needed = 2 if strategy == "halving" else 1
    if len(X) < needed:
        raise ValueError(
            f"pairs holds {len(X)}: strategy={strategy!r} needs at least {needed}."
        )


def _temporary_folder():
    return tempfile.TemporaryDirectory(prefix="skfusion-", ignore_cleanup_errors=True)
