"""Search enhancement and fusion parameters over a folder of pairs, from a file."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV, ParameterGrid

from .metrics import FusionScorer, registry, single_split
from .model_files import ModelFileError, decode, save_pipeline
from .pairs import as_pairs
from .pipelines import get_pipeline, with_color

__all__ = ["SearchSpace", "read_space", "run_search"]

_KEYS = ("pipeline", "params", "metrics", "refit", "color")


@dataclass
class SearchSpace:
    """What a search file asks for.

    Attributes
    ----------
    estimator : estimator
        The pipeline, wrapped for colour.
    grid : dict or list of dict
        In the form of ``GridSearchCV``, names as seen from ``estimator``.
    metrics : list of str
    refit : str
        The metric that decides.
    """

    estimator: object
    grid: dict | list
    metrics: list
    refit: str


def read_space(path) -> SearchSpace:
    """Read a search file (YAML or JSON).

    Parameters
    ----------
    path : path
        Keys: ``pipeline`` (a name of :func:`skfusion.pipelines.pipeline_names`, or an
        estimator as ``{class: ..., params: {...}}``), ``params`` (a grid: lists of
        values by parameter name; whole steps are written as estimators), ``metrics``,
        ``refit`` (default: the first metric), ``color``.

    Returns
    -------
    SearchSpace

    Raises
    ------
    ValueError
        If the file cannot be read or a key, name or value is unknown.
    """
    content = _read_mapping(Path(path))
    unknown = sorted(set(content) - set(_KEYS))
    if unknown:
        raise ValueError(
            f"search file {str(path)!r} has the unknown key {unknown[0]!r}: use "
            f"{', '.join(_KEYS)}."
        )
    for key in ("pipeline", "params"):
        if key not in content:
            raise ValueError(f"search file {str(path)!r} lacks the key {key!r}.")
    try:
        pipeline = content["pipeline"]
        if isinstance(pipeline, str):
            pipeline = get_pipeline(pipeline)
        else:
            pipeline = decode(pipeline)
        grid = decode(content["params"])
    except ModelFileError as error:
        raise ValueError(f"search file {str(path)!r}: {error}") from None
    metrics = content.get("metrics", ["qabf"])
    metrics = [metrics] if isinstance(metrics, str) else list(metrics)
    refit = content.get("refit", metrics[0])
    if refit not in metrics:
        raise ValueError(
            f"search file {str(path)!r}: refit={refit!r} is none of its metrics "
            f"{metrics}."
        )
    color = content.get("color", "luma")
    estimator = with_color(pipeline, color)
    if color == "luma":
        grid = _prefixed(grid, "estimator__")
    _check_names(estimator, grid, path)
    return SearchSpace(estimator, grid, metrics, refit)


def run_search(pairs, space, *, n_jobs=None, verbose=0):
    """Score every candidate of a search space on pairs.

    Parameters
    ----------
    pairs : pairs
        Read into memory once if they are paths.
    space : SearchSpace
    n_jobs : int, default=None
        Number of workers.
    verbose : int, default=0
        As in ``GridSearchCV``.

    Returns
    -------
    table : pandas.DataFrame
        One row a candidate, best first: its parameters, the mean of each metric in
        the metric's own direction, its seconds and rank.
    best : estimator
        Fitted with the best parameters.
    """
    import pandas as pd

    X = as_pairs(pairs).pack()
    search = GridSearchCV(
        space.estimator,
        space.grid,
        scoring=FusionScorer(space.metrics),
        refit=space.refit,
        cv=single_split(X),
        n_jobs=n_jobs,
        verbose=verbose,
        error_score="raise",
    ).fit(X)
    results = search.cv_results_
    table = pd.DataFrame(
        [
            {key.removeprefix("estimator__"): _short(v) for key, v in params.items()}
            for params in results["params"]
        ]
    )
    for name in space.metrics:
        sign = 1 if registry[name].higher_is_better else -1
        table[name] = sign * np.asarray(results[f"mean_test_{name}"])
    table["seconds"] = results["mean_score_time"]
    table["rank"] = results[f"rank_test_{space.refit}"]
    return table.sort_values("rank", kind="stable", ignore_index=True), (
        search.best_estimator_
    )


def write_search(table, best, folder) -> tuple[Path, Path]:
    """Write the table as ``search.csv`` and the best pipeline as ``best.json``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "search.csv", index=False)
    save_pipeline(best, folder / "best.json")
    return folder / "search.csv", folder / "best.json"


def _read_mapping(path):
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"search file {str(path)!r} cannot be read: {error}") from None
    try:
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        line = " ".join(str(error).split())
        raise ValueError(f"search file {str(path)!r} is malformed: {line}") from None
    if not isinstance(content, dict):
        raise ValueError(
            f"search file {str(path)!r} is no mapping: it needs the keys "
            f"{', '.join(_KEYS)}."
        )
    return content


def _prefixed(grid, prefix):
    if isinstance(grid, list):
        return [_prefixed(part, prefix) for part in grid]
    return {prefix + key: values for key, values in grid.items()}


def _check_names(estimator, grid, path):
    try:
        ParameterGrid(grid)
    except (TypeError, ValueError) as error:
        raise ValueError(f"search file {str(path)!r}: params: {error}") from None
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
                shown = name.removeprefix("estimator__")
                raise ValueError(
                    f"search file {str(path)!r}: params: {shown!r} names no step or "
                    "parameter of the pipeline; it starts with one of "
                    f"{sorted(k.removeprefix('estimator__') for k in known)}."
                )


def _short(value):
    return " ".join(repr(value).split()) if hasattr(value, "get_params") else value
