"""Work shared out over joblib's workers: results as they come, one thread a worker."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import contextvars
import itertools
import os
import sys
import threading
import time
from collections import deque
from queue import Empty, Queue

__all__ = [
    "FirstToLast",
    "WorkerEndedError",
    "ahead",
    "end_with_parent",
    "in_threads",
    "is_local",
    "keep_freed_memory",
    "one_thread",
    "outlive",
    "stream",
    "worker_count",
]


class WorkerEndedError(OSError):
    """The system ended a worker process, as a rule for want of memory."""


_ENDED_ALONE = (
    "the system ended the worker that had it alone, as a rule for want of memory"
)


def worker_count(n_jobs=None) -> int:
    """Return how many workers are started: processes of our own, not more than cores.

    Parameters
    ----------
    n_jobs : int, default=None
        In joblib's sense.

    Returns
    -------
    int
        At least 1. Each process loads its own copy of all libraries; more of them
        than cores (and than two) cost memory and gain nothing. Threads and clusters
        are left as they were asked for.

    Examples
    --------
    >>> from skfusion.workers import worker_count
    >>> worker_count(1), worker_count(4000) < 4000
    (1, True)
    """
    from joblib import Parallel, cpu_count, effective_n_jobs

    try:
        wanted = effective_n_jobs(n_jobs)
    except _worker_ended():  # a cluster was asked through a worker that just ended
        wanted = effective_n_jobs(n_jobs)
    if _has_processes(Parallel(n_jobs=n_jobs)):
        return min(wanted, max(2, cpu_count()))
    return wanted


def _has_processes(parallel):
    """Return whether the workers are processes of this machine."""
    from joblib._parallel_backends import LokyBackend, MultiprocessingBackend

    return isinstance(parallel._backend, (LokyBackend, MultiprocessingBackend))


def is_local(n_jobs=None) -> bool:
    """Return whether joblib's workers run on this machine, and not on a cluster.

    Examples
    --------
    >>> from skfusion.workers import is_local
    >>> is_local(2)
    True
    """
    from joblib import Parallel

    module = type(Parallel(n_jobs=n_jobs)._backend).__module__
    return module == "joblib._parallel_backends"


def stream(tasks, n_jobs=None, **options):
    """Yield what tasks return, as they finish where joblib's backend can do that.

    Parameters
    ----------
    tasks : iterable of joblib.delayed calls
        Drawn while workers are free, so that a generator may decide what comes next.
        Relative paths are those of the folder that this process is in now: joblib
        keeps its processes, which may have been started in another one.
    n_jobs : int, default=None
        Number of workers in joblib's sense.
    **options
        Of :class:`joblib.Parallel`, e.g. ``batch_size=1, pre_dispatch="n_jobs"``.

    Yields
    ------
    object
        One result a task, in no order.

    Raises
    ------
    WorkerEndedError
        If the system ended a worker.

    Examples
    --------
    >>> from joblib import delayed
    >>> from skfusion.workers import stream
    >>> sorted(stream(delayed(abs)(number) for number in (-3, 1, -2)))
    [1, 2, 3]
    """
    from joblib import Parallel

    n_jobs = worker_count(n_jobs)
    parallel = Parallel(n_jobs=n_jobs, **options)
    try:
        if getattr(parallel._backend, "supports_return_generator", False):
            options = {**options, "return_as": "generator_unordered"}
            parallel = Parallel(n_jobs=n_jobs, **options)
        client = getattr(parallel._backend, "client", None)
        if "distributed" in sys.modules and client is not None:
            yield from _on_cluster(client, iter(tasks), 2 * n_jobs)
        elif _has_processes(parallel):
            here = os.getcwd()
            yield from parallel((_do_in, (here, *task), {}) for task in tasks)
        else:
            yield from parallel(tasks)
    except _worker_ended():
        raise WorkerEndedError(
            "the system ended a worker, as a rule for want of memory: what was done is "
            "kept; run the same again, with fewer workers or without the slow methods."
        ) from None


def outlive(items, work, n_jobs=None, size=1):
    """Yield what is made of items, though some of them end their workers.

    Of those that were under way when a worker was ended each is tried once more,
    alone, so that whatever ends its worker again costs only itself.

    Parameters
    ----------
    items : iterable of hashable
    work : callable
        Given a list of items, the joblib.delayed call that makes one result of them.
    n_jobs : int, default=None
        In joblib's sense.
    size : int, default=1
        How many items one call gets.

    Yields
    ------
    items : list
        Those that the result is of.
    result : object
        Or the :class:`WorkerEndedError` of a single item.

    Examples
    --------
    >>> from joblib import delayed
    >>> from skfusion.workers import outlive
    >>> list(outlive([1, 2, 3], delayed(sum), size=2))
    [([1, 2], 3), ([3], 3)]
    """
    left = dict.fromkeys(items)
    while left:
        handed = []
        try:
            for chunk, result in stream(
                _handing(list(left), work, size, handed), n_jobs
            ):
                for item in chunk:
                    del left[item]
                yield chunk, result
        except WorkerEndedError:
            # One of those handed out ended it: alone, each shows whether it did.
            for item in [item for item in handed if item in left]:
                del left[item]
                try:
                    ((_, result),) = stream(_handing([item], work, 1, []), n_jobs)
                except WorkerEndedError:
                    result = WorkerEndedError(_ENDED_ALONE)
                yield [item], result


def _handing(items, work, size, handed):
    """Yield calls for chunks of items, and tell which were drawn."""
    for start in range(0, len(items), size):
        chunk = items[start : start + size]
        handed.extend(chunk)
        yield _with_items, (chunk, *work(chunk)), {}


def _with_items(items, function, args, kwargs):
    return items, function(*args, **kwargs)


def _do_in(folder, function, args, kwargs):
    if os.getcwd() != folder:
        os.chdir(folder)
    return function(*args, **kwargs)


_END = object()


def ahead(items, n=2):
    """Yield items that another thread draws, a few ahead of their use.

    Parameters
    ----------
    items : iterable
        What it raises is raised here, in its turn.
    n : int, default=2
        How many may wait.

    Yields
    ------
    object

    Examples
    --------
    >>> from skfusion.workers import ahead
    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    queue, stopped = Queue(n), threading.Event()

    def draw():
        try:
            for item in items:
                queue.put((item, None))
                if stopped.is_set():
                    return
            queue.put((_END, None))
        except BaseException as error:
            queue.put((_END, error))

    # What is said about images reaches the one who collects it here.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(draw,), daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stopped.set()
        while thread.is_alive():
            with contextlib.suppress(Empty):
                queue.get(timeout=0.01)


