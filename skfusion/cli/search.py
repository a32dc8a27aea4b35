"""``skfusion search``: parameters over a folder of pairs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from ._options import add_command, add_n_jobs


def add(commands):
    """Declare the command and its options."""
    search = add_command(commands, "search", run, "search parameters over a folder")
    search.add_argument("pairs", help="folder of pairs")
    search.add_argument("grid", help="YAML or JSON file: pipeline, params, metrics")
    search.add_argument("-o", "--output", default="search_output", help="folder")
    add_n_jobs(search)


def run(args):
    """Do the work and return the exit code."""
    from ..datasets import load_pairs
    from ..search import read_space, run_search, write_search

    space = read_space(args.grid)
    table, best = run_search(
        load_pairs(args.pairs), space, n_jobs=args.n_jobs, verbose=1
    )
    print(table.head(10).round(4).to_string())
    paths = write_search(table, best, args.output)
    print("\n".join(f"written: {path}" for path in paths))
    return 0
