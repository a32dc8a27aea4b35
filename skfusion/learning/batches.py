"""Pairs on a device: those of one size together, copied while others are computed."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import threading
from queue import Queue
from typing import NamedTuple

import numpy as np
import torch

from .transfers import Transfer

__all__ = ["BatchSizes", "Sample", "fuse_samples", "grouped"]

# No more pixels wait for others of their size; above that the longest waiting go.
_WAITING = 2**25
# More pixels in a batch than this win nothing.
_ENOUGH = 2**23
_MOST = 64
# The share of a device's free memory that a batch may take.
_SHARE = 0.4


class Sample(NamedTuple):
    """A pair that waits to be fused.

    Attributes
    ----------
    key : object
        Whose pair it is, handed back with the fused image.
    infrared, visible : ndarray of uint8, uint16 or float32
        ``(H, W)`` or ``(H, W, 3)``, as :meth:`skfusion.ImagePairs.read_stored` has it.
    """

    key: object
    infrared: np.ndarray
    visible: np.ndarray

    @property
    def form(self):
        """What the samples of a batch have in common."""
        return tuple((x.shape, x.dtype.str) for x in (self.infrared, self.visible))

    @property
    def pixels(self):
        """Pixels of one of its images."""
        return self.visible.shape[0] * self.visible.shape[1]


def grouped(samples, size):
    """Put samples of one form together.

    Parameters
    ----------
    samples : iterable of Sample or None
        Drawn as they are needed; at ``None`` nobody waits for more of a form.
    size : callable
        ``size(pixels)`` is how many of that many pixels make a batch: asked when the
        first of them comes.

    Yields
    ------
    list of Sample
        In the order in which batches are full; of each form in the order of the
        samples. The last of each form, and before a ``None``, may be smaller; an empty
        one stands for it.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.learning.batches import Sample, grouped
    >>> wide, high = np.zeros((2, 3)), np.zeros((3, 2))
    >>> samples = [Sample(i, x, x) for i, x in enumerate([wide, high, wide, wide])]
    >>> [[s.key for s in batch] for batch in grouped(samples, lambda pixels: 2)]
    [[0, 2], [1], [3]]
    """
    waiting, held = {}, 0
    for sample in samples:
        if sample is None:
            yield from (batch for batch, _ in waiting.values())
            yield []
            waiting, held = {}, 0
            continue
        form = sample.form
        if form not in waiting:  # asking a device for its memory takes a while
            waiting[form] = [], size(sample.pixels)
        group, enough = waiting[form]
        group.append(sample)
        held += sample.pixels
        full = len(group) >= enough
        while waiting and (full or held > _WAITING):
            batch, _ = waiting.pop(form if full else next(iter(waiting)))
            full = False
            held -= sum(x.pixels for x in batch)
            yield batch
    for batch, _ in waiting.values():
        yield batch


class BatchSizes:
    """How many pairs of a size go together on a device.

    One on a CPU, where more of them leave the cache. On a GPU the memory that the first
    pair took says how many fit in a share of what is free, up to what keeps it busy.

    Parameters
    ----------
    device : torch.device
    fixed : int or None
        A number to take in place of all that.
    """

    def __init__(self, device, fixed=None):
        self.device, self.fixed = device, fixed
        self._bytes = None  # a pixel of a pair

    def __call__(self, pixels):
        """Return how many pairs of so many pixels make a batch, now."""
        if self.fixed is not None:
            return self.fixed
        if self.device.type != "cuda" or self._bytes is None:
            return 1
        enough = min(_ENOUGH // pixels, _MOST)
        fitting = _SHARE * self._free() / (self._bytes * pixels)
        return int(max(min(enough, fitting), 1))

    @contextlib.contextmanager
    def measured(self, pixels):
        """Learn from what is computed inside how much memory so many pixels take."""
        if self.fixed is not None or self.device.type != "cuda" or self._bytes:
            yield
            return
        torch.cuda.reset_peak_memory_stats(self.device)
        before = torch.cuda.memory_allocated(self.device)
        yield
        peak = torch.cuda.max_memory_allocated(self.device) - before
        self._bytes = max(peak / pixels, 1.0)

    def _free(self):
        """Return the bytes that the system and torch's own pool have left."""
        free, _ = torch.cuda.mem_get_info(self.device)
        pool = torch.cuda.memory_reserved(self.device)
        return free + pool - torch.cuda.memory_allocated(self.device)


