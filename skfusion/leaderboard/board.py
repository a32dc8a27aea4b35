"""The result of a bench: one row a method, the values behind it, what went wrong."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ..ranking import rank_table

__all__ = ["Leaderboard", "build_leaderboard"]

_MIB = 2**20
VALUE_COLUMNS = ["method", "source", "pair", "metric", "value"]


@dataclass
class Leaderboard:
    """Methods ranked over the metrics; what :func:`run_bench` returns.

    Attributes
    ----------
    table : pandas.DataFrame, index: methods
        Columns ``source`` (``"pipeline"``, ``"estimator"`` or ``"published"``),
        ``rank`` (1 is best, equal ones share the best place), ``mean_rank``, the mean
        of each metric over the pairs, ``seconds`` (median a pair, one thread) and
        ``memory_mib``. Best first; NaN where there is nothing to say.
    ranks : pandas.DataFrame, index: methods
        The rank in each metric.
    values : pandas.DataFrame
        One row a method, pair and metric: columns ``method``, ``source``, ``pair``,
        ``metric``, ``value``.
    incomplete : list of dict
        Methods left out of the ranking: ``method``, ``source``, ``pairs`` (how many
        they have), ``of`` and ``missing`` (names).
    failures : list of dict
        ``method`` (empty for a pair that no method could be given), ``pair`` and
        ``error``, a sentence.
    settings, environment : dict
        What was asked for, and the machine, versions, commit and date.
    """

    table: object
    ranks: object
    values: object
    incomplete: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    settings: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics, in the order that was asked for."""
        return list(self.settings["metrics"])

    def sentences(self) -> list[str]:
        """Return what went wrong and who is not ranked, one sentence each."""
        lines = []
        for item in self.failures:
            who = ", ".join(word for word in (item["method"], item["pair"]) if word)
            lines.append(f"{who}: {item['error']}")
        none = [item["method"] for item in self.incomplete if item["pairs"] == 0]
        for item in self.incomplete:
            if item["pairs"]:
                lines.append(
                    f"{item['method']} ({item['source']}) is not ranked: it has "
                    f"{item['pairs']} of {item['of']} pairs."
                )
        if none:
            lines.append(f"not ranked, for they have no pair: {', '.join(none)}.")
        return lines


def build_leaderboard(request, records, *, settings, environment) -> Leaderboard:
    """Rank what was measured: the methods that have a record of every pair.

    Parameters
    ----------
    request : Request
    records : list of Record
        One for each method and pair, failed ones included.
    settings, environment : dict

    Returns
    -------
    Leaderboard
    """
    labels = method_labels(records)
    groups = {}
    for record in records:
        groups.setdefault(labels[record.who], []).append(record)
    done = {
        label: [record for record in group if not record.error]
        for label, group in groups.items()
    }
    whole = {k: v for k, v in done.items() if len(v) == len(request.names)}
    table, ranks = _ranked(whole, request.entries)
    return Leaderboard(
        table=table,
        ranks=ranks,
        values=_values(done, request.entries),
        incomplete=_incomplete(request, groups, done),
        failures=[*request.failures, *_failures(groups)],
        settings=settings,
        environment=environment,
    )


def _ranked(groups, entries):
    """Return the table of the methods that have every pair, and their ranks."""
    import pandas as pd

    columns, rows = [entry.column for entry in entries], {}
    for label, group in groups.items():
        # A NaN in one pair makes the mean NaN, which ranks last: leaving it out would
        # reward a method for failing on a hard pair.
        rows[label] = {
            **{c: float(np.mean([r.values[c] for r in group])) for c in columns},
            "seconds": _median([record.seconds for record in group]),
            "memory_mib": _largest([record.memory for record in group]) / _MIB,
        }
    costs = ["seconds", "memory_mib"]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns + costs)
    frame = frame.astype(np.float64)
    ranks = rank_table(frame[columns], entries)
    table = frame.loc[ranks.index]
    table.insert(0, "mean_rank", ranks.pop("mean_rank"))
    place = table["mean_rank"].rank(method="min").astype(int)
    table.insert(0, "rank", place)
    table.insert(0, "source", [groups[label][0].source for label in table.index])
    table.index.name = ranks.index.name = "method"
    return table, ranks


def _values(groups, entries):
    """Return one row a method, pair and metric."""
    import pandas as pd

    rows = [
        (label, record.source, record.pair, entry.column, record.values[entry.column])
        for label, group in groups.items()
        for record in group
        for entry in entries
    ]
    # Not as text: a pair may have a name that is not UTF-8.
    table = pd.DataFrame(rows, columns=VALUE_COLUMNS, dtype=object)
    return table.astype({VALUE_COLUMNS[-1]: np.float64})


def _incomplete(request, groups, done):
    """Return an entry for every method that is not ranked: first those of others."""
    items = [
        (other.name, "published", set(other.files))
        for other in request.others
        if other.missing
    ]
    items += [
        (label, group[0].source, {record.pair for record in done[label]})
        for label, group in groups.items()
        if len(done[label]) < len(request.names)
    ]
    return [
        {
            "method": method,
            "source": source,
            "pairs": len(have),
            "of": len(request.names),
            "missing": [name for name in request.names if name not in have],
        }
        for method, source, have in items
    ]


def _failures(groups):
    return [
        {"method": label, "pair": record.pair, "error": record.error}
        for label, group in groups.items()
        for record in group
        if record.error
    ]


def method_labels(records):
    """Return {(source, method): label}; a published one says so where names meet."""
    keys = dict.fromkeys(record.who for record in records)
    times = Counter(method for _, method in keys)
    return {
        (source, method): f"{method} (published)"
        if times[method] > 1 and source == "published"
        else method
        for source, method in keys
    }


def _median(values):
    values = np.array(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    return float(np.median(values)) if values.size else np.nan


def _largest(values):
    values = np.array(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    return float(values.max()) if values.size else np.nan
