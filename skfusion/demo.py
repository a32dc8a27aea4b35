"""The first command: fuse drawn pairs, and a folder of yours; write pictures."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import warnings
from pathlib import Path

from ._atomic_files import replace_file
from ._text import as_csv, say
from .batch import BatchError, fuse_folder
from .compose import with_color
from .datasets import load_pairs, make_scene_pairs
from .fused_files import output_paths
from .images.files import write_image
from .inspection.contact_sheet import contact_sheet
from .metrics import UndefinedMetricWarning, evaluate
from .pipelines import DEFAULT_METHOD, get_pipeline

__all__ = ["run_demo"]

_METHODS = (DEFAULT_METHOD, "natural", "gff", "relative_clarity", "average")
_METRICS = ("en", "sd", "sf", "ag", "mi", "qabf", "ssim", "vif")
_ROWS_A_SHEET = 12


def run_demo(out, *, folder=None, methods=(), n_jobs=None, verbose=1, echo=say) -> int:
    """Fuse pairs with a few methods; write pictures, contact sheets and a table.

    Parameters
    ----------
    out : path
        Output folder; results in it are replaced.
    folder : path, optional
        A folder of pairs in any layout that :func:`skfusion.load_pairs` knows; it
        comes first, the drawn pairs after it.
    methods : sequence of str, optional
        Names of pipelines; the default is a small selection of them.
    n_jobs, verbose : int
        As in :func:`skfusion.batch.fuse_folder`.
    echo : callable
        Receives each line of text.

    Returns
    -------
    int
        The number of pairs that some method could not fuse; each is named by `echo`.

    Raises
    ------
    ValueError
        If `folder` holds no pairs or a method is unknown.
    """
    out = Path(out)
    methods = list(methods) or list(_METHODS)
    sets = {}
    if folder is not None:
        sets[Path(folder).resolve().name or "pairs"] = load_pairs(folder)
    sets.setdefault("drawn", make_scene_pairs(4, night="mixed", random_state=7))
    failed = 0
    for name, pairs in sets.items():
        failed += _run_set(name, pairs, out / name, methods, n_jobs, verbose, echo)
    return failed


def _run_set(name, pairs, out, methods, n_jobs, verbose, echo):
    import pandas as pd

    echo(f"\n{name}: {len(pairs)} pairs, {len(methods)} methods")
    tables, failed = [], set()
    for method in methods:
        for record in _failures(method, pairs, out / method, n_jobs, verbose):
            if record.name not in failed:
                echo(f"  not fused: {record.name}: {record.error}")
            failed.add(record.name)
    good = pairs[[i for i, n in enumerate(pairs.names) if n not in failed]]
    if len(good) == 0:
        return len(failed)
    for method in methods:
        fused = output_paths(good, out / method)
        with warnings.catch_warnings():
            # The table shows a NaN where a metric is not defined.
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            table = evaluate(good, fused, metrics=list(_METRICS), n_jobs=n_jobs)
        tables.append(table.assign(method=method).set_index("method", append=True))
    table = pd.concat(tables)
    table.index.names = ["pair", "method"]
    replace_file(out / "metrics.csv", as_csv(table))
    means = table.groupby(level="method", sort=False).mean()
    echo(means.round(3).to_string())
    sheets = _write_sheets(good, out, methods)
    echo(f"pictures: {', '.join(str(sheet) for sheet in sheets)}")
    echo(f"table:    {out / 'metrics.csv'}")
    return len(failed)


def _failures(method, pairs, out, n_jobs, verbose):
    """Fuse the pairs into a folder and return the records of those that failed."""
    estimator = with_color(get_pipeline(method), "luma")
    options = {"n_jobs": n_jobs, "skip_existing": False, "verbose": verbose}
    try:
        fuse_folder(estimator, pairs, out, **options)
    except BatchError as error:
        return error.report.failed
    return []


def _write_sheets(pairs, out, methods):
    sheets = []
    for start in range(0, len(pairs), _ROWS_A_SHEET):
        part = pairs[start : start + _ROWS_A_SHEET]
        fused = zip(*(output_paths(part, out / method) for method in methods))
        rows, captions = [], []
        for i, (name, paths) in enumerate(zip(part.names, fused)):
            rows.append([*part.read(i), *paths])
            captions.append([f"{name}: infrared", "visible", *methods])
        number = f"_{start // _ROWS_A_SHEET + 1}" if len(pairs) > _ROWS_A_SHEET else ""
        sheets.append(out / f"contact_sheet{number}.png")
        write_image(sheets[-1], contact_sheet(rows, captions))
    return sheets
