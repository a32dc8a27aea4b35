"""AUIF: an unrolled two-scale decomposition, plain and collapsed."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from .._unset import unset

__all__ = ["AUIFNet", "UnrolledLayer", "collapse_kernel"]

# A reflected border sees the offsets -1, 0, 1 as +1, 0, +1 (first row), as they are
# (inside), and as -1, 0, -1 (last row).
_OFFSETS = ((1, 0, 1), (-1, 0, 1), (-1, 0, -1))


def _placement():
    """One-hot (3, 3, 3, 5): [where, second tap, first tap, offset of the 5 taps]."""
    place = torch.zeros(3, 3, 3, 5)
    for where, offsets in enumerate(_OFFSETS):
        for second, offset in enumerate(offsets):
            for first in range(3):
                place[where, second, first, offset + first + 1] = 1
    return place


def collapse_kernel(kernel):
    """Collapse ``K~ * (K * Z)`` into 5x5 kernels.

    The two convolutions are linear, so one 5x5 kernel, the sum of the kernels'
    autocorrelations, does the work of the 64 maps. The maps are reflected at the
    border, and a map of a reflected image is not the reflection of the map: the
    outermost ring of pixels needs kernels of its own, one for each side and corner.

    Parameters
    ----------
    kernel : Tensor, shape (n_channels, 1, 3, 3)
        ``K``; ``K~`` is its 180 degree rotation with input and output swapped.

    Returns
    -------
    Tensor, shape (3, 3, 5, 5)
        Kernels for (first row, rows inside, last row) x (first column, columns
        inside, last column), to be correlated with the image reflected by two pixels.
        ``[1, 1]`` serves all of the interior.

    Examples
    --------
    >>> import torch
    >>> from skfusion.networks.autoencoders.auif import collapse_kernel
    >>> kernel = torch.zeros(1, 1, 3, 3)
    >>> kernel[0, 0, 1, 1] = 2  # twice the image, twice
    >>> float(collapse_kernel(kernel)[1, 1, 2, 2])
    4.0
    """
    taps = kernel.flatten(1)
    # Everything that the pair of layers does is in the 9x9 Gram matrix of its taps.
    gram = (taps.T @ taps).reshape(3, 3, 3, 3).flip(0, 1)
    place = _placement().to(kernel)
    return torch.einsum("rbap,cdeq,bdae->rcpq", place, place, gram)


def filter_plain(z, kernel):
    """Return ``K~ * (K * Z)`` of ``(n, 1, h, w)`` as written, reflecting both."""
    maps = functional.conv2d(_reflect(z, 1), kernel)
    adjoint = kernel.flip(2, 3).transpose(0, 1)
    return functional.conv2d(_reflect(maps, 1), adjoint)


def filter_collapsed(z, kernel):
    """Return the same of ``(1, n, h, w)``, the images as channels, by 5x5 kernels."""
    kernels = collapse_kernel(kernel)
    padded = _reflect(z, 2)
    rows = []
    for row, band in zip(kernels, (padded[:, :, :5], padded, padded[:, :, -5:])):
        inside = _depthwise(band, row[1])
        left = _depthwise(band[..., :5], row[0])
        right = _depthwise(band[..., -5:], row[2])
        rows.append(torch.cat([left, inside[..., 1:-1], right], dim=3))
    return torch.cat([rows[0], rows[1][:, :, 1:-1], rows[2]], dim=2)


def _depthwise(z, kernel):
    # Images as channels: a depthwise convolution of many channels is vectorised over
    # them, which that of one channel is not (15 times slower on a CPU).
    n = z.shape[1]
    return functional.conv2d(z, kernel.expand(n, 1, *kernel.shape), groups=n)


def _reflect(z, width):
    return functional.pad(z, (width, width, width, width), mode="reflect")


def first_kernels(base_size, detail_size):
    """Return the mean filter and the Laplacian that start the two models.

    The Laplacian has all taps one but the centre, which makes their sum zero, divided
    by the sum of their magnitudes.
    """
    mean = torch.full((base_size, base_size), 1 / base_size**2)
    laplacian = torch.ones(detail_size, detail_size)
    laplacian[detail_size // 2, detail_size // 2] = 1 - detail_size**2
    return mean, laplacian / laplacian.abs().sum()


class UnrolledLayer(nn.Module):
    """One gradient step of the base or detail model.

    ``Z - eta (PReLU(BN(K~ * (K * Z))) - theta (X - Z))``, ``K`` and its adjoint ``K~``
    3x3, ``eta`` and ``theta`` learned numbers.

    Parameters
    ----------
    n_channels : int, default=64
    """

    def __init__(self, n_channels=64):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(n_channels, 1, 3, 3))
        self.eta = nn.Parameter(torch.empty(1))
        self.theta = nn.Parameter(torch.empty(1))
        self.norm = nn.BatchNorm2d(1)
        self.activation = nn.PReLU()

    def initialize(self, generator):
        """Draw the kernels from N(0, 1), eta and theta close to small positives."""
        nn.init.normal_(self.kernel, generator=generator)
        nn.init.normal_(self.eta, 0.1, 0.03, generator=generator)
        nn.init.normal_(self.theta, 1e-3, 1e-4, generator=generator)

    def forward(self, z, x):
        """Return the next state of ``(n, 1, h, w)``, the layer as written."""
        u = self.activation(self.norm(filter_plain(z, self.kernel)))
        return z - self.eta * (u - self.theta * (x - z))

    def forward_collapsed(self, z, x):
        """Return the same of ``(1, n, h, w)``, the images as channels."""
        u = filter_collapsed(z, self.kernel).permute(0, 2, 3, 1)
        # One channel: its statistics are those of all values, in any order.
        flat = self.norm(u.reshape(1, 1, 1, -1))
        u = self.activation(flat).reshape(u.shape).permute(0, 3, 1, 2)
        return z - self.eta * (u - self.theta * (x - z))


class AUIFNet(nn.Module):
    """Encoder and decoder of AUIF: base map, detail map, image.

    Parameters
    ----------
    n_layers : int, default=10
        Unrolled steps of each of the two models.
    n_channels : int, default=64
    base_size, detail_size : int, default=11, 19
        Odd sides of the filters that give the first base and detail map.
    collapsed : bool, default=True
        Evaluate each pair of convolutions as one of 5x5, the same numbers for 1/46 of
        the multiplications. ``False`` is the network as published.

    Notes
    -----
    Fully convolutional; images need more rows and columns than ``margin``.
    """

    def __init__(
        self, n_layers=10, n_channels=64, base_size=11, detail_size=19, collapsed=True
    ):
        super().__init__()
        self.base_size = base_size
        self.detail_size = detail_size
        self.collapsed = collapsed
        self.base = nn.ModuleList(UnrolledLayer(n_channels) for _ in range(n_layers))
        self.detail = nn.ModuleList(UnrolledLayer(n_channels) for _ in range(n_layers))
        self.decoder = unset(nn.Conv2d, 1, 1, 3, bias=False)
        self.decoder_norm = nn.BatchNorm2d(1)

    @property
    def margin(self):
        """The largest reflection: images need one row and column more than it."""
        return max(self.base_size // 2, self.detail_size // 2, 2)

    @property
    def reach(self):
        """How far, in pixels, an input pixel reaches in the output."""
        first = max(self.base_size // 2, self.detail_size // 2)
        return first + 2 * len(self.base) + 1

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``."""
        for layer in [*self.base, *self.detail]:
            layer.initialize(generator)
        bound = 1 / math.sqrt(9)
        nn.init.uniform_(self.decoder.weight, -bound, bound, generator=generator)
        return self

    def first_maps(self, x):
        """Return the fixed first base and detail map of ``(n, c, h, w)`` images."""
        return tuple(
            _depthwise(_reflect(x, len(kernel) // 2), kernel.to(x))
            for kernel in first_kernels(self.base_size, self.detail_size)
        )

    def encode(self, x):
        """Return the base and the detail map of ``(n, 1, h, w)`` images in [0, 1]."""
        maps = []
        if self.collapsed:
            x = x.transpose(0, 1).contiguous(memory_format=torch.channels_last)
        for z, layers in zip(self.first_maps(x), (self.base, self.detail)):
            for layer in layers:
                z = layer.forward_collapsed(z, x) if self.collapsed else layer(z, x)
            maps.append(z.transpose(0, 1).contiguous() if self.collapsed else z)
        return tuple(maps)

    def mix(self, base, detail):
        """Return the image of two maps before normalisation and sigmoid."""
        return self.decoder(_reflect(base + detail, 1))

    def decode(self, base, detail):
        """Return the images in (0, 1) of ``(n, 1, h, w)`` maps."""
        return torch.sigmoid(self.decoder_norm(self.mix(base, detail)))

    def forward(self, x):
        """Reconstruct ``(n, 1, h, w)`` images."""
        return self.decode(*self.encode(x))
