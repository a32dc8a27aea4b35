"""``skfusion info``: versions, methods, weights, hardware."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .._text import say
from .._version import described
from ._options import add_command, add_folders

_LOOKS = 100  # pairs that are looked at, all over the folder


def add(commands):
    """Declare the command and its options."""
    info = add_command(
        commands, "info", run, "versions, methods, weights, hardware, or pairs found"
    )
    info.add_argument("pairs", nargs="?", help="folder of pairs, or of infrared images")
    info.add_argument("visible", nargs="?", help="folder of visible images")
    add_folders(info)


def run(args):
    """Do the work and return the exit code."""
    return _system() if args.pairs is None else _folder(args)


def _folder(args):
    """Say what is found in a folder, and what is left over."""
    from ..datasets import find_pairs

    how = {"split": args.split, "by_position": args.by_position}
    if args.visible is None:
        found = find_pairs(args.pairs, **how)
    else:
        found = find_pairs(infrared=args.pairs, visible=args.visible, **how)
    say(f"pairs: {len(found)}")
    for name, *both in zip(found.names, found.infrared, found.visible):
        say(f"  {name}: {both[0]} with {both[1]}")
    _say_alignment(found)
    for title in ("unpaired", "ignored"):
        paths = getattr(found, title)
        say(f"{title}: {len(paths)}")
        for path in paths:
            say(f"  {path}")
    return 0


def _say_alignment(found):
    """Say whether the images of the pairs lie on each other."""
    import numpy as np

    from ..images import ImageReadError
    from ..inspection import inspect_alignment
    from ..pairs import ImagePairs

    pairs = ImagePairs(found.infrared, found.visible, names=found.names)
    some = np.unique(np.linspace(0, len(pairs) - 1, _LOOKS).round().astype(int))
    some = some[: len(pairs)]
    if not len(some):
        return
    try:
        table = inspect_alignment(pairs[some])
    except (ImageReadError, ValueError) as error:
        say(f"alignment: not known, {error}")
        return
    off = table[table["off"]]
    looked = "" if len(some) == len(pairs) else f" looked at, of {len(pairs)}"
    advice = "; `skfusion register` brings them together" if len(off) else ""
    say(f"alignment: {len(off)} of {len(table)} pairs{looked} likely off{advice}")
    for name, row in off.iterrows():
        say(
            f"  {name}: infrared lies {row.dx:+.0f} pixels to the right, {row.dy:+.0f} "
            f"below (confidence {row.confidence:.2f})"
        )


def _system():
    import platform
    from importlib.metadata import version

    import joblib
    import torch

    from ..learning.weights import pretrained_names
    from ..pipelines import DEFAULT_METHOD, registry

    print(f"skfusion {described()}, Python {platform.python_version()}")
    names = ("numpy", "scipy", "scikit-learn", "numba", "opencv-python", "torch")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"{platform.machine()}, {joblib.cpu_count()} cores, CUDA: ", end="")
    print(torch.cuda.get_device_name() if torch.cuda.is_available() else "none")
    print(f"weights: {', '.join(pretrained_names()) or 'none'}")
    print(f"methods (default {DEFAULT_METHOD}):")
    for entry in registry.values():
        print(f"  {entry.name:20} {entry.title}")
    return 0
