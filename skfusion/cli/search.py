"""``skfusion search``: parameters over a folder of pairs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .._text import as_text, say
from ._options import (
    add_command,
    add_folders,
    add_n_jobs,
    add_preparation,
    read_pairs,
)


def add(commands):
    """Declare the command and its options."""
    search = add_command(commands, "search", run, "search parameters over a folder")
    search.add_argument("pairs", help="folder of pairs, or of infrared images")
    search.add_argument(
        "grid",
        help="YAML or JSON file: pipeline, params, metrics; behind the folder of "
        "visible images, where there are two folders",
    )
    search.add_argument("third", nargs="?", help=argparse.SUPPRESS)
    search.add_argument("--force", action="store_true", help="replace what is there")
    add_folders(search)
    add_preparation(search)
    search.add_argument("-o", "--output", default="search_output", help="folder")
    search.add_argument(
        "--objective", help="mean-rank, or the metric that decides, e.g. qabf"
    )
    search.add_argument(
        "--against",
        metavar="TABLE",
        help="a .csv of other methods, among which candidates are ranked",
    )
    search.add_argument(
        "--strategy", choices=("grid", "random", "halving"), help="default: grid"
    )
    search.add_argument(
        "--n-candidates", type=int, help="how many are drawn (random, halving)"
    )
    search.add_argument("--random-state", type=int, help="default: 0")
    search.add_argument("--no-plot", action="store_true", help="write no search.png")
    search.add_argument(
        "--cache",
        metavar="FOLDER",
        help="keep enhanced images for later searches (default: a temporary folder)",
    )
    add_n_jobs(search)


def run(args):
    """Do the work and return the exit code."""
    from ..search import (
        SearchInterrupted,
        plot_search,
        read_space,
        run_search,
        write_search,
    )
    from ..search.run import save_table

    visible, grid = None, args.grid
    if args.third is not None:
        visible, grid = args.grid, args.third
    space = read_space(grid)
    _check_output(args.output, args.force)
    pairs = read_pairs(args, args.pairs, visible)
    try:
        table, best = run_search(
            pairs,
            space,
            objective=args.objective,
            against=args.against,
            strategy=args.strategy,
            n_candidates=args.n_candidates,
            random_state=args.random_state,
            n_jobs=args.n_jobs,
            verbose=1,
            cache=args.cache,
        )
    except SearchInterrupted as stop:
        path = save_table(stop.table, args.output)
        say(f"written: {path} ({len(stop.table)} finished candidates)")
        raise
    # All is on disk before anything is said: nobody may be listening.
    paths = [*write_search(table, best, args.output)]
    if not args.no_plot:
        try:
            paths.append(plot_search(table, Path(args.output) / "search.png"))
        except (ImportError, ValueError) as error:
            say(f"search.png is not drawn: {error}", file=sys.stderr)
    say(as_text(table.head(10), exact=table.attrs["parameters"]))
    say("\n".join(f"written: {path}" for path in paths))
    return 1 if table.attrs["failures"] else 0


def _check_output(folder, force):
    for name in ("search.csv", "best.json", "search.png"):
        path = Path(folder, name)
        if path.exists() and not force:
            raise ValueError(
                f"--output {str(folder)!r} holds {name} already: --force replaces it."
            )
