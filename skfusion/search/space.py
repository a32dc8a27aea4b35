"""The search file: a pipeline, what may vary in it, and what decides."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..compose import with_color
from ..metrics.sets import as_entries
from ..model_files import decode
from ..pipelines import get_pipeline
from .distributions import DISTRIBUTIONS, is_int, make_distribution
from .objective import resolve_objective
from .parsing import read_data

__all__ = ["STRATEGIES", "SearchSpace", "read_space", "shown"]

STRATEGIES = ("grid", "random", "halving")
_KEYS = (
    "pipeline",
    "params",
    "metrics",
    "objective",
    "refit",
    "against",
    "strategy",
    "n_candidates",
    "random_state",
    "color",
)
_MAX_LINE = 1000


@dataclass
class SearchSpace:
    """What a search file asks for.

    Attributes
    ----------
    estimator : estimator
        The pipeline, wrapped for colour.
    grid : dict or list of dict
        In the form of ``GridSearchCV`` or ``RandomizedSearchCV``, names as seen from
        ``estimator``.
    metrics : str or list, optional
        In the form that :class:`skfusion.metrics.FusionScorer` takes. By default the
        objective, or the set ``"vifb"`` where ranks are asked for.
    objective : str, optional
        ``"mean-rank"`` or the metric that decides: by default ``"mean-rank"`` with
        `against`, else the first metric.
    against : path or pandas.DataFrame, optional
        The published table of :class:`skfusion.search.MeanRank`.
    strategy : {"grid", "random", "halving"}, default="grid"
    n_candidates : int, optional
        How many candidates ``"random"`` and ``"halving"`` draw.
    random_state : int, default=0
    """

    estimator: object
    grid: dict | list
    metrics: object = None
    objective: str | None = None
    against: object = None
    strategy: str = "grid"
    n_candidates: int | None = None
    random_state: int = 0


def read_space(path) -> SearchSpace:
    """Read a search file (YAML or JSON).

    Parameters
    ----------
    path : path
        A mapping with the keys

        ``pipeline``
            A name of :func:`skfusion.pipelines.pipeline_names`, or an estimator as
            ``{class: ..., params: {...}}``.
        ``params``
            By parameter name (``fuse__n_levels``, ``enhance__visible``) a list of
            values, or a distribution: ``{uniform: [low, high]}``, ``{loguniform: [low,
            high]}``, ``{integers: [low, high]}`` (both ends included). Whole steps are
            written as estimators. A list of such mappings is searched one by one.
        ``metrics``, ``objective``, ``against``, ``strategy``, ``n_candidates``, \
