"""``skfusion info``: versions, methods, weights, hardware."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .._version import __version__
from ._options import add_command


def add(commands):
    """Declare the command and its options."""
    add_command(commands, "info", run, "versions, methods, weights, hardware")


def run(args):
    """Do the work and return the exit code."""
    import platform
    from importlib.metadata import version

    import joblib
    import torch

    from ..learning.weights import pretrained_names
    from ..pipelines import DEFAULT_METHOD, registry

    print(f"skfusion {__version__}, Python {platform.python_version()}")
    names = ("numpy", "scipy", "scikit-learn", "numba", "opencv-python", "torch")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"{platform.machine()}, {joblib.cpu_count()} cores, CUDA: ", end="")
    print(torch.cuda.get_device_name() if torch.cuda.is_available() else "none")
    print(f"weights: {', '.join(pretrained_names()) or 'none'}")
    print(f"methods (default {DEFAULT_METHOD}):")
    for entry in registry.values():
        print(f"  {entry.name:20} {entry.title}")
    return 0
