"""AUIF for a GPU: 5x5 kernels in batches, by Triton where it is there."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import warnings

import numpy as np
import torch
from torch.nn import functional

from .._onnx_graphs import AUIFGraph
from ._auif_collapsed import CollapsedAUIF

__all__ = ["DeviceAUIF"]


class DeviceAUIF:
    """A trained AUIF network for inference on a device.

    Its layers are bound by memory: Triton runs each as one kernel that reads a map and
    an image and writes a map. Without Triton, or where it fails, torch runs them.

    Parameters
    ----------
    network : AUIFNet
    device : torch.device
    dtype : torch.dtype, default=torch.float32
        Another one is left to torch.
    """

    def __init__(self, network, device, dtype=torch.float32):
        self.margin, self.reach, self.dtype = network.margin, network.reach, dtype
        self._sizes = network.base_size, network.detail_size
        self._graph = AUIFGraph(network).to(device, dtype)
        self._run = None
        if device.type == "cuda" and dtype == torch.float32:
            self._run = _fused_layers(CollapsedAUIF(network), device)

    def encode(self, images):
        """Return the base and detail maps of ``(n, 1, h, w)`` images."""
        images = images.to(self.dtype).contiguous()
        first = torch.cat(_first_maps(images, *self._sizes), 1)
        if self._run is not None:
            try:
                return self._run(first, images).split(1, 1)
            except Exception as error:  # the compiler of the machine is not ours
                self._run = None
                warnings.warn(
                    f"AUIF: Triton could not be used ({type(error).__name__}: "
                    f"{str(error).splitlines()[0] if str(error) else ''}): torch does "
                    "the same, but slower.",
                    RuntimeWarning,
                    stacklevel=2,
                )
        for layer in range(self._graph.n_layers):
            first = self._graph._layer(first, images, layer)
        return first.split(1, 1)

    def decode(self, maps):
        """Return the ``(n, 1, h, w)`` images of base and detail maps."""
        return self._graph.decode(*maps)


def _first_maps(x, base_size, detail_size):
    """Return the mean and the Laplacian of images, by sums along rows and columns."""
    mean = _sums(x, base_size) / base_size**2
    taps = detail_size**2
    laplacian = (_sums(x, detail_size) - taps * x) / (2 * (taps - 1))
    return mean, laplacian


def _sums(x, size):
    x = functional.pad(x, (size // 2,) * 4, mode="reflect")
    for window in ((size, 1), (1, size)):
        x = functional.avg_pool2d(x, window, 1, divisor_override=1)
    return x


def _fused_layers(form, device):
    """Return what runs all layers by Triton, or None."""
    try:
        from ._auif_triton import run_layers
    except ImportError:
        return None
    models = form._base, form._detail
    kernels, numbers = (
        torch.from_numpy(np.stack(parts, 1)).to(device) for parts in zip(*models)
    )
    return lambda first, images: run_layers(first, images, kernels, numbers)
