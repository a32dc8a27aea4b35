"""``skfusion make-patches``: a sharp/blurred patch set."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from pathlib import Path

from .._text import say
from ._options import add_command


def add(commands):
    """Declare the command and its options."""
    patches = add_command(
        commands, "make-patches", run, "write a sharp/blurred patch set"
    )
    patches.add_argument("photographs", help="folder of photographs")
    patches.add_argument("-o", "--output", required=True, help="folder")
    patches.add_argument("--n-patches", type=int, default=10_000)
    patches.add_argument("--random-state", type=int, default=0)


def run(args):
    """Do the work and return the exit code."""
    from ..datasets import write_sharpness_patches
    from ..images.files import READABLE_SUFFIXES

    folder = Path(args.photographs)
    images = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in READABLE_SUFFIXES
    )
    if not images:
        raise ValueError(f"photographs={str(folder)!r} holds no image.")
    files = write_sharpness_patches(
        images, args.output, args.n_patches, random_state=args.random_state
    )
    say(f"{len(files)} samples written to {args.output}")
    return 0
