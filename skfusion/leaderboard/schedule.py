"""The order of the work: one unit of each method first, then the longest."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from collections import deque

from ..workers import stream

__all__ = ["Schedule", "run_units"]


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
            self._waiting.setdefault(_method(unit.record), deque()).append(unit)
        self._probes = deque(key for key in self._waiting if key[0] != "published")
        self._seconds = dict.fromkeys(self._waiting, math.inf)
        for key in self._waiting:
            if key[0] == "published":
                self._seconds[key] = 0.0

    def learn(self, record):
        """Note what a finished unit took."""
        self._seconds[_method(record)] = record.elapsed

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


def run_units(units, work, n_jobs=None):
    """Yield ``work(unit)`` of every unit as the units finish.

    Parameters
    ----------
    units : list of Unit
    work : callable
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
    tasks = (delayed(work)(unit) for unit in schedule)
    # One task a worker: what comes next is decided when a worker is free.
    for record in stream(tasks, n_jobs, batch_size=1, pre_dispatch="n_jobs"):
        schedule.learn(record)
        yield record


def _method(record):
    return record.source, record.method
