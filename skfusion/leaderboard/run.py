"""Run the bench: a request, a plan, the work, a board, its report."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from pathlib import Path

from .board import build_leaderboard, method_labels
from .environment import describe_environment
from .plan import make_plan
from .records import RecordFile
from .request import read_request
from .work import do_units

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
    >>> int(board.table.loc["tif", "rank"]), len(board.values)
    (1, 8)
    """
    request = read_request(pairs, methods, published, metrics, color, dataset)
    if out is None:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="skfusion_bench_") as folder:
            return _run(request, Path(folder), n_jobs, force, verbose)[0]
    out = Path(out)
    _check_out(out)
    board, pictures = _run(request, out, n_jobs, force, verbose)
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


def _run(request, out, n_jobs, force, verbose):
    environment = describe_environment()
    file = RecordFile(out / _RECORDS)
    plan = make_plan(request, out / "fused", {} if force else file.load())
    out.mkdir(parents=True, exist_ok=True)
    if force:
        file.path.unlink(missing_ok=True)
    file.path.touch()
    records = plan.in_order([*plan.done, *_work(plan, file, n_jobs, verbose)])
    settings = _settings(request, n_jobs)
    board = build_leaderboard(
        request, records, settings=settings, environment=environment
    )
    return board, _pictures(plan, records)


def _work(plan, file, n_jobs, verbose):
    """Do what is to be done, each record written before the next is waited for."""
    from tqdm import tqdm

    records = []
    bar = tqdm(
        total=len(plan.units),
        initial=len(plan.done),
        unit="image",
        desc="bench",
        disable=verbose <= 0,
    )
    with bar:
        for record in do_units(plan.todo, n_jobs):
            file.append(record)
            records.append(record)
            bar.update()
    return records


def _settings(request, n_jobs):
    from joblib import effective_n_jobs

    published = request.published
    return {
        "dataset": request.dataset,
        "pairs": request.names,
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


def _pictures(plan, records):
    """Return {label: {pair: path of the fused image}} of all that was measured."""
    labels = method_labels(records)
    bad = {record.identity for record in records if record.error}
    pictures = {}
    for unit in plan.units:
        if unit.record.identity not in bad:
            label = labels[unit.record.who]
            pictures.setdefault(label, {})[unit.record.pair] = Path(unit.fused)
    return pictures
