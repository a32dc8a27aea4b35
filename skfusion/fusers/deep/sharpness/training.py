"""How a SharpnessClassifier reads pairs of windows and learns from them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy

import numpy as np
import torch
from torch.nn import functional

from ....learning.training import resolve_device
from ....networks.sharpness import sharpness_planes
from .dense_scores import window_context

__all__ = ["pair_planes", "train_epochs"]

_BATCH = 256


def pair_planes(classifier, pairs):
    """Return the planes of both windows of pairs, with what the stem sees around them.

    Parameters
    ----------
    classifier : SharpnessClassifier
    pairs : Tensor, shape (n, 2, 32, 32) or (n, 2, 36, 36)

    Returns
    -------
    first, second : Tensor, shape (n, 3, 34, 34)
    """
    planes = sharpness_planes(pairs.flatten(0, 1), classifier.gradients)
    if planes.shape[-1] == 32:
        planes = functional.pad(planes, (1, 1, 1, 1), mode="reflect")
    else:
        planes = planes[..., 1:-1, 1:-1]
    first, second = planes.unflatten(0, pairs.shape[:2]).unbind(1)
    stacked = classifier.network == "three-path"
    return window_context(first, second, classifier.border, stacked)


def train_epochs(classifier, X, target, n_epochs, *, partial=False):
    """Train ``classifier.network_`` by stochastic gradient descent.

    ``partial`` continues the momentum of the last call and has no schedule, no early
    stopping.
    """
    from tqdm import tqdm

    device = resolve_device(classifier.device)
    network = classifier.network_.to(device)
    X, target = torch.from_numpy(X), torch.from_numpy(target)
    optimizer = torch.optim.SGD(
        network.parameters(),
        classifier.learning_rate,
        momentum=classifier.momentum,
        weight_decay=classifier.weight_decay,
    )
    if partial and classifier._optimizer_state is not None:
        optimizer.load_state_dict(classifier._optimizer_state)
    gamma = 1.0 if partial else classifier.gamma
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma)
    stopper = None
    if classifier.early_stopping and not partial:
        stopper = _Stopper(classifier, len(X))
    taken = torch.arange(len(X)) if stopper is None else stopper.training
    progress = tqdm(range(n_epochs), "epoch", disable=not classifier.verbose)
    for _ in progress:
        network.train()
        order = taken[torch.randperm(len(taken), generator=classifier._generator)]
        total = 0.0
        for batch in _batches(order, classifier.batch_size):
            logits = network(*pair_planes(classifier, X[batch].to(device)))
            loss = functional.cross_entropy(logits, target[batch].to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        schedule.step()
        classifier.loss_curve_.append(total / len(order))
        if not np.isfinite(total):
            raise FloatingPointError(
                f"the loss is {total} in epoch {len(classifier.loss_curve_)}: lower "
                f"learning_rate={classifier.learning_rate}."
            )
        progress.set_postfix(loss=f"{classifier.loss_curve_[-1]:.4g}")
        if stopper is not None and stopper.stops(X, target, device):
            break
    if stopper is not None:
        network.load_state_dict(stopper.best)
    classifier._optimizer_state = optimizer.state_dict() if partial else None
    network.to("cpu").eval()


def _batches(order, size):
    """Split into batches; a single sample left over joins the last full one."""
    batches = list(order.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


class _Stopper:
    """Watches the loss on samples set aside, and keeps the best parameters."""

    def __init__(self, classifier, n):
        n_held = max(1, round(classifier.validation_fraction * n))
        if n - n_held < 2:
            raise ValueError(
                f"X holds {n} pairs, too few to set validation_fraction="
                f"{classifier.validation_fraction} of them aside."
            )
        order = torch.randperm(n, generator=classifier._generator)
        self.held, self.training = order[:n_held], order[n_held:]
        self.classifier = classifier
        self.best = None
        self.best_loss = np.inf
        self.since = 0
        classifier.validation_curve_ = []

    def stops(self, X, target, device):
        classifier = self.classifier
        network = classifier.network_.eval()
        loss = 0.0
        with torch.no_grad():
            for batch in self.held.split(_BATCH):
                logits = network(*pair_planes(classifier, X[batch].to(device)))
                loss += functional.cross_entropy(
                    logits, target[batch].to(device), reduction="sum"
                ).item()
        loss /= len(self.held)
        classifier.validation_curve_.append(loss)
        if loss < self.best_loss:
            self.best, self.best_loss = copy.deepcopy(network.state_dict()), loss
            self.since = 0
        else:
            self.since += 1
        return self.since >= classifier.n_iter_no_change
