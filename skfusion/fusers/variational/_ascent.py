"""Moving the pixels of fused images by the gradient of an objective."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from ...losses import LOOKS, Sources, metric_values
from ...losses.registry import as_columns

__all__ = ["Ascent", "Moving", "Ranks", "WeightedSum", "columns_for"]

# What a unit of each term of looks counts, beside one rank.
_LOOKS_WEIGHTS = (1.5, 1.5, 4.0, 3.0, 1.5)


def columns_for(metrics, size=math.inf):
    """Return (column, name, keywords) of what images of a least side are enough for."""
    return [
        (column, form.name, kwargs)
        for column, form, kwargs in as_columns(metrics)
        if form.min_size <= size
    ]


class WeightedSum:
    """The weighted sum of metrics, each counted so that more is better."""

    def __init__(self, weights, metrics):
        self.metrics = metrics
        self._weights = [
            weights[column] * (1 if form.higher_is_better else -1)
            for column, form, _ in as_columns(metrics)
        ]

    def __call__(self, values, k, progress):
        """Return what to lower for image k, and its value to compare rounds by."""
        loss = -(values[k] * values.new_tensor(self._weights)).sum()
        return loss, loss.detach()


class Ranks:
    """The mean rank among other methods: of each image, or of the mean of all.

    `rows` are the rows of the table, one an image.
    """

    def __init__(self, loss, rows, softness, together):
        self.metrics = columns_for(loss.metrics)
        self._loss, self._rows = loss, rows
        self._softness, self._together = softness, together

    def __call__(self, values, k, progress):
        """Return the smooth mean rank to lower for image k, and the rank itself."""
        first, last = self._softness
        smooth = self._rank(values, k, first * (last / first) ** progress)
        return smooth, self._rank(values.detach(), k, 0)

    def _rank(self, values, k, softness):
        if self._together:
            ranks = self._loss.ranks_of_means(values, self._rows, softness=softness)
            # A share of the images' each; the whole is what all of them lower.
            return ranks.mean() * (len(values) if softness else 1)
        one = slice(k, k + 1)
        ranks = self._loss.ranks(values[one], self._rows[one], softness=softness)
        return ranks.mean()


@dataclass
class Moving:
    """One fused image on its way, and the best it has been."""

    fused: torch.Tensor
    sources: Sources
    best: torch.Tensor

    @classmethod
    def from_start(cls, ir, vis, start, noise, device):
        """Begin at an image; noise below a level parts pixels that are equal."""
        a, b, f, noise = (
            torch.tensor(x, device=device)[None] for x in (ir, vis, start, noise)
        )
        return cls((f + noise).clamp(0, 1).requires_grad_(), Sources(a, b), f)


class Ascent:
    """Images that are moved together until their objective no longer falls.

    Parameters
    ----------
    movings : list of Moving
        ``best`` becomes the state of the best round.
    objective : WeightedSum or Ranks
    looks : float
        Weight of the terms for looks.
    """

    def __init__(self, movings, objective, looks):
        self.movings, self.objective, self.looks = movings, objective, looks
        self._columns = [*objective.metrics, *(LOOKS if looks else ())]
        # The last values of each image: what the others count beside the one moved.
        with torch.no_grad():
            self._values = torch.cat([self._measured(x.best, x) for x in movings])

    def run(self, n_iter, step, patience, progress):
        """Take up to `n_iter` steps; stop after `patience` that brought nothing."""
        moved = [x.fused for x in self.movings]
        adam = torch.optim.Adam(moved, lr=step, betas=(0.9, 0.95))
        with torch.no_grad():
            totals = [self._objective(k, 1.0)[1] for k in range(len(moved))]
        least, since = float(sum(totals)), 0
        # A last round looks at where the last step led.
        for k in range(n_iter + 1):
            done = k / n_iter
            adam.zero_grad()
            total = self._backward(done)
            progress.set_postfix(objective=f"{total / len(moved):.3f}")
            progress.update()
            since += 1
            if total < least:
                for moving in self.movings:
                    moving.best = moving.fused.detach().clone()
                least, since = total, 0
            if since > patience:
                break
            adam.param_groups[0]["lr"] = step * (1 - 0.9 * done)
            adam.step()
            with torch.no_grad():
                for image in moved:
                    image.clamp_(0, 1)

    def _backward(self, done):
        """Add the gradients of all images; return the sum of their objectives."""
        total = 0.0
        for k, moving in enumerate(self.movings):
            values = self._measured(moving.fused, moving)
            self._values = torch.cat([self._values[:k], values, self._values[k + 1 :]])
            loss, true = self._objective(k, done)
            loss.backward()
            self._values = self._values.detach()
            total = total + true
        return float(total)

    def _measured(self, fused, moving):
        return metric_values(fused, moving.sources, self._columns)

    def _objective(self, k, done):
        """Return what to lower for image k, and its value to compare rounds by."""
        n = len(self.objective.metrics)
        loss, true = self.objective(self._values[:, :n], k, done)
        if self.looks:
            weights = self._values.new_tensor(_LOOKS_WEIGHTS)
            penalty = self.looks * (self._values[k, n:] * weights).sum()
            loss, true = loss + penalty, true + penalty.detach()
        return loss, true
