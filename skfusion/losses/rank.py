"""The expected mean rank among other methods, smooth in the values of the metrics."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
from torch import nn

from .._ranks import beaten, rank_among
from .registry import as_columns
from .values import metric_values

__all__ = ["MeanRankLoss"]


class MeanRankLoss(nn.Module):
    """Mean rank of fused images among other methods, with a gradient.

    The rank in a metric is 1 and the number of methods that are better. Here a method
    counts by how sure it is to be better: the logistic function of its lead, in units
    of `softness` times the spread of the methods. With `softness` to 0 this is the rank
    of :class:`skfusion.search.MeanRank`.

    Parameters
    ----------
    table : array-like or Tensor, shape (n_images, n_methods, n_metrics)
        Values of the other methods on the metrics' own scales; NaN where a method has
        none, which then does not take part.
    metrics : str or sequence, default="vifb"
        What the last axis holds, as for :func:`metric_values`.
    softness : float, default=0.2
        Width of the step between worse and better, in spreads of the methods; may be
        set to another value at any time, e.g. lowered during a training. 0 gives the
        rank itself, which has no gradient.
    method_weights : array-like, shape (n_methods,), optional
        How many methods each stands for; 1 each by default.

    Raises
    ------
    ValueError
        If the table does not fit the metrics, or a parameter is out of its range.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import MeanRankLoss, Sources, metric_values
    >>> a, b = torch.rand(2, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> sources, names = Sources(a, b), ["ssim", "rmse"]
    >>> others = [metric_values(x, sources, names) for x in (a, b, (a + b) / 2)]
    >>> loss = MeanRankLoss(torch.stack(others, dim=1), names, softness=0)
    >>> loss((a + b) / 2, sources).tolist()
    [1.5, 1.5]
    """

    def __init__(self, table, metrics="vifb", *, softness=0.2, method_weights=None):
        super().__init__()
        self.metrics = metrics
        columns = as_columns(metrics)
        table = torch.as_tensor(table, dtype=torch.float64)
        if table.ndim != 3 or table.shape[2] != len(columns) or 0 in table.shape:
            raise ValueError(
                f"table has shape {tuple(table.shape)}: expected (n_images, n_methods, "
                f"{len(columns)}) for the metrics {[name for name, _, _ in columns]}."
            )
        self.softness = softness
        signs = [1.0 if form.higher_is_better else -1.0 for _, form, _ in columns]
        signs = torch.tensor(signs, dtype=torch.float64)
        weights = torch.ones(table.shape[1], dtype=torch.float64)
        if method_weights is not None:
            weights = torch.as_tensor(method_weights, dtype=torch.float64)
            if weights.shape != table.shape[1:2] or not (weights >= 0).all():
                raise ValueError(
                    f"method_weights has shape {tuple(weights.shape)}: expected one "
                    f"number, 0 or more, for each of the {table.shape[1]} methods."
                )
        self.register_buffer("signs", signs.float())
        self.register_buffer("scores", (table * signs).float())
        self.register_buffer("spread", _spread(table).float())
        self.register_buffer("weights", weights.float())

    @property
    def softness(self):
        """Width of the step between worse and better."""
        return self._softness

    @softness.setter
    def softness(self, value):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(
                f"softness={value!r}: expected a finite number, 0 for the rank itself "
                "or more for a smooth one."
            )
        self._softness = value

    def forward(self, fused, sources, index=None):
        """Return the mean rank of each image.

        Parameters
        ----------
        fused : Tensor, shape (N, H, W) or (N, 1, H, W)
            Fused images in [0, 1].
        sources : Sources
            Their sources.
        index : slice or Tensor of int, optional
            Rows of the table, one an image; by default all of them in their order.

        Returns
        -------
        Tensor, shape (N,)
            Between 1 and the number of methods + 1; less is better.
        """
        values = metric_values(fused, sources, self.metrics)
        return self.ranks(values, index).mean(dim=1)

    def ranks(self, values, index=None, *, softness=None):
        """Return the rank of each image in each metric.

        Parameters
        ----------
        values : Tensor, shape (N, n_metrics)
            What :func:`metric_values` returned; NaN ranks behind every method.
        index : slice or Tensor of int, optional
            Rows of the table.
        softness : float, optional
            In place of the attribute.

        Returns
        -------
        Tensor, shape (N, n_metrics)
        """
        index = slice(None) if index is None else index
        scores, spread = self.scores[index], self.spread[index]
        if len(scores) != len(values):
            raise ValueError(
                f"{len(values)} images and {len(scores)} rows of the table: give with "
                "index= the row of each image."
            )
        return self._rank(values, scores, spread, softness)

    def ranks_of_means(self, values, index=None, *, softness=None):
        """Return the ranks of the mean over the images, as published tables have them.

        Parameters
        ----------
        values, index, softness
            As for :meth:`ranks`.

        Returns
        -------
        Tensor, shape (n_metrics,)
            A method that lacks a value for one of the images does not take part.
        """
        index = slice(None) if index is None else index
        means = self.scores[index].mean(dim=0, keepdim=True)
        mean = values.mean(dim=0, keepdim=True)
        return self._rank(mean, means, _spread(means), softness)[0]

    def _rank(self, values, others, spread, softness):
        softness = self.softness if softness is None else softness
        scores = values.to(others.dtype) * self.signs
        others = others.movedim(1, 0)
        # A method without a value takes no part; an image without one comes last.
        missing, none = others.isnan(), scores.isnan()

        def better(own, other):
            if softness == 0:
                far = beaten(own, other)
            else:
                lead = torch.where(missing | none, 0.0, other - own)
                far = torch.sigmoid(lead / (softness * spread[:, 0]))
                far = torch.where(none, 1.0, far)
            return torch.where(missing, 0.0, far) * self.weights[:, None, None]

        return rank_among(scores, others, better)


def _spread(table):
    """Standard deviation of the methods, judged by the middle seven in ten."""
    q = torch.nanquantile(table, table.new_tensor([0.15, 0.85]), dim=1, keepdim=True)
    spread = ((q[1] - q[0]) / 2.07).nan_to_num(1.0)
    # Methods that all agree: a step as narrow as single precision can tell.
    least = 1e-4 * table.abs().nan_to_num(0.0).amax(dim=1, keepdim=True)
    return torch.maximum(spread, least.clamp(min=1e-6))
