"""DIDFuse: base and detail feature maps of an auto-encoder."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
from torch import nn

from .._unset import unset

__all__ = ["DIDFuseNet"]


class _Block(nn.Module):
    """3x3 convolution, batch normalisation, activation; same size."""

    def __init__(self, n_in, n_out, activation, padding_mode="zeros"):
        super().__init__()
        self.conv = unset(
            nn.Conv2d, n_in, n_out, 3, padding=1, padding_mode=padding_mode
        )
        self.norm = nn.BatchNorm2d(n_out)
        self.activation = activation

    def forward(self, x):
        return self.activation(self.norm(self.conv(x)))


class DIDFuseNet(nn.Module):
    """Encoder and decoder of DIDFuse.

    Parameters
    ----------
    n_channels : int, default=64

    Notes
    -----
    Images need two rows and columns; ``reach`` is how far, in pixels, an input pixel
    reaches in the output.
    """

    margin = 1
    reach = 6

    def __init__(self, n_channels=64):
        super().__init__()
        self.n_channels = n = n_channels
        self.shallow = _Block(1, n, nn.PReLU(), "reflect")
        self.deep = _Block(n, n, nn.PReLU())
        self.base = _Block(n, n, nn.Tanh())
        self.detail = _Block(n, n, nn.Tanh())
        self.merge = _Block(2 * n, n, nn.PReLU())
        self.refine = _Block(2 * n, n, nn.PReLU())
        self.output = _Block(2 * n, 1, nn.Sigmoid(), "reflect")

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``, as PyTorch does."""
        for block in self.children():
            bound = 1 / math.sqrt(block.conv.weight[0].numel())
            for parameter in block.conv.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
        return self

    def encode(self, x):
        """Return shallow, deep, base and detail maps of ``(n, 1, h, w)`` images.

        Returns
        -------
        tuple of four Tensors, shape (n, n_channels, h, w)
        """
        shallow = self.shallow(x)
        deep = self.deep(shallow)
        return shallow, deep, self.base(deep), self.detail(deep)

    def decode(self, shallow, deep, base, detail):
        """Return the ``(n, 1, h, w)`` images in (0, 1) of four maps."""
        x = self.merge(torch.cat([base, detail], dim=1))
        x = self.refine(torch.cat([x, deep], dim=1))
        return self.output(torch.cat([x, shallow], dim=1))

    def forward(self, x):
        """Reconstruct ``(n, 1, h, w)`` images."""
        return self.decode(*self.encode(x))

    def folded(self):
        """Return a copy in eval mode with the normalisation in the convolutions."""
        network = DIDFuseNet(self.n_channels).eval()
        network.load_state_dict(self.state_dict())
        for block in network.children():
            block.conv = nn.utils.fuse_conv_bn_eval(block.conv, block.norm)
            block.norm = nn.Identity()
        return network
