"""The values of several metrics for a batch of fused images, in one pass."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from .registry import as_columns
from .sources import Measured

__all__ = ["metric_values"]


def metric_values(fused, sources, metrics="vifb"):
    """Measure a batch of fused images; gradients pass through.

    Parameters
    ----------
    fused : Tensor, shape (N, H, W) or (N, 1, H, W)
        Gray fused images in [0, 1].
    sources : Sources
        Their sources, of the same shape.
    metrics : str or sequence, default="vifb"
        ``"vifb"``, a name, or a sequence of names: columns of VIFB in VIFB's variants
        (``"Qabf"``, ``"MI"``, ...) or keys of :data:`skfusion.metrics.registry` in
        their default variants (``"vif"``, ``"cc"``, ...), as far as
        :func:`differentiable_metrics` lists them. A ``(column, key, keywords)`` of a
        set of :mod:`skfusion.metrics` names another variant.

    Returns
    -------
    Tensor, shape (N, n_metrics)
        On the metrics' own scales.

    Raises
    ------
    ValueError
        For a name or variant without differentiable form, and images that do not
        belong to the sources or are too small for a metric.

    Notes
    -----
    Values are those of :mod:`skfusion.metrics`, to single precision, but for three
    bounded differences. Entropy, cross entropy and mutual information are those of
    the 8-bit file that the fused image becomes, and their gradients those of smooth
    histograms. Where a metric is not defined (constant images) a finite value stands.
    The steps inside other metrics (the rounding in Qcb and Qcv, the threshold of Nabf)
    are taken as they are, and their gradients are those of a smooth step.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import Sources, metric_values
    >>> a, b = torch.rand(2, 4, 32, 40, generator=torch.Generator().manual_seed(0))
    >>> metric_values((a + b) / 2, Sources(a, b), "vifb").shape
    torch.Size([4, 13])
    """
    columns = as_columns(metrics)
    # Half precision under autocast would lose the variances of even windows.
    with torch.autocast(sources.a.device.type, enabled=False):
        measured = Measured(fused, sources)
        return torch.stack([form(measured, **kw) for _, form, kw in columns], dim=1)
