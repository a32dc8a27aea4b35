"""Fusers whose network maps a pair of images to the fused one."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ..images import luma
from .crops import random_crop
from .devices import resolve_device
from .fuser import NetworkFuser
from .tiling import map_tiles
from .training import DECAYS, make_generator, rate_factor, train_network

__all__ = [
    "PairForm",
    "PairGraph",
    "PairNetworkFuser",
    "for_inference",
    "reflect_by",
    "reflect_to",
    "stretch",
]


class PairNetworkFuser(NetworkFuser):
    """Base class of the fusers around one network of two images.

    A subclass sets ``_weights_name`` (of the shipped weights), ``_architecture`` (the
    parameters that decide what the network is: they go into the metadata of its
    weights) and, where tiles cannot give the same result, ``_why_whole``; it
    implements ``_build_network()``, which returns a
    :class:`skfusion.networks.blocks.FusionNetwork`, and ``_loss(network, pairs)``, a
    scalar for ``(n, 2, h, w)`` crops, infrared first. With ``parity``, where a subclass
    has that parameter, the output is stretched to [0, 1] as the originals do on saving.
    """

    _parameter_constraints: dict = {
        **NetworkFuser._parameter_constraints,
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "crop_size": [Interval(Integral, 8, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "final_learning_rate": [Interval(Real, 0, None, closed="neither")],
        "decay": [StrOptions(set(DECAYS))],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
    }
    _weights_name = ""
    _architecture: tuple = ()
    _why_whole = ""

    def _pretrained(self):
        return self._weights_name

    def _metadata(self):
        values = {name: getattr(self, name) for name in self._architecture}
        return {"class": type(self).__name__, **values}

    # Fusing ---------------------------------------------------------------------------

    def _make_form(self, network, device, dtype):
        return PairForm(self._paired(network), device, dtype)

    def _paired(self, network):
        """Return the network of two images that fuses, by default the trained one.

        What else it depends on belongs into ``_form_key``.
        """
        return network

    def _fuse_batch(self, ir, vis):
        fused = self._fused(ir, vis)
        return stretch(fused) if self._stretches() else fused

    def _stretches(self):
        return getattr(self, "parity", False)

    def _fused(self, ir, vis):
        """Return the network's output, neither stretched nor clipped."""
        form = self._form(ir.device)
        self._check_tiles(form)
        height, width = ir.shape[2:]
        stack = reflect_to(torch.cat([ir, vis], 1), form.min_size)
        tile_size = self._tile_size_on(ir.device)
        fused = map_tiles(form, stack, tile_size, form.reach)
        return fused[..., :height, :width]

    def _check_tiles(self, form):
        if self.tile_size in (None, "auto"):
            return
        name = type(self).__name__
        if form.reach is None:
            raise ValueError(
                f"tile_size={self.tile_size}: {name} {self._why_whole}, so that tiles "
                "would differ from the whole; use tile_size=None."
            )
        if self.tile_size % form.multiple:
            raise ValueError(
                f"tile_size={self.tile_size}: {name} also works at a coarser scale; "
                f"use a multiple of {form.multiple}."
            )

    def _onnx_module(self):
        return PairGraph(self._paired(self._network()), self._stretches())

    # Training -------------------------------------------------------------------------

    def _train(self, network, data):
        generator = make_generator(self.random_state)
        self._initialize(network, generator)
        batches = self._make_batches(data, generator)
        self.loss_curve_ = self._fit_network(network, batches, generator)
        return network

    def _fit_network(self, network, batches, generator):
        """Train the network and return the loss of each epoch."""
        return train_network(
            network,
            batches,
            self._loss,
            [{"params": network.parameters(), "lr": self.learning_rate}],
            frozen_share=getattr(self, "frozen_share", 0.0),
            **self._schedule(),
        )

    def _make_batches(self, data, generator):
        """Return what yields the batches of an epoch, on the device."""
        device = resolve_device(self.device)
        stacks = [
            torch.from_numpy(self._training_stack(data, i)).to(device)
            for i in range(len(data))
        ]

        def batches():
            order = torch.randperm(len(stacks), generator=generator).tolist()
            for start in range(0, len(order), self.batch_size):
                chosen = order[start : start + self.batch_size]
                crops = torch.stack(
                    [random_crop(stacks[i], self.crop_size, generator) for i in chosen]
                )
                yield self._prepare(crops, generator)

        return batches

    def _prepare(self, crops, generator):
        """Return what the loss gets, from ``(n, c, h, w)`` crops."""
        return crops

    def _schedule(self):
        """Return how long and at what rates to train, as the loops take it."""
        last = self.final_learning_rate / self.learning_rate
        return {
            "max_epochs": self.max_epochs,
            "factor": lambda progress: rate_factor(self.decay, last, progress),
            "max_seconds": self.max_seconds,
            "device": resolve_device(self.device),
            "verbose": self.verbose,
        }

    def _training_stack(self, data, i):
        """Return what crops are cut from, float32 ``(c, H, W)``, infrared first."""
        return np.stack([luma(image) for image in data.read(i)])

    def _loss(self, network, pairs):
        raise NotImplementedError


