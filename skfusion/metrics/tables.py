"""A table of metrics for fused images that exist already."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import warnings

import numpy as np

from skfusion._text import sentence
from skfusion._urls import as_path, listed
from skfusion.fused_files import find_fused
from skfusion.images.notices import Notices
from skfusion.pairs import as_pairs
from skfusion.workers import WorkerEndedError, outlive

from ._metric import UndefinedMetricWarning
from .sets import as_entries, compute_entries

__all__ = ["evaluate", "measure_pair", "score_table"]


def evaluate(pairs, fused, metrics="vifb", *, n_jobs=None, on_error="raise"):
    """Score fused images against their pairs.

    Parameters
    ----------
    pairs : ImagePairs or any other form of X, length n
        The source images.
    fused : sequence of array-like or path, length n, or path or address of a folder
        The fused images in the order of the pairs; in a folder they are found by the
        pairs' names, as :func:`skfusion.batch.fuse_folder` writes them: that of pair
        ``a/b`` is ``fused/a/b.png``, or with another suffix of an image.
    metrics : str or list, default="vifb"
        Name of a set (:func:`skfusion.metrics.metric_set`), key of the registry, or a
        list of keys and of ``(column, key, keywords)``.
    n_jobs : int, optional
        Workers of joblib; ``None`` is 1 unless inside a joblib context.
    on_error : {"raise", "skip"}, default="raise"
        What a pair does whose images cannot be read, are missing or do not fit: end
        all, or cost itself. Left out are then its row and, in the table's
        ``attrs["failures"]``, its name and a sentence about it.

    Returns
    -------
    pandas.DataFrame, shape (n, number of metrics)
        Index: names of the pairs. NaN where a metric is not defined or an image too
        small for it, named in one :class:`UndefinedMetricWarning`.

    Raises
    ------
    ValueError
        If a fused image is missing, is there twice (``a.jpg`` beside ``a.png``) or has
        another size than its pair.
    skfusion.workers.WorkerEndedError
        If measuring a pair ended its worker, also when it was tried again alone.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import evaluate
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.integers(0, 256, (2, 32, 32), dtype=np.uint8)
    >>> evaluate([(a, b)], [a], metrics=["en", "qabf"]).shape
    (1, 2)
    """
    import pandas as pd
    from joblib import delayed

    pairs = as_pairs(pairs)
    entries = as_entries(metrics)
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error={on_error!r}: use 'raise' or 'skip'.")
    images = _fused_images(pairs, fused, on_error)
    with Notices() as seen, listed(pairs.files()):
        rows = [None] * len(pairs)

        def work(chunk):
            (i,) = chunk
            return delayed(_one_row)(pairs[i : i + 1], images[i], entries, on_error)

        for (i,), result in outlive(range(len(pairs)), work, n_jobs):
            if isinstance(result, WorkerEndedError):
                if on_error == "raise":
                    raise WorkerEndedError(f"pair {pairs.names[i]!r}: {result}.")
                result = str(result), []
            rows[i], notices = result
            seen.extend(notices)
    failures = [
        {"pair": str(name), "error": row}
        for name, row in zip(pairs.names, rows)
        if isinstance(row, str)
    ]
    good = [i for i, row in enumerate(rows) if not isinstance(row, str)]
    if failures and not good:
        raise ValueError(
            f"none of the {len(pairs)} pairs can be measured, the first, "
            f"{failures[0]['pair']!r}, because {failures[0]['error']}"
        )
    names = pd.Index(pairs.names[good], dtype=object, name="pair")
    table = score_table(names, [rows[i] for i in good], entries)
    if on_error == "skip":
        table.attrs["failures"] = failures
    return table


def score_table(index, rows, entries):
    """Return rows of values as a table, warning once of those not defined.

    Parameters
    ----------
    index : pandas.Index, length n
        What the rows are of; its name in the plural is used in the warning.
    rows : list of dict of str to float, length n
    entries : list of Entry

    Returns
    -------
    pandas.DataFrame, shape (n, number of metrics)
    """
    import pandas as pd

    table = pd.DataFrame(rows, index=index)
    table = table.reindex(columns=[entry.column for entry in entries])
    table = table.astype(np.float64)
    undefined = table.isna().sum()
    if undefined.any():
        named = ", ".join(f"{k} ({v})" for k, v in undefined[undefined > 0].items())
        warnings.warn(
            f"not defined (NaN) for some of the {len(table)} {index.name}s: {named}.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
    return table


def _one_row(pair, fused, entries, on_error):
    if on_error == "raise":
        return measure_pair(pair, fused, entries)
    if fused is None:
        return "its fused image is missing: name it like the pair", []
    try:
        return measure_pair(pair, fused, entries)
    except Exception as error:  # whatever it is, it costs this pair alone
        return sentence(error), []


def measure_pair(pair, fused, entries):
    """Score one fused image.

    Parameters
    ----------
    pair : ImagePairs of length 1
    fused : array-like or path
    entries : list of Entry

    Returns
    -------
    row : dict of str to float
    notices : list of (type, str, str)
        What there is to say about the images.

    Raises
    ------
    ValueError
        If an image cannot be read or the sizes differ.
    """
    from skfusion.images import as_float

    # What is said about images travels with the row, to be said once.
    with Notices(quiet=True) as seen:
        infrared, visible = pair.read(0)
        fused = as_float(fused, f"fused image of pair {pair.names[0]!r}")
    if fused.shape[:2] != infrared.shape:
        raise ValueError(
            f"pair {pair.names[0]!r}: the fused image is {fused.shape[0]}x"
            f"{fused.shape[1]}, its sources {infrared.shape[0]}x{infrared.shape[1]} "
            "(rows x columns): score images of one size."
        )
    row = compute_entries(infrared, visible, fused, entries, small_is_nan=True)
    return row, seen.found


def _fused_images(pairs, fused, on_error):
    if isinstance(fused, (str, os.PathLike)):
        return _all_fused(pairs.names, fused, on_error)
    images = list(fused)
    if len(images) != len(pairs):
        raise ValueError(
            f"fused holds {len(images)} images for {len(pairs)} pairs: give one a "
            "pair, in their order, or a folder where they carry the pairs' names."
        )
    return images


def _all_fused(names, folder, on_error):
    folder = as_path(folder)
    if not folder.is_dir():
        raise ValueError(
            f"fused={str(folder)!r} is no folder: give the folder of the fused images "
            "or a list of them."
        )
    found = find_fused(names, folder)
    missing = [name for name in names if name not in found]
    if missing and on_error == "raise":
        raise ValueError(
            f"fused={str(folder)!r} lacks {len(missing)} of {len(names)} images, first "
            f"{missing[0]!r}: name each fused image like its pair."
        )
    return [found.get(name) for name in names]
