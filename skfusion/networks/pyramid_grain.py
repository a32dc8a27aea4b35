"""Grain in the finest details of an image: how strong it is, and the image without."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from .pyramid_decisions import expand, histogram, reduce

__all__ = ["FACTOR", "LEAST", "N_SIZES", "TOP", "grain", "grain_of", "without_grain"]

FACTOR = 2.5  # times the grain a detail must be to keep one half
LEAST = 0.75 / 255  # grain that is let be
TOP, N_SIZES = 1 / 8, 64  # of the histogram of differences
# Half the difference of four has the deviation of one; 0.6745 is the median of the
# size of a normal variable.
_DEVIATION = 2 * 0.6745


def without_grain(images, share=1.0, reduce=reduce, expand=expand):
    """Return images without a share of their grain.

    Parameters
    ----------
    images : Tensor, shape (n, h, w)
        In [0, 1], of at least 2 x 2; smaller ones are returned as they are.
    share : float, default=1.0
        In [0, 1].
    reduce, expand : callable
        Of :mod:`skfusion.networks.pyramid_decisions`, or equal to them.

    Returns
    -------
    Tensor, shape (n, h, w)

    Notes
    -----
    With the finest band ``b`` of the Laplacian pyramid, its mean square ``e`` around a
    pixel and ``t = 2.5 max(grain - 0.75 / 255, 0)`` the band becomes
    ``b e^2 / (e^2 + t^4)``: nearly nothing where it is grain, itself at edges.
    """
    if min(images.shape[-2:]) < 2:
        return images
    limit = (FACTOR * (grain(images) - LEAST).clamp(min=0)) ** 4
    limit = limit[:, None, None]
    size = images.shape[-2:]
    band = images - expand(reduce(images), size)
    energy = expand(reduce(band * band), size)
    # Not "+ 1e-30" against 0 / 0: exporters take that for zero and leave it out.
    lost = limit / (energy * energy + limit).clamp(min=1e-30)
    return (images - share * lost * band).clamp(0, 1)


def grain(images):
    """Return the standard deviations ``(n,)`` of the noise of ``(n, h, w)`` images.

    By the median of the finest diagonal differences, which edges hardly move, taken
    from a histogram of overlapping bins so that it changes as smoothly as a video.
    """
    for dim in (1, 2):
        first = 4 * torch.arange(
            (images.shape[dim] + 2) // 4, device=images.device, dtype=torch.long
        )
        images = torch.stack(
            [images.index_select(dim, index) for index in (first, first + 1)]
        )
        images = images[1] - images[0]
    return grain_of(histogram(images.abs() / TOP, N_SIZES))


def grain_of(shares):
    """Return what :func:`grain` does, for the histograms ``(n, 65)``."""
    k = shares.shape[1] - 1
    below = torch.cumsum(shares, 1) - shares / 2
    low = ((below <= 0.5).sum(1, keepdim=True) - 1).clamp(0, k - 1)
    first, second = below.gather(1, low), below.gather(1, low + 1)
    part = ((0.5 - first) / (second - first).clamp(min=1e-12)).clamp(0, 1)
    return ((low + part) / k)[:, 0] * TOP / _DEVIATION
