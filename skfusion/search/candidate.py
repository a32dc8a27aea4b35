"""What a search fits and scores in place of the pipeline itself."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import time

from sklearn.base import BaseEstimator, clone

from .._text import sentence
from .cache import learns, with_cache
from .space import shown

__all__ = ["Candidate"]


class Candidate(BaseEstimator):
    """A pipeline with the parameters of one candidate.

    Parameters
    ----------
    estimator : estimator
        The pipeline that all candidates share; it is not changed.
    cache : EnhancementCache, optional
    number : int, default=0
        The candidate's place among all.
    params : dict, optional
        What it has otherwise than `estimator`.

    Attributes
    ----------
    estimator_ : estimator
        The pipeline, without a trace of the cache. It is fitted only if it learns:
        ``Pipeline.fit`` would run all its steps on all pairs a second time.
    fit_seconds_ : float
    """

    def __init__(self, estimator, cache=None, number=0, params=None):
        self.estimator = estimator
        self.cache = cache
        self.number = number
        self.params = params

    def fit(self, X, y=None):
        """Fit the pipeline if anything in it learns from X."""
        start = time.perf_counter()
        params = clone(self.params or {}, safe=False)
        self.estimator_ = clone(self.estimator).set_params(**params)
        with self._named():
            if learns(self.estimator_):
                self.estimator_.fit(X)
        self.fit_seconds_ = time.perf_counter() - start
        return self

    def _inner(self):
        return self.estimator_

    def transform(self, X):
        """Fuse the pairs, enhanced images from the cache."""
        estimator = self.estimator_
        if self.cache is not None:
            estimator = with_cache(estimator, self.cache)
        with self._named():
            return estimator.transform(X)

    @contextlib.contextmanager
    def _named(self):
        """Say which candidate is no pipeline: whole steps may be exchanged for any."""
        try:
            yield
        except (AttributeError, TypeError) as error:
            given = {shown(name): value for name, value in (self.params or {}).items()}
            raise ValueError(
                f"the candidate {given} cannot fuse: {sentence(error)}."
            ) from error
