"""Run the bench: fuse, measure, rank, write; finished work is used again."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from pathlib import Path

from .board import build_leaderboard, method_labels, missing_entry
from .environment import describe_environment
from .plan import own_units, published_units, reusable
from .published import find_published
from .records import RecordFile
from .request import read_request
from .schedule import run_units
from .unit import do_unit

__all__ = ["run_bench"]

_RECORDS = "records.jsonl"


def run_bench(
    pairs,
    *,
    methods="all",
    published=None,
    metrics="vifb",
    color="luma",
    out=None,
    dataset=None,
    n_jobs=None,
    force=False,
    verbose=0,
):
    """Fuse the pairs by many methods, measure and rank them, write a report.

    Every fused image is written as 8-bit PNG and read back before it is measured, as
    published images are. What is finished is kept in `out`: a second run, also after
    the first was killed, does only what is missing or has changed (source and fused
    files by size and time, parameters, metrics, version and code of this package).

    Parameters
    ----------
    pairs : path or pairs
        A folder for :func:`skfusion.load_pairs`, or any form of X.
    methods : str, list of str or dict, default="all"
        Names of :func:`skfusion.pipelines.pipeline_names`, ``"all"`` of them, or a
        dict from a name to an estimator that needs no fitting or is fitted
        (``None`` for the pipeline of that name).
    published : path, optional
        Fused images of others, ``METHOD/NAME.png``, ``METHOD/DATASET/NAME.png`` or
        ``DATASET/METHOD/NAME.png``; a method that lacks one of the pairs is listed but
        not ranked.
    metrics : str or list, default="vifb"
        As in :func:`skfusion.metrics.evaluate`.
    color : {"luma", "gray", "per_channel"}, default="luma"
        As in :func:`skfusion.fuse`.
    out : path, optional
        Folder of the report; made if it is not there. Nothing is kept without it.
    dataset : str, optional
        Name of the data set; that of the folder by default.
    n_jobs : int, optional
        Workers of joblib; each uses one thread.
    force : bool, default=False
        Do all work again.
    verbose : int, default=0
        A progress bar if positive.

    Returns
    -------
    Leaderboard

    Raises
    ------
    ValueError
        If nothing can be done: no pair, an unknown method or metric, a folder of
        published images that holds none of these pairs, a file in place of `out`.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.leaderboard import run_bench
    >>> scenes = make_scene_pairs(2, size=(48, 64), random_state=0)
    >>> board = run_bench(scenes, methods=["average", "tif"], metrics=["en", "qabf"])
    >>> board.table.loc["tif", "rank"], len(board.values)
    (np.int64(1), 8)
    """
    request = read_request(pairs, methods, metrics, color, dataset)
    if out is None:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="skfusion_bench_") as folder:
            return _run(request, Path(folder), published, n_jobs, force, verbose)[0]
    out = Path(out)
    _check_out(out)
    board, pictures = _run(request, out, published, n_jobs, force, verbose)
    from .report import write_report

    write_report(board, request.pairs, pictures, out)
    return board


def _check_out(out):
    if out.exists() and not out.is_dir():
        raise ValueError(f"out={str(out)!r} is a file: name a folder for the report.")
    if out.is_dir() and any(out.iterdir()) and not (out / _RECORDS).exists():
        raise ValueError(
            f"out={str(out)!r} holds other files: name a new folder, or one of an "
            "earlier bench."
        )


def _run(request, out, published, n_jobs, force, verbose):
    names = [str(name) for name in request.pairs.names]
    others = []
    if published is not None:
        others = find_published(published, request.dataset, names)
    if not request.estimators and not others:
        raise ValueError("methods is empty and published is not given: nothing to do.")
    environment = describe_environment()
    units = own_units(request, out, names) + published_units(request, others)
    out.mkdir(parents=True, exist_ok=True)
    file = RecordFile(out / _RECORDS)
    if force:
        file.path.unlink(missing_ok=True)
    earlier = file.load()
    file.path.touch()
    done, todo = [], []
    for unit in units:
        record = reusable(unit, earlier.get(unit.record.identity))
        done.append(record) if record else todo.append(unit)
    done += _work(todo, len(units), file, n_jobs, verbose)
    order = {unit.record.identity: i for i, unit in enumerate(units)}
    done.sort(key=lambda record: order[record.identity])
    board = build_leaderboard(
        done,
        names,
        request.entries,
        incomplete=[
            missing_entry(other.name, "published", names, other.missing)
            for other in others
            if other.missing
        ],
        failures=request.failures,
        settings=_settings(request, published, n_jobs, names),
        environment=environment,
    )
    return board, _pictures(units, done)


def _work(units, total, file, n_jobs, verbose):
    from tqdm import tqdm

    records = []
    with tqdm(
        total=total,
        initial=total - len(units),
        unit="image",
        desc="bench",
        disable=verbose <= 0,
    ) as bar:
        for record in run_units(units, do_unit, n_jobs):
            file.append(record)
            records.append(record)
            bar.update()
    return records


def _settings(request, published, n_jobs, names):
    from joblib import effective_n_jobs

    return {
        "dataset": request.dataset,
        "pairs": names,
        "methods": list(request.estimators),
        "published": None if published is None else str(published),
        "metrics": [entry.column for entry in request.entries],
        "metric_details": [
            {"column": column, "metric": metric, "keywords": keywords}
            for column, metric, keywords in request.entries
        ],
        "color": request.color,
        "n_jobs": effective_n_jobs(n_jobs),
    }


def _pictures(units, records):
    """Return {label: {pair: path of the fused image}} of all that was measured."""
    labels = method_labels(records)
    bad = {record.identity for record in records if record.error}
    pictures = {}
    for unit in units:
        record = unit.record
        if record.identity not in bad:
            label = labels[record.source, record.method]
            pictures.setdefault(label, {})[record.pair] = Path(unit.fused)
    return pictures
