"""Which candidates are scored, and on how many pairs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from functools import partial

import joblib
import numpy as np
from sklearn.model_selection import GridSearchCV, ParameterGrid, ParameterSampler

from .distributions import is_distribution, is_int
from .space import STRATEGIES, shown

__all__ = ["check_strategy", "draw_candidates", "make_searcher"]

_FACTOR = 3
_DEFAULT_CANDIDATES = 10
_MAX_CANDIDATES = 100_000
_MAX_SIZE = 2**62  # what scikit-learn can number


def draw_candidates(strategy, grid, n_candidates, seed) -> list[dict]:
    """Return the parameters of each candidate.

    Parameters
    ----------
    strategy : {"grid", "random", "halving"}
    grid : dict or list of dict
        Names as seen from the pipeline.
    n_candidates : int or None
    seed : int

    Returns
    -------
    list of dict
    """
    size = None if _distributions(grid) else _size(grid)
    if strategy == "random" or n_candidates is not None or size is None:
        return _draw(grid, n_candidates or _DEFAULT_CANDIDATES, size, seed)
    if size > _MAX_CANDIDATES:
        raise ValueError(
            f"params: a grid of {_digits(size)} candidates, more than "
            f"{_MAX_CANDIDATES}: use strategy='random' or 'halving' with n_candidates, "
            "or fewer values."
        )
    return list(ParameterGrid(grid))


def make_searcher(strategy, candidates, n_pairs, seed):
    """Return a search class with all but the arguments that the strategies share.

    Parameters
    ----------
    strategy : {"grid", "random", "halving"}
    candidates : list of dict
    n_pairs : int
    seed : int

    Returns
    -------
    callable
        Takes ``(Candidate(...), scoring=, refit=, cv=, ...)``.
    """
    grid = [{"number": [i], "params": [p]} for i, p in enumerate(candidates)]
    if strategy != "halving":
        return partial(GridSearchCV, param_grid=grid)
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    return partial(
        HalvingGridSearchCV,
        param_grid=grid,
        factor=_FACTOR,
        min_resources=_first_round(len(candidates), n_pairs),
        random_state=seed,
        return_train_score=False,
    )


def _draw(grid, n_candidates, size, seed):
    """Return drawn candidates.

    They are those of ``RandomizedSearchCV`` but for repetitions, which come where one
    of several grids has no distribution, and would weigh in the ranks.
    """
    if size is not None and size > _MAX_SIZE:
        raise ValueError(
            f"params: lists of {_digits(size)} combinations cannot be drawn from: "
            "write distributions, or fewer values."
        )
    tries = 10 * n_candidates if size is None else min(n_candidates, size)
    drawn = {}
    for params in ParameterSampler(grid, tries, random_state=seed):
        params = {name: _plain(value) for name, value in params.items()}
        drawn.setdefault(joblib.hash(params), params)
        if len(drawn) == n_candidates:
            break
    return list(drawn.values())


def _plain(value):
    """Return a drawn NumPy number as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _parts(grid):
    return [grid] if isinstance(grid, dict) else grid


def _distributions(grid):
    return [n for part in _parts(grid) for n, v in part.items() if is_distribution(v)]


def _size(grid):
    return sum(math.prod(map(len, part.values())) for part in _parts(grid))


def _digits(size):
    return f"{size:.3g}" if size < 1e300 else "1e300 and more"


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
    if n_candidates is not None and not (
        is_int(n_candidates) and 1 <= n_candidates <= _MAX_CANDIDATES
    ):
        raise ValueError(
            f"n_candidates={n_candidates!r}: expected at least 1 and at most "
            f"{_MAX_CANDIDATES}."
        )
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
