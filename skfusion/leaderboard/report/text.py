"""A leaderboard in words: directions, numbers, notes, Markdown."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from ..._text import as_markdown, number
from ...metrics import registry
from ..cost import MEMORY_NOTE

__all__ = ["direction", "markdown", "metric_records", "notes"]


def metric_records(board) -> dict:
    """Return {column: row of the registry}."""
    return {
        item["column"]: registry[item["metric"]]
        for item in board.settings["metric_details"]
    }


def direction(record) -> str:
    """Return an arrow for the better direction of a metric, or its target."""
    if record.target is not None:
        return f"→{record.target:g}"
    return "↑" if record.higher_is_better else "↓"


def notes(board) -> list[str]:
    """Return how to read the numbers, one sentence each."""
    color = board.settings["color"]
    return [
        "Rank: the mean, over the metrics, of a method's rank by its mean value over "
        "the pairs; arrows say which way is better, equal values share the mean of "
        "their ranks, an undefined value ranks last. It depends on who else takes "
        "part and is no measure of distance.",
        "Measured is the 8-bit PNG file as it is read back "
        f"(color={color!r}); of a published method the file that was published.",
        "Seconds: median over the pairs of the fusion alone, on one thread, with "
        "images, code and weights already loaded, while "
        f"n_jobs={board.settings['n_jobs']} processes worked.",
        MEMORY_NOTE,
    ]


def markdown(board) -> str:
    """Return the table, what went wrong and how it was made, as Markdown."""
    records = metric_records(board)
    settings, environment = board.settings, board.environment
    n_pairs, n_metrics = len(settings["pairs"]), len(records)
    head = ["rank", "method", "mean rank"]
    head += [f"{column} {direction(record)}" for column, record in records.items()]
    head += ["seconds", "MiB"]
    lines = [
        f"# Leaderboard: {as_markdown(settings['dataset'])}",
        "",
        f"{len(board.table)} methods, {n_pairs} pairs, {n_metrics} metrics.",
        "",
        "| " + " | ".join(as_markdown(word) for word in head) + " |",
        "|--:|---|" + "--:|" * (len(head) - 2),
    ]
    for name, row in board.table.iterrows():
        mark = "" if row["source"] == "pipeline" else f" ({row['source']})"
        if name.endswith(mark):
            mark = ""
        cells = [str(row["rank"]), as_markdown(name) + mark, f"{row['mean_rank']:.2f}"]
        cells += [number(row[column]) for column in records]
        cells += [number(row["seconds"], 3), number(row["memory_mib"], 3)]
        lines.append("| " + " | ".join(cells) + " |")
    problems = board.sentences()
    if problems:
        lines += ["", "## Not ranked, or failed", ""]
        lines += [f"* {as_markdown(line)}" for line in problems]
    lines += ["", "## How to read it", ""]
    lines += [f"* {as_markdown(line)}" for line in notes(board)]
    lines += ["", "## Made with", ""]
    made = {**environment["machine"], **environment["versions"]}
    made = {"date": environment["date"], "commit": environment["commit"], **made}
    lines += [f"* {key}: {as_markdown(value)}" for key, value in made.items()]
    return "\n".join(lines) + "\n"
