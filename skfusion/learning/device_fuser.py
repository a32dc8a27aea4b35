"""Fusers that work on a device, in batches of pairs of one size."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ..base import BaseFuser
from ..workers import ahead
from .batches import BatchSizes, Sample, fuse_samples
from .devices import PRECISIONS, inference, resolve_devices, resolve_precision
from .graphs import Replayed
from .transfers import luma_of

__all__ = ["DeviceFuser"]

# Pairs that another thread may have read before they are asked for: with few of them
# it is the two threads that wait for each other.
_AHEAD = 16


class DeviceFuser(BaseFuser):
    """Base class of the fusers that compute with torch.

    A subclass implements ``_make_ready(device)`` and ``_fuse_batch(ir, vis)``: float32
    tensors ``(n, 1, h, w)`` in [0, 1] on a device to the fused ones, which
    ``transform`` clips.
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "device": [str],
        "inference_batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "precision": [StrOptions(set(PRECISIONS))],
    }
    # The short type in which fused images differ by at most one grey level of 255.
    _half: str | None = None

    def _fuse_pairs(self, pairs):
        samples = (Sample(i, *pairs.read_stored(i)) for i in range(len(pairs)))
        workers = self._workers(replayed=True)
        if len(workers) > 1 or workers[0][0].type != "cpu":
            samples = ahead(samples, _AHEAD)
        for i, fused in fuse_samples(samples, workers):
            yield i, self._result(fused, pairs, i)

    def _workers(self, *, replayed=False):
        """Return a worker for each device, ready to work.

        Parameters
        ----------
        replayed : bool, default=False
            Record on a GPU what comes again: not worth it where the sizes of batches
            change all the time.

        Returns
        -------
        list of (torch.device, callable, BatchSizes)
            As :func:`skfusion.learning.batches.fuse_samples` takes them.
        """
        devices = resolve_devices(self.device)
        for device in dict.fromkeys(devices):
            self._make_ready(device)
        return [
            (
                device,
                self._fusing(device) if replayed else self._fuse_on_device,
                BatchSizes(device, self.inference_batch_size),
            )
            for device in devices
        ]

    def _fusing(self, device):
        """Return what fuses on a device: on a GPU replayed, where that may be."""
        owner = self._replayed_for() if device.type == "cuda" else None
        if owner is None:
            return self._fuse_on_device
        key = repr(self.get_params(deep=False))
        return Replayed(self._fuse_on_device, device, owner, key)

    def _replayed_for(self):
        """Return the network without which a recording is worth nothing, if any."""
        return None

    def _fuse_on_device(self, ir, vis):
        """Fuse stored planes ``(n, 1 or 3, h, w)`` on their device."""
        with inference(ir.device):
            fused = self._fuse_batch_any(luma_of(ir), vis)
            return _clipped(fused)

    def _fuse_batch_any(self, ir, vis):
        """Fuse gray with gray or colour planes."""
        if vis.shape[1] == 3 and self.color == "per_channel":
            return self._fuse_batch_channels(ir, vis)
        return self._fuse_batch(ir, luma_of(vis))

    def _fuse_batch_channels(self, ir, vis):
        """Fuse colour planes channel by channel: three pairs of a batch each."""
        infrared = ir.expand_as(vis).flatten(0, 1)[:, None]
        fused = self._fuse_batch(infrared, vis.flatten(0, 1)[:, None])
        return fused.view_as(vis)

    def _fuse_batch(self, ir, vis):
        raise NotImplementedError

    def _make_ready(self, device):
        """Load what fusing on a device needs; what is wrong with it is said here."""
        raise NotImplementedError

    def _precision(self, device):
        """Return the dtype in which the network runs on a device."""
        return resolve_precision(self.precision, device, self._half)


def _clipped(fused):
    """Return fused images clipped to [0, 1].

    Infinity is no white: it becomes NaN, which is refused where the image is taken.
    """
    if fused.device.type == "cpu":  # one pass tells; a GPU would have to be waited for
        low, high = (end.item() for end in fused.aminmax())
        if math.isfinite(low) and math.isfinite(high):
            return fused.clamp(0, 1)
    return torch.where(fused.isfinite(), fused.clamp(0, 1), torch.nan)
