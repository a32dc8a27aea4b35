"""Transforms of pairs as a file, written once and used by every command."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from .._atomic_files import replace_file
from .._version import __version__
from .applied import as_matrix
from .calibration import CalibrationError

__all__ = ["FORMAT", "read_transforms", "write_transforms"]

FORMAT = "skfusion-transforms"
_MAX_BYTES = 2**28


def write_transforms(path, *, model, moving, rig, names, matrices, quality, failed):
    """Write transforms as JSON.

    Parameters
    ----------
    path : path
        Replaced if it exists.
    model, moving : str
    rig : ndarray of shape (3, 3) or None
        The one transform of all pairs.
    names : sequence of str
    matrices : sequence of ndarray, shape (3, 3)
        From pixels (x, y, 1) of the fixed image to pixels of the moving one.
    quality : sequence of float
    failed : sequence of bool
    """
    rows = zip(names, matrices, quality, failed)
    content = {
        "format": FORMAT,
        "skfusion": __version__,
        "model": model,
        "moving": moving,
        "rig": None if rig is None else np.asarray(rig).tolist(),
        "pairs": {
            str(name): {
                "matrix": np.asarray(matrix).tolist(),
                "quality": round(float(score), 4),
                "failed": bool(bad),
            }
            for name, matrix, score, bad in rows
        },
    }
    replace_file(Path(path), (json.dumps(content, indent=1) + "\n").encode())


def read_transforms(path):
    """Read what :func:`write_transforms` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict or None
        ``model``, ``moving`` and ``matrix``: that of the rig, or those of the pairs
        by their names without the ones that failed. ``None`` if the file is another.

    Raises
    ------
    CalibrationError
        If it is damaged.
    """
    path = Path(path)
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    if path.stat().st_size > _MAX_BYTES:
        raise CalibrationError(f"transforms {str(path)!r}: too large for such a file.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    try:
        rig, pairs = content["rig"], content["pairs"]
        matrix = (
            as_matrix(rig, "rig").tolist()
            if rig is not None
            else {
                str(name): as_matrix(row["matrix"], f"the matrix of {name!r}").tolist()
                for name, row in pairs.items()
                if not row["failed"]
            }
        )
        return {
            "model": content["model"],
            "moving": content["moving"],
            "matrix": matrix,
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CalibrationError(
            f"transforms {os.fspath(path)!r} is damaged ({error})."
        ) from None
