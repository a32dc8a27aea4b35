"""Named sets of metrics: what the published tables and codes print side by side."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from skfusion._text import nearest
from skfusion.images import read_image

from ._metric import ImageTooSmallError, Metric
from ._registry import registry
from .context import Context

__all__ = ["Entry", "compute_entries", "metric_set", "metric_sets"]


class Entry(NamedTuple):
    """One column of a table: its name, the key in the registry, the keywords.

    ``kwargs`` may hold ``channel=`` beside the keywords of the metric itself.
    """

    column: str
    metric: str
    kwargs: dict = {}

    @property
    def record(self) -> Metric:
        """The registry's row."""
        return registry[self.metric]


_IMAGES = {"infrared", "visible", "fused", "image"}


def _vifb():
    mean = {"channel": "mean"}
    return [
        Entry("AG", "ag", mean),
        Entry("CE", "ce", mean),
        Entry("EI", "ei", mean),
        Entry("EN", "en", mean),
        Entry("MI", "mi", {"variant": "vifb", **mean}),
        Entry("PSNR", "psnr", {"variant": "vifb", **mean}),
        Entry("Qabf", "qabf", mean),
        Entry("Qcb", "qcb", mean),
        Entry("Qcv", "qcv", mean),
        Entry("RMSE", "rmse", {"variant": "vifb", **mean}),
        Entry("SF", "sf", {"channel": "vifb"}),
        Entry("SSIM", "ssim", {"reduction": "sum", **mean}),
        Entry("SD", "sd", mean),
    ]


def _seed001():
    return [
        Entry("EI", "ei"),
        Entry("CE", "ce"),
        Entry("SF", "sf"),
        Entry("EN", "en"),
        Entry("Qabf", "qabf"),
        Entry("SCD", "scd", {"variant": "uint8"}),
        Entry("Nabf", "nabf"),
        Entry("MI", "mi", {"variant": "rfn_2en"}),
        Entry("SD", "sd", {"variant": "sample"}),
        Entry("DF", "df"),
        Entry("VIFF", "viff"),
    ]


def _qwqe():
    blocks = {"variant": "uiqi_blocks"}
    return [Entry("Qw", "qw", blocks), Entry("Qe", "qe", blocks)]


def _tang():
    return [
        Entry("EN", "en"),
        Entry("SF", "sf", {"variant": "mean_of_differences"}),
        Entry("SD", "sd"),
        Entry("PSNR", "psnr", {"variant": "lt"}),
        Entry("MSE", "mse", {"data_range": 1}),
        Entry("MI", "mi", {"variant": "lt"}),
        Entry("VIF", "vif", {"reduction": "sum"}),
        Entry("AG", "ag"),
        Entry("CC", "cc"),
        Entry("SCD", "scd"),
        Entry("Qabf", "qabf"),
        Entry("Nabf", "nabf", {"variant": "lt_wrong_order"}),
        Entry("SSIM", "ssim", {"variant": "tang"}),
    ]


def _tang2022():
    unit = {"data_range": 1}
    return [
        Entry("EN", "en"),
        Entry("SF", "sf", {"variant": "mean_of_differences", **unit}),
        Entry("SD", "sd", {"variant": "uint8"}),
        Entry("PSNR", "psnr", {"variant": "lt"}),
        Entry("MSE", "mse", unit),
        Entry("MI", "mi", {"variant": "lt"}),
        Entry("VIF", "vif", {"variant": "uint8", "reduction": "sum"}),
        Entry("AG", "ag"),
        Entry("CC", "cc"),
        Entry("SCD", "scd"),
        Entry("Qabf", "qabf", unit),
        Entry("Nabf", "nabf", unit),
        Entry("SSIM", "mef_ssim"),
        Entry("MS_SSIM", "ms_ssim", {"variant": "mef"}),
        Entry("FMI_pixel", "fmi", {"variant": "edge"}),
        Entry("FMI_dct", "fmi", {"variant": "dct"}),
        Entry("FMI_w", "fmi", {"variant": "wavelet"}),
    ]


def _zoo2025():
    return [Entry("PSNR", "psnr") if e.column == "PSNR" else e for e in _zoo()]


def _zoo():
    zoo = {"variant": "zoo"}
    return [
        Entry("EN", "en", zoo),
        Entry("MI", "mi"),
        Entry("SF", "sf", {"variant": "mean_of_differences"}),
        Entry("AG", "ag", zoo),
        Entry("SD", "sd"),
        Entry("CC", "cc"),
        Entry("SCD", "scd"),
        Entry("VIF", "vif", zoo),
        Entry("MSE", "mse", {"data_range": 1}),
        Entry("PSNR", "psnr", {"variant": "lt"}),
        Entry("Qabf", "qabf"),
        Entry("Nabf", "nabf", zoo),
        Entry("SSIM", "ssim", zoo),
        Entry("MS_SSIM", "ms_ssim", zoo),
    ]


def _looks():
    return [Entry(key, key) for key in _LOOKS]


def _all():
    return [Entry(key, key) for key in registry]


