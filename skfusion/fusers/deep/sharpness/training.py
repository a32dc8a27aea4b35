"""How a SharpnessClassifier reads pairs of windows and learns from them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch.nn import functional

from ....learning.devices import resolve_device
from ....learning.epochs import Validation
from ....learning.training import train_network
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
    X, target = torch.from_numpy(X), torch.from_numpy(target)
    taken, validation = torch.arange(len(X)), None
    if classifier.early_stopping and not partial:
        held, taken = _set_aside(classifier, len(X))
        validation = Validation(
            lambda: ((X[part], target[part]) for part in held.split(_BATCH)),
            patience=classifier.n_iter_no_change,
            total_loss=_loss_of(classifier, "sum"),
        )
        classifier.validation_curve_ = validation.curve

    def batches():
        order = taken[torch.randperm(len(taken), generator=classifier._generator)]
        for part in _batches(order, classifier.batch_size):
            yield X[part], target[part]

    momentum = _Momentum(classifier, partial)
    try:
        classifier.loss_curve_ += train_network(
            classifier.network_,
            batches,
            _loss_of(classifier, "mean"),
            classifier.network_.parameters(),
            max_epochs=n_epochs,
            milestones=() if partial else range(1, n_epochs + 1),
            gamma=classifier.gamma,
            optimizer=momentum,
            validation=validation,
            device=resolve_device(classifier.device),
            verbose=classifier.verbose,
        )
    except FloatingPointError as error:
        what = str(error).partition(":")[0]
        raise FloatingPointError(
            f"{what}: lower learning_rate={classifier.learning_rate}."
        ) from None
    classifier._optimizer_state = momentum.state() if partial else None


class _Momentum:
    """Makes the optimizer, from the state where a partial fit has left it."""

    def __init__(self, classifier, partial):
        self.classifier, self.partial = classifier, partial

    def __call__(self, parameters):
        classifier = self.classifier
        self.optimizer = torch.optim.SGD(
            parameters,
            classifier.learning_rate,
            momentum=classifier.momentum,
            weight_decay=classifier.weight_decay,
        )
        if self.partial and classifier._optimizer_state is not None:
            self.optimizer.load_state_dict(classifier._optimizer_state)
        return self.optimizer

    def state(self):
        return self.optimizer.state_dict()


def _loss_of(classifier, reduction):
    def loss(network, batch):
        windows, target = batch
        logits = network(*pair_planes(classifier, windows))
        return functional.cross_entropy(logits, target, reduction=reduction)

    return loss


def _batches(order, size):
    """Split into batches; a single sample left over joins the last full one."""
    batches = list(order.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _set_aside(classifier, n):
    """Draw the samples of the validation and those of the training."""
    n_held = max(1, round(classifier.validation_fraction * n))
    if n - n_held < 2:
        raise ValueError(
            f"X holds {n} pairs, too few to set validation_fraction="
            f"{classifier.validation_fraction} of them aside."
        )
    order = torch.randperm(n, generator=classifier._generator)
    return order[:n_held], order[n_held:]
