"""``skfusion fuse``: two images, or folders of them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import sys

from .._text import say
from .._urls import as_path
from ._advice import in_options
from ._options import (
    add_color,
    add_command,
    add_folders,
    add_n_jobs,
    add_param,
    add_preparation,
    behind_register,
    check_new,
    check_parameters,
    find,
    fitted_register,
    parse_params,
    registration,
    resized,
    stretched,
)


def add(commands):
    """Declare the command and its options."""
    fuse = add_command(commands, "fuse", run, "fuse two images or folders")
    fuse.add_argument("infrared", help="infrared image or folder, or folder of pairs")
    fuse.add_argument("visible", nargs="?", help="visible image or folder")
    fuse.add_argument("-o", "--output", required=True, help="image file or folder")
    add_method(fuse)
    add_folders(fuse)
    add_preparation(fuse)
    fuse.add_argument("--bit-depth", type=int, choices=(8, 16), default=8)
    fuse.add_argument("--suffix", default=".png", help="file format in a folder")
    fuse.add_argument("--force", action="store_true", help="replace existing results")
    fuse.add_argument("--quiet", action="store_true")
    add_n_jobs(fuse)


def add_method(parser):
    """Declare the options that choose a method."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--method", metavar="NAME", help="see `skfusion info`")
    which.add_argument("--model", metavar="FILE", help="best.json of a search")
    which.add_argument(
        "--onnx",
        metavar="FILE",
        help="your own network; --param multiple_of=32 and others of ONNXFuser",
    )
    add_param(parser)
    add_color(parser)


def build_estimator(args):
    """Return the estimator that these options choose."""
    from ..compose import with_color
    from ..pipelines import DEFAULT_METHOD, get_pipeline

    params = parse_params(args.param)
    if args.model is not None:
        from ..model_files import load_pipeline

        estimator = load_pipeline(args.model).set_params(**params)
    elif args.onnx is not None:
        from ..fusers import ONNXFuser

        estimator = ONNXFuser(args.onnx).set_params(**params)
    else:
        method = DEFAULT_METHOD if args.method is None else args.method
        estimator = get_pipeline(method, **params)
    check_parameters(estimator)
    return with_color(estimator, args.color)


def run(args):
    """Do the work and return the exit code."""
    estimator = build_estimator(args)
    if as_path(args.infrared).is_dir():
        return _fuse_folders(args, estimator)
    return _fuse_files(args, estimator)


def _fuse_files(args, estimator):
    from ..fused_files import check_not_input
    from ..images.files import check_format, write_image
    from ..pairs import ImagePairs

    if args.visible is None:
        raise ValueError(
            f"{args.infrared!r} is one file, or not there: name the visible image too, "
            "or a folder of pairs."
        )
    output = as_path(args.output)
    if output.is_dir():
        check_format(args.suffix, args.bit_depth, f"--suffix {args.suffix!r}")
        output = output / (as_path(args.visible).stem + args.suffix)
    check_format(output.suffix, args.bit_depth, f"--output {str(output)!r}")
    check_not_input([output], [args.infrared, args.visible], "--output")
    check_new(output, args.force)
    pairs, estimator = _together(
        args, ImagePairs([args.infrared], [args.visible]), estimator
    )
    write_image(output, estimator.transform(pairs)[0], bit_depth=args.bit_depth)
    return 0


def _together(args, pairs, estimator):
    """Return pairs and an estimator that bring the images together as asked.

    Transforms are estimated by the workers, each for its pairs.
    """
    register = registration(args)
    pairs = stretched(args, pairs)
    if register is None:
        return resized(args, pairs), estimator
    return pairs, behind_register(fitted_register(register, pairs), estimator)


def _fuse_folders(args, estimator):
    from ..batch import BatchError, fuse_folder

    pairs = find(args, args.infrared, args.visible)
    pairs, estimator = _together(args, pairs, estimator)
    try:
        report = fuse_folder(
            estimator,
            pairs,
            args.output,
            n_jobs=args.n_jobs,
            skip_existing=not args.force,
            bit_depth=args.bit_depth,
            suffix=args.suffix,
            verbose=0 if args.quiet else 1,
        )
    except BatchError as error:
        report = error.report
    say(in_options(str(report)), file=sys.stderr if report.failed else sys.stdout)
    if report.with_status("skipped"):
        say("skipped: results that were there already; --force makes them again")
    return 1 if report.failed else 0
