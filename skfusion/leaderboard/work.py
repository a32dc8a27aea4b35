"""The work: units in a good order, each fused, written, read back and measured."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import time
import warnings
from collections import deque
from dataclasses import replace
from pathlib import Path

from .._text import sentence
from ..fingerprints import file_state
from ..images.files import write_image
from ..images.notices import Notices
from ..metrics import UndefinedMetricWarning, evaluate
from ..pairs import ImagePairs
from ..workers import keep_freed_memory, one_thread, stream
from .cost import peak_memory
from .records import Record

__all__ = ["Schedule", "do_unit", "do_units"]

_WARM_UP = 64  # pixels: enough to load code and weights, small enough for any method


class Schedule:
    """Hand out units so that all workers stay busy to the end.

    The largest pair of every method comes first and tells what the method costs; after
    that, the method with the longest work left comes next, and the short ones fill
    the end. A method whose first unit is still under way counts as the longest.

    Parameters
    ----------
    units : list of Unit
    """

    def __init__(self, units):
        self._waiting = {}
        for unit in sorted(units, key=lambda unit: -unit.n_pixels):
            self._waiting.setdefault(unit.record.who, deque()).append(unit)
        self._probes = deque(key for key in self._waiting if key[0] != "published")
        self._seconds = dict.fromkeys(self._waiting, math.inf)
        for key in self._waiting:
            if key[0] == "published":
                self._seconds[key] = 0.0

    def learn(self, record):
        """Note what a finished unit took."""
        self._seconds[record.who] = record.elapsed

    def __iter__(self):
        while self._probes:
            yield self._take(self._probes.popleft())
        while self._waiting:
            yield self._take(max(self._waiting, key=self._seconds.get))

    def _take(self, key):
        unit = self._waiting[key].popleft()
        if not self._waiting[key]:
            del self._waiting[key]
        return unit


def do_units(units, n_jobs=None):
    """Do the work and yield the record of each unit, as the units finish.

    Parameters
    ----------
    units : list of Unit
    n_jobs : int, optional
        Workers of joblib.

    Yields
    ------
    Record

    Raises
    ------
    OSError
        If the system ended a worker, as a rule for want of memory.
    """
    from joblib import delayed

    schedule = Schedule(units)
    tasks = (delayed(do_unit)(unit) for unit in schedule)
    # One task a worker: what comes next is decided when a worker is free.
    for record in stream(tasks, n_jobs, batch_size=1, pre_dispatch="n_jobs"):
        schedule.learn(record)
        yield record


_warm = set()  # the methods that this process has used


def do_unit(unit) -> Record:
    """Do one unit and return its record; an error becomes its sentence."""
    start, found = time.perf_counter(), {}
    try:
        # What there is to say about the pairs was said when the request was read.
        with Notices(quiet=True):
            if unit.estimator is not None:
                found["seconds"], found["memory"] = _fuse(unit)
            found["fused"] = file_state(unit.fused)
            found["values"] = _measure(unit)
    except Exception as error:  # whatever a method does costs nobody else
        found["error"] = sentence(error)
    return replace(unit.record, **found, elapsed=time.perf_counter() - start)


def _fuse(unit):
    infrared, visible = unit.pair.read(0)
    pair = ImagePairs([infrared], [visible], names=unit.pair.names)
    _warm_up(unit, infrared, visible)
    keep_freed_memory()
    with one_thread():
        if unit.with_memory:
            with peak_memory() as growth:
                fused, seconds = _transform(unit.estimator, pair)
        else:
            growth = {"bytes": math.nan}
            fused, seconds = _transform(unit.estimator, pair)
    path = Path(unit.fused)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, fused, bit_depth=8)
    return seconds, growth["bytes"]


def _transform(estimator, pair):
    start = time.perf_counter()
    fused = estimator.transform(pair)[0]
    return fused, time.perf_counter() - start


def _warm_up(unit, infrared, visible):
    """Load kernels and weights, so that neither is counted."""
    if unit.record.who in _warm:
        return
    corner = (slice(_WARM_UP), slice(_WARM_UP))
    unit.estimator.transform(ImagePairs([infrared[corner]], [visible[corner]]))
    _warm.add(unit.record.who)


def _measure(unit):
    with warnings.catch_warnings():
        # NaN is in the table and ranks last.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        table = evaluate(unit.pair, [unit.fused], metrics=unit.entries)
    return {column: float(table[column].iloc[0]) for column in table.columns}
