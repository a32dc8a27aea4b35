"""``skfusion downstream``: does fusion help a detector or a segmenter?"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import sys
from pathlib import Path

from .._text import as_text, say
from ._advice import in_options
from ._options import (
    add_color,
    add_command,
    add_folders,
    add_n_jobs,
    add_preparation,
    parse_params,
    read_pairs,
)
from ._tables import add_table_file, table_file, write_table

_FORMS = ("auto", "voc", "llvip", "m3fd", "yolo")


def add(commands):
    """Declare the command and its options."""
    parser = add_command(
        commands,
        "downstream",
        run,
        "ask a detector or a segmenter whether fusion helps",
    )
    parser.add_argument("pairs", help="folder of pairs, or of infrared images")
    parser.add_argument("visible", nargs="?", help="folder of visible images")
    add_folders(parser)
    add_preparation(parser)
    truth = parser.add_mutually_exclusive_group(required=True)
    truth.add_argument("--boxes", metavar="DIR", help="annotated boxes, to be found")
    truth.add_argument(
        "--masks", metavar="DIR", help="gray images of class numbers, to be told"
    )
    parser.add_argument(
        "--form", choices=_FORMS, default="auto", help="what the files of boxes are"
    )
    parser.add_argument(
        "--classes", help="names of YOLO's class numbers, with commas between"
    )
    parser.add_argument(
        "--detector",
        default="hog",
        metavar="{hog,blobs,FILE.onnx}",
        help="OpenCV's people detector (default), bright figures, or a network",
    )
    parser.add_argument("--segmenter", metavar="FILE.onnx", help="for --masks")
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the detector, e.g. min_height=40; can be repeated",
    )
    parser.add_argument(
        "--methods", help="fuse by these; names with commas between (default: balanced)"
    )
    parser.add_argument(
        "--fused",
        action="append",
        default=[],
        metavar="DIR",
        help="fused images that exist, named like the pairs; can be repeated",
    )
    add_color(parser)
    add_table_file(parser)
    add_n_jobs(parser)


def run(args):
    """Do the work and return the exit code."""
    from ..bad_pairs import readable
    from ..metrics.downstream import evaluate_downstream

    output = table_file(args)
    fused = _fused(args)
    look = _detector(args) if args.boxes is not None else _segmenter(args)
    pairs, _, failures = readable(read_pairs(args, args.pairs, args.visible))
    scorer = _scorer(args, look, pairs)
    table = evaluate_downstream(scorer, pairs, fused, n_jobs=args.n_jobs)
    if output is not None:
        write_table(output, table)
    say(as_text(table))
    for failure in failures:
        error = in_options(failure["error"])
        say(f"left out: {failure['pair']}: {error}", file=sys.stderr)
    return 1 if failures else 0


def _fused(args):
    """Return pipelines by their names and folders by theirs."""
    from ..compose import with_color
    from ..pipelines import DEFAULT_METHOD, get_pipeline

    names = args.methods.split(",") if args.methods is not None else []
    if not names and not args.fused:
        names = [DEFAULT_METHOD]
    fused = {name: with_color(get_pipeline(name), args.color) for name in names}
    for folder in args.fused:
        name = Path(folder).resolve().name
        if name in fused:
            raise ValueError(
                f"--fused {folder!r}: there is a row {name!r} already; rename the "
                "folder."
            )
        if not Path(folder).is_dir():
            raise ValueError(f"--fused {folder!r} is no folder.")
        fused[name] = folder
    return fused


def _detector(args):
    """Return the detector that the options choose, before any image is read."""
    from ..metrics.downstream import BlobDetector, HOGPeopleDetector, ONNXDetector

    built_in = {"hog": HOGPeopleDetector, "blobs": BlobDetector}
    params = parse_params(args.param)
    make, files = built_in.get(args.detector, ONNXDetector), ()
    if args.detector not in built_in:
        if not Path(args.detector).is_file():
            raise ValueError(
                f"--detector {args.detector!r}: use hog, blobs or an .onnx file that "
                "is there."
            )
        files = (args.detector,)
    try:
        return make(*files, **params)
    except TypeError as error:
        raise ValueError(f"--param: {error}.") from None


def _segmenter(args):
    from ..metrics.downstream import ONNXSegmenter

    if args.segmenter is None:
        raise ValueError("--masks needs --segmenter FILE.onnx.")
    if not Path(args.segmenter).is_file():
        raise ValueError(f"--segmenter {args.segmenter!r}: there is no such file.")
    return ONNXSegmenter(args.segmenter)


def _scorer(args, look, pairs):
    """Return what compares the answers with the annotations."""
    from ..datasets import read_boxes, read_class_maps
    from ..metrics import DetectionScorer, SegmentationScorer

    if args.masks is not None:
        return SegmentationScorer(look, read_class_maps(args.masks, pairs))
    classes = None if args.classes is None else args.classes.split(",")
    boxes = read_boxes(args.boxes, pairs, args.form, classes=classes)
    return DetectionScorer(look, boxes)
