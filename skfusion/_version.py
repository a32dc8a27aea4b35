"""The version, read by the package and by setup.cfg; the commit that it is of."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

__version__ = "0.1.0.dev0"


def commit() -> str | None:
    """Return the short hash of the commit, ``None`` if nothing tells.

    A wheel and an sdist hold it in ``_commit.txt`` (written by ``setup.py``); a
    checkout is asked itself, and says ``-dirty`` if tracked files differ from it.
    """
    import subprocess
    from pathlib import Path

    package = Path(__file__).resolve().parent
    try:
        return (package / "_commit.txt").read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        pass
    if not (package.parent / ".git").exists():
        return None
    ask = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=10"]
    try:
        said = subprocess.run(
            ask, cwd=package, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip() or None if said.returncode == 0 else None


def described() -> str:
    """Return the version, with the commit behind it where that is known."""
    known = commit()
    return __version__ if known is None else f"{__version__} (commit {known})"
