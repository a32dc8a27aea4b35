"""Encoder-decoder with skip connections: affine up to its last tanh."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["EncoderDecoderNet", "fold_pool", "leaky_relu", "ungrouped"]

N_LEVELS = 5
STRIDE = 2**N_LEVELS


def leaky_relu(x):
    """Return x where it is positive, a fifth of it elsewhere."""
    return functional.leaky_relu(x, 0.2)


def fold_pool(weight):
    """Fold a 3x3 convolution and the 2x2 mean behind it into one 4x4 kernel.

    Parameters
    ----------
    weight : Tensor, shape (c_out, c_in, 3, 3)
        Of a convolution without bias, padded by one zero.

    Returns
    -------
    Tensor, shape (c_out, c_in, 4, 4)
        Of a convolution of stride 2, padded by one zero: the same map.

    Examples
    --------
    >>> import torch
    >>> from skfusion.networks.autoencoders.encoder_decoder import fold_pool
    >>> fold_pool(torch.ones(1, 1, 3, 3))[0, 0, 0]
    tensor([0.2500, 0.5000, 0.5000, 0.2500])
    """
    total = 0
    for top in (0, 1):
        for left in (0, 1):
            pad = (left, 1 - left, top, 1 - top)
            total = total + functional.pad(weight, pad)
    return total / 4


def ungrouped(weight, groups):
    """Write the weight of a grouped transposed convolution as one of a single group.

    Parameters
    ----------
    weight : Tensor, shape (c_in, c_out / groups, k, k)
    groups : int

    Returns
    -------
    Tensor, shape (c_in, c_out, k, k)
        Zero between channels of different groups; the gradient passes through.
    """
    n, per_group, *kernel = weight.shape
    own = torch.eye(groups, dtype=weight.dtype, device=weight.device)
    blocks = weight.view(groups, n // groups, 1, per_group, *kernel)
    blocks = own.view(groups, 1, groups, 1, 1, 1) * blocks
    return blocks.reshape(n, groups * per_group, *kernel)


class EncoderDecoderNet(nn.Module):
    """Two encoders, a 1x1 fusion at each of five scales, one decoder.

    Parameters
    ----------
    visible_channels : {1, 3}, default=1
        Channels of the visible image and of the fused one.
    base_channels : int, default=64
        Channels at half the size; they double at each of the four scales below. A
        multiple of 16 (a transposed convolution of half as many groups needs it).
    activation : callable or None, default=None
        Applied behind each scale of the encoders, each fusion and each scale of the
        decoder but the last. ``None``, as published: the network is then affine in
        the two images up to its tanh.

    Notes
    -----
    15,769,216 parameters at 64 channels for a gray visible image, 15,771,520 for a
    colour one. The published code registers another decoder of 438,848 that it never
    runs.
    """

    def __init__(self, visible_channels=1, base_channels=64, activation=None):
        super().__init__()
        widths = [base_channels * 2**i for i in range(N_LEVELS)]
        groups = base_channels // 2
        self.activation = activation
        self.infrared = _encoder(1, widths)
        self.visible = _encoder(visible_channels, widths)
        self.fusion = nn.ModuleList(nn.Conv2d(2 * n, n, 1) for n in widths)
        inputs = [2 * n for n in widths[:-1]] + [widths[-1]]
        outputs = [base_channels, *widths[:-1]]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 4, 2, 1, groups=groups, bias=False)
            for i, o in zip(inputs, outputs)
        )
        self.out = nn.Conv2d(base_channels, visible_channels, 3, 1, 1, bias=False)

    def initialize(self, generator):
        """Draw all parameters from an explicit generator.

        Uniform, of a variance that keeps that of the maps from scale to scale:
        PyTorch's own, a third of it, makes the first ten epochs idle. The last
        layer starts small, lest the tanh saturate.
        """
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                weight = module.weight
                if isinstance(module, nn.ConvTranspose2d):  # a pixel sees 2x2 taps
                    fan_in = weight.shape[0] // module.groups * 4
                else:
                    fan_in = weight[0].numel()
                gain = 0.1 if module is self.out else 1.0
                bound = gain * (3 / fan_in) ** 0.5
                with torch.no_grad():
                    weight.uniform_(-bound, bound, generator=generator)
                    if module.bias is not None:
                        module.bias.zero_()

    def forward(self, infrared, visible, folded=False, dense=False):
        """Fuse images.

        Parameters
        ----------
        infrared : Tensor, shape (n, 1, h, w)
            In [-1, 1]; height and width are multiples of 32.
        visible : Tensor, shape (n, visible_channels, h, w)
        folded : bool, default=False
            Convolve and pool in one strided convolution: the same values up to
            rounding, in less than half the time and memory.
        dense : bool, default=False
            Run the grouped transposed convolutions as full ones, zero between the
            groups: more arithmetic, in the form that matrix units take.

        Returns
        -------
        Tensor, shape (n, visible_channels, h, w)
            In [-1, 1].
        """
        return torch.tanh(self.linear_output(infrared, visible, folded, dense))

    def linear_output(self, infrared, visible, folded=False, dense=False):
        """Return the output before the tanh."""
        act = self.activation or nn.Identity()
        fused = []
        for conv_ir, conv_vis, mix in zip(self.infrared, self.visible, self.fusion):
            infrared = act(_level(infrared, conv_ir, folded))
            visible = act(_level(visible, conv_vis, folded))
            fused.append(act(mix(torch.cat([infrared, visible], 1))))
        x = _raised(fused[-1], self.up[-1], dense)
        for skip, up in zip(fused[-2::-1], self.up[-2::-1]):
            x = _raised(torch.cat([skip, act(x)], 1), up, dense)
        return self.out(x)


def _encoder(channels, widths):
    inputs = [channels, *widths[:-1]]
    return nn.ModuleList(
        nn.Conv2d(i, o, 3, 1, 1, bias=False) for i, o in zip(inputs, widths)
    )


def _level(x, conv, folded):
    if folded:
        return functional.conv2d(x, fold_pool(conv.weight), stride=2, padding=1)
    return functional.avg_pool2d(conv(x), 2)


def _raised(x, up, dense):
    if dense:
        weight = ungrouped(up.weight, up.groups)
        return functional.conv_transpose2d(x, weight, stride=2, padding=1)
    return up(x)
