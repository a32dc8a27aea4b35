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


def build_leaderboard(
    records, names, entries, *, incomplete=(), failures=(), settings, environment
) -> Leaderboard:
    """Rank what was measured.

    Parameters
    ----------
    records : list of Record
        One for each method and pair, failed ones included.
    names : list of str
        The pairs; a method is ranked if it has them all.
    entries : list of skfusion.metrics.sets.Entry
    incomplete, failures : list of dict
        What is known before: see :class:`Leaderboard`.
    settings, environment : dict

    Returns
    -------
    Leaderboard
    """
    import pandas as pd

    columns = [entry.column for entry in entries]
    labels = method_labels(records)
    groups = {}
    for record in records:
        groups.setdefault((record.source, record.method), []).append(record)
    incomplete, failures = list(incomplete), list(failures)
    rows, sources, long = {}, {}, []
    for key, group in groups.items():
        label = labels[key]
        done = [record for record in group if not record.error]
        failures += [
            {"method": label, "pair": record.pair, "error": record.error}
            for record in group
            if record.error
        ]
        for record in done:
            for column in columns:
                value = record.values[column]
                long.append((label, record.source, record.pair, column, value))
        if len(done) < len(names):
            have = {record.pair for record in done}
            missing = [name for name in names if name not in have]
            incomplete.append(missing_entry(label, key[0], names, missing))
            continue
        sources[label] = key[0]
        # A NaN in one pair makes the mean NaN, which ranks last: leaving it out would
        # reward a method for failing on a hard pair.
        rows[label] = {
            **{c: float(np.mean([r.values[c] for r in done])) for c in columns},
            "seconds": _median([record.seconds for record in done]),
            "memory_mib": _largest([record.memory for record in done]) / _MIB,
        }
    costs = ["seconds", "memory_mib"]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns + costs)
    frame = frame.astype(np.float64)
    ranks = rank_table(frame[columns], entries)
    table = frame.loc[ranks.index]
    table.insert(0, "mean_rank", ranks.pop("mean_rank"))
    place = table["mean_rank"].rank(method="min").astype(int)
    table.insert(0, "rank", place)
    table.insert(0, "source", [sources[label] for label in table.index])
    table.index.name = ranks.index.name = "method"
    return Leaderboard(
        table=table,
        ranks=ranks,
        values=pd.DataFrame(long, columns=VALUE_COLUMNS),
        incomplete=incomplete,
        failures=failures,
        settings=settings,
        environment=environment,
    )


def missing_entry(method, source, names, missing):
    """Return the entry of a method that is not ranked."""
    return {
        "method": method,
        "source": source,
        "pairs": len(names) - len(missing),
        "of": len(names),
        "missing": list(missing),
    }


def method_labels(records):
    """Return {(source, method): label}; a published one says so where names meet."""
    keys = dict.fromkeys((record.source, record.method) for record in records)
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
