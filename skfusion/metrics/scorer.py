"""Scorers for scikit-learn's searches: fuse once, score with many metrics."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import sys
import warnings

import numpy as np

from skfusion.images import as_levels
from skfusion.images.notices import Notices
from skfusion.pairs import as_pairs

from ._metric import Metric, UndefinedMetricWarning
from .sets import as_entries, compute_entries

__all__ = [
    "FusionScorer",
    "PairValues",
    "get_fusion_scorer",
    "make_fusion_scorer",
    "single_split",
]


class FusionScorer:
    """Multi-metric scorer of a fuser or of a whole pipeline.

    Called as scikit-learn's searches call a scorer, ``scorer(estimator, X, y=None)``,
    it fuses all pairs of X with ONE ``transform``, scores each fused image against its
    pair as it stands in X (not as a step of the pipeline enhanced it, but in the size
    that a step gave it) and returns the means.

    Parameters
    ----------
    metrics : str or list
        Name of a set (:func:`skfusion.metrics.metric_set`), key of the registry, or a
        list of keys and of ``(column, key, keywords)``.

    Notes
    -----
    A metric that is better when lower is negated (its score keeps its name), one that
    is best at a value inside its range counts as minus the distance to it: greater is
    better for every score.

    Where a metric is not defined for a pair because one of the *sources* is constant,
    the pair is left out of the mean, with an :class:`UndefinedMetricWarning`. Where the
    fused image is to blame the mean is NaN, so that a search ranks the candidate last.

    Colour output is scored by its luma unless an entry says ``channel="mean"``.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.metrics import FusionScorer
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((16, 16)), rng.random((16, 16))) for _ in range(2)]
    >>> sorted(FusionScorer(["qabf", "nabf"])(AverageFuser(), X))
    ['nabf', 'qabf']

    ``GridSearchCV(pipeline, grid, scoring=FusionScorer(["qabf", "en"]), refit="qabf",
    cv=single_split(X))`` searches with it. scikit-learn's searches by halving take one
    number: :func:`get_fusion_scorer`.
    """

    def __init__(self, metrics):
        self.entries = as_entries(metrics)

    def __repr__(self):
        return f"FusionScorer({[entry.column for entry in self.entries]})"

    def __call__(self, estimator, X, y=None) -> dict[str, float]:
        """Fuse X and return the mean score by name."""
        return Scores(self.values(estimator, X).scores(), "get_fusion_scorer({!r})")

    def values(self, estimator, X) -> PairValues:
        """Fuse X and return what the metrics say of each pair.

        Parameters
        ----------
        estimator : fuser or Pipeline
            Fitted, or one that needs no fitting.
        X : pairs

        Returns
        -------
        PairValues
            Its ``means()`` are what the metrics count, its ``scores()`` what a call of
            the scorer returns.

        Raises
        ------
        ValueError
            If a pair cannot be read, fused or measured.

        Examples
        --------
        >>> import numpy as np
        >>> from skfusion.fusers import AverageFuser
        >>> from skfusion.metrics import FusionScorer
        >>> rng = np.random.default_rng(0)
        >>> X = [(rng.random((16, 16)), rng.random((16, 16))) for _ in range(3)]
        >>> values = FusionScorer(["qabf", "nabf"]).values(AverageFuser(), X)
        >>> values.table.shape, values.means()["nabf"] == -values.scores()["nabf"]
        ((3, 2), True)
        """
        better = {entry.column: entry.record.better for entry in self.entries}
        return _measured(estimator, X, better, self._measure)

    def _measure(self, infrared, visible, fused):
        return compute_entries(infrared, visible, fused, self.entries)


class Scores(dict):
    """Scores by name, which tell a search by halving that it takes only one of them.

    It would end in ``KeyError: 'mean_test_score'``, and an error raised while it calls
    the scorer is a NaN to it: so they tell when it collects them. `single` is how to
    write a scorer of one metric, its name in braces.
    """

    def __init__(self, scores, single):
        super().__init__(scores)
        self._single = single

    def __iter__(self):
        if _halving_collects():
            raise ValueError(
                f"a search by halving decides by one number and got the metrics "
                f"{', '.join(self.keys())}: use scoring="
                f"{self._single.format(next(iter(self.keys())))}, or GridSearchCV, "
                "where refit= names the metric that decides, or "
                "run_search(strategy='halving') of skfusion.search, which keeps all "
                "metrics."
            )
        return super().__iter__()


def _halving_collects():
    module = sys.modules.get("sklearn.model_selection._search_successive_halving")
    frame = sys._getframe(2)
    for _ in range(8 if module else 0):
        if frame is None:
            break
        if frame.f_code.co_filename == module.__file__:
            return True
        frame = frame.f_back
    return False


class PairValues:
    """Values of metrics over pairs, and the scores that follow from them.

    Parameters
    ----------
    better : dict of str to callable
        For each column what turns a value into a score: greater is better.
    table : array-like of float, shape (n_pairs, n_metrics)
        What each metric says of each pair; NaN where it is not defined.
    excused : array-like of bool, shape (n_pairs,)
        Pairs with a constant source: what is NaN there is left out of the means.
    """

    def __init__(self, better, table, excused):
        self.better = better
        self.table = np.asarray(table, dtype=np.float64).reshape(-1, len(better))
        self.excused = np.asarray(excused, dtype=bool)

    def means(self) -> dict[str, float]:
        """Return the mean of each metric, as the metric counts."""
        return {name: _mean(column) for name, column in self._kept()}

    def scores(self) -> dict[str, float]:
        """Return the mean score of each metric: greater is better."""
        return {
            name: _mean(np.array([self.better[name](value) for value in column]))
            for name, column in self._kept()
        }

    def left_out(self) -> dict[str, int]:
        """Return of how many pairs each metric has no say."""
        counts = (np.isnan(self.table) & self.excused[:, None]).sum(axis=0)
        return {name: int(n) for name, n in zip(self.better, counts) if n}

    def _kept(self):
        for name, column in zip(self.better, self.table.T):
            yield name, column[~(np.isnan(column) & self.excused)]


def _mean(values):
    return float(values.mean()) if values.size else math.nan


class _SingleScorer:
    """Scorer of one metric: returns a float."""

    def __init__(self, entry):
        self.entry = entry

    def __repr__(self):
        kwargs = "".join(f", {k}={v!r}" for k, v in self.entry.kwargs.items())
        return f"make_fusion_scorer({self.entry.metric!r}{kwargs})"

    def __call__(self, estimator, X, y=None) -> float:
        scorer = FusionScorer([self.entry])
        return scorer(estimator, X)[self.entry.column]


class _FunctionScorer:
    """Scorer of a user's function (infrared, visible, fused) -> float."""

    def __init__(self, function, greater_is_better, kwargs):
        self.function = function
        self.greater_is_better = greater_is_better
        self.kwargs = kwargs

    def __repr__(self):
        return (
            f"make_fusion_scorer({getattr(self.function, '__name__', self.function)})"
        )

    def __call__(self, estimator, X, y=None) -> float:
        name = getattr(self.function, "__name__", "score")
        sign = 1.0 if self.greater_is_better else -1.0

        def measure(infrared, visible, fused):
            return {name: float(self.function(infrared, visible, fused, **self.kwargs))}

        better = {name: lambda value: sign * value}
        return _measured(estimator, X, better, measure).scores()[name]


