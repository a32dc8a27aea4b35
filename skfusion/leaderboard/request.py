"""What a bench is asked for: pairs, methods of ours and of others, metrics."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..bad_pairs import readable
from ..compose.colour import check_color, with_color
from ..datasets import load_pairs
from ..fused_files import check_names
from ..metrics.sets import as_entries
from ..pairs import as_pairs
from ..pipelines import get_pipeline, pipeline_names
from .published import find_published

__all__ = ["Request", "read_request"]


@dataclass(frozen=True)
class Request:
    """What was asked for, checked.

    Attributes
    ----------
    pairs : ImagePairs
        Those that can be read.
    sizes : list of int
        Pixels of each.
    estimators : dict of str to estimator
        As they are used, colour included.
    named : set of str
        The methods among them that are pipelines of the registry.
    others : list of skfusion.leaderboard.published.PublishedMethod
    entries : list of skfusion.metrics.sets.Entry
    color, dataset : str
    published : path or None
        Where the methods of others lie.
    failures : list of dict
        The pairs that cannot be read.
    """

    pairs: object
    sizes: list
    estimators: dict
    named: set
    others: list
    entries: list
    color: str
    dataset: str
    published: object
    failures: list

    @property
    def names(self) -> list[str]:
        """Names of the pairs."""
        return [str(name) for name in self.pairs.names]


def read_request(pairs, methods, published, metrics, color, dataset) -> Request:
    """Check the arguments of :func:`skfusion.leaderboard.run_bench`.

    Raises
    ------
    ValueError
        If nothing can be done with them.
    """
    if isinstance(pairs, (str, os.PathLike)):
        dataset = dataset or Path(pairs).resolve().name
        pairs = load_pairs(pairs)
    pairs = as_pairs(pairs)
    if len(pairs) == 0:
        raise ValueError("pairs holds no pair: give at least one.")
    try:
        entries = as_entries(metrics)
    except KeyError as error:
        raise ValueError(f"metrics={metrics!r}: {error.args[0]}") from None
    check_color(color)
    given = _as_dict(methods)
    if not given and published is None:
        raise ValueError("methods is empty and published is not given: nothing to do.")
    estimators = {
        name: with_color(get_pipeline(name) if own is None else own, color)
        for name, own in given.items()
    }
    check_names(pairs.names)
    pairs, sizes, failures = readable(pairs)
    failures = [{"method": "", **failure} for failure in failures]
    dataset, others = dataset or "pairs", []
    if published is not None:
        others = find_published(published, dataset, list(map(str, pairs.names)))
    return Request(
        pairs=pairs,
        sizes=sizes,
        estimators=estimators,
        named={name for name, own in given.items() if own is None},
        others=others,
        entries=entries,
        color=color,
        dataset=dataset,
        published=published,
        failures=failures,
    )


def _as_dict(methods):
    if isinstance(methods, str):
        methods = pipeline_names() if methods == "all" else [methods]
    if not isinstance(methods, Mapping):
        methods = dict.fromkeys(methods)
    for name in methods:
        plain = isinstance(name, str) and PurePosixPath(name).name == name
        if not plain or "\\" in name or name in (".", ".."):
            raise ValueError(
                f"methods: {name!r} names no folder: use a plain word for each method."
            )
    folded = [name.casefold() for name in methods]
    for name in methods:
        if folded.count(name.casefold()) > 1:
            raise ValueError(
                f"methods: {name!r} comes twice but for capitals: each method needs a "
                "folder of its own."
            )
    return dict(methods)
