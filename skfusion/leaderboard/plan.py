"""The units of a bench, and which of them are done already."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ..fused_files import output_paths
from .cost import can_measure_memory
from .fingerprints import digest, file_state, fuse_code, measure_code, method_state
from .records import Record
from .unit import Unit

__all__ = ["own_units", "published_units", "reusable"]


def own_units(request, out, names) -> list[Unit]:
    """Return one unit a method and pair, its image in ``out/fused/METHOD``."""
    largest = int(np.argmax(request.sizes))
    sources = _sources(request)
    with_memory = can_measure_memory()
    units = []
    for method, estimator in request.estimators.items():
        state = method_state(method, estimator)
        outputs = output_paths(request.pairs, out / "fused" / method)
        source = "pipeline" if method in request.named else "estimator"
        for i, name in enumerate(names):
            measured = with_memory and i == largest
            key = digest(state, sources[i], fuse_code(), request.color, measured)
            record = Record(method, source, name, key, _measure_key(request, key))
            units.append(
                Unit(
                    record,
                    request.pairs[i : i + 1],
                    request.entries,
                    str(outputs[i]),
                    estimator,
                    measured,
                    request.sizes[i],
                )
            )
    return units


def published_units(request, others) -> list[Unit]:
    """Return one unit a pair of every published method that has them all."""
    units, sources = [], _sources(request)
    for other in others:
        if other.missing:
            continue
        for i, name in enumerate(other.files):
            key = digest(sources[i])
            record = Record(
                other.name, "published", name, key, _measure_key(request, key)
            )
            units.append(
                Unit(
                    record,
                    request.pairs[i : i + 1],
                    request.entries,
                    str(other.files[name]),
                    n_pixels=request.sizes[i],
                )
            )
    return units


def _sources(request):
    return [[file_state(cell) for cell in pair] for pair in request.pairs]


def _measure_key(request, key):
    return digest(key, [list(entry) for entry in request.entries], measure_code())


def reusable(unit, earlier) -> Record | None:
    """Return the earlier record if it still holds; else note what of it holds."""
    if earlier is None or earlier.error or earlier.fuse_key != unit.record.fuse_key:
        return None
    try:
        if file_state(unit.fused) != earlier.fused:
            return None
    except OSError:
        return None
    if earlier.measure_key == unit.record.measure_key:
        return earlier
    unit.estimator = None  # the image holds, the values do not
    unit.record.seconds, unit.record.memory = earlier.seconds, earlier.memory
    return None
