"""What a result was made with: machine, versions, commit."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import datetime
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib

from .._version import __version__

__all__ = ["describe_environment"]

_CPU_INFO = "/proc/cpuinfo"
_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "opencv-python",
    "torch",
    "pillow",
    "pandas",
)


def describe_environment() -> dict:
    """Return machine, versions, commit and date, as strings in a dict of dicts.

    Returns
    -------
    dict
        ``"date"``, ``"commit"`` (``None`` outside of a git checkout of this package;
        ends in ``"+changes"`` if files differ from it), ``"machine"`` and
        ``"versions"``.

    Examples
    --------
    >>> from skfusion.leaderboard.environment import describe_environment
    >>> sorted(describe_environment())
    ['commit', 'date', 'machine', 'versions']
    """
    now = datetime.datetime.now(datetime.UTC)
    return {
        "date": now.isoformat(timespec="seconds"),
        "commit": commit(Path(__file__).resolve().parents[1]),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": str(joblib.cpu_count()),
            "load before": _load(),
        },
        "versions": {
            "skfusion": __version__,
            "Python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
        },
    }


def commit(folder):
    """Return the commit of a folder of tracked files, ``None`` if there is none.

    A package that is merely installed somewhere below another checkout (in a virtual
    environment, say) is not part of it.
    """
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    found = _git(folder, "rev-parse", "HEAD")
    if not found:
        return None
    return found + ("+changes" if _git(folder, "status", "--porcelain", ".") else "")


def _git(folder, *words):
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:  # e.g. another distribution of OpenCV
        return "unknown"


def _load():
    """Return the mean number of busy processes; seconds mean little if it is high."""
    try:
        return f"{os.getloadavg()[0]:.1f}"
    except (AttributeError, OSError):  # not on every system
        return "unknown"


def _processor():
    try:
        text = Path(_CPU_INFO).read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return value.strip()
    return platform.processor() or platform.machine()
