"""Read the tables that other methods were published in."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from io import StringIO

import numpy as np

from .._text import csv_cell
from .parsing import read_text

__all__ = ["VIFB_COLUMNS", "read_scores"]

_MAX_BYTES = 2**26

# Names in the tables that the VIFB benchmark publishes: columns of the set "vifb".
VIFB_COLUMNS = {
    "Avg_gradient": "AG",
    "Cross_entropy": "CE",
    "Edge_intensity": "EI",
    "Entropy": "EN",
    "Mutinf": "MI",
    "Psnr": "PSNR",
    "Qabf": "Qabf",
    "Qcb": "Qcb",
    "Qcv": "Qcv",
    "Rmse": "RMSE",
    "Spatial_frequency": "SF",
    "Ssim": "SSIM",
    "Variance": "SD",
}


def read_scores(against, entries):
    """Read a table of other methods in any of its forms.

    Parameters
    ----------
    against : path or pandas.DataFrame
        See :class:`skfusion.search.MeanRank`.
    entries : list of Entry
        The columns to take.

    Returns
    -------
    pandas.DataFrame, index ``method`` or (``method``, ``image``)
        Scores: greater is better in every column.

    Raises
    ------
    ValueError
        If the table cannot be read or lacks a column.
    """
    import pandas as pd

    if isinstance(against, pd.DataFrame):
        table, name = against.copy(), "against"
        if "method" not in table.columns:
            table = table.rename_axis(index="method").reset_index()
    else:
        name = f"against={os.fspath(against)!r}"
        try:
            # The text alone: pandas would open addresses and unpack archives.
            table = pd.read_csv(StringIO(read_text(against, _MAX_BYTES)))
        except (OSError, ValueError, OverflowError) as error:
            line = " ".join(str(error).split())
            raise ValueError(f"{name}: the table cannot be read: {line}") from None
    if len(table.columns) < 2 or not len(table):
        raise ValueError(f"{name}: expected a column of methods, then metrics.")
    if "method" not in table.columns:
        table = table.rename(columns={table.columns[0]: "method"})
    if "image" not in table.columns:
        table = table.rename(columns={"pair": "image"})
    index = ["method", "image"] if "image" in table.columns else ["method"]
    if {"metric", "value"} <= set(table.columns):
        _refuse_duplicates(table, [*index, "metric"], name)
        table = table.pivot(index=index, columns="metric", values="value")
    else:
        _refuse_duplicates(table, index, name)
        table = table.set_index(index)
    if len(index) == 2:
        table.index = table.index.set_levels(
            table.index.levels[1].astype(str).map(csv_cell), level="image"
        )
    if set(VIFB_COLUMNS) & set(table.columns) - {"Qabf", "Qcb", "Qcv"}:
        table = table.rename(columns=VIFB_COLUMNS)
    scores = {}
    for entry in entries:
        if entry.column not in table.columns:
            raise ValueError(
                f"{name}: the table has no column {entry.column!r}: it has "
                f"{', '.join(map(str, table.columns))}; give metrics of that table, "
                "e.g. metrics: vifb."
            )
        try:
            values = table[entry.column].astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name}: the column {entry.column!r} holds something that is no "
                "number."
            ) from None
        scores[entry.column] = values.map(entry.record.better)
    return pd.DataFrame(scores)


def _refuse_duplicates(table, keys, name):
    twice = table[table.duplicated(keys)]
    if len(twice):
        row = ", ".join(str(twice.iloc[0][key]) for key in keys)
        raise ValueError(f"{name}: the row ({row}) comes twice.")
