"""Networks for ImageNet up to the maps that fusers look at, by torchvision's names."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from torch import nn
from torch.nn import functional

from ._unset import unset

__all__ = ["ResNet50Features", "SharpnessFeatures", "VGG19Features"]

_VGG19 = (64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512)


def _conv(*args, **params):
    return unset(nn.Conv2d, *args, **params)


class VGG19Features(nn.Module):
    """The first convolution of each of the first four scales of VGG-19.

    Parameters
    ----------
    pre_relu : bool, default=True
        Take the maps before the activation.
    """

    min_size = 8
    gray_scale = 1.0

    def __init__(self, pre_relu=True):
        super().__init__()
        self.pre_relu = pre_relu
        layers, n_in = [], 3
        for n_out in _VGG19:
            if n_out == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [_conv(n_in, n_out, 3, padding=1), nn.ReLU()]
            n_in = n_out
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        """Return four tensors of maps of ``(n, 1, h, w)`` images."""
        x, maps = x.expand(-1, 3, -1, -1), []
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i in (0, 5, 10, 19) and self.pre_relu:
                maps.append(x)
            elif i in (1, 6, 11, 20) and not self.pre_relu:
                maps.append(x)
        return maps


class _Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution with batch normalisation, beside a shortcut."""

    def __init__(self, n_in, n_mid, stride):
        super().__init__()
        n_out = 4 * n_mid
        self.conv1 = _conv(n_in, n_mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_mid)
        self.conv2 = _conv(n_mid, n_mid, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_mid)
        self.conv3 = _conv(n_mid, n_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(n_out)
        self.downsample = nn.Identity()
        if stride > 1 or n_in != n_out:
            self.downsample = nn.Sequential(
                _conv(n_in, n_out, 1, stride=stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet50Features(nn.Module):
    """The last maps of ResNet-50.

    Parameters
    ----------
    stage : {4, 5}, default=5
        1024 maps at a sixteenth of the size, or 2048 at half of that.
    """

    min_size = 32
    gray_scale = 255.0

    def __init__(self, stage=5):
        super().__init__()
        self.conv1 = _conv(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        n_in = 64
        self.stages = []
        for i, n_blocks in enumerate((3, 4, 6, 3)[: stage - 1]):
            n_mid, blocks = 64 * 2**i, []
            for j in range(n_blocks):
                blocks.append(_Bottleneck(n_in, n_mid, 2 if i and not j else 1))
                n_in = 4 * n_mid
            name = f"layer{i + 1}"
            setattr(self, name, nn.Sequential(*blocks))
            self.stages.append(name)

    def forward(self, x):
        """Return the maps of ``(n, 1, h, w)`` images, in a list."""
        x = functional.relu(self.bn1(self.conv1(x.expand(-1, 3, -1, -1))))
        x = functional.max_pool2d(x, 3, 2, 1)
        for name in self.stages:
            x = getattr(self, name)(x)
        return [x]


class SharpnessFeatures(nn.Module):
    """The maps of the six-path sharpness network, of the gray plane alone.

    Parameters
    ----------
    network : SixPathNet
        Trained.
    deviation : float
        What its gray planes are divided by.
    last_only : bool, default=False
        Give the maps at an eighth of the size, not those at a half and a quarter too.
    """

    min_size = 8
    gray_scale = 1.0

    def __init__(self, network, deviation, last_only=False):
        super().__init__()
        self.network, self.deviation = network, deviation
        self.last_only = last_only

    def forward(self, x):
        """Return the maps of ``(n, 1, h, w)`` images, finest first."""
        height, width = (side // 8 * 8 for side in x.shape[2:])
        x = x[:, :, :height, :width] / self.deviation
        x = self.network.stem(functional.pad(x, (1, 1, 1, 1), mode="replicate"))
        maps = [x]
        for block in self.network.blocks:
            x = block(x)
            if block.down:
                maps.append(x)
        return maps[-1:] if self.last_only else maps
