"""MUFusion: a dense encoder of two scales, a decoder with skips."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork, crop, mirror_to_multiple

__all__ = ["MUFusionNet"]


def _conv(n_in, n_out, activation="relu", stride=1):
    return Conv(n_in, n_out, pad="reflect", activation=activation, stride=stride)


class MUFusionNet(FusionNetwork):
    """The network of MUFusion.

    Parameters
    ----------
    n_channels : int, default=32
        Maps at full size; there are twice as many at half the size.
    """

    min_size = 4
    multiple = 2
    reach = 26

    def __init__(self, n_channels=32):
        super().__init__()
        n = n_channels
        widths = ((2, n), (n, n), (2 * n, 2 * n), (2 * n, 2 * n))
        widths += ((4 * n, 2 * n), (6 * n, 2 * n))
        self.encoder = nn.ModuleList(
            _conv(*width, stride=2 if i == 2 else 1) for i, width in enumerate(widths)
        )
        self.decoder = nn.ModuleList(
            [
                _conv(2 * n, 1, "tanh"),
                _conv(3 * n, n),
                *(_conv(4 * n, 2 * n) for _ in range(3)),
                _conv(2 * n, 2 * n),
            ]
        )

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images ; the output lies in (-1, 1)."""
        height, width = infrared.shape[2:]
        encoder, decoder = self.encoder, self.decoder
        pair = mirror_to_multiple(torch.cat([infrared, visible], dim=1), 2)
        first = encoder[0](pair)
        second = encoder[1](first)
        deep = [encoder[2](torch.cat([first, second], dim=1))]
        deep.append(encoder[3](deep[0]))
        deep.append(encoder[4](torch.cat(deep, dim=1)))
        x = decoder[5](encoder[5](torch.cat(deep, dim=1)))
        for layer, skip in zip(decoder[4:1:-1], deep[::-1]):
            x = layer(torch.cat([skip, x], dim=1))
        x = nn.functional.interpolate(
            x, size=second.shape[2:], mode="bicubic", align_corners=False
        )
        x = decoder[1](torch.cat([second, x], dim=1))
        return crop(decoder[0](torch.cat([first, x], dim=1)), height, width)
