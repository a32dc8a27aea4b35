"""All metrics by name."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping

from ._metric import Metric

__all__ = ["UnknownMetricError", "registry"]

# The modules that define metrics, in the order in which the registry lists them.
FAMILIES = (
    "information",
    "feature_information",
    "features",
    "gradient",
    "phase",
    "structural",
    "piella",
    "yang_cvejic",
    "correlation",
    "error",
    "fidelity",
    "perceptual",
    "looks",
)


class UnknownMetricError(KeyError, ValueError):
    """A name that is not in the registry; the message lists those that are."""

    def __str__(self):
        return str(self.args[0])  # KeyError would quote the sentence


@functools.cache
def _rows() -> dict[str, Metric]:
    """Import the families and collect what they define."""
    rows = {}
    for family in FAMILIES:
        module = importlib.import_module(f".{family}", __package__)
        for value in vars(module).values():
            if isinstance(value, Metric) and value.__module__ == module.__name__:
                rows[value.name] = value
    return rows


class _Registry(Mapping):
    """Read-only mapping from name to :class:`Metric`; loads them at the first look."""

    def __getitem__(self, name: str) -> Metric:
        try:
            return _rows()[name]
        except KeyError:
            raise UnknownMetricError(
                f"{name!r} is no metric: choose from {', '.join(_rows())}."
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(_rows())

    def __len__(self) -> int:
        return len(_rows())

    def __repr__(self) -> str:
        return f"registry({', '.join(_rows())})"


registry: Mapping[str, Metric] = _Registry()
