"""The page of a leaderboard: one HTML file that needs nothing else."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import math
import re
from importlib import resources

from ..._text import as_html, number, printable
from ..records import strict
from .pictures import embed_pictures
from .text import direction, metric_records, notes

__all__ = ["page"]


def page(board, pairs, pictures) -> str:
    """Return the page.

    Parameters
    ----------
    board : Leaderboard
    pairs : ImagePairs
        The pairs that were measured.
    pictures : dict of str to dict of str to Path
        The fused image of each method and pair.

    Returns
    -------
    str
        HTML with style, script, data and pictures inside. Names from the file system
        are escaped wherever they stand.
    """
    settings, environment = board.settings, board.environment
    labels = [*board.table.index, *(p for p in pictures if p not in board.table.index)]
    shown, picture_note = embed_pictures(pairs, pictures, labels)
    counts = (len(board.table), len(settings["pairs"]), len(board.metrics))
    summary = "{} methods, {} pairs, {} metrics".format(*counts)
    summary += f"; {environment['date'].replace('T', ' ')}"
    return _fill(
        _asset("page.html"),
        {
            "dataset": as_html(settings["dataset"]),
            "summary": as_html(summary),
            "style": _asset("page.css"),
            "script": _asset("page.js"),
            "problems": _problems(board),
            "table": _table(board),
            "picture_note": as_html(picture_note),
            "notes": "\n".join(f"<p>{as_html(note)}</p>" for note in notes(board)),
            "environment": _environment(board),
            "data": _json(_data(board, labels, shown)),
        },
    )


def _asset(name):
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _fill(template, parts):
    """Fill the marks of the template, once: what is filled in is not looked through."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _json(content):
    """Return JSON that may stand in a script element: no ``<``, no line separators."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _data(board, labels, shown):
    records, names = metric_records(board), board.settings["pairs"]
    place = {name: i for i, name in enumerate(names)}
    column = {metric: k for k, metric in enumerate(records)}
    index = {label: i for i, label in enumerate(labels)}
    values = [[None] * len(names) for _ in labels]
    for row in board.values.itertuples():
        if row.method in index:
            cells = values[index[row.method]]
            i = place[row.pair]
            cells[i] = cells[i] or [None] * len(column)
            cells[i][column[row.metric]] = _rounded(row.value)
    sources = dict(zip(board.values["method"], board.values["source"]))
    methods = []
    for label in labels:
        ranked = label in board.table.index
        row = board.table.loc[label] if ranked else None
        methods.append(
            {
                "name": printable(label),
                "source": sources.get(label, "pipeline"),
                "rank": int(row["rank"]) if ranked else None,
                "means": [
                    _rounded(row[metric]) if ranked else None for metric in column
                ],
            }
        )
    metrics = [
        {
            "name": printable(metric),
            "title": record.title,
            "arrow": direction(record),
            "higher_is_better": record.higher_is_better,
            "target": record.target,
        }
        for metric, record in records.items()
    ]
    return {
        "methods": methods,
        "metrics": metrics,
        "pairs": [printable(name) for name in names],
        "values": values,
        "pictures": shown,
    }


def _rounded(value):
    value = strict(value)
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _table(board):
    records = metric_records(board)
    heads = [
        _head("rank", "ascending", "1 is best", sort="ascending"),
        _head("method", "ascending", kind="text", css="name"),
        _head("mean rank", "ascending", "mean over the metrics of the rank in each"),
    ]
    for metric, record in records.items():
        first = "descending" if record.higher_is_better else "ascending"
        title = f"{record.title} ({record.citation})"
        heads.append(_head(f"{metric} {direction(record)}", first, title))
    heads.append(_head("seconds", "ascending", "median a pair, one thread"))
    heads.append(_head("MiB", "ascending", "peak memory of the largest pair"))
    rows = []
    last = max(len(board.table) - 1, 1)
    for name, row in board.table.iterrows():
        cells = [_cell(row["rank"], str(row["rank"]))]
        mark = "" if row["source"] == "pipeline" else _badge(row["source"])
        title = as_html(name)
        cells.append(
            f'<th scope="row" class="name" data-value="{title}" title="{title}">'
            f"{title}{mark}</th>"
        )
        cells.append(_cell(row["mean_rank"], f"{row['mean_rank']:.2f}"))
        for metric in records:
            rank = board.ranks.loc[name, metric]
            value = row[metric]
            text = f'{number(value)}<span class="rank">{rank:g}</span>'
            cells.append(_cell(value, text, (1 - (rank - 1) / last) ** 2))
        for cost in ("seconds", "memory_mib"):
            cells.append(_cell(row[cost], number(row[cost], 3)))
        rows.append("<tr>" + "".join(cells) + "</tr>")
    return (
        "<table>\n<thead><tr>"
        + "".join(heads)
        + "</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody>\n</table>"
    )


def _head(text, first, title="", *, kind="number", css="", sort=None):
    attributes = f' data-kind="{kind}" data-first="{first}"'
    attributes += f' class="{css}"' if css else ""
    attributes += f' title="{as_html(title)}"' if title else ""
    attributes += f' aria-sort="{sort}"' if sort else ""
    button = f'<button type="button">{as_html(text)}</button>'
    return f'<th scope="col"{attributes}>{button}</th>'


def _cell(value, text, share=None):
    value = float(value)
    key = "" if math.isnan(value) else repr(value)
    if math.isinf(value):
        key = "Infinity" if value > 0 else "-Infinity"
    style = "" if share is None else f' style="--good-share:{share:.3f}"'
    return f'<td data-value="{key}"{style}>{text}</td>'


def _badge(source):
    return f'<span class="badge">{as_html(source)}</span>'


def _problems(board):
    lines = board.sentences()
    if not lines:
        return ""
    items = "".join(f"<li>{as_html(line)}</li>" for line in lines)
    return (
        '<section class="warning"><h2>Failed, or not ranked</h2>'
        f"<ul>{items}</ul></section>"
    )


def _environment(board):
    environment = board.environment
    rows = {
        "date": environment["date"],
        "commit": environment["commit"] or "not in a git checkout",
        **environment["machine"],
        **environment["versions"],
        "color": board.settings["color"],
        "published": board.settings["published"] or "none",
    }
    lines = "\n".join(
        f'<tr><th scope="row">{as_html(key)}</th><td>{as_html(value)}</td></tr>'
        for key, value in rows.items()
    )
    return f"<table>\n{lines}\n</table>"
