"""Write a leaderboard: tables for programs and people, and the page."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
from pathlib import Path

from ..._atomic_files import replace_file
from ..._text import as_csv
from ..records import strict
from .page import page
from .text import markdown, notes

__all__ = ["to_json", "write_report"]


def write_report(board, pairs, pictures, out) -> list[Path]:
    """Write ``leaderboard.csv | .json | .md``, ``values.csv`` and ``index.html``.

    Parameters
    ----------
    board : Leaderboard
    pairs : ImagePairs
        The pairs that were measured.
    pictures : dict of str to dict of str to Path
        The fused image of each method and pair.
    out : path
        A folder.

    Returns
    -------
    list of Path
        What was written.
    """
    content = {
        "leaderboard.csv": as_csv(board.table),
        "values.csv": as_csv(board.values, index=False),
        "leaderboard.json": to_json(board).encode(),
        "leaderboard.md": markdown(board).encode(),
        "index.html": page(board, pairs, pictures).encode(),
    }
    for name, written in content.items():
        replace_file(Path(out) / name, written)
    return [Path(out) / name for name in content]


def to_json(board) -> str:
    """Return everything but the single values as strict JSON."""
    methods = []
    for name, row in board.table.iterrows():
        methods.append(
            {
                "method": name,
                "source": row["source"],
                "rank": int(row["rank"]),
                "mean_rank": strict(row["mean_rank"]),
                "metrics": {metric: strict(row[metric]) for metric in board.metrics},
                "ranks": {
                    metric: strict(board.ranks.loc[name, metric])
                    for metric in board.metrics
                },
                "seconds": strict(row["seconds"]),
                "memory_mib": strict(row["memory_mib"]),
            }
        )
    content = {
        "settings": board.settings,
        "environment": board.environment,
        "methods": methods,
        "incomplete": board.incomplete,
        "failures": board.failures,
        "notes": notes(board),
    }
    return json.dumps(content, indent=1, allow_nan=False, default=str) + "\n"
