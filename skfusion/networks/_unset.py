"""Layers without numbers: what they hold is drawn, or read, later."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

__all__ = ["unset"]


def unset(layer, *args, **kwargs):
    """Make a layer; its usual values would be drawn from the global generator.

    Parameters
    ----------
    layer : class
        Of a module that takes ``device=``, e.g. ``nn.Conv2d``.
    *args, **kwargs
        Its own.

    Returns
    -------
    nn.Module
        On the device that is the default where it is made: within
        ``torch.device("meta")`` nothing is allocated.

    Examples
    --------
    >>> import torch
    >>> from skfusion.networks._unset import unset
    >>> with torch.device("meta"):
    ...     unset(torch.nn.Linear, 10**6, 10**6).weight.device
    device(type='meta')
    """
    device = torch.empty(0).device
    return nn.utils.skip_init(layer, *args, device=device, **kwargs)
