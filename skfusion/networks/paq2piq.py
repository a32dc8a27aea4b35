"""PaQ-2-PiQ: a ResNet-18 that predicts how people rate a photograph."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
from torch import nn

__all__ = ["PaQ2PiQNet"]


class _BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut: (N, C, H, W) to (N, C', H/s, W/s)."""

    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if stride != 1 or n_in != n_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + shortcut)


def _stage(n_in, n_out, stride):
    return nn.Sequential(_BasicBlock(n_in, n_out, stride), _BasicBlock(n_out, n_out, 1))


def _pool_quarters(x, height, width):
    """Largest feature in each quarter of the image: (N, C, h, w) to (N, C, 2, 2).

    The region of interest is the whole image in feature cells of 32 pixels, its last
    cell included, so that the quarters of the published network overlap by a cell.
    """

    def spans(pixels, cells):
        size = math.floor(pixels / 32 + 0.5) + 1
        edges = [(0, math.ceil(size / 2)), (math.floor(size / 2), size)]
        return [(min(lo, cells - 1), min(hi, cells)) for lo, hi in edges]

    rows, columns = spans(height, x.shape[2]), spans(width, x.shape[3])
    quarters = [
        x[:, :, t:b, le:r].amax(dim=(2, 3)) for t, b in rows for le, r in columns
    ]
    return torch.stack(quarters, dim=2).unflatten(2, (2, 2))


class _ConcatPool(nn.Module):
    """Mean and maximum beside each other: (N, C, h, w) to (N, 2 C, 1, 1)."""

    def forward(self, x):
        return torch.cat(
            [x.amax(dim=(2, 3), keepdim=True), x.mean(dim=(2, 3), keepdim=True)], dim=1
        )


class PaQ2PiQNet(nn.Module):
    """Predict a quality score, about 0 (bad) to 100, for RGB images in [0, 1].

    Input (N, 3, H, W), any H, W of 32 or more; output (N, 1). Names of the parameters
    follow the published checkpoint (`body` = ResNet-18 without its pooling and
    classifier, `head`).

    References
    ----------
    .. [1] Z. Ying, H. Niu, P. Gupta, D. Mahajan, D. Ghadiyaram, A. Bovik, "From patches
       to pictures (PaQ-2-PiQ): mapping the perceptual space of picture quality", CVPR
       2020.

    Examples
    --------
    >>> import torch
    >>> from skfusion.networks.paq2piq import PaQ2PiQNet
    >>> PaQ2PiQNet().eval()(torch.zeros(2, 3, 64, 96)).shape
    torch.Size([2, 1])
    """

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            _stage(64, 64, 1),
            _stage(64, 128, 2),
            _stage(128, 256, 2),
            _stage(256, 512, 2),
        )
        self.head = nn.Sequential(
            _ConcatPool(),
            nn.Flatten(),
            nn.BatchNorm1d(1024),
            nn.Dropout(0.25),
            nn.Linear(1024, 512),
            nn.ReLU(),
            nn.BatchNorm1d(512),
            nn.Dropout(0.5),
            nn.Linear(512, 1),
        )

    def forward(self, x):
        """Return the scores (N, 1) of a batch (N, 3, H, W)."""
        return self.head(_pool_quarters(self.body(x), *x.shape[2:]))
