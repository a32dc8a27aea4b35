"""The epochs of a training, and what watches them: the loss on samples set aside."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
import math
import time

import torch

__all__ = ["Validation", "run_epochs", "set_rates"]


class Validation:
    """The loss on samples set aside: stops a training, keeps the best parameters.

    Parameters
    ----------
    batches : callable
        ``batches()`` yields the batches set aside, the same ones each time.
    patience : int or None, default=None
        Stop when the loss has not fallen for so many epochs; ``None`` never stops.
    total_loss : callable, optional
        ``total_loss(network, batch)``: the losses of the samples of a batch, summed.
        Without it, the loss of the training times the number of samples.

    Attributes
    ----------
    curve : list of float
        The mean loss after each epoch.
    best : dict or None
        The state of the network after the epoch of least loss, the first of equals.
    """

    def __init__(self, batches, *, patience=None, total_loss=None):
        self.batches, self.patience, self.total_loss = batches, patience, total_loss
        self.curve = []
        self.best = None
        self._least, self._since = math.inf, 0

    def stops(self, network, loss, device):
        """Measure the network in eval mode, and return whether to stop.

        Raises
        ------
        FloatingPointError
            If the loss is NaN or infinite.
        """
        total, n = 0.0, 0
        network.eval()
        with torch.no_grad():
            for batch in self.batches():
                batch, size = _moved(batch, device)
                if self.total_loss is None:
                    total += loss(network, batch).item() * size
                else:
                    total += self.total_loss(network, batch).item()
                n += size
        self.curve.append(total / n)
        _check_finite(self.curve, "loss of the validation samples")
        if self.curve[-1] < self._least:
            self.best, self._least = copy.deepcopy(network.state_dict()), self.curve[-1]
            self._since = 0
        else:
            self._since += 1
        return self.patience is not None and self._since >= self.patience


def run_epochs(
    step,
    batches,
    *,
    max_epochs,
    begin,
    stops=None,
    max_seconds=None,
    device="cpu",
    verbose=False,
):
    """Run the epochs of a training, whatever a step of it is.

    Parameters
    ----------
    step : callable
        ``step(batch)`` trains on a batch and returns its loss, a detached scalar.
    batches : callable
        ``batches()`` yields the batches of one epoch: tensors, or tuples of tensors of
        one length.
    max_epochs : int
    begin : callable
        ``begin(epoch, done)`` is called before each epoch; ``done`` runs from 0 in the
        first to 1 in the last, or with the seconds, whichever is further.
    stops : callable, optional
        ``stops()`` is called after each epoch, and says whether it was the last.
    max_seconds : float or None, default=None
        Stop after this time, in the middle of an epoch if need be.
    device : str or torch.device, default="cpu"
        Where the batches go.
    verbose : bool or int, default=False
        Show a progress bar.

    Returns
    -------
    list of float
        The mean loss of each epoch.

    Raises
    ------
    FloatingPointError
        If the loss is NaN or infinite.
    """
    from tqdm import tqdm

    start, limit = time.perf_counter(), max_seconds or math.inf
    curve = []
    progress = tqdm(range(max_epochs), "epoch", disable=not verbose)
    for epoch in progress:
        spent = (time.perf_counter() - start) / limit
        begin(epoch, min(max(epoch / max(max_epochs - 1, 1), spent), 1.0))
        total = n = 0
        for batch in batches():
            batch, size = _moved(batch, device)
            # Summed on the device: to look at a value is to wait for it.
            total, n = total + step(batch).double() * size, n + size
            if time.perf_counter() - start > limit:
                break
        curve.append(float(total) / n)
        _check_finite(curve, "loss")
        progress.set_postfix(loss=f"{curve[-1]:.4g}")
        if stops is not None and stops():
            break
        if time.perf_counter() - start > limit:
            break
    return curve


def set_rates(optimizer, first, factor):
    """Set the learning rates of an optimizer to a multiple of the first ones."""
    for group, rate in zip(optimizer.param_groups, first):
        group["lr"] = rate * factor


def _moved(batch, device):
    """Return a batch on a device, and the number of its samples."""
    if isinstance(batch, tuple):
        return tuple(_sent(part, device) for part in batch), len(batch[0])
    return _sent(batch, device), len(batch)


def _sent(part, device):
    """Send a tensor without waiting for it, nor for the step before."""
    if torch.device(device).type == "cuda" and part.device.type == "cpu":
        part = part.pin_memory()
    return part.to(device, non_blocking=True)


def _check_finite(curve, what):
    if not math.isfinite(curve[-1]):
        raise FloatingPointError(
            f"the {what} is {curve[-1]} after epoch {len(curve)}: lower the learning "
            "rate, or look for constant training images."
        )
