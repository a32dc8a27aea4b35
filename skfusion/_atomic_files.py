"""Write a file that appears complete or not at all."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import uuid
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(path, data):
    """Write beside, then rename: atomic, with the permissions open() would give.

    Parameters
    ----------
    path : path
        Replaced if it exists.
    data : bytes-like
    """
    path = Path(path)
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
