"""Tables that commands write: CSV, Markdown or JSON."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import math

from .._atomic_files import replace_file
from .._text import as_csv, as_markdown
from .._urls import as_path
from ._options import check_new


def add_table_file(parser):
    """Declare where a table goes."""
    parser.add_argument("--force", action="store_true", help="replace the table")
    parser.add_argument(
        "-o", "--output", help="a .csv, .md or .json file for the table"
    )


def table_file(args):
    """Return the file that the options ask for, or None; it can be written."""
    if args.output is None:
        return None
    output = as_path(args.output)
    if output.suffix not in (".csv", ".md", ".json"):
        raise ValueError(f"--output {str(output)!r}: use .csv, .md or .json.")
    check_new(output, args.force)
    return output


def write_table(path, table):
    """Write a data frame of numbers, complete or not at all."""
    write = {".csv": as_csv, ".json": _to_json, ".md": _to_md}
    replace_file(path, write[path.suffix](table))


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