def _on_cluster(client, tasks, at_once):
    """Yield results of dask's workers as they come.

    joblib's backend gives them together, and waits forever for those of a worker that
    was ended.
    """
    from distributed import as_completed

    running = set()

    def submit(task):
        function, args, kwargs = task
        future = client.submit(function, *args, pure=False, **kwargs)
        running.add(future)
        return future

    try:
        ready = as_completed([submit(t) for t in itertools.islice(tasks, at_once)])
        for future in ready:
            running.discard(future)
            result = future.result()
            for task in itertools.islice(tasks, 1):
                ready.add(submit(task))
            yield result
    finally:
        client.cancel(list(running))


def _worker_ended():
    """Return what the backends that are loaded raise for a worker that was ended."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    distributed = sys.modules.get("distributed")
    if distributed is None:
        return TerminatedWorkerError
    return TerminatedWorkerError, distributed.KilledWorker


def in_threads(function, items, pool, n):
    """Yield what a function returns for items, in their order, from a pool of threads.

    Parameters
    ----------
    function : callable
    items : iterable
        Drawn as threads get free; a tuple is taken for the arguments.
    pool : concurrent.futures.Executor
    n : int
        No more than so many are begun and not yet handed out.

    Yields
    ------
    object

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from skfusion.workers import in_threads
    >>> with ThreadPoolExecutor(2) as pool:
    ...     list(in_threads(abs, [-3, 2, -1], pool, 2))
    [3, 2, 1]
    """
    begun = deque()
    for item in items:
        args = item if isinstance(item, tuple) else (item,)
        begun.append(pool.submit(function, *args))
        while begun and (len(begun) >= n or begun[0].done()):
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


@contextlib.contextmanager
def one_thread():
    """Hold every thread pool that a method may use at one thread, until the end.

    Python threads may hold them together: what was before comes back when the last of
    them ends.

    Notes
    -----
    NumPy's and SciPy's pools are known to ``threadpoolctl``; OpenCV and torch keep
    others. torch is held if it is loaded.

    Examples
    --------
    >>> import cv2
    >>> from skfusion.workers import one_thread
    >>> with one_thread():
    ...     cv2.getNumThreads()
    1
    """
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    with _shared_pools, contextlib.ExitStack() as own:
        # OpenMP, and torch over it, count the threads of each Python thread apart.
        own.enter_context(threadpool_limits(1, user_api="openmp"))
        if torch is not None:
            own.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        yield


class FirstToLast:
    """A state of the whole process that threads hold together.

    The first one sets it, the last one undoes it. A subclass implements
    ``hold(undo)``: it sets the state and leaves in ``undo``, an
    :class:`contextlib.ExitStack`, what brings back the one before.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._users = 0
        self._undo = None

    def hold(self, undo):
        """Set the state."""
        raise NotImplementedError

    def __enter__(self):
        with self._lock:
            if self._users == 0:
                self._undo = contextlib.ExitStack()
                self.hold(self._undo)
            self._users += 1

    def __exit__(self, *error):
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._undo.close()


class _SharedPools(FirstToLast):
    """The pools of threads that Python threads share."""

    def hold(self, undo):
        """Hold them at one thread."""
        import cv2  # every worker that writes an image will load it
        from threadpoolctl import threadpool_limits

        undo.callback(cv2.setNumThreads, cv2.getNumThreads())
        cv2.setNumThreads(1)
        undo.enter_context(threadpool_limits(1, user_api="blas"))


_shared_pools = _SharedPools()


def keep_freed_memory():
    """Let a worker process of joblib reuse the memory of its images.

    Notes
    -----
    glibc gives large arrays back to the system at once; the page faults of the next
    ones then hold two workers back to 1.5 times the speed of one. Elsewhere, and in a
    process that is no worker of ours, nothing is done.
    """
    import ctypes
    import multiprocessing

    ours = multiprocessing.current_process().name.startswith("Loky")
    if not (ours and sys.platform.startswith("linux")):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(mmap_threshold, 2**28)
        mallopt(trim_threshold, 2**28)


_watching = threading.Lock()


def end_with_parent():
    """End this worker process of joblib soon after the process that started it.

    Notes
    -----
    Who is killed cannot end his workers: they would fuse on, and keep their memory.
    In a process that is no worker of ours nothing is done.
    """
    import multiprocessing

    ours = multiprocessing.current_process().name.startswith("Loky")
    if ours and _watching.acquire(blocking=False):
        threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent, pause=0.5, end=os._exit):
    while os.getppid() == parent:
        time.sleep(pause)
    end(1)
