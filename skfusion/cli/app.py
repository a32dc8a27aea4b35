"""``skfusion app``: the app in a browser on this machine."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from ._options import add_command


def add(commands):
    """Declare the command and its options."""
    app = add_command(commands, "app", run, "fuse, compare and measure in a browser")
    app.add_argument(
        "--address",
        default="127.0.0.1",
        help="where it listens; any but this machine's own lets others in, who can "
        "upload files but type no paths",
    )
    app.add_argument("--port", type=int, default=8501)
    app.add_argument(
        "--no-browser", action="store_true", help="only serve, open no browser"
    )


def run(args):
    """Do the work and return the exit code."""
    from ..app.server import run_app

    run_app(args.address, args.port, open_browser=not args.no_browser)
    return 0
