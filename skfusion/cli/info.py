"""``skfusion info``: versions, methods, weights, hardware."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .._text import say
from .._version import described
from ._options import add_command, add_folders


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
    for title in ("unpaired", "ignored"):
        paths = getattr(found, title)
        say(f"{title}: {len(paths)}")
        for path in paths:
            say(f"  {path}")
    return 0


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
