"""One unit of work: one method on one pair, fused, written, read back, measured."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from ..images.files import write_image
from ..images.notices import Notices
from ..metrics import UndefinedMetricWarning, evaluate
from ..pairs import ImagePairs
from ..workers import keep_freed_memory, one_thread
from .cost import peak_memory
from .fingerprints import file_state
from .records import Record

__all__ = ["Unit", "do_unit", "sentence"]

_WARM_UP = 64  # pixels: enough to load code and weights, small enough for any method


@dataclass
class Unit:
    """What a worker needs to know.

    Attributes
    ----------
    record : Record
        Names and keys; an earlier one whose image may be measured again.
    pair : ImagePairs of one pair
    entries : list of skfusion.metrics.sets.Entry
    fused : str
        Path of the fused image: to be written, or published.
    estimator : fuser or None
        ``None`` if the image is there already.
    with_memory : bool
    n_pixels : int
        For the order of the work.
    """

    record: Record
    pair: ImagePairs
    entries: list
    fused: str
    estimator: object = None
    with_memory: bool = False
    n_pixels: int = 0


_warm = set()  # the methods that this process has used


def do_unit(unit) -> Record:
    """Do the work and return its record; an error becomes its sentence."""
    record, start = unit.record, time.perf_counter()
    try:
        # What there is to say about the pairs was said when the request was read.
        with Notices(quiet=True):
            if unit.estimator is not None:
                record.seconds, record.memory = _fuse(unit)
            record.fused = file_state(unit.fused)
            record.values = _measure(unit)
    except Exception as error:  # whatever a method does costs nobody else
        record.error, record.values = sentence(error), {}
    record.elapsed = time.perf_counter() - start
    return record


def sentence(error) -> str:
    """Return an exception's message as one line."""
    message = " ".join(str(error).split())
    if isinstance(error, (ValueError, OSError)) and message:
        return message
    return f"{type(error).__name__}: {message}".removesuffix(": ")


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
    key = (unit.record.source, unit.record.method)
    if key in _warm:
        return
    corner = (slice(_WARM_UP), slice(_WARM_UP))
    unit.estimator.transform(ImagePairs([infrared[corner]], [visible[corner]]))
    _warm.add(key)


def _measure(unit):
    with warnings.catch_warnings():
        # NaN is in the table and ranks last.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        table = evaluate(unit.pair, [unit.fused], metrics=unit.entries)
    return {column: float(table[column].iloc[0]) for column in table.columns}
