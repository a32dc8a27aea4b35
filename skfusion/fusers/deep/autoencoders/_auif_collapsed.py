"""AUIF for the CPU: the trained network as 5x5 kernels."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import torch

from ...._kernels import auif as kernels
from ....networks.autoencoders.auif import collapse_kernel, first_kernels

__all__ = ["CollapsedAUIF"]


class CollapsedAUIF:
    """A trained AUIF network for inference on the CPU.

    Of :class:`~skfusion.networks.autoencoders.auif.AUIFNet`.

    The kernels are collapsed in float64, and the normalisation, the activation and the
    step are folded into one pass a layer. ``encode`` and ``decode`` are the network's.

    Parameters
    ----------
    network : AUIFNet
    """

    def __init__(self, network):
        self.margin, self.reach = network.margin, network.reach
        first = first_kernels(network.base_size, network.detail_size)
        self._first = [kernel.numpy() for kernel in first]
        self._base, self._detail = _fold(network.base), _fold(network.detail)
        scale, shift = _scale_and_shift(network.decoder_norm)
        kernel = scale * _float64(network.decoder.weight)[0, 0]
        self._decoder = kernel.astype(np.float32), np.float32(shift)

    def encode(self, images):
        """Return the base and detail maps of ``(n, 1, h, w)`` images."""
        maps = [self._encode(image) for image in images[:, 0].numpy()]
        return tuple(torch.from_numpy(np.stack(z))[:, None] for z in zip(*maps))

    def decode(self, maps):
        """Return the ``(n, 1, h, w)`` images of base and detail maps."""
        rows = [
            kernels.decode(base, detail, *self._decoder)
            for base, detail in zip(*(z[:, 0].numpy() for z in maps))
        ]
        return torch.from_numpy(np.stack(rows)).sigmoid_()[:, None]

    def _encode(self, x):
        # Summed tap by tap, as a direct convolution does: the layers amplify the
        # rounding of the first maps, and running sums would round otherwise.
        return tuple(
            kernels.run_layers(kernels.correlate(x, first), x, *model)
            for first, model in zip(self._first, (self._base, self._detail))
        )


def _fold(layers):
    """Return the kernels and numbers of :func:`skfusion._kernels.auif.run_layers`."""
    folded, numbers = [], []
    for layer in layers:
        scale, shift = _scale_and_shift(layer.norm)
        kernel = collapse_kernel(layer.kernel.detach().double()).numpy()
        folded.append(scale * kernel)
        slope, eta, theta = (
            _float64(value).item()
            for value in (layer.activation.weight, layer.eta, layer.theta)
        )
        numbers.append([shift, slope, eta, 1 - eta * theta, eta * theta])
    return np.array(folded, dtype=np.float32), np.array(numbers, dtype=np.float32)


def _scale_and_shift(norm):
    weight, bias, mean, variance = (
        _float64(value).item()
        for value in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    scale = weight / np.sqrt(variance + norm.eps)
    return scale, bias - scale * mean


def _float64(tensor):
    return tensor.detach().double().numpy()
