"""What is to be done: one unit a method and pair, and what holds from earlier runs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..fingerprints import digest, file_state, fuse_code, measure_code, method_state
from ..fused_files import output_paths
from ..pairs import ImagePairs
from .cost import can_measure_memory
from .records import Record

__all__ = ["Plan", "Unit", "image_holds", "make_plan", "values_hold"]


@dataclass(frozen=True)
class Unit:
    """One method on one pair: what a worker needs to know.

    Attributes
    ----------
    record : Record
        Names and keys, and what is known of the image if it is there.
    pair : ImagePairs of one pair
    entries : list of skfusion.metrics.sets.Entry
    fused : str
        Path of the fused image: to be written, or there already.
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

    def measured_again(self, earlier) -> Unit:
        """Return the unit for an image that holds and values that do not."""
        known = {"seconds": earlier.seconds, "memory": earlier.memory}
        return replace(self, estimator=None, record=replace(self.record, **known))


@dataclass(frozen=True)
class Plan:
    """The units of a bench.

    Attributes
    ----------
    units : list of Unit
        All of them, in the order of the result.
    done : list of Record
        Earlier ones that hold.
    todo : list of Unit
    """

    units: list
    done: list = field(default_factory=list)
    todo: list = field(default_factory=list)

    def in_order(self, records) -> list[Record]:
        """Return one record a unit, in the order of the units."""
        place = {unit.record.identity: i for i, unit in enumerate(self.units)}
        return sorted(records, key=lambda record: place[record.identity])


def make_plan(request, folder, earlier) -> Plan:
    """Return the units of a request, told apart by what earlier records are good for.

    Parameters
    ----------
    request : Request
    folder : Path
        Where fused images lie, ``folder/METHOD/NAME.png``.
    earlier : dict of identity to Record
        See :meth:`skfusion.leaderboard.records.RecordFile.load`.

    Returns
    -------
    Plan
    """
    plan = Plan([*_own_units(request, folder), *_published_units(request)])
    for unit in plan.units:
        record = earlier.get(unit.record.identity)
        if values_hold(unit, record):
            plan.done.append(record)
        elif image_holds(unit, record):
            plan.todo.append(unit.measured_again(record))
        else:
            plan.todo.append(unit)
    return plan


def image_holds(unit, earlier) -> bool:
    """Tell whether an earlier record is of the image that the unit would make."""
    if earlier is None or earlier.error or earlier.fuse_key != unit.record.fuse_key:
        return False
    try:
        return file_state(unit.fused) == earlier.fused
    except OSError:
        return False


def values_hold(unit, earlier) -> bool:
    """Tell whether an earlier record is what the unit would come to."""
    if not image_holds(unit, earlier):
        return False
    columns = {entry.column for entry in unit.entries}
    same = earlier.measure_key == unit.record.measure_key
    return same and set(earlier.values) == columns


def _own_units(request, folder):
    largest = int(np.argmax(request.sizes))
    with_memory = can_measure_memory()
    sources = _sources(request)
    for method, estimator in request.estimators.items():
        state = method_state(method, estimator)
        outputs = output_paths(request.pairs, folder / method)
        source = "pipeline" if method in request.named else "estimator"
        for i, fused in enumerate(outputs):
            measured = with_memory and i == largest
            key = digest(state, sources[i], fuse_code(), request.color, measured)
            given = {"estimator": estimator, "with_memory": measured}
            yield _unit(request, i, method, source, key, fused, **given)


def _published_units(request):
    """Yield a unit for every pair of each method that has them all."""
    sources = _sources(request)
    for other in request.others:
        if other.missing:
            continue
        for i, name in enumerate(request.names):
            key = digest(sources[i])
            yield _unit(request, i, other.name, "published", key, other.files[name])


def _unit(request, i, method, source, fuse_key, fused, **given):
    entries = [list(entry) for entry in request.entries]
    record = Record(
        method=method,
        source=source,
        pair=request.names[i],
        fuse_key=fuse_key,
        measure_key=digest(fuse_key, entries, measure_code()),
    )
    return Unit(
        record=record,
        pair=request.pairs[i : i + 1],
        entries=request.entries,
        fused=str(fused),
        n_pixels=request.sizes[i],
        **given,
    )


def _sources(request):
    return [[file_state(cell) for cell in pair] for pair in request.pairs]