def fuse_samples(samples, workers, *, alone=False):
    """Fuse samples, in batches, and hand each result back with its key.

    Parameters
    ----------
    samples : iterable of Sample or None
        With several workers drawn in threads, one at a time. At ``None``, with one
        worker, the results of all samples before it are handed back.
    workers : list of (torch.device, callable, BatchSizes)
        ``callable(infrared, visible)`` maps tensors ``(n, 1, h, w)`` and ``(n, 1 or 3,
        h, w)`` on the device, float32 in [0, 1], to fused ones; where there are
        several devices each has a thread.
    alone : bool, default=False
        If a batch fails, fuse its pairs one by one, and hand back the errors of those
        that fail then in place of their images.

    Yields
    ------
    key : object
    image : ndarray of float32, shape (H, W) or (H, W, 3), or Exception
        In [0, 1]. Within a form in the order of the samples, of one worker.
    """
    sizes = workers[0][2]
    batches = grouped(samples, sizes)
    if len(workers) == 1:
        yield from _Worker(*workers[0], alone).run(batches)
    else:
        yield from _shared(batches, [_Worker(*worker, alone) for worker in workers])


class _Worker:
    """A device that fuses one batch while the one before is copied from it."""

    def __init__(self, device, fuse, sizes, alone):
        self.fuse, self.sizes, self.alone = fuse, sizes, alone
        self.transfer = Transfer(device)

    def run(self, batches):
        """Yield the key and the image of each sample of batches."""
        before = None
        for batch in batches:
            now = self._begun(batch) if batch else None
            if before is not None:
                yield from self._finished(*before)
            before = (batch, now) if batch else None
        if before is not None:
            yield from self._finished(*before)

    def _begun(self, batch):
        """Start a batch; return what waits for its images, or the error it met."""
        try:
            with self.sizes.measured(len(batch) * batch[0].pixels):
                tensors = (
                    self.transfer.enter([getattr(sample, side) for sample in batch])
                    for side in ("infrared", "visible")
                )
                fused = self.fuse(*tensors)
            return self.transfer.leave(fused)
        except Exception as error:
            return error

    def _finished(self, batch, images):
        try:
            if isinstance(images, Exception):
                raise images
            yield from zip([sample.key for sample in batch], images())
        except torch.cuda.OutOfMemoryError as error:
            if len(batch) == 1:
                yield from self._failed(batch, error)
            else:  # others use the device too
                del images, error
                torch.cuda.empty_cache()
                half = len(batch) // 2
                for part in (batch[:half], batch[half:]):
                    yield from self._finished(part, self._begun(part))
        except Exception as error:
            yield from self._failed(batch, error)

    def _failed(self, batch, error):
        if not self.alone:
            raise error
        if len(batch) == 1:
            yield batch[0].key, error
            return
        for sample in batch:
            yield from self._finished([sample], self._begun([sample]))


_DONE = object()


def _shared(batches, workers):
    """Share batches out among workers, each in a thread of its own."""
    results, lock, stopped = Queue(2 * len(workers)), threading.Lock(), []

    def draw():
        while not stopped:
            with lock:
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def work(worker):
        try:
            for result in worker.run(draw()):
                results.put(result)
                if stopped:
                    break
        except BaseException as error:
            results.put((_DONE, error))
        else:
            results.put((_DONE, None))

    threads = [
        threading.Thread(target=work, args=(worker,), daemon=True) for worker in workers
    ]
    for thread in threads:
        thread.start()
    left, failure = len(threads), None
    try:
        while left:
            key, image = results.get()
            if key is _DONE:
                left -= 1
                failure = failure or image
                if image is not None:
                    stopped.append(True)
            elif failure is None:
                yield key, image
        if failure is not None:
            raise failure
    finally:
        stopped.append(True)
        while left:
            left -= results.get()[0] is _DONE
        for thread in threads:
            thread.join()
