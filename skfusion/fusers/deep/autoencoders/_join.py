"""How the maps that an encoder makes of two images become one."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch.nn import functional

__all__ = ["join_maps"]


def join_maps(first, second, rule, window=3):
    """Join the maps of two images.

    Parameters
    ----------
    first, second : Tensor, shape (c, h, w) or (n, c, h, w)
    rule : {"sum", "average", "l1"}
        ``"l1"``: a mean with the local activity as the weight, the magnitude summed
        over the channels and averaged over a window (zero outside the image). Where
        both are zero, so are the maps.
    window : int, default=3
        Odd side of the window.

    Returns
    -------
    Tensor, of that shape
    """
    if rule == "sum":
        return first + second
    if rule == "average":
        return (first + second) / 2
    activity = [
        functional.avg_pool2d(z.abs().sum(-3, keepdim=True), window, 1, window // 2)
        for z in (first, second)
    ]
    total = (activity[0] + activity[1]).clamp_min(torch.finfo(first.dtype).tiny)
    return activity[0] / total * first + activity[1] / total * second
