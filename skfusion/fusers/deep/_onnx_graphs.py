"""The networks in the form that exports well: two gray images in, one map out."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..._kernels.luma import LUMA
from ...networks.autoencoders.encoder_decoder import STRIDE, fold_pool
from ...networks.blocks import crop, mirror_to_multiple
from ...networks.sharpness import sharpness_planes
from .autoencoders._auif_collapsed import CollapsedAUIF
from .autoencoders._join import join_maps
from .sharpness.windows import WINDOW

__all__ = [
    "AUIFGraph",
    "DecompositionGraph",
    "EncoderDecoderGraph",
    "ScoreGraph",
    "WeightedGraph",
]

_CELL = 8
_CELLS = WINDOW // _CELL


class DecompositionGraph(nn.Module):
    """Encode both images, join their maps, decode.

    Parameters
    ----------
    network : nn.Module
        With ``encode``, ``decode`` and ``margin``.
    rule : {"sum", "average", "l1"}
    """

    def __init__(self, network, rule):
        super().__init__()
        self.network, self.rule = network, rule
        self.min_size = network.margin + 1

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one."""
        n = infrared.shape[0]
        maps = self.network.encode(torch.cat([infrared, visible]))
        joined = [join_maps(z[:n], z[n:], self.rule) for z in maps]
        return self.network.decode(*joined)


