"""``skfusion fuse-video``: two videos, frame by frame."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .._text import say
from ._options import add_command, add_preparation, add_streams, registration
from .fuse import add_method, build_estimator


def add(commands):
    """Declare the command and its options."""
    fuse = add_command(commands, "fuse-video", run, "fuse two videos")
    fuse.add_argument("infrared", help="infrared video")
    fuse.add_argument("visible", help="visible video")
    fuse.add_argument("-o", "--output", required=True, help=".mp4, .mov or .mkv file")
    add_method(fuse)
    add_preparation(fuse)
    fuse.add_argument(
        "--register-smoothing",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="with --register pair: time constant of the transforms; 0 shakes",
    )
    fuse.add_argument(
        "--temporal",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="time constant of a running tone, against flicker; 1 is good for most",
    )
    fuse.add_argument(
        "--codec",
        choices=("libx264", "mpeg4", "ffv1"),
        help="H.264 by default; ffv1, in .mkv, is lossless",
    )
    fuse.add_argument(
        "--crf", type=float, default=18, help="quality, 0 (best) to 51; default 18"
    )
    fuse.add_argument(
        "--bit-depth", type=int, choices=(8, 16), default=8, help="16 with ffv1"
    )
    add_streams(fuse)
    fuse.add_argument("--force", action="store_true", help="replace an existing file")
    fuse.add_argument("--quiet", action="store_true")


def run(args):
    """Do the work and return the exit code."""
    from ..video import fuse_video

    try:
        report = fuse_video(
            _prepared(build_estimator(args), args),
            args.infrared,
            args.visible,
            args.output,
            register=registration(args),
            register_smoothing=args.register_smoothing,
            temporal=args.temporal,
            codec=args.codec,
            crf=args.crf,
            bit_depth=args.bit_depth,
            match=args.match,
            offset=args.offset,
            on_error=args.on_error,
            overwrite=args.force,
            verbose=0 if args.quiet else 1,
        )
    except FileExistsError:
        raise ValueError(
            f"--output {args.output!r} exists: --force replaces it."
        ) from None
    if not args.quiet:
        say(f"written: {args.output}: {report}")
    return 0


def _prepared(estimator, args):
    """Return the estimator behind the steps that the options ask for."""
    from sklearn.pipeline import Pipeline

    from ..compose import EnhanceByModality
    from ..transforms import LinearStretch, Resize

    steps = []
    if args.resize is not None and args.register is None:
        steps.append(("size", Resize(to=args.resize)))
    if args.stretch is not None:
        stretch = LinearStretch(*args.stretch)
        stretch._validate_params()
        steps.append(("stretch", EnhanceByModality(infrared=stretch)))
    if not steps:
        return estimator
    return type(estimator)(Pipeline([*steps, ("fuse", estimator.estimator)]))
