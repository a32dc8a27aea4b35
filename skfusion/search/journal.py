"""The record of a search: what was measured of each candidate, as soon as it was."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from ..metrics.scorer import PairValues

__all__ = ["Journal", "Record"]


class Record(NamedTuple):
    """A candidate in a round of the search.

    Attributes
    ----------
    number : int
        The candidate's place among all.
    values : PairValues
    pairs : list of str
        Names of the pairs that were scored.
    seconds : float
        Fitting, fusing and measuring.
    """

    number: int
    values: PairValues
    pairs: list
    seconds: float


class Journal:
    """A file with one line a finished candidate, which an interrupted search keeps.

    Parameters
    ----------
    path : path
    entries : list of skfusion.metrics.sets.Entry
        What is measured.
    """

    def __init__(self, path, entries):
        self.path = Path(path)
        self.entries = entries

    def add(self, record):
        """Append a record; one write, so that workers may share the file."""
        values = record.values
        content = {
            **record._asdict(),
            "values": values.table.tolist(),
            "excused": values.excused.tolist(),
        }
        line = json.dumps(content).encode() + b"\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "ab", buffering=0) as file:
            file.write(line)

    def records(self) -> list[Record]:
        """Return what is noted, in the order of the candidates and then of rounds."""
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        better = {entry.column: entry.record.better for entry in self.entries}
        records = []
        for line in lines:
            content = json.loads(line)
            values = PairValues(better, content.pop("values"), content.pop("excused"))
            records.append(Record(values=values, **content))
        return sorted(records, key=lambda record: (record.number, len(record.pairs)))
