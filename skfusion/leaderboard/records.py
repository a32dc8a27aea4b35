"""Finished work on disk: one line of JSON a method and pair, appended."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["Record", "RecordFile"]


@dataclass
class Record:
    """What became of one method on one pair.

    Attributes
    ----------
    method, source, pair : str
        `source` is ``"pipeline"`` (of the registry), ``"estimator"`` (a given one) or
        ``"published"``.
    fuse_key, measure_key : str
        What the fused image and the values depend on.
    values : dict of str to float
        One value a metric; empty if the work failed.
    seconds : float
        Of the fusion alone; NaN for a published image.
    memory : float
        Bytes, see :func:`skfusion.leaderboard.cost.peak_memory`; NaN where it was not
        measured.
    fused : list of int
        Size and time of the fused file, to notice a changed one.
    error : str
        Why it failed, empty if it did not.
    elapsed : float
        Seconds of the whole work, for the order of the work to come.
    """

    method: str
    source: str
    pair: str
    fuse_key: str = ""
    measure_key: str = ""
    values: dict = field(default_factory=dict)
    seconds: float = math.nan
    memory: float = math.nan
    fused: list = field(default_factory=list)
    error: str = ""
    elapsed: float = 0.0

    @property
    def who(self):
        """The method, told apart from one of the same name and another source."""
        return self.source, self.method

    @property
    def identity(self):
        """What a later record replaces an earlier one by."""
        return *self.who, self.pair


class RecordFile:
    """Records of this and of earlier runs.

    A line is written whole or, if the process is killed in the middle, is no JSON and
    left out on reading; later lines replace earlier ones of the same work.

    Parameters
    ----------
    path : path
    """

    def __init__(self, path):
        self.path = Path(path)

    def load(self) -> dict:
        """Return the latest record of each identity."""
        records = {}
        if not self.path.is_file():
            return records
        for line in self.path.read_bytes().splitlines():
            try:
                record = _record(json.loads(line))
            except _NO_RECORD:
                continue
            records[record.identity] = record
        return records

    def append(self, record):
        """Write one record."""
        content = asdict(record)
        content["values"] = {k: strict(v) for k, v in record.values.items()}
        content["seconds"] = strict(record.seconds)
        content["memory"] = strict(record.memory)
        line = json.dumps(content, allow_nan=False).encode() + b"\n"
        with open(self.path, "ab+") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the rest of a killed run
                    line = b"\n" + line
            file.write(line)


# What comes of a line that was cut, or that somebody else wrote.
_NO_RECORD = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_TEXTS = ("method", "source", "pair", "fuse_key", "measure_key", "error")
_NUMBERS = ("seconds", "memory", "elapsed")


def _record(content):
    record = Record(**content)
    if not all(isinstance(getattr(record, name), str) for name in _TEXTS):
        raise TypeError
    record.values = _floats(record.values)
    numbers = _floats({name: getattr(record, name) for name in _NUMBERS})
    for name, number in numbers.items():
        setattr(record, name, number)
    return record


def strict(value):
    """Return a float as strict JSON has it: NaN is null, infinities are words."""
    value = float(value)
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def _floats(values):
    return {k: math.nan if v is None else float(v) for k, v in values.items()}