class PairForm:
    """A network on a device, from stacks of two images to the fused ones.

    Parameters
    ----------
    network : FusionNetwork
    device : torch.device
    dtype : torch.dtype, default=torch.float32
        In which it computes; what goes in and comes out is float32.
    """

    def __init__(self, network, device, dtype=torch.float32):
        self.min_size, self.reach = network.min_size, network.reach
        self.multiple, self.dtype = network.multiple, dtype
        self.network = for_inference(network, device, dtype)

    def __call__(self, stack):
        """Map ``(n, 2, h, w)``, infrared first, to ``(n, 1, h, w)``."""
        ir, vis = stack.to(self.dtype).split(1, 1)
        return self.network(ir, vis).float()


class PairGraph(nn.Module):
    """A network in the form that is exported: its output within [0, 1].

    Parameters
    ----------
    network : FusionNetwork
    stretched : bool
        Stretched to [0, 1], in place of clipped.
    """

    def __init__(self, network, stretched=False):
        super().__init__()
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        # One cell of its coarsest scale would be taken for a constant.
        least = network.multiple + 1 if network.multiple > 1 else 1
        self.min_size, self.stretched = max(network.min_size, least), stretched

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one."""
        fused = self.network(infrared, visible)
        if self.stretched:
            low, high = fused.amin((1, 2, 3), True), fused.amax((1, 2, 3), True)
            fused = (fused - low) / (high - low).clamp_min(1e-8)
        return fused.clamp(0, 1)


def for_inference(network, device, dtype=torch.float32):
    """Return a copy of a network on a device: in eval mode, without gradients."""
    network = copy.deepcopy(network).to(device, dtype)
    network = network.to(memory_format=torch.channels_last)
    return network.eval().requires_grad_(False)


def reflect_to(images, size):
    """Reflect ``(..., h, w)`` images, as often as needed, to ``size`` pixels a side."""
    return reflect_by(images, *(max(size - n, 0) for n in images.shape[-2:]))


def reflect_by(images, below, right):
    """Reflect ``(..., h, w)`` images, as often as needed, below and to the right."""
    for dim, extra in ((-2, below), (-1, right)):
        if extra:
            index = np.pad(np.arange(images.shape[dim]), (0, extra), mode="reflect")
            index = torch.from_numpy(index).to(images.device)
            images = images.index_select(dim, index)
    return images


def stretch(fused):
    """Stretch ``(n, 1, h, w)`` images to [0, 1], each; a flat one stays as it is."""
    low, high = fused.amin((1, 2, 3), True), fused.amax((1, 2, 3), True)
    return torch.where(high > low, (fused - low) / (high - low), fused)
