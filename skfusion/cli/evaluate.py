"""``skfusion evaluate``: measure fused images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import functools
import sys

from .._text import as_text, say
from .._urls import as_path
from ._advice import in_options
from ._options import (
    add_command,
    add_folders,
    add_n_jobs,
    add_preparation,
    add_streams,
    prepared,
    read_pairs,
)
from ._tables import add_table_file, table_file, write_table

# Options that say nothing, of those that only folders or only videos have.
_NEUTRAL = {"every": 1, "match": "number", "offset": 0.0, "on_error": "raise"}
_NEUTRAL |= {"split": None, "by_position": False}


def add(commands):
    """Declare the command and its options."""
    evaluate = add_command(
        commands, "evaluate", run, "measure fused images or a fused video"
    )
    evaluate.add_argument(
        "pairs",
        help="folder of pairs, or of infrared images; or infrared video, or image",
    )
    evaluate.add_argument(
        "fused",
        help="folder of fused images, named like the pairs; behind the folder of "
        "visible images, where there are two folders: INFRARED VISIBLE FUSED, which "
        "may also be three videos or three images",
    )
    evaluate.add_argument("third", nargs="?", help=argparse.SUPPRESS)
    add_folders(evaluate)
    add_preparation(evaluate)
    evaluate.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="of a video, measure one of N frames",
    )
    add_streams(evaluate)
    evaluate.add_argument(
        "--metrics", default="vifb", help="a named set, or names with commas between"
    )
    add_table_file(evaluate)
    add_n_jobs(evaluate)


def run(args):
    """Do the work and return the exit code."""
    output = table_file(args)
    of_files = _are_files(args)
    of_videos = of_files and not _is_image(args.pairs)
    table = _of_videos(args) if of_videos else _of_images(args, of_files)
    failures = table.attrs.pop("failures", ())
    mean, n_frames = table.mean(), len(table)
    label = "mean"
    while label in table.index:  # a pair may be called so
        label += " of all"
    table = _with_row(table, label, mean)
    if output is not None:
        write_table(output, table)
    say(as_text(table.loc[[label]] if of_videos else table))
    if of_videos:
        where = "-o writes them one by one" if output is None else f"written: {output}"
        say(f"frames measured: {n_frames}; {where}")
    for failure in failures:
        error = in_options(failure["error"])
        say(f"not measured: {failure['pair']}: {error}", file=sys.stderr)
    return 1 if failures else 0


def _are_files(args):
    """Whether files are named and no folders; one of them need not be there."""
    words = (args.pairs, args.fused, args.third or args.fused)
    return not as_path(args.pairs).is_dir() and any(
        as_path(word).is_file() for word in words
    )


def _is_image(path):
    from ..images.files import READABLE_SUFFIXES

    return as_path(path).suffix.lower() in READABLE_SUFFIXES


def _metrics(args):
    return args.metrics.split(",") if "," in args.metrics else args.metrics


def _of_images(args, of_files):
    from ..metrics import evaluate
    from ..pairs import ImagePairs

    _check_unused(args, "of videos", ("every", "match", "offset", "on_error"))
    visible, fused = None, as_path(args.fused)
    if args.third is not None:
        visible, fused = args.fused, as_path(args.third)
    if of_files:
        _check_three(args)
        pairs = prepared(args, ImagePairs([args.pairs], [visible]))
        fused = [fused]
    else:
        pairs = read_pairs(args, args.pairs, visible)
    return evaluate(
        pairs, fused, metrics=_metrics(args), n_jobs=args.n_jobs, on_error="skip"
    )


def _check_three(args):
    _check_unused(args, "of folders", ("split", "by_position"))
    if args.third is None:
        raise ValueError(
            f"{args.pairs!r} is a file: name three images or three videos, INFRARED "
            "VISIBLE FUSED, or folders."
        )


def _of_videos(args):
    from ..video import evaluate_video

    _check_three(args)
    if args.register == "rig":
        raise ValueError(
            "--register rig: name the file of `skfusion register` on some frames, or "
            "of a calibration, to evaluate videos."
        )
    return evaluate_video(
        args.pairs,
        args.fused,
        args.third,
        metrics=_metrics(args),
        every=args.every,
        match=args.match,
        offset=args.offset,
        on_error=args.on_error,
        prepare=functools.partial(prepared, args),
        n_jobs=args.n_jobs,
        verbose=int(sys.stderr.isatty()),
    )


def _check_unused(args, what, names):
    """Refuse options that would do nothing."""
    for name in names:
        if getattr(args, name) != _NEUTRAL[name]:
            option = "--" + name.replace("_", "-")
            raise ValueError(f"{option} is for the evaluation {what}: leave it out.")


def _with_row(table, label, row):
    """Return a table with one more row, whatever the names of the others are."""
    import pandas as pd

    # pandas makes text of an index that it joins, and of a name that is not UTF-8 none.
    names = pd.Index([*table.index, label], dtype=object, name=table.index.name)
    return pd.DataFrame([*table.to_numpy(), [*row]], names, table.columns)