def _measured(estimator, X, better, measure):
    """Fuse all pairs at once and measure each; `measure` returns {column: value}."""
    from skfusion.sizes import sized  # loads scikit-learn's pipelines, pandas with them

    with Notices():
        pairs = as_pairs(X)
        fused = estimator.transform(X)
        if len(fused) != len(pairs):
            raise ValueError(
                f"{type(estimator).__name__}.transform returned {len(fused)} images "
                f"for {len(pairs)} pairs: a scorer needs one fused image a pair."
            )
        table, excused = [], []
        for i in range(len(pairs)):
            # The sizes are those that the estimator fused at.
            infrared, visible = sized(estimator, pairs[i : i + 1]).read(0)
            row = measure(infrared, visible, fused[i])
            table.append([row[column] for column in better])
            excused.append(
                any(map(math.isnan, table[-1]))
                and (_is_flat(infrared) or _is_flat(visible))
            )
        values = PairValues(better, table, excused)
    left_out = values.left_out()
    if left_out:
        named = ", ".join(f"{column} ({n})" for column, n in left_out.items())
        warnings.warn(
            f"pairs left out because a source is constant: {named} of {len(pairs)}.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
    return values


def _is_flat(image):
    levels = as_levels(image)
    return bool(levels.min() == levels.max())


def make_fusion_scorer(metric, *, greater_is_better: bool = True, **kwargs):
    """Make a scorer of one metric, for ``scoring=`` of a search.

    Parameters
    ----------
    metric : str or callable
        Key of the registry or one of its metrics, ``"nabf"`` or ``nabf``; or your own
        ``metric(infrared, visible, fused, **kwargs) -> float`` on float images in
        [0, 1].
    greater_is_better : bool, default=True
        Direction of your own function; the metrics of the registry know theirs.
    **kwargs
        Keywords of the metric, e.g. ``variant="liu"`` or ``channel="mean"``.

    Returns
    -------
    callable
        ``scorer(estimator, X, y=None) -> float``; greater is better, see
        :class:`FusionScorer`.

    Examples
    --------
    >>> from skfusion.metrics import make_fusion_scorer
    >>> make_fusion_scorer("qabf", variant="liu")
    make_fusion_scorer('qabf', variant='liu')
    """
    if callable(metric) and not isinstance(metric, Metric):
        return _FunctionScorer(metric, greater_is_better, kwargs)
    (entry,) = as_entries([metric])
    return _SingleScorer(entry._replace(kwargs=kwargs))


def get_fusion_scorer(name: str):
    """Return the scorer of a metric in its default variant.

    Parameters
    ----------
    name : str
        Key of :data:`skfusion.metrics.registry`.

    Returns
    -------
    callable
        ``scorer(estimator, X, y=None) -> float``.

    Examples
    --------
    >>> from skfusion.metrics import get_fusion_scorer
    >>> get_fusion_scorer("qabf")
    make_fusion_scorer('qabf')
    """
    return make_fusion_scorer(name)


def single_split(X):
    """Return a ``cv`` that scores every pair once: train = test = all pairs.

    For pipelines that learn nothing from X (stateless or pretrained): no fold is
    needed.

    Parameters
    ----------
    X : any accepted form of pairs
        Only its length is used.

    Returns
    -------
    list of one (train, test) tuple of index arrays

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import single_split
    >>> single_split(np.zeros((3, 2, 4, 4)))
    [(array([0, 1, 2]), array([0, 1, 2]))]
    """
    indices = np.arange(len(X))
    return [(indices, indices)]
