"""Write a file that appears complete or not at all."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import shutil
import uuid
from pathlib import Path

from ._urls import URLPath, as_path

__all__ = ["remove_leftovers", "replace_file", "temporary_beside"]

_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_TEMPORARY = re.compile(r"^\.skfusion-([0-9a-f]{8})-(\d+)-[0-9a-f]{32}\.tmp")


def temporary_beside(path) -> Path:
    """Return a new hidden name in the folder of a file; it says who writes it."""
    name = f".skfusion-{_HOST}-{os.getpid()}-{uuid.uuid4().hex}.tmp"
    return Path(path).parent / name


def remove_leftovers(folder) -> None:
    """Remove what processes of this machine that were killed left half-written.

    Parameters
    ----------
    folder : path
        What lies below it is left alone, but for temporary folders.
    """
    if isinstance(folder, URLPath):
        return
    for entry in os.scandir(folder):
        found = _TEMPORARY.match(entry.name)
        if found and found[1] == _HOST and not _is_alive(int(found[2])):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with contextlib.suppress(PermissionError):  # somebody else's
                    Path(entry.path).unlink(missing_ok=True)


def _is_alive(process):
    if os.name != "posix":  # there, os.kill would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def replace_file(path, data):
    """Write beside, then rename: atomic, with the permissions open() would give.

    Parameters
    ----------
    path : path
        Replaced if it exists.
    data : bytes-like
    """
    path = as_path(path)
    if isinstance(path, URLPath):
        path.write_bytes(data)
        return
    temporary = temporary_beside(path)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
