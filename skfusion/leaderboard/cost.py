"""What a transform costs in memory."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import sys

__all__ = ["MEMORY_NOTE", "can_measure_memory", "peak_memory"]

MEMORY_NOTE = (
    "Peak memory is the growth of the resident set (VmHWM after, VmRSS before, the "
    "heap trimmed) of the worker process while it fuses the largest pair, with code "
    "and weights already loaded; Linux only."
)
_STATUS = "/proc/self/status"
_CLEAR = "/proc/self/clear_refs"


def can_measure_memory() -> bool:
    """Tell whether the peak of the resident set can be reset here."""
    try:
        with open(_CLEAR, "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


@contextlib.contextmanager
def peak_memory():
    """Measure by how much the memory of this process grows at its peak.

    Yields
    ------
    dict
        ``"bytes"``, set when the block ends: peak of the resident set in the block
        less the resident set before it; NaN where the system cannot tell.

    Notes
    -----
    Unlike ``tracemalloc`` this sees what torch, numba and OpenCV allocate. What the
    allocator kept from earlier work is given back first, or it would hide growth.

    Examples
    --------
    >>> from skfusion.leaderboard.cost import peak_memory
    >>> with peak_memory() as growth:
    ...     block = bytes(2**20)
    >>> list(growth)
    ['bytes']
    """
    growth = {"bytes": math.nan}
    gc.collect()
    _trim_heap()
    if not can_measure_memory():  # also resets the peak
        yield growth
        return
    before = _status("VmRSS")
    yield growth
    growth["bytes"] = max(0.0, _status("VmHWM") - before)


def _trim_heap():
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _status(key):
    with open(_STATUS) as file:
        for line in file:
            if line.startswith(key + ":"):
                return float(line.split()[1]) * 1024
    return math.nan
