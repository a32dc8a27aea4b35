"""What the losses share: checks, filters inside the image, moments of a window."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
import torch.nn.functional as F

from .._kernels.luma import LUMA


def gray(*images):
    """Luma of (N, 1 or 3, H, W) tensors; the gradient passes through."""
    names = ("infrared", "visible", "fused") if len(images) == 3 else ("x", "y")
    lumas = []
    for name, image in zip(names, images):
        if image.ndim != 4 or image.shape[1] not in (1, 3):
            raise ValueError(
                f"{name} has shape {tuple(image.shape)}: expected (N, 1, H, W), or "
                "(N, 3, H, W) for colour; add the missing axes with image[None, None]."
            )
        if image.shape[1] == 3:
            weights = image.new_tensor(LUMA).view(1, 3, 1, 1)
            image = (image * weights).sum(dim=1, keepdim=True)
        lumas.append(image)
    if len({x.shape for x in lumas}) > 1:
        shapes = ", ".join(f"{n} {tuple(x.shape)}" for n, x in zip(names, lumas))
        raise ValueError(f"the images differ in shape ({shapes}): resize them first.")
    return lumas


def require(image, size, name):
    if min(image.shape[-2:]) < size:
        raise ValueError(
            f"{name}: images of {image.shape[-2]} x {image.shape[-1]} pixels are too "
            f"small: {size} on both sides are needed; train on larger crops."
        )


def choice(value, allowed, name):
    if value not in allowed:
        raise ValueError(
            f"{name}={value!r}: expected one of {', '.join(map(repr, allowed))}."
        )


def gaussian(size, sigma, like):
    x = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    taps = torch.exp(-(x**2) / (2.0 * sigma**2))
    return taps / taps.sum()


def separable(x, down, along):
    """Correlate (N, 1, H, W) with two 1-D filters, inside the image only."""
    # The batch as channels: a depthwise convolution is vectorised over them, which one
    # of a single channel is not (20 times slower on a CPU).
    n = len(x)
    x = x.transpose(0, 1).contiguous(memory_format=torch.channels_last)
    x = F.conv2d(x, down.view(1, 1, -1, 1).expand(n, -1, -1, -1), groups=n)
    x = F.conv2d(x, along.view(1, 1, 1, -1).expand(n, -1, -1, -1), groups=n)
    return x.transpose(0, 1)


def safe_sqrt(x):
    """Square root whose gradient at 0 is 0."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, torch.ones_like(x)).sqrt(), 0)


def moments(taps, x, f):
    mx, mf = separable(x, taps, taps), separable(f, taps, taps)
    vx = separable(x * x, taps, taps) - mx * mx
    vf = separable(f * f, taps, taps) - mf * mf
    cov = separable(x * f, taps, taps) - mx * mf
    return mx, mf, vx, vf, cov


def ssim_map(x, f, taps, data_range=1.0):
    mx, mf, vx, vf, cov = moments(taps, x, f)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    similarity = ((2 * mx * mf + c1) * (2 * cov + c2)) / (
        (mx * mx + mf * mf + c1) * (vx + vf + c2)
    )
    return similarity, vx
