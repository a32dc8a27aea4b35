"""``skfusion evaluate``: measure fused images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

from .._atomic_files import replace_file
from .._text import as_csv, as_markdown, as_text, say
from ._advice import in_options
from ._options import (
    add_command,
    add_folders,
    add_n_jobs,
    add_preparation,
    check_new,
    read_pairs,
)


def add(commands):
    """Declare the command and its options."""
    evaluate = add_command(commands, "evaluate", run, "measure fused images")
    evaluate.add_argument("pairs", help="folder of pairs, or of infrared images")
    evaluate.add_argument(
        "fused",
        help="folder of fused images, named like the pairs; behind the folder of "
        "visible images, where there are two folders",
    )
    evaluate.add_argument("third", nargs="?", help=argparse.SUPPRESS)
    add_folders(evaluate)
    add_preparation(evaluate)
    evaluate.add_argument("--force", action="store_true", help="replace the table")
    evaluate.add_argument(
        "--metrics", default="vifb", help="a named set, or names with commas between"
    )
    evaluate.add_argument(
        "-o", "--output", help="a .csv, .md or .json file for the table"
    )
    add_n_jobs(evaluate)


def run(args):
    """Do the work and return the exit code."""
    from ..metrics import evaluate

    metrics = args.metrics.split(",") if "," in args.metrics else args.metrics
    output = None if args.output is None else Path(args.output)
    if output is not None and output.suffix not in (".csv", ".md", ".json"):
        raise ValueError(f"--output {str(output)!r}: use .csv, .md or .json.")
    if output is not None:
        check_new(output, args.force)
    visible, fused = None, args.fused
    if args.third is not None:
        visible, fused = args.fused, args.third
    table = evaluate(
        read_pairs(args, args.pairs, visible),
        Path(fused),
        metrics=metrics,
        n_jobs=args.n_jobs,
        on_error="skip",
    )
    failures = table.attrs.pop("failures")
    label = "mean"
    while label in table.index:  # a pair may be called so
        label += " of all"
    table.loc[label] = table.mean()
    if output is not None:
        write = {".csv": as_csv, ".json": _to_json, ".md": _to_md}
        replace_file(output, write[output.suffix](table))
    say(as_text(table))
    for failure in failures:
        error = in_options(failure["error"])
        say(f"not measured: {failure['pair']}: {error}", file=sys.stderr)
    return 1 if failures else 0


def _to_json(table):
    rows = {
        name: {column: _strict(value) for column, value in row.items()}
        for name, row in table.iterrows()
    }
    return json.dumps(rows, indent=2, allow_nan=False).encode()


def _strict(value):
    return value if math.isfinite(value) else None


def _to_md(table):
    header = [table.index.name, *table.columns]
    lines = ["| " + " | ".join(map(as_markdown, header)) + " |"]
    lines.append("|---" * len(header) + "|")
    for name, row in table.iterrows():
        cells = [as_markdown(name), *(f"{value:.4f}" for value in row)]
        lines.append("| " + " | ".join(cells) + " |")
    return ("\n".join(lines) + "\n").encode()
