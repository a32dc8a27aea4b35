"""Fusion by sharpness on a device from end to end: scores, weights, pyramids."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from ....networks.pyramid_decisions import expand, reduce
from ...multiscale._pyramid import max_levels
from .._onnx_graphs import ScoreGraph, WeightedGraph

__all__ = ["DeviceForm"]


class DeviceForm:
    """The smoothed scores of a network as weights, applied to Laplacian pyramids.

    Parameters
    ----------
    network : SixPathNet or ThreePathNet
    device : torch.device
    dtype : torch.dtype
        Of the network; weights and pyramids are float32 in every case.
    gradients : str
    both_orders : bool
    softness, floor : float
        See :class:`skfusion.fusers.SharpnessFuser`.
    """

    def __init__(
        self, network, device, dtype, *, gradients, both_orders, softness, floor
    ):
        self.dtype = dtype
        score = ScoreGraph(network, gradients, both_orders)
        self._graph = WeightedGraph(score, softness, floor).to(device).eval()

    def weights(self, infrared, visible):
        """Return the weight ``(n, h, w)`` of the visible of ``(n, 1, h, w)`` images."""
        short = self.dtype != torch.float32
        with torch.autocast(infrared.device.type, self.dtype, enabled=short):
            score = self._graph.score(infrared, visible)
        return self._graph.weight(score.float())[:, 0]

    def blend(self, weight, infrared, visible, n_levels):
        """Apply weights ``(n, h, w)`` to ``(n, h, w)`` images, or to their pyramids.

        `n_levels` of ``None`` applies them to the pixels.
        """
        if n_levels is None:
            return torch.lerp(infrared, visible, weight)
        n_levels = min(n_levels, max_levels(infrared.shape[1:]))
        levels = []
        for images in (infrared, visible, weight):
            pyramid = [images]
            for _ in range(n_levels):
                pyramid.append(reduce(pyramid[-1]))
            levels.append(pyramid)
        fused = torch.lerp(*(pyramid[-1] for pyramid in levels))
        for level in range(n_levels - 1, -1, -1):
            size = infrared.shape[1:] if level == 0 else levels[0][level].shape[1:]
            bands = [
                pyramid[level] - expand(pyramid[level + 1], size)
                for pyramid in levels[:2]
            ]
            fused = expand(fused, size) + torch.lerp(*bands, levels[2][level])
        return fused
