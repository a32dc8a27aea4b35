"""``skfusion convert-weights``: make a published checkpoint loadable."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .._text import say
from ._options import add_command, check_new


def add(commands):
    """Declare the command and its options."""
    convert = add_command(
        commands, "convert-weights", run, "make a published checkpoint loadable"
    )
    convert.add_argument("method", help="e.g. auif, didfuse")
    convert.add_argument(
        "source", help="folder with the published checkpoint, or its only file"
    )
    convert.add_argument("-o", "--output", required=True, help=".safetensors file")
    convert.add_argument(
        "--force", action="store_true", help="replace an existing file"
    )


def run(args):
    """Do the work and return the exit code."""
    from ..learning.convert import convert_weights

    check_new(args.output, args.force)
    convert_weights(args.method, args.source, args.output)
    say(f"written: {args.output}")
    return 0