class AUIFGraph(nn.Module):
    """AUIF as 5x5 kernels, base and detail side by side in two channels.

    Parameters
    ----------
    network : skfusion.networks.autoencoders.auif.AUIFNet
        Trained.
    """

    def __init__(self, network):
        super().__init__()
        form = CollapsedAUIF(network)
        self.margin = form.margin
        self.n_layers = len(network.base)
        for i, kernel in enumerate(form._first):
            self.register_buffer(f"first_{i}", torch.from_numpy(kernel)[None, None])
        for layer in range(self.n_layers):
            models = (form._base, form._detail)
            kernels = np.stack([kernels[layer] for kernels, _ in models])
            for row in range(3):
                for column in range(3):
                    kernel = np.ascontiguousarray(kernels[:, None, row, column])
                    self._keep(f"kernel_{layer}_{row}{column}", kernel)
            numbers = np.stack([numbers[layer] for _, numbers in models])
            for name, pair in zip(("shift", "slope", "eta", "keep", "pull"), numbers.T):
                pair = np.ascontiguousarray(pair)
                if name != "shift":
                    pair = pair.reshape(1, 2, 1, 1)
                self._keep(f"{name}_{layer}", pair)
        kernel, shift = form._decoder
        self._keep("decoder", kernel[None, None])
        self._keep("decoder_shift", np.array([shift]))

    def _keep(self, name, array):
        self.register_buffer(name, torch.from_numpy(array))

    def encode(self, x):
        """Return the base and the detail map, ``(n, 1, h, w)`` each."""
        first = [
            functional.conv2d(_reflect(x, kernel.shape[-1] // 2), kernel)
            for kernel in (self.first_0, self.first_1)
        ]
        z = torch.cat(first, dim=1)
        for layer in range(self.n_layers):
            z = self._layer(z, x, layer)
        return z[:, :1], z[:, 1:]

    def _layer(self, z, x, layer):
        shift, slope, eta, keep, pull = (
            getattr(self, f"{name}_{layer}")
            for name in ("shift", "slope", "eta", "keep", "pull")
        )
        padded = _reflect(z, 2)
        rows = []
        # The ring of one pixel has kernels of its own.
        for i, band in enumerate((padded[:, :, :5], padded, padded[:, :, -5:])):
            left, inside, right = (
                functional.conv2d(
                    part, getattr(self, f"kernel_{layer}_{i}{j}"), shift, groups=2
                )
                for j, part in enumerate((band[..., :5], band, band[..., -5:]))
            )
            if i == 1:
                left, inside, right = (
                    part[:, :, 1:-1] for part in (left, inside, right)
                )
            rows.append(torch.cat([left, inside[..., 1:-1], right], dim=3))
        u = torch.cat(rows, dim=2)
        u = torch.where(u > 0, u, slope * u)
        return keep * z - eta * u + pull * x

    def decode(self, base, detail):
        """Return the ``(n, 1, h, w)`` images in (0, 1)."""
        mixed = _reflect(base + detail, 1)
        return functional.conv2d(mixed, self.decoder, self.decoder_shift).sigmoid()


class ScoreGraph(nn.Module):
    """The mean score of the windows over each pixel, at a stride of 8.

    Parameters
    ----------
    network : SixPathNet or ThreePathNet
        Trained.
    gradients : {"clipped", "signed", "magnitude"}
    both_orders : bool
    """

    def __init__(self, network, gradients, both_orders=True):
        super().__init__()
        # A copy: what the export changes must not reach a shared network.
        self.network = copy.deepcopy(network).eval().requires_grad_(False).fold()
        self.gradients, self.both_orders = gradients, both_orders
        # One window more than one: a side of 1 would be taken for a constant.
        self.min_size = WINDOW + 1

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the score of the visible one."""
        n, _, height, width = infrared.shape
        images = mirror_to_multiple(
            torch.cat([visible, infrared]), _CELL, repeat_edge=True
        )
        planes = sharpness_planes(images[:, 0], self.gradients)
        planes = functional.pad(planes, (1, 1, 1, 1), mode="reflect")
        features = self.network.features(planes)
        first, second = features[:n], features[n:]
        score = self.network.head(first, second).softmax(1)[:, :1]
        if self.both_orders:
            other = self.network.head(second, first).softmax(1)[:, 1:]
            score = (score + other) / 2
        # Every cell of 8 pixels lies in up to 4 x 4 windows.
        total, count = (
            functional.avg_pool2d(functional.pad(x, (_CELLS - 1,) * 4), _CELLS, 1)
            for x in (score, torch.ones_like(score))
        )
        cells = total / count
        return crop(cells, height, width, _CELL)


class WeightedGraph(nn.Module):
    """The weighted mean by smoothed scores, pixel by pixel.

    Parameters
    ----------
    score : ScoreGraph
    softness, floor : float
        As of :class:`~skfusion.fusers.SharpnessFuser`.
    """

    def __init__(self, score, softness, floor):
        super().__init__()
        self.score, self.floor, self.min_size = score, floor, score.min_size
        kernel = None
        if softness > 0:
            size = round(8 * softness + 1) | 1  # OpenCV's for floating images
            kernel = cv2.getGaussianKernel(size, softness).astype(np.float32)
            kernel = torch.from_numpy(kernel)[None, None]
        self.register_buffer("kernel", kernel)

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one."""
        weight = self.weight(self.score(infrared, visible))
        return (weight * visible + (1 - weight) * infrared).clamp(0, 1)

    def weight(self, score):
        """Return the weight of the visible image for its score ``(n, 1, h, w)``."""
        if self.kernel is not None:
            reach = self.kernel.shape[2] // 2
            score = functional.pad(score, (reach,) * 4, mode="replicate")
            score = functional.conv2d(score, self.kernel)
            score = functional.conv2d(score, self.kernel.transpose(2, 3))
        return self.floor + (1 - 2 * self.floor) * score


class EncoderDecoderGraph(nn.Module):
    """The encoder-decoder network on images of any size, each pooling folded.

    Parameters
    ----------
    network : skfusion.networks.autoencoders.encoder_decoder.EncoderDecoderNet
        Trained.
    pad : {"reflect", "zero"}
    """

    def __init__(self, network, pad="reflect"):
        super().__init__()
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.pad = pad
        # One cell of 32 pixels more than one, as for the scores.
        self.min_size = STRIDE + 1
        for name in ("infrared", "visible"):
            for i, conv in enumerate(getattr(network, name)):
                folded = fold_pool(conv.weight.detach())
                self.register_buffer(f"{name}_{i}", folded)

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one."""
        height, width = infrared.shape[2:]
        colours = self.network.out.out_channels
        infrared, visible = (2 * self._padded(x) - 1 for x in (infrared, visible))
        if colours > 1:
            visible = torch.cat([visible] * colours, 1)
        out = torch.tanh(self._linear_output(infrared, visible))
        fused = ((crop(out, height, width) + 1) / 2).clamp(0, 1)
        if colours == 1:
            return fused
        return (fused * fused.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)

    def _padded(self, x):
        if self.pad == "reflect":
            return mirror_to_multiple(x, STRIDE)
        for dim in (2, 3):
            side = x.shape[dim]
            index = torch.arange((side + STRIDE - 1) // STRIDE * STRIDE)
            shape = (-1, 1) if dim == 2 else (-1,)
            inside = (index < side).reshape(shape)
            x = x.index_select(dim, index.clamp(max=side - 1))
            x = torch.where(inside, x, 0.5)
        return x

    def _linear_output(self, *images):
        act = self.network.activation or nn.Identity()
        fused = []
        for i, mix in enumerate(self.network.fusion):
            images = [
                act(functional.conv2d(x, kernel, stride=2, padding=1))
                for x, kernel in zip(
                    images,
                    (getattr(self, f"{name}_{i}") for name in ("infrared", "visible")),
                )
            ]
            fused.append(act(mix(torch.cat(images, 1))))
        x = self.network.up[-1](fused[-1])
        for skip, up in zip(fused[-2::-1], self.network.up[-2::-1]):
            x = up(torch.cat([skip, act(x)], 1))
        return self.network.out(x)


def _reflect(z, width):
    return functional.pad(z, (width, width, width, width), mode="reflect")
