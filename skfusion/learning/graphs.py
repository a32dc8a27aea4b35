"""What a GPU does for images of a size, recorded once and then replayed."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import threading
import weakref
from collections import Counter, OrderedDict

import torch

__all__ = ["Replayed", "record"]

_CALLS = 2  # of a size before it is recorded
_KEPT = 4  # recordings that stay
_MOST = 32  # are made in all: sizes that change all the time win nothing
_SHARE = 1 / 8  # of the memory of a device that a recording may hold
_RECORDINGS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_making = threading.Lock()


class Replayed:
    """A function of tensors on a GPU whose kernels are recorded as a CUDA graph.

    A network of many small kernels waits for the one who starts them: replayed, all of
    them are started at once. A size of inputs is recorded when it comes for the third
    time; what cannot be recorded, or would hold too much memory, is called as before.

    Parameters
    ----------
    function : callable
        From tensors to a tensor, on one device; it does the same each time.
    device : torch.device
    owner : object
        Whose recordings they are: they are dropped with it.
    key : hashable
        On what else the function depends.

    Notes
    -----
    A recording reads and writes tensors of its own: inputs are copied into the first
    and results out of the last, so that several threads may call it in turn.
    """

    def __init__(self, function, device, owner, key):
        self._function, self._device = function, device
        with _making:
            of_owner = _RECORDINGS.setdefault(owner, {})
            self._kept = of_owner.setdefault((device, key), _Recordings())

    def __call__(self, *tensors):
        """Return what the function returns."""
        form = tuple((tuple(x.shape), x.dtype) for x in tensors)
        kept = self._kept
        with kept.lock:
            if form in kept.replays:
                kept.replays.move_to_end(form)
                return kept.replays[form](*tensors)
            kept.seen[form] += 1
            if kept.seen[form] > _CALLS and kept.left > 0:
                return self._recorded(form, tensors)
            if len(kept.seen) > 16 * _KEPT:
                kept.seen.clear()
        return self._function(*tensors)

    def _recorded(self, form, tensors):
        """Call the function, and record it if it may be."""
        kept = self._kept
        made, taken = _measured(self._function, self._device, tensors)
        replay = self._function
        if taken <= _SHARE * _memory_of(self._device):
            try:
                replay = record(self._function, tensors)
            except Exception:  # a copy from the CPU, for instance: as it was before
                torch.cuda.synchronize(self._device)
        kept.left -= 1
        kept.replays[form] = replay
        if len(kept.replays) > _KEPT:
            dropped, _ = kept.replays.popitem(last=False)
            del kept.seen[dropped]
        return made


class _Recordings:
    """The recordings of one function on one device."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen: Counter = Counter()
        self.replays: OrderedDict = OrderedDict()
        self.left = _MOST


def record(function, tensors):
    """Record what a function does with tensors on a GPU.

    Parameters
    ----------
    function : callable
    tensors : sequence of Tensor

    Returns
    -------
    callable
        From tensors of the same shapes to what the function would return.

    Raises
    ------
    RuntimeError
        If the function waits for the device, or copies from the CPU.
    """
    given = [x.clone() for x in tensors]
    # Libraries make their handles when they are first called: not while recording.
    now, beside = torch.cuda.current_stream(), torch.cuda.Stream()
    beside.wait_stream(now)
    with torch.cuda.stream(beside):
        function(*given)
    now.wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        made = function(*given)

    def replay(*tensors):
        for own, x in zip(given, tensors):
            own.copy_(x)
        graph.replay()
        return made.clone()

    return replay


def _measured(function, device, tensors):
    """Return what a function makes, and how many bytes it takes for that."""
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    made = function(*tensors)
    return made, torch.cuda.max_memory_allocated(device) - before


def _memory_of(device):
    return torch.cuda.get_device_properties(device).total_memory
