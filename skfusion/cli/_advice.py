"""The library's advice in the words of the command line."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

__all__ = ["SPELLED", "in_options"]

# What an error of the library says, and what does the same here. In this order.
SPELLED = (
    (
        "name the two folders with infrared= and visible=",
        "name the two folders, INFRARED VISIBLE",
    ),
    ("pass by_position=True where", "give --by-position where"),
    ("by_position=True", "--by-position"),
    (", or channels='rgbt' where each file holds both", ""),
    ("e.g. with skfusion.transforms.Resize(to='visible')", "with --resize visible"),
    ("skfusion.transforms.Resize(to='visible') before the fuser", "--resize visible"),
    ("`--stretch` or LinearStretch(1, 99)", "--stretch"),
    ("skip_existing=False", "--force"),
    ("overwrite=True", "--force"),
    ("match='time'", "--match time"),
    ("on_error='repeat'", "--on-error repeat"),
    ("on_failure='warn' leaves such pairs", "--on-failure warn leaves such pairs"),
    ("scope='rig' takes one transform", "--rig takes one transform"),
    ("use scope='rig', or no crop", "use --register rig, or no --crop"),
    (", or the transform by Register.from_points", ""),
    ("offset=", "--offset "),
    ("every=", "--every "),
    ("use color='gray'", "use --color gray"),
    ("find_pairs lists them all", "`skfusion info` lists them all"),
    ("folder='", "'"),
    ("fused='", "'"),
    ("e.g. classes=['person']", "e.g. --classes person"),
    ("form='", "--form '"),
    ("boxes='", "--boxes '"),
    ("masks='", "--masks '"),
    ("detector='", "--detector '"),
    ("segmenter='", "--segmenter '"),
    ("infrared='", "infrared folder '"),
    ("visible='", "visible folder '"),
    ("split=", "--split "),
    ("suffix=", "--suffix "),
    ("objective=", "--objective "),
    ("strategy=", "--strategy "),
    ("against=", "--against "),
)


def in_options(message) -> str:
    """Return a message with the names of options where it has those of Python."""
    for python, option in SPELLED:
        message = message.replace(python, option)
    return message
