"""Run damaged files through a reader in a process of its own, and keep what fails."""

# SPDX-License-Identifier: BSD-3-Clause
import multiprocessing
import resource
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .mutations import generator, mutated

__all__ = ["Finding", "Target", "case", "run"]

_SECONDS = 5.0  # of CPU, for a file of a few kilobytes
_MEMORY = 1.5e9  # bytes that a reader may add to its process
_ADDRESSES = 2**33  # bytes that it may ask for
_PATIENCE = 60.0  # seconds until a worker that says nothing is ended


@dataclass(frozen=True)
class Target:
    """A reader and the files that it is shown.

    Attributes
    ----------
    name : str
    seeds : callable
        Returns a list of intact files as bytes.
    read : callable
        ``read(path)``: raises what the library raises; returns ``None``, or a phrase
        if what came of the file cannot be right.
    allowed : tuple of exception types
        What a bad file may raise.
    repair : callable
        Called on the damaged bytes, e.g. to put checksums right.
    suffix : str
    warnings : tuple of Warning types
        What a file may warn of.
    intact : float
        The share of files that are shown as they are: seeds may be bad by themselves.
    """

    name: str
    seeds: Callable[[], list]
    read: Callable[[Path], str | None]
    allowed: tuple
    repair: Callable[[bytes, object], bytes] = lambda data, rng: data
    suffix: str = ".bin"
    warnings: tuple = ()
    intact: float = 0.0


@dataclass
class Finding:
    """A case that did not end as it should.

    Attributes
    ----------
    target : str
    number : int
        Of the case: :func:`case` builds it again.
    kind : {"crash", "hang", "exception", "slow", "memory", "warning", "wrong"}
    what : str
    """

    target: str
    number: int
    kind: str
    what: str


@dataclass
class _Tally:
    accepted: int = 0
    refused: int = 0
    findings: list = field(default_factory=list)


def case(target, seed, number) -> bytes:
    """Build the damaged file of this number."""
    rng = generator(seed, target.name, number)
    seeds = target.seeds()
    data = seeds[number % len(seeds)]
    if target.intact and rng.random() < target.intact:
        return data
    return target.repair(mutated(data, rng), rng)


def run(target, *, cases, seed=0, first=0, minutes=None, log=print) -> _Tally:
    """Run a number of cases; a worker that dies costs its own case alone.

    Parameters
    ----------
    target : Target
    cases : int
    seed : int, default=0
    first : int, default=0
        Number of the first case.
    minutes : float, optional
        Stop earlier.
    log : callable, default=print

    Returns
    -------
    tally
        ``accepted``, ``refused`` and ``findings``.
    """
    tally, number, end = _Tally(), first, first + cases
    stop = None if minutes is None else time.monotonic() + 60 * minutes
    while number < end:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        worker = context.Process(target=_work, args=(theirs, target, seed, number, end))
        worker.start()
        theirs.close()
        number = _listen(ours, worker, target, number, end, tally, stop, log)
        if stop is not None and time.monotonic() > stop:
            break
    return tally


def _listen(pipe, worker, target, number, end, tally, stop, log):
    """Take results until the worker is done or dead; return the next number."""
    while number < end:
        try:
            result = pipe.recv() if pipe.poll(_PATIENCE) else None
        except EOFError:
            worker.join()
            result = ("crash", f"the process ended with code {worker.exitcode}")
        if result is None:
            worker.kill()
            result = ("hang", f"nothing for {_PATIENCE:g} s")
        kind, what = result
        if kind in ("accepted", "refused"):
            setattr(tally, kind, getattr(tally, kind) + 1)
        else:
            finding = Finding(target.name, number, kind, what)
            tally.findings.append(finding)
            log(f"{target.name} case {number}: {kind}: {what}")
        number += 1
        if kind in ("crash", "hang"):
            break
        if stop is not None and time.monotonic() > stop:
            worker.kill()
            break
    worker.join()
    return number


def _work(pipe, target, seed, first, end):
    """Read the cases one by one and say how each ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"case{target.suffix}"
        for number in range(first, end):
            path.write_bytes(case(target, seed, number))
            pipe.send(_one(target, path))


def _limit_memory():
    """Let what is asked for beyond all measure fail, before the machine does."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + _ADDRESSES, hard))


def _one(target, path):
    before = resource.getrusage(resource.RUSAGE_SELF)
    kind, what = _read(target, path)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    grown = (after.ru_maxrss - before.ru_maxrss) * 1024
    size = path.stat().st_size
    if kind in ("accepted", "refused") and seconds > _SECONDS:
        return "slow", f"{seconds:.1f} s of CPU for {size} bytes"
    if kind in ("accepted", "refused") and grown > _MEMORY:
        return "memory", f"{grown / 1e6:.0f} MB for {size} bytes"
    return kind, what


def _read(target, path):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            wrong = target.read(path)
        except target.allowed as error:
            if path.name not in str(error):
                return "wrong", f"an error that does not name the file: {error}"
            return "refused", ""
        except BaseException as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            return "exception", f"{error!r} at {line.filename}:{line.lineno}"
    for warning in seen:
        if not issubclass(warning.category, target.warnings or ()):
            return "warning", f"{warning.category.__name__}: {warning.message}"
    return ("wrong", wrong) if wrong else ("accepted", "")
