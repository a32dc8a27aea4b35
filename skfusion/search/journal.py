"""Note each finished candidate at once, so that an interrupted search keeps them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .space import shown

__all__ = ["Journal", "SearchInterrupted", "short"]


class SearchInterrupted(KeyboardInterrupt):
    """A search was interrupted.

    Attributes
    ----------
    table : pandas.DataFrame
        The candidates that were finished, as :func:`skfusion.search.run_search`
        returns them, without their seconds; a parameter of another branch of the
        space has its default.
    """

    def __init__(self, table):
        super().__init__(f"{len(table)} candidates were finished: see .table")
        self.table = table


class Journal:
    """A file with one line a finished candidate.

    Parameters
    ----------
    path : path
    names : iterable of str
        The parameters that vary, as seen from the candidate.
    """

    def __init__(self, path, names):
        self.path = Path(path)
        self.names = sorted(set(names))

    def add(self, estimator, scores, n_pairs):
        """Append a candidate; one short write, so that workers may share the file."""
        given = estimator.get_params()
        params = {shown(n): short(given[n]) for n in self.names if n in given}
        line = json.dumps({"params": params, "scores": scores, "n_pairs": n_pairs})
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def results(self, rounds=False):
        """Return what is noted in the form of ``cv_results_``, ``None`` for nothing."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        rows = [json.loads(line) for line in lines]
        if not rows:
            return None
        unknown = np.full(len(rows), np.nan)
        results = {
            "params": [row["params"] for row in rows],
            "mean_fit_time": unknown,
            "mean_score_time": unknown,
        }
        for name in rows[0]["scores"]:
            results[f"mean_test_{name}"] = np.array([r["scores"][name] for r in rows])
        if rounds:
            n_pairs = np.array([row["n_pairs"] for row in rows])
            results["iter"] = results["n_resources"] = n_pairs
        return results


def short(value):
    """Return numbers and texts as they are, the rest as text on one line."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, str)):
        return value
    return " ".join(repr(value).split())
