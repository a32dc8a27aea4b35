"""Images to a device and back: integers go in, copies run beside the work."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from .._kernels.luma import LUMA
from ..images.pixels import scaled

__all__ = ["Transfer", "luma_of", "scaled_planes"]

# A card fuses faster than one thread touches new memory.
_THREADS = min(8, os.cpu_count() or 1)


class Transfer:
    """The way of batches of images to a device and back.

    To a GPU they go through page-locked memory, on streams of their own, so that the
    next batch comes and the last one goes while one is computed. A few threads copy
    the images of a batch.

    Parameters
    ----------
    device : torch.device
    """

    def __init__(self, device):
        self.device = device
        self._streams = self._pool = None
        if device.type == "cuda":
            self._streams = [torch.cuda.Stream(device) for _ in range(2)]
            self._pool = ThreadPoolExecutor(_THREADS)

    def enter(self, images):
        """Return images as a float32 tensor on the device.

        Parameters
        ----------
        images : list of ndarray, shape (H, W) or (H, W, 3)
            Of one shape and dtype: uint8, uint16 or float32.

        Returns
        -------
        Tensor, shape (n, 1, H, W) or (n, 3, H, W)
            In [0, 1].
        """
        if self._streams is None and self.device.type == "cpu":
            return scaled_planes(torch.from_numpy(_scaled_copy(images)))
        first = images[0]
        # torch has no arithmetic for uint16: its bits travel as int16.
        dtype = np.dtype(np.int16) if first.dtype == np.uint16 else first.dtype
        stack = self._staging(
            (len(images), *first.shape), torch.from_numpy(np.empty(0, dtype)).dtype
        )
        targets = stack.numpy()

        def fill(part):
            for target, image in zip(targets[part], images[part]):
                np.copyto(target, image.view(dtype))

        self._share_out(fill, len(images))
        return scaled_planes(self._sent(stack))

    def leave(self, fused):
        """Start to bring fused images back.

        Parameters
        ----------
        fused : Tensor of float32, shape (n, 1 or 3, H, W)

        Returns
        -------
        callable
            Waits for them and returns a list of ndarray, ``(H, W)`` or ``(H, W, 3)``:
            parts of one block of memory, which the system hands out faster.
        """
        if fused.shape[1] == 1:
            fused = fused[:, 0]
        else:
            fused = fused.permute(0, 2, 3, 1)
        fused = fused.float().contiguous()
        if self._streams is None:
            return lambda: list(fused.cpu().numpy())
        back = self._streams[1]
        back.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(back):
            host = self._staging(fused.shape, fused.dtype)
            host.copy_(fused, non_blocking=True)
            fused.record_stream(back)
            there = back.record_event()

        def images():
            there.synchronize()
            # Out of the page-locked memory, which the next batches use again.
            source = host.numpy()
            block = np.empty_like(source)

            def fill(part):
                block[part] = source[part]

            self._share_out(fill, len(block))
            return list(block)

        return images

    def _share_out(self, work, n):
        """Call ``work(slice)`` for parts of n, each in a thread."""
        if self._pool is None or n == 1:
            work(slice(0, n))
            return
        ends = [n * i // _THREADS for i in range(_THREADS + 1)]
        parts = [slice(a, b) for a, b in zip(ends, ends[1:]) if b > a]
        list(self._pool.map(work, parts))

    def _staging(self, shape, dtype):
        return torch.empty(shape, dtype=dtype, pin_memory=self._streams is not None)

    def _sent(self, stack):
        if self._streams is None:
            return stack.to(self.device)
        with torch.cuda.stream(self._streams[0]):
            there = stack.to(self.device, non_blocking=True)
        now = torch.cuda.current_stream(self.device)
        now.wait_stream(self._streams[0])
        there.record_stream(now)
        return there


def _scaled_copy(images):
    """Return images of one form as float32 in [0, 1], copied once."""
    if len(images) > 1:
        return np.stack([scaled(image) for image in images])
    image = scaled(images[0])
    # Never the memory that came: a network may work in place.
    return (image.copy() if np.shares_memory(image, images[0]) else image)[None]


def scaled_planes(stack):
    """Return stored images as planes in [0, 1].

    Parameters
    ----------
    stack : Tensor of uint8, int16 (the bits of uint16) or float32
        ``(n, H, W)`` or ``(n, H, W, 3)``.

    Returns
    -------
    Tensor of float32, shape (n, 1, H, W) or (n, 3, H, W)

    Examples
    --------
    >>> import torch
    >>> from skfusion.learning.transfers import scaled_planes
    >>> scaled_planes(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    tensor([[[[0., 1.]]]])
    """
    if stack.dtype == torch.uint8:
        stack = stack.float() * (1 / 255)
    elif stack.dtype == torch.int16:
        stack = (stack.int() & 0xFFFF).float() * (1 / 65535)
    return stack[:, None] if stack.dim() == 3 else stack.movedim(3, 1)


def luma_of(planes):
    """Return the BT.601 luma ``(n, 1, H, W)`` of ``(n, 1 or 3, H, W)`` planes."""
    if planes.shape[1] == 1:
        return planes
    red, green, blue = (planes[:, c : c + 1] * weight for c, weight in enumerate(LUMA))
    return (red + green + blue).clamp_max(1)
