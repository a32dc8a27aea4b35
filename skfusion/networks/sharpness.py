"""The six-path and the three-path networks that tell the sharper of two windows."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

__all__ = ["ResidualBlock", "SixPathNet", "ThreePathNet", "sharpness_planes"]

_SLOPE = 0.1
# A window of 32 pixels ends as 4 x 4 cells of 8 pixels each.
_CELLS = 4


class _Conv(nn.Conv2d):
    """A convolution that leaves the global random generator alone."""

    def reset_parameters(self):
        """Wait for ``initialize``."""


class _Linear(nn.Linear):
    """A fully connected layer that leaves the global random generator alone."""

    def reset_parameters(self):
        """Wait for ``initialize``."""


class _Statistics:
    """Mean and covariance of the pixels of a batch ``(n, c, h, w)``.

    Everything between two activations of these networks is linear, so that the
    statistics that batch normalisation asks for follow from the mean and the
    covariance of what comes in: var(Wx) = diag(W C W'). That spares one pass
    over every intermediate map, and the map itself.
    """

    def __init__(self, x):
        rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
        self.n = len(rows)
        self.mean = rows.mean(0)
        centred = rows - self.mean
        self.covariance = centred.T @ centred / self.n


def _fold(weight, bias, norm, statistics):
    """Fold batch normalisation behind ``weight @ x + bias`` into weight and bias."""
    if statistics is not None:
        mean = weight @ statistics.mean + bias
        variance = ((weight @ statistics.covariance) * weight).sum(1)
        with torch.no_grad():
            unbiased = variance * (statistics.n / max(statistics.n - 1, 1))
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(unbiased, norm.momentum)
            norm.num_batches_tracked += 1
    else:
        mean, variance = norm.running_mean, norm.running_var
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return scale[:, None] * weight, scale * (bias - mean) + norm.bias


class _Foldable(nn.Module):
    """A layer whose convolutions and normalisations are one affine map of pixels.

    A subclass implements ``affine(statistics)``, the weight and bias of that map.
    ``fold`` keeps those of the eval mode, so that they are made once for many calls;
    ``train`` forgets them.
    """

    folded = None

    def fold(self):
        """Keep the folded weight and bias of the present parameters."""
        with torch.no_grad():
            self.folded = tuple(x.detach() for x in self.affine(None))

    def train(self, mode=True):
        """Set the mode; what was folded is made anew."""
        self.folded = None
        return super().train(mode)

    def _affine_of(self, x):
        if self.folded is not None:
            return self.folded
        return self.affine(_Statistics(x) if self.training else None)


class ResidualBlock(_Foldable):
    """Two 1x1 convolutions with batch normalisation, added to a shortcut.

    ``conv-BN-conv-BN-LeakyReLU(0.1)[-maxpool]`` plus ``conv-BN-LeakyReLU(0.1)
    [-maxpool]``, the latter the identity where neither channels nor size change;
    no activation after the sum. Both branches are evaluated as one folded
    convolution, in training too, and the maximum is taken before the activation,
    which is increasing: the same numbers for less work.

    Parameters
    ----------
    n_in, n_out : int
        Channels in and out.
    down : bool, default=False
        Halve height and width.
    """

    def __init__(self, n_in, n_out, down=False):
        super().__init__()
        self.down = down
        self.conv1 = _Conv(n_in, n_out, 1)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = _Conv(n_out, n_out, 1)
        self.norm2 = nn.BatchNorm2d(n_out)
        self.shortcut = _Conv(n_in, n_out, 1) if down or n_in != n_out else None
        self.shortcut_norm = None if self.shortcut is None else nn.BatchNorm2d(n_out)

    def initialize(self, generator):
        """Draw the parameters: Xavier uniform, gain sqrt 2 and 1 (shortcut)."""
        for conv, gain in [
            (self.conv1, math.sqrt(2)),
            (self.conv2, math.sqrt(2)),
            (self.shortcut, 1.0),
        ]:
            if conv is not None:
                nn.init.xavier_uniform_(conv.weight, gain, generator=generator)
                nn.init.zeros_(conv.bias)

    def affine(self, statistics):
        """Return weight and bias of both branches, residual first."""
        weight, bias = _fold(
            self.conv1.weight.flatten(1), self.conv1.bias, self.norm1, statistics
        )
        second = self.conv2.weight.flatten(1)
        weight, bias = _fold(
            second @ weight, second @ bias + self.conv2.bias, self.norm2, statistics
        )
        if self.shortcut is None:
            return weight, bias
        other, other_bias = _fold(
            self.shortcut.weight.flatten(1),
            self.shortcut.bias,
            self.shortcut_norm,
            statistics,
        )
        return torch.cat([weight, other]), torch.cat([bias, other_bias])

    def forward(self, x):
        """Map ``(n, n_in, h, w)`` to ``(n, n_out, h, w)`` or half of it."""
        both = _pointwise(x, *self._affine_of(x))
        if self.down:
            both = functional.max_pool2d(both, 2)
        both = functional.leaky_relu(both, _SLOPE)
        if self.shortcut is None:
            return x + both
        residual, shortcut = both.chunk(2, dim=1)
        return residual + shortcut


def _pointwise(x, weight, bias):
    """Apply a 1x1 convolution; the map stays in channels-last order."""
    return functional.linear(x.permute(0, 2, 3, 1), weight, bias).permute(0, 3, 1, 2)


class _Stem(_Foldable):
    """3x3 convolution of one plane, batch normalisation, LeakyReLU[, maxpool]."""

    def __init__(self, n_out, down):
        super().__init__()
        self.down = down
        self.conv = _Conv(1, n_out, 3)
        self.norm = nn.BatchNorm2d(n_out)

    def affine(self, statistics):
        """Return weight and bias of the convolution, as a map of its nine taps."""
        return _fold(self.conv.weight.flatten(1), self.conv.bias, self.norm, statistics)

    def forward(self, x):
        """Map ``(n, 1, h + 2, w + 2)`` to ``(n, n_out, h, w)`` or half of it."""
        n, _, height, width = x.shape
        height, width = height - 2, width - 2
        taps = torch.stack(
            [
                x[:, 0, row : row + height, column : column + width]
                for row in range(3)
                for column in range(3)
            ],
            dim=-1,
        ).permute(0, 3, 1, 2)
        x = _pointwise(taps, *self._affine_of(taps))
        if self.down:
            x = functional.max_pool2d(x, 2)
        return functional.leaky_relu(x, _SLOPE)


class _ClarityNet(nn.Module):
    """What the two networks share: the head, and how a pair runs through it.

    Subclasses set ``n_groups`` (how many feature groups a window has) and
    ``patch_axis`` (where the two windows are put side by side, so that the fully
    connected layer reads them in the order of the paper) and implement
    ``features``.
    """

    n_groups: int
    patch_axis: int
    # Whether the originals put one window on top of the other, so that their padded
    # stem looks across the seam.
    stacked: bool

    def _make_head(self, n_channels, n_hidden):
        n_features = 2 * self.n_groups * n_channels * _CELLS**2
        self.hidden = _Linear(n_features, n_hidden)
        self.hidden_norm = nn.BatchNorm1d(n_hidden)
        self.output = _Linear(n_hidden, 2)
        self.initialize(torch.Generator().manual_seed(0))

    def initialize(self, generator):
        """Draw all parameters from one ``torch.Generator``; at first, of seed 0."""
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                module.initialize(generator)
            elif isinstance(module, _Stem):
                _initialize_as_torch(module.conv, generator)
        _initialize_as_torch(self.hidden, generator)
        _initialize_as_torch(self.output, generator)
        return self

    def fold(self):
        """Fold every normalisation once, for repeated use in eval mode.

        Call it again after the parameters have changed; ``train`` undoes it.
        """
        for module in self.modules():
            if isinstance(module, _Foldable):
                module.fold()
        return self

    def head(self, first, second):
        """Compare the features of two images, one window of 4 x 4 cells at a time.

        Parameters
        ----------
        first, second : Tensor, shape (n, n_groups, n_channels, rows, columns)
            From ``features``, at least 4 rows and columns.

        Returns
        -------
        Tensor, shape (n, 2, rows - 3, columns - 3)
            Logits of the classes 0 (first sharper) and 1 (second sharper).
        """
        n, rows, columns = first.shape[0], *first.shape[-2:]
        rows, columns = rows - _CELLS + 1, columns - _CELLS + 1
        cells = torch.stack([first, second], dim=self.patch_axis).flatten(1, 3)
        weight = self.hidden.weight.view(-1, cells.shape[1], _CELLS, _CELLS)
        hidden = functional.conv2d(cells, weight, self.hidden.bias).flatten(2)
        hidden = functional.leaky_relu(self.hidden_norm(hidden), _SLOPE)
        logits = functional.linear(
            hidden.transpose(1, 2), self.output.weight, self.output.bias
        )
        return logits.transpose(1, 2).reshape(n, 2, rows, columns)

    def forward(self, first, second):
        """Return the logits of every window of a pair of images.

        Parameters
        ----------
        first, second : Tensor, shape (n, 3, 8 * rows + 26, 8 * columns + 26)
            Normalised planes (gray, Gx, Gy) with one pixel of context on each
            side; one window of 32 is ``(n, 3, 34, 34)``.

        Returns
        -------
        Tensor, shape (n, 2, rows, columns), or (n, 2) for one window
            Logits of the classes 0 (first sharper) and 1 (second sharper).
        """
        logits = self.head(self.features(first), self.features(second))
        return logits.flatten(1) if logits.shape[2:] == (1, 1) else logits


def _initialize_as_torch(layer, generator):
    """Draw a layer as PyTorch does by default, from an explicit generator."""
    bound = 1 / math.sqrt(layer.weight[0].numel())
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


class SixPathNet(_ClarityNet):
    """The fully weight-shared network of the relative-clarity pipeline.

    Six planes (gray, Gx, Gy of both windows) run through the same stem and the
    same four blocks: ``conv3x3-BN-LeakyReLU-maxpool``, then residual blocks
    64-64, 64-128 (halving), 128-128, 128-256 (halving). The six 4x4x256 maps feed
    a fully connected layer of 120, batch normalisation, LeakyReLU and 2 outputs:
    3,159,898 parameters.

    Parameters
    ----------
    width : int, default=64
        Channels of the stem; the blocks hold 1, 2, 2 and 4 times as many.
    n_hidden : int, default=120
        Units of the fully connected layer.

    References
    ----------
    .. [1] Relative clarity network: six weight-shared residual paths, trained on
       sharp and blurred patches of natural photographs.
    """

    n_groups = 3
    patch_axis = 2
    stacked = False

    def __init__(self, width=64, n_hidden=120):
        super().__init__()
        self.width = width
        self.stem = _Stem(width, down=True)
        self.blocks = nn.Sequential(
            ResidualBlock(width, width),
            ResidualBlock(width, 2 * width, down=True),
            ResidualBlock(2 * width, 2 * width),
            ResidualBlock(2 * width, 4 * width, down=True),
        )
        self._make_head(4 * width, n_hidden)

    def features(self, planes):
        """Return the pooled grid of each plane.

        Parameters
        ----------
        planes : Tensor, shape (n, 3, 8 * rows + 2, 8 * columns + 2)

        Returns
        -------
        Tensor, shape (n, 3, 4 * width, rows, columns)
        """
        x = self.blocks(self.stem(planes.flatten(0, 1).unsqueeze(1)))
        return x.unflatten(0, planes.shape[:2])


class ThreePathNet(_ClarityNet):
    """The three-path network of the image-enhancement pipeline.

    Gray, Gx and Gy have a path of their own: a stem without pooling and two
    halving blocks (64-128, 128-128). A last halving block (128-256) ends the gray
    path, another (256-256) ends the two gradient paths together. A fully
    connected layer of 256, batch normalisation, LeakyReLU and 2 outputs follow:
    4,782,850 parameters.

    Parameters
    ----------
    width : int, default=64
        Channels of the stems; the blocks hold 2, 2 and 4 times as many.
    n_hidden : int, default=256
        Units of the fully connected layer.

    References
    ----------
    .. [1] Infrared and visible image fusion with enhancement before and after a
       residual sharpness network, Neurocomputing 2024,
       doi:10.1016/j.neucom.2024.127353.
    """

    n_groups = 2
    patch_axis = 3
    stacked = True

    def __init__(self, width=64, n_hidden=256):
        super().__init__()
        self.width = width
        self.paths = nn.ModuleList(
            nn.Sequential(
                _Stem(width, down=False),
                ResidualBlock(width, 2 * width, down=True),
                ResidualBlock(2 * width, 2 * width, down=True),
            )
            for _ in range(3)
        )
        self.gray_block = ResidualBlock(2 * width, 4 * width, down=True)
        self.gradient_block = ResidualBlock(4 * width, 4 * width, down=True)
        self._make_head(4 * width, n_hidden)

    def features(self, planes):
        """Return the pooled grids of the gray plane and of the gradient planes.

        Parameters
        ----------
        planes : Tensor, shape (n, 3, 8 * rows + 2, 8 * columns + 2)

        Returns
        -------
        Tensor, shape (n, 2, 4 * width, rows, columns)
        """
        gray, horizontal, vertical = (
            path(planes[:, index : index + 1]) for index, path in enumerate(self.paths)
        )
        gradients = self.gradient_block(torch.cat([horizontal, vertical], dim=1))
        return torch.stack([self.gray_block(gray), gradients], dim=1)


_MEANS = (0.44, 0.053, 0.062)
_DEVIATIONS = (0.076, 0.079, 0.085)


def sharpness_planes(gray, gradients="clipped", normalize=True):
    """Return what the networks see of an image: gray and two Sobel gradients.

    Parameters
    ----------
    gray : Tensor, shape (n, h, w)
        Images in [0, 1]; beyond their border the nearest pixel is repeated.
    gradients : {"clipped", "signed", "magnitude"}, default="clipped"
        ``"clipped"`` to [0, 1], as if stored in 8 bits: falling edges are lost.
        ``"signed"`` keeps [-4, 4]; ``"magnitude"`` takes absolute values.
    normalize : bool, default=True
        Subtract the means 0.44, 0.053, 0.062 and divide by 0.076, 0.079, 0.085.

    Returns
    -------
    Tensor, shape (n, 3, h, w)
        Gray, Gx (positive where brighter to the right), Gy (brighter below); the
        Sobel kernels are not normalised.
    """
    padded = functional.pad(gray.unsqueeze(1), (1, 1, 1, 1), mode="replicate")[:, 0]
    across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    along = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    sobel = torch.stack(
        [across[:, :, 2:] - across[:, :, :-2], along[:, 2:] - along[:, :-2]], dim=1
    )
    if gradients == "clipped":
        sobel = sobel.clamp(0, 1)
    elif gradients == "magnitude":
        sobel = sobel.abs()
    elif gradients != "signed":
        raise ValueError(
            f"gradients={gradients!r}: expected 'clipped', 'signed' or 'magnitude'."
        )
    planes = torch.cat([gray.unsqueeze(1), sobel], dim=1)
    if normalize:
        means = planes.new_tensor(_MEANS)[:, None, None]
        planes = (planes - means) / planes.new_tensor(_DEVIATIONS)[:, None, None]
    return planes
