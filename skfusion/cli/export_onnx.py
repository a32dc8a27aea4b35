"""``skfusion export-onnx``: a network fuser for use without torch."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re

from .._text import say
from ._options import add_command, add_param, check_new, parse_params


def add(commands):
    """Declare the command and its options."""
    export = add_command(
        commands, "export-onnx", run, "write a network fuser as an ONNX file"
    )
    which = export.add_mutually_exclusive_group(required=True)
    which.add_argument("method", nargs="?", help="e.g. auif, didfuse")
    which.add_argument("--model", metavar="FILE", help="best.json of a search")
    export.add_argument("-o", "--output", required=True, help=".onnx file")
    add_param(export)
    export.add_argument(
        "--size",
        metavar="HxW",
        help="a fixed size, e.g. 480x640; by default any size",
    )
    export.add_argument("--force", action="store_true", help="replace an existing file")


def run(args):
    """Do the work and return the exit code."""
    from sklearn.pipeline import Pipeline

    from ..pipelines import get_pipeline

    params = parse_params(args.param)
    if args.model is not None:
        from ..model_files import load_pipeline

        estimator = load_pipeline(args.model).set_params(**params)
    else:
        estimator = get_pipeline(args.method, **params)
    if isinstance(estimator, Pipeline) and len(estimator.steps) == 1:
        estimator = estimator[0]
    if not hasattr(estimator, "export_onnx"):
        raise ValueError(
            f"{args.method or args.model!r} is no single network: only such fusers, "
            "e.g. auif or didfuse, become ONNX."
        )
    check_new(args.output, args.force)
    estimator.export_onnx(args.output, **_form(args.size))
    say(f"written: {args.output}")
    return 0


def _form(size):
    if size is None:
        return {"dynamic": True}
    sides = re.fullmatch(r"(\d+)x(\d+)", size)
    if sides is None:
        raise ValueError(f"--size {size!r}: write height x width, e.g. 480x640.")
    return {"dynamic": False, "size": tuple(map(int, sides.groups()))}