``random_state``
            Optional, see :class:`SearchSpace`. ``against`` is relative to the search
            file. ``refit`` is scikit-learn's word for ``objective``.
        ``color``
            See :func:`skfusion.compose.with_color`; default ``luma``.

    Returns
    -------
    SearchSpace

    Raises
    ------
    ValueError
        If the file cannot be read or a key, name or value is unknown.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skfusion.search import read_space
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "space.yaml"
    ...     _ = path.write_text('''
    ... pipeline: laplacian_pyramid
    ... params: {fuse__n_levels: [2, 4, 6]}
    ... metrics: [qabf, en]
    ... objective: qabf
    ... ''')
    ...     space = read_space(path)
    >>> space.objective, space.grid
    ('qabf', {'estimator__fuse__n_levels': [2, 4, 6]})
    """
    path = Path(path)
    try:
        content = read_data(path)
    except ValueError as error:
        raise ValueError(f"search file {str(path)!r} {error}.") from None
    if not isinstance(content, dict):
        raise ValueError(
            f"search file {str(path)!r} is no mapping: it needs the keys {_listed()}."
        )
    try:
        return _space(content, path)
    except ValueError as error:
        line = " ".join(str(error).split())
        if len(line) > _MAX_LINE:
            line = f"{line[:_MAX_LINE]}..."
        raise ValueError(f"search file {str(path)!r}: {line}") from None


def _space(content, path):
    unknown = sorted(set(map(str, content)) - set(_KEYS))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}: use {_listed()}.")
    for key in ("pipeline", "params"):
        if key not in content:
            raise ValueError(f"it lacks the key {key!r}.")
    pipeline = _pipeline(content["pipeline"])
    grid = _grid(content["params"])
    color = content.get("color", "luma")
    estimator = with_color(pipeline, color)
    grid = _prefixed(grid, "estimator__")
    _check_names(estimator, grid)
    return SearchSpace(estimator, grid, **_settings(content, path))


def _pipeline(given):
    if isinstance(given, str):
        return get_pipeline(given)
    pipeline = decode(given)
    if not hasattr(pipeline, "transform"):
        raise ValueError(
            f"pipeline={given!r}: expected a name of pipeline_names() or "
            "{class: ..., params: {...}}."
        )
    return pipeline


def _settings(content, path):
    metrics, against = content.get("metrics"), content.get("against")
    if against is not None:
        if not isinstance(against, str):
            raise ValueError(f"against={against!r}: expected the path of a table.")
        against = path.parent / against
    strategy = content.get("strategy", "grid")
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy={strategy!r}: use one of {', '.join(STRATEGIES)}.")
    for key in ("n_candidates", "random_state"):
        value = content.get(key)
        if value is not None and (not is_int(value) or not 0 <= value < 2**32):
            raise ValueError(f"{key}={value!r}: expected a whole number below 2**32.")
    return {
        "metrics": metrics,
        "objective": _objective(content, metrics, against),
        "against": against,
        "strategy": strategy,
        "n_candidates": content.get("n_candidates"),
        "random_state": content.get("random_state") or 0,
    }


def _objective(content, metrics, against):
    """Return what decides; ``refit`` must be one of the metrics that are named."""
    objective = content.get("objective")
    if "refit" not in content:
        resolve_objective(metrics, objective, against)
        return objective
    if objective is not None:
        raise ValueError("objective and refit are one thing: keep one of them.")
    refit = content["refit"]
    entries, _ = resolve_objective(metrics, refit, against)
    if metrics is not None:
        columns = [entry.column for entry in as_entries(metrics)]
        if len(entries) > len(columns):
            raise ValueError(f"refit={refit!r} is none of its metrics {columns}.")
    return refit


def _listed():
    return ", ".join(_KEYS)


def _grid(params):
    if isinstance(params, list) and params:
        return [_grid(part) for part in params]
    if not isinstance(params, dict):
        raise ValueError(
            f"params={params!r}: expected a mapping from parameter names to lists "
            "of values, or a list of such mappings."
        )
    return {str(name): _values(str(name), given) for name, given in params.items()}


def _values(name, given):
    """Return the list of values or the distribution that a parameter gets."""
    if isinstance(given, list) and given:
        return decode(given)
    if isinstance(given, dict) and len(given) == 1:
        ((kind, bounds),) = given.items()
        if kind in DISTRIBUTIONS:
            return make_distribution(name, kind, bounds)
    raise ValueError(
        f"params: {name!r} is {given!r}: expected a list of values, or a "
        f"distribution {{NAME: [low, high]}} with NAME one of "
        f"{', '.join(DISTRIBUTIONS)}."
    )


def shown(name):
    """Return a parameter's name as the search file has it."""
    return name.removeprefix("estimator__")  # of what keeps the colour


def _prefixed(grid, prefix):
    if isinstance(grid, list):
        return [_prefixed(part, prefix) for part in grid]
    return {prefix + key: values for key, values in grid.items()}


def _check_names(estimator, grid):
    # A nested name can become valid only after its step is exchanged, so that only
    # the first part can be checked before the search.
    known = {name.split("__")[0] for name in estimator.get_params()}
    inner = getattr(estimator, "estimator", None)
    if inner is not None:
        known = {
            f"estimator__{name.split('__')[0]}" for name in inner.get_params()
        } | known
    for part in grid if isinstance(grid, list) else [grid]:
        for name in part:
            parts = name.split("__")
            head = "__".join(parts[:2]) if inner is not None else parts[0]
            if head not in known:
                raise ValueError(
                    f"params: {shown(name)!r} names no step or parameter of the "
                    "pipeline; it starts with one of "
                    f"{sorted(k.removeprefix('estimator__') for k in known)}."
                )
