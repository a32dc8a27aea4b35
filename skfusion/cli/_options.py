"""What the commands share: pairs, colours, ``NAME=VALUE``, files to write."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import json

from .._urls import as_path, is_url

_PARAM = (
    "a parameter of the method or, as STEP__NAME, of one of its steps; VALUE as in "
    "JSON (5, 0.3, true, null, [1, 2]), anything else is a word; can be repeated"
)


def add_command(commands, name, run, text):
    parser = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.set_defaults(run=run)
    return parser


# The words of skfusion.compose.with_color, which is not loaded to print a help.
COLORS = ("luma", "gray", "per_channel")


def add_color(parser):
    parser.add_argument(
        "--color",
        type=lambda word: word.replace("-", "_"),
        choices=COLORS,
        default="luma",
        metavar="{luma,gray,per-channel}",
        help="keep the visible colours (default), gray images, or fuse each channel",
    )


def add_n_jobs(parser):
    parser.add_argument(
        "--n-jobs", type=int, default=None, help="workers; -1 uses all cores"
    )


def add_param(parser):
    parser.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help=_PARAM
    )


def add_folders(parser):
    """Declare how a folder is searched for pairs."""
    parser.add_argument(
        "--split", metavar="WORD", help="only the pairs of this part, e.g. test"
    )
    parser.add_argument(
        "--by-position",
        action="store_true",
        help="pair two folders by the order of their files, whatever their names",
    )


def add_preparation(parser):
    """Declare what is done to the pairs before they are fused or measured."""
    parser.add_argument(
        "--resize",
        choices=("visible", "infrared"),
        help="bring the other image of each pair to the size of this one (they must "
        "show the same field of view); with --register the image that stays",
    )
    parser.add_argument(
        "--register",
        metavar="{pair,rig,FILE}",
        help="bring the images of each pair onto each other: by a transform for each "
        "pair, by one for all, or by those of a file, of `skfusion register` or of a "
        "calibration",
    )
    parser.add_argument(
        "--crop",
        choices=("valid",),
        help="with --register: cut to what both images show",
    )
    add_stretch(parser)


def add_stretch(parser):
    parser.add_argument(
        "--stretch",
        nargs="*",
        action=_Percentiles,
        metavar=("LOW", "HIGH"),
        help="stretch each infrared image between two percentiles, by default 1 and "
        "99: for the counts of a thermal camera; behind the names of the files",
    )


def add_streams(parser):
    """Declare how the frames of videos are paired, and what damage costs."""
    parser.add_argument(
        "--match",
        choices=("number", "time"),
        default="number",
        help="pair frames of one number, or of one time (unequal frame rates)",
    )
    parser.add_argument(
        "--offset",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="the infrared video starts so much later than the visible one; below 0, "
        "so much earlier",
    )
    parser.add_argument(
        "--on-error",
        choices=("raise", "repeat"),
        default="raise",
        help="at a damaged frame of a video: stop, or repeat the one before",
    )


class _Percentiles(argparse.Action):
    """No number, or two of them."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            numbers = [float(value) for value in values]
        except ValueError:
            numbers = [None]
        if len(numbers) not in (0, 2) or None in numbers:
            parser.error(
                f"--stretch {' '.join(values)}: give two percentiles or none, behind "
                "the names of the files"
            )
        namespace.stretch = tuple(numbers) or (1.0, 99.0)


def read_pairs(args, folder, visible=None):
    """Return the pairs of one folder or of two, prepared as the options say."""
    return prepared(args, find(args, folder, visible))


def find(args, folder, visible=None):
    """Return the pairs of one folder or of two as they lie there."""
    from ..datasets import load_pairs

    how = {"split": args.split, "by_position": args.by_position}
    if visible is None:
        return load_pairs(folder, **how)
    return load_pairs(infrared=folder, visible=visible, **how)


def prepared(args, pairs):
    """Return pairs stretched and brought together as the options say, when read."""
    register = registration(args)
    pairs = stretched(args, pairs)
    if register is not None:
        from ..registration.cells import registered_pairs

        register = fitted_register(register, pairs)
        transforms = register.transforms_of(pairs)
        how = {"moving": register.moving, "crop": register.crop, "fill": register.fill}
        return registered_pairs(pairs, transforms, **how)
    return resized(args, pairs)


def stretched(args, pairs):
    """Return pairs stretched as the options say, when they are read."""
    if args.stretch is None:
        return pairs
    from ..pairs import stretch_infrared

    return stretch_infrared(pairs, *args.stretch)


def resized(args, pairs):
    """Return pairs resized as the options say, when they are read."""
    if args.resize is None:
        return pairs
    from ..sizes import resize_pairs

    return resize_pairs(pairs, args.resize)


def registration(args):
    """Return the step that --register asks for, not yet fitted, or None."""
    if args.register is None:
        if args.crop is not None:
            raise ValueError(
                f"--crop {args.crop}: cuts what --register leaves; give both."
            )
        return None
    from ..transforms import Register

    params = {"on_failure": "warn", "crop": args.crop}
    if args.resize is not None:
        other = {"visible": "infrared", "infrared": "visible"}
        params["moving"] = other[args.resize]
    if args.register in ("pair", "rig"):
        return Register(scope=args.register, **params)
    return Register.from_file(args.register, **params)


# A rig does not get better by more pairs than this.
RIG_PAIRS = 24


def fitted_register(register, pairs):
    """Return a step that needs no fitting: a rig is found from some of the pairs."""
    if register.scope != "rig" or register.matrix is not None:
        return register
    import numpy as np

    some = np.unique(np.linspace(0, len(pairs) - 1, RIG_PAIRS).round().astype(int))
    return register.fit(pairs[some] if len(pairs) else pairs).as_given()


def behind_register(register, estimator):
    """Return an estimator that treats colour, with registration as its first step."""
    from sklearn.pipeline import Pipeline

    if register is None:
        return estimator
    steps = [("register", register), ("fuse", estimator.estimator)]
    return type(estimator)(Pipeline(steps))


def check_new(path, force, option="--output"):
    """Refuse to replace a file without --force, and a folder that is not there."""
    path = as_path(path)
    if path.is_dir():
        raise ValueError(f"{option} {str(path)!r} is a folder: name a file.")
    if not is_url(path) and not path.parent.is_dir():
        raise ValueError(f"{option} {str(path)!r}: there is no such folder.")
    if path.exists() and not force:
        raise ValueError(f"{option} {str(path)!r} exists: --force replaces it.")


def check_parameters(estimator):
    """Refuse parameters of a wrong kind before anything is read."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    for part in parts:
        if hasattr(part, "_validate_params") and not isinstance(part, type):
            part._validate_params()


def parse_params(words):
    params = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise ValueError(
                f"--param {word!r}: write NAME=VALUE, e.g. fuse__radius=5."
            )
        params[name] = _parse_value(value)
    return params


def _parse_value(text):
    from ..model_files import decode

    spelled = {"None": None, "True": True, "False": False}
    if text in spelled:
        return spelled[text]
    try:
        return decode(json.loads(text))
    except (json.JSONDecodeError, RecursionError):
        return text
