"""``skfusion evaluate``: measure fused images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from pathlib import Path

from ._options import add_command, add_n_jobs


def add(commands):
    """Declare the command and its options."""
    evaluate = add_command(commands, "evaluate", run, "measure fused images")
    evaluate.add_argument("pairs", help="folder of pairs")
    evaluate.add_argument("fused", help="folder of fused images, named like the pairs")
    evaluate.add_argument(
        "--metrics", default="vifb", help="a named set, or names with commas between"
    )
    evaluate.add_argument(
        "-o", "--output", help="a .csv, .md or .json file for the table"
    )
    add_n_jobs(evaluate)


def run(args):
    """Do the work and return the exit code."""
    from ..datasets import load_pairs
    from ..metrics import evaluate

    metrics = args.metrics.split(",") if "," in args.metrics else args.metrics
    output = None if args.output is None else Path(args.output)
    if output is not None and output.suffix not in (".csv", ".md", ".json"):
        raise ValueError(f"--output {str(output)!r}: use .csv, .md or .json.")
    table = evaluate(
        load_pairs(args.pairs), Path(args.fused), metrics=metrics, n_jobs=args.n_jobs
    )
    table.loc["mean"] = table.mean()
    print(table.round(4).to_string())
    if output is not None:
        write = {".csv": table.to_csv, ".json": _to_json(table), ".md": _to_md(table)}
        write[output.suffix](output)
    return 0


def _to_json(table):
    return lambda path: table.to_json(path, orient="index", indent=2)


def _to_md(table):
    def write(path):
        header = [table.index.name or "pair", *table.columns]
        lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
        for name, row in table.iterrows():
            cells = [str(name), *(f"{value:.4f}" for value in row)]
            lines.append("| " + " | ".join(cells) + " |")
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    return write
