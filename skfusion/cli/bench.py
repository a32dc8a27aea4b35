"""``skfusion bench``: every method over a folder of pairs, measured and ranked."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import sys
from pathlib import Path

from .._text import as_text, say
from ._options import (
    add_color,
    add_command,
    add_folders,
    add_n_jobs,
    add_preparation,
    read_pairs,
)


def add(commands):
    """Declare the command and its options."""
    bench = add_command(
        commands, "bench", run, "rank all methods on the pairs of a folder"
    )
    bench.add_argument("pairs", help="folder of pairs, or of infrared images")
    bench.add_argument("visible", nargs="?", help="folder of visible images")
    add_folders(bench)
    add_preparation(bench)
    bench.add_argument(
        "--published",
        metavar="DIR",
        help="fused images of others: METHOD[/DATASET]/NAME or DATASET/METHOD/NAME",
    )
    bench.add_argument(
        "--methods", default="all", help="all, or names with commas between"
    )
    bench.add_argument(
        "--onnx",
        action="append",
        default=[],
        metavar="FILE",
        help="a network of your own beside them; can be repeated",
    )
    bench.add_argument(
        "--metrics", default="vifb", help="a named set, or names with commas between"
    )
    add_color(bench)
    bench.add_argument(
        "-o", "--output", metavar="REPORT", default="bench_output", help="folder"
    )
    bench.add_argument("--force", action="store_true", help="do finished work again")
    bench.add_argument("--quiet", action="store_true")
    add_n_jobs(bench)


def run(args):
    """Do the work and return the exit code."""
    from ..leaderboard import run_bench

    metrics = args.metrics
    board = run_bench(
        read_pairs(args, args.pairs, args.visible),
        dataset=_dataset(args),
        methods=_methods(args.methods, args.onnx),
        published=args.published,
        metrics=metrics.split(",") if "," in metrics else metrics,
        color=args.color,
        out=args.output,
        n_jobs=args.n_jobs,
        force=args.force,
        verbose=0 if args.quiet else 1,
    )
    if not args.quiet:
        say(as_text(board.table))
    for sentence in board.sentences():
        say(sentence, file=sys.stderr)
    if not args.quiet:
        say(f"report: {Path(args.output) / 'index.html'}")
    return 1 if board.failures else 0


def _dataset(args):
    """Return the name of the folder that holds all pairs."""
    folder = Path(args.pairs).resolve()
    if args.visible is not None:
        folders = [str(folder), str(Path(args.visible).resolve())]
        folder = Path(os.path.commonpath(folders))
    return folder.name or "pairs"


def _methods(names, files):
    """Return the named methods, and networks in files by the names of the files."""
    names = names if names == "all" else names.split(",")
    if not files:
        return names
    from ..fusers import ONNXFuser
    from ..pipelines import pipeline_names

    methods = dict.fromkeys(pipeline_names() if names == "all" else names)
    for file in files:
        name = Path(file).stem
        if name in methods:
            raise ValueError(
                f"--onnx {file!r}: there is a method {name!r} already; rename the file."
            )
        methods[name] = ONNXFuser(file).fit()
    return methods
