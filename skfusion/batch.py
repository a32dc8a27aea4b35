"""Fuse folders of any size: workers read, fuse and write; only records travel."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from joblib import delayed
from tqdm import tqdm

from ._atomic_files import remove_leftovers
from ._lists import MadeList
from ._text import sentence
from ._urls import as_path, listed
from .compose.colour import transform_to_write
from .compose.serving import served_on_devices
from .fused_files import check_not_input, output_paths
from .fused_records import FolderRecord
from .images.files import write_image
from .images.notices import Notices
from .pairs import as_pairs
from .workers import (
    WorkerEndedError,
    end_with_parent,
    is_local,
    keep_freed_memory,
    one_thread,
    outlive,
    worker_count,
)

__all__ = ["BatchError", "FuseRecord", "FuseReport", "fuse_folder"]

# Pairs that one task handles: few enough to balance, enough to make the sending of
# the estimator (and of its weights, if fitted here) a small part of the work.
_CHUNK = 16
# Pairs that each worker has under way around a device: while it fuses one, others are
# read and written.
_AT_ONCE = 4


# What can have become of a pair; before these, none of them yet.
_DONE = ("written", "skipped", "failed")
_STATUS = ("", *_DONE)


@dataclass(frozen=True, slots=True)
class FuseRecord:
    """What became of one pair."""

    name: str
    output: str
    status: str  # "written", "skipped" or "failed"
    seconds: float = 0.0
    error: str = ""


@dataclass
class FuseReport:
    """What became of all pairs.

    Attributes
    ----------
    records : sequence of FuseRecord
        In the order of the pairs. That of :func:`fuse_folder` holds a few bytes a
        pair, and makes a record when it is asked for.
    """

    records: Sequence[FuseRecord] = field(default_factory=list)

    def with_status(self, status) -> list[FuseRecord]:
        """Return the records that are ``"written"``, ``"skipped"`` or ``"failed"``."""
        return [record for record in self.records if record.status == status]

    @property
    def failed(self) -> list[FuseRecord]:
        """The pairs that were not fused."""
        return self.with_status("failed")

    def __str__(self):
        counts, errors = Counter(), []
        for record in self.records:
            counts[record.status] += 1
            if record.error:
                errors.append(f"\n  {record.name}: {record.error}")
        return ", ".join(f"{counts[status]} {status}" for status in _DONE) + "".join(
            errors
        )


class _Records(MadeList):
    """A record a pair, in ten bytes: names and paths are those of the pairs."""

    def __init__(self, names, outputs):
        self._names, self._outputs = names, outputs
        self._status = np.zeros(len(names), np.uint8)
        self._seconds = np.zeros(len(names))
        self._errors = {}

    def put(self, i, status, seconds=0.0, error=""):
        """Say what became of a pair."""
        self._status[i] = _STATUS.index(status)
        self._seconds[i] = seconds
        if error:
            self._errors[i] = error

    def outputs(self, status):
        """Yield the paths of the pairs of which this became."""
        for i in np.flatnonzero(self._status == _STATUS.index(status)):
            yield self._outputs[i]

    def __len__(self):
        return len(self._names)

    def _make(self, i):
        name, output = str(self._names[i]), str(self._outputs[i])
        status, seconds = _STATUS[self._status[i]], float(self._seconds[i])
        return FuseRecord(name, output, status, seconds, self._errors.get(i, ""))


class BatchError(RuntimeError):
    """Some pairs could not be fused; ``report`` says which, the others are written."""

    def __init__(self, report):
        super().__init__(str(report))
        self.report = report

    def __reduce__(self):
        return type(self), (self.report,)


def fuse_folder(
    estimator,
    pairs,
    out,
    *,
    n_jobs=None,
    on_error="raise",
    skip_existing=True,
    bit_depth=8,
    suffix=".png",
    verbose=0,
) -> FuseReport:
    """Fuse many pairs into a folder.

    Each worker reads, fuses and writes; images never travel between processes, so that
    memory stays flat however many pairs there are. A file appears under its name only
    when it is complete. A GPU stays with this process, which fuses batches on it; the
    workers read, prepare and write around it.

    Parameters
    ----------
    estimator : fuser or Pipeline
        Fitted, or one that needs no fitting.
    pairs : pairs
        Any form that :func:`skfusion.pairs.as_pairs` takes; best the lazy
        :class:`skfusion.ImagePairs` of :func:`skfusion.load_pairs`.
    out : path
        Folder of the results, made if it is not there. A pair named ``a/b`` is
        written to ``out/a/b.png``. An address such as ``s3://bucket/fused`` (extra
        ``remote``) is a folder of a store; so may the images of pairs be.
    n_jobs : int, default=None
        Number of workers in joblib's sense; ``joblib.parallel_config`` chooses
        another backend, e.g. ``"dask"``, whose workers must see the same files or
        addresses. Where the fuser works on a GPU, or on several devices, ``None`` is
        as many as there are cores.
    on_error : {"raise", "warn"}, default="raise"
        What follows *after all pairs are done* if some failed: a :class:`BatchError`
        or a warning that names them.
    skip_existing : bool, default=True
        Leave results alone that are there already, so that an interrupted run can be
        started again; ``False`` replaces them. A hidden record in the folder,
        ``.skfusion.json``, tells whether they are this estimator's: what has older
        sources or comes from an older version is made again, what another method or
        other parameters made is refused, what somebody changed is left and named.
    bit_depth : {8, 16}, default=8
        Bits a channel of the written files.
    suffix : {".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp"}, default=".png"
        File format of the results.
    verbose : int, default=0
        A progress bar if positive.

    Returns
    -------
    FuseReport

    Raises
    ------
    ValueError
        Before anything is fused or written: for a bad parameter, bits that the format
        does not hold, a name that leaves ``out``, two pairs for one file, a result that
        would replace a source, or, with ``skip_existing``, one of another method.
    BatchError
        If pairs failed and ``on_error="raise"``. A pair whose worker the system ended
        is one of them; the others are fused.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.batch import fuse_folder
    >>> from skfusion.fusers import AverageFuser
    >>> X = ImagePairs([np.zeros((4, 4))], [np.ones((4, 4))], names=["scene"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(fuse_folder(AverageFuser(), X, folder))
    1 written, 0 skipped, 0 failed
    """
    if on_error not in ("raise", "warn"):
        raise ValueError(f"on_error={on_error!r}: use 'raise' or 'warn'.")
    pairs = as_pairs(pairs)
    out = as_path(out)
    outputs = output_paths(pairs, out, suffix, bit_depth)
    check_not_input(outputs, pairs.files(), "the result")
    with listed(chain(outputs, pairs.files())):
        report = _fused(
            estimator, pairs, out, outputs, n_jobs, skip_existing, bit_depth, verbose
        )
    if report.failed:
        if on_error == "raise":
            raise BatchError(report)
        warnings.warn(str(report), stacklevel=2)
    return report


def _fused(
    estimator, pairs, out, outputs, n_jobs, skip_existing, bit_depth, verbose
) -> FuseReport:
    """Fuse what is missing, between two entries in the record of the folder."""
    record = FolderRecord(out, estimator, bit_depth)
    found = ["missing"] * len(pairs)
    if skip_existing:
        found = record.check(outputs, pairs)
    for folder in sorted({out, *(output.parent for output in outputs)}):
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)

    records = _Records(pairs.names, outputs)
    for i, state in enumerate(found):
        if state != "missing":
            note = "left as somebody changed it" if state == "changed" else ""
            records.put(i, "skipped", error=note)
    todo = [i for i, state in enumerate(found) if state == "missing"]
    if todo:
        record.plan((outputs[i] for i in todo), pairs[todo])
    bar = tqdm(total=len(todo), unit="pair", desc="fusing", disable=verbose <= 0)
    work = _Work(estimator, pairs, outputs, bit_depth, n_jobs)
    try:
        with Notices() as seen, bar:
            for chunk, results, notices in work.results(todo):
                for i, result in zip(chunk, results):
                    records.put(i, *result)
                seen.extend(notices)
                bar.update(len(chunk))
    finally:
        if any(True for _ in records.outputs("written")):
            with listed(records.outputs("written")):
                record.finish(records.outputs("written"))
    return FuseReport(records)


class _Work:
    """The pairs that are to be fused, handed out in chunks."""

    def __init__(self, estimator, pairs, outputs, bit_depth, n_jobs):
        self.estimator = estimator
        self.pairs = pairs
        self.outputs = outputs
        self.bit_depth = bit_depth
        self.n_jobs = n_jobs
        self.n_workers = worker_count(n_jobs)
        self.at_once = 1  # pairs that a worker has under way

    def results(self, todo):
        """Yield numbers of pairs, what became of them, and notices.

        A worker that is ended costs one pair.
        """
        with contextlib.ExitStack() as inside:
            if is_local(self.n_jobs):
                self._serve(inside)
            yield from self._outlived(todo)

    def _serve(self, inside):
        """Around devices: they stay in this process, and the workers ask it."""
        served = inside.enter_context(served_on_devices(self.estimator))
        if served is not None:
            inside.enter_context(one_thread())
            self.estimator, self.at_once = served, _AT_ONCE
            self.n_jobs = -1 if self.n_jobs is None else self.n_jobs
            self.n_workers = worker_count(self.n_jobs)

    def _outlived(self, todo):
        least, most = self.at_once, self.at_once * _CHUNK
        size = int(np.clip(len(todo) // (4 * self.n_workers), least, most))
        start = time.perf_counter()
        for chunk, result in outlive(todo, self._task, self.n_jobs, size):
            if isinstance(result, WorkerEndedError):
                seconds = time.perf_counter() - start
                result = [("failed", seconds, str(result))], []
            yield chunk, *result
            start = time.perf_counter()

    def _task(self, chunk):
        outputs = [str(self.outputs[i]) for i in chunk]
        return delayed(_fuse_chunk)(
            *(self.estimator, self.pairs[chunk], outputs, self.bit_depth),
            shared=self.n_workers > 1,
            at_once=self.at_once,
        )


def _fuse_chunk(estimator, pairs, outputs, bit_depth, *, shared, at_once):
    """Fuse a few pairs; with one thread if workers share the machine."""
    if shared:
        keep_freed_memory()
        end_with_parent()

    def fuse(i):
        return _fuse_one(estimator, pairs[i : i + 1], outputs[i], bit_depth)

    numbers, results = range(len(outputs)), []
    with contextlib.ExitStack() as inside:
        if shared:
            inside.enter_context(one_thread())
        if at_once > 1:
            pool = inside.enter_context(ThreadPoolExecutor(at_once))
            results.extend(pool.map(fuse, numbers))
        else:
            results.extend(map(fuse, numbers))
    # What is said about images travels with the records, to be said once.
    seen = Notices(quiet=True)
    for _, found in results:
        seen.extend(found)
    return [result for result, _ in results], seen.found


def _fuse_one(estimator, pair, output, bit_depth):
    """Return what became of a pair, in how long, and what was said about its images."""
    start = time.perf_counter()
    status, message = "written", ""
    with Notices(quiet=True) as seen:
        try:
            fused = transform_to_write(estimator, pair, bit_depth)[0]
            write_image(output, fused, bit_depth=bit_depth)
        except Exception as error:  # whatever it is, it costs this pair alone
            status, message = "failed", sentence(error)
    return (status, time.perf_counter() - start, message), seen.found
