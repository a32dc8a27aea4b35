"""Which candidates are scored, and on how many pairs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from functools import partial
from numbers import Integral

import joblib
import numpy as np
from sklearn.model_selection import GridSearchCV, ParameterGrid, ParameterSampler

from .space import STRATEGIES, is_distribution, shown

__all__ = ["check_strategy", "make_searcher", "varying"]

_FACTOR = 3
_DEFAULT_CANDIDATES = 10


def make_searcher(strategy, grid, n_candidates, n_pairs, seed):
    """Return a search class with all but the arguments that the strategies share.

    Parameters
    ----------
    strategy : {"grid", "random", "halving"}
    grid : dict or list of dict
        Names as seen from the pipeline.
    n_candidates : int or None
    n_pairs : int
    seed : int

    Returns
    -------
    callable
        Takes ``(Candidate(...), scoring=, refit=, cv=, ...)``.
    """
    size = None if _distributions(grid) else len(ParameterGrid(grid))
    if strategy == "random" or n_candidates is not None or size is None:
        grid = _draw(grid, n_candidates or _DEFAULT_CANDIDATES, size, seed)
        size = len(grid)
    grid = _prefixed(grid)
    if strategy != "halving":
        return partial(GridSearchCV, param_grid=grid)
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    return partial(
        HalvingGridSearchCV,
        param_grid=grid,
        factor=_FACTOR,
        min_resources=_first_round(size, n_pairs),
        random_state=seed,
        return_train_score=False,
    )


def _draw(grid, n_candidates, size, seed):
    """Return drawn candidates as grids of one value each.

    They are those of ``RandomizedSearchCV`` but for repetitions, which come where one
    of several grids has no distribution, and would weigh in the ranks.
    """
    tries = 10 * n_candidates if size is None else min(n_candidates, size)
    drawn = {}
    for params in ParameterSampler(grid, tries, random_state=seed):
        params = {name: _plain(value) for name, value in params.items()}
        drawn.setdefault(joblib.hash(params), {k: [v] for k, v in params.items()})
        if len(drawn) == n_candidates:
            break
    return list(drawn.values())


def _plain(value):
    """Return a drawn NumPy number as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def varying(grid):
    """Return the names of all parameters of a space, as seen from a Candidate."""
    parts = _prefixed([grid] if isinstance(grid, dict) else grid)
    return [name for part in parts for name in part]


def _prefixed(grid):
    """Return the grid as seen from a Candidate."""
    if isinstance(grid, dict):
        return {f"estimator__{name}": values for name, values in grid.items()}
    return [_prefixed(part) for part in grid]


def _distributions(grid):
    parts = [grid] if isinstance(grid, dict) else grid
    return [n for part in parts for n, v in part.items() if is_distribution(v)]


def _first_round(n_candidates, n_pairs):
    """Return the pairs of the first round, so that the last takes nearly all."""
    first = n_pairs
    while n_candidates >= _FACTOR and first // _FACTOR >= 2:
        n_candidates //= _FACTOR
        first //= _FACTOR
    return first


def check_strategy(strategy, n_candidates, grid):
    """Refuse what does not fit together."""
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy={strategy!r}: use one of {', '.join(STRATEGIES)}.")
    if n_candidates is not None and (
        not isinstance(n_candidates, Integral) or n_candidates < 1
    ):
        raise ValueError(f"n_candidates={n_candidates!r}: expected at least 1.")
    if strategy != "grid":
        return
    if n_candidates is not None:
        raise ValueError(
            f"n_candidates={n_candidates} with strategy='grid': a grid scores all "
            "combinations; use strategy='random' or 'halving'."
        )
    for name in _distributions(grid):
        raise ValueError(
            f"params: {shown(name)!r} is a distribution, strategy='grid' needs lists "
            "of values: use strategy='random' or 'halving'."
        )