_LOOKS = (
    "dark_sky",
    "marred_heat",
    "false_edges",
    "marred_detail",
    "raised_noise",
    "dark_ring",
    "sky_level",
)
_SETS = {
    "vifb": _vifb,
    "seed001": _seed001,
    "qwqe": _qwqe,
    "tang": _tang,
    "tang2022": _tang2022,
    "zoo": _zoo,
    "zoo2025": _zoo2025,
    "looks": _looks,
    "all": _all,
}


def metric_sets() -> tuple[str, ...]:
    """Names of the sets.

    Examples
    --------
    >>> from skfusion.metrics import metric_sets
    >>> metric_sets()
    ('vifb', 'seed001', 'qwqe', 'tang', 'tang2022', 'zoo', 'zoo2025', 'looks', 'all')
    """
    return tuple(_SETS)


def metric_set(name: str) -> list[Entry]:
    """Return the columns of a named set.

    Parameters
    ----------
    name : str
        ``"vifb"``: the 13 metrics of the VIFB benchmark in its own variants, colour by
        the mean over the channels. ``"seed001"``: the 11 of the sharp/blurred-patch
        classifier papers. ``"qwqe"``: Piella's two on 8 x 8 blocks. ``"tang"``: 13 of
        Tang's evaluation code as it is since March 2023; ``"tang2022"``: its 17 columns
        before, in uint8 and [0, 1]. ``"zoo"``: 14 of IVIF_ZOO as it was until 17 July
        2025; ``"zoo2025"``: since, when its PSNR was mended. ``"looks"``: what the eye
        objects to, and two shares of it in plain units. ``"all"``: every metric in its
        default variant.

    Returns
    -------
    list of Entry
        ``(column, metric, kwargs)``.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> from skfusion.metrics import metric_set
    >>> metric_set("vifb")[5]
    Entry(column='PSNR', metric='psnr', kwargs={'variant': 'vifb', 'channel': 'mean'})
    """
    if name not in _SETS:
        known = [*registry, *_SETS]
        raise ValueError(
            f"{name!r} is no set of metrics: choose from {', '.join(_SETS)}, or name "
            f"single metrics: {', '.join(registry)}.{nearest(name, known)}"
        )
    return _SETS[name]()


def as_entries(metrics) -> list[Entry]:
    """Return columns for a set's name, a metric, or a list of metrics and entries."""
    if isinstance(metrics, Metric):
        metrics = [metrics]
    if isinstance(metrics, str):
        if metrics in registry:
            return [Entry(metrics, metrics)]
        return metric_set(metrics)
    if isinstance(metrics, dict) or not isinstance(metrics, Iterable):
        raise ValueError(
            f"metrics={metrics!r}: expected the name of a set, a key of the registry, "
            "or a list of keys and (column, key, keywords)."
        )
    entries = []
    for item in metrics:
        item = item.name if isinstance(item, Metric) else item
        entry = Entry(item, item) if isinstance(item, str) else Entry(*item)
        _check(entry)
        entries.append(entry)
    columns = [entry.column for entry in entries]
    if not entries or len(set(columns)) < len(columns):
        raise ValueError(
            f"metrics={columns}: expected at least one column and no name twice; name "
            'variants apart, e.g. ("qabf_liu", "qabf", {"variant": "liu"}).'
        )
    return entries


def _check(entry):
    """Refuse what `compute_entries` could not compute."""
    record = entry.record  # its error names the choices
    if not isinstance(entry.column, str) or not isinstance(entry.kwargs, dict):
        raise ValueError(
            f"metrics: {list(entry)!r}: expected a name, a key of the registry and a "
            "mapping of keywords."
        )
    known = {*record.__signature__.parameters, "channel"} - _IMAGES
    unknown = [name for name in entry.kwargs if name not in known]
    if unknown:
        raise ValueError(
            f"metrics: {entry.metric!r} has no keyword {unknown[0]!r}: use "
            f"{', '.join(sorted(known))}."
        )


def compute_entries(
    infrared, visible, fused, entries, *, small_is_nan=False
) -> dict[str, float]:
    """Score one fused image by every entry, sharing the work; NaN where undefined.

    `small_is_nan`: also where the images are too small for the metric, in place of the
    :class:`ImageTooSmallError`.
    """
    if isinstance(fused, (str, os.PathLike)):
        fused = read_image(fused)
    gray = np.ndim(fused) == 2 or np.shape(fused)[2:] == (1,)
    contexts: dict[str, list[Context]] = {}
    row = {}
    for column, key, kwargs in entries:
        kwargs = dict(kwargs)
        channel = kwargs.pop("channel", "luma")
        if gray and channel in ("mean", "vifb"):
            channel = "luma"  # the same, and shared with the other entries
        if channel not in contexts:
            contexts[channel] = Context.for_channel(infrared, visible, fused, channel)
        try:
            row[column] = registry[key].compute(contexts[channel], **kwargs)
        except ImageTooSmallError:
            if not small_is_nan:
                raise
            row[column] = math.nan
    return row
