"""What the commands share: how they are declared, and ``NAME=VALUE``."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json


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
    except json.JSONDecodeError:
        return text
