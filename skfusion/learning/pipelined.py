"""Threads that read, a device that fuses, threads that write: all at the same time."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import functools
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from ..workers import in_threads
from .batches import Sample

__all__ = ["pipelined"]


def pipelined(items, read, fuse, write, n_threads):
    """Read, fuse and write items; what waits between the stages is bounded.

    Parameters
    ----------
    items : iterable
    read : callable
        ``read(item)`` is ``(infrared, visible, rest)``: the images of a
        :class:`~skfusion.learning.batches.Sample`, and what ``write`` needs to know.
    fuse : callable
        Yields key and image, or error, for an iterable of samples.
    write : callable
        ``write(item, rest, image)`` gives the result.
    n_threads : int
        Threads that read, and as many that write.

    Yields
    ------
    item : object
    result : object, or the exception that the item met

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.learning.pipelined import pipelined
    >>> def read(level):
    ...     image = np.full((2, 2), level)
    ...     return image, image, "its file"
    >>> def fuse(samples):
    ...     for sample in samples:
    ...         yield sample.key, sample.infrared
    >>> def write(item, rest, image):
    ...     return image.sum()
    >>> [(item, int(total)) for item, total in pipelined([1, 2], read, fuse, write, 2)]
    [(1, 4), (2, 8)]
    """
    bad = SimpleQueue()

    def samples():
        for item, found in in_threads(_tried(read), items, readers, 2 * n_threads):
            if isinstance(found, Exception):
                bad.put((item, found))
            else:
                infrared, visible, rest = found
                yield Sample((item, rest), infrared, visible)

    def images():
        for (item, rest), image in fuse(samples()):
            if isinstance(image, Exception):
                bad.put((item, image))
            else:
                yield item, rest, image

    with _threads(n_threads) as readers, _threads(n_threads) as writers:
        with contextlib.closing(images()) as fused:
            for result in in_threads(_tried(write), fused, writers, 2 * n_threads):
                yield result
                yield from _taken(bad)
    yield from _taken(bad)


def _tried(function):
    """Return a function from the arguments of another one to item and what it gives."""

    @functools.wraps(function)
    def attempt(item, *rest):
        try:
            return item, function(item, *rest)
        except Exception as error:  # whatever it is, it costs this item alone
            return item, error

    return attempt


def _taken(queue):
    while not queue.empty():
        yield queue.get()


@contextlib.contextmanager
def _threads(n):
    pool = ThreadPoolExecutor(n)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
