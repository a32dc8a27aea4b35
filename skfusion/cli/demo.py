"""``skfusion demo``: drawn pairs, and a folder of yours."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from ._options import add_command, add_n_jobs


def add(commands):
    """Declare the command and its options."""
    demo = add_command(commands, "demo", run, "fuse drawn pairs, and a folder of yours")
    demo.add_argument("pairs", nargs="?", help="folder of pairs in addition")
    demo.add_argument("-o", "--output", default="demo_output")
    demo.add_argument("--method", action="append", default=[], metavar="NAME")
    add_n_jobs(demo)


def run(args):
    """Do the work and return the exit code."""
    from ..demo import run_demo

    failed = run_demo(
        args.output, folder=args.pairs, methods=args.method, n_jobs=args.n_jobs
    )
    return 1 if failed else 0
