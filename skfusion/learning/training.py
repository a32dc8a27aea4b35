"""The training loop of the torch fusers, and its explicit random generator."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import time

import numpy as np
import torch

__all__ = ["DECAYS", "make_generator", "rate_factor", "resolve_device", "train_network"]

DECAYS = ("constant", "linear", "late", "cosine", "exponential")


def make_generator(random_state):
    """Return a ``torch.Generator`` on the CPU seeded from ``random_state``.

    Parameters
    ----------
    random_state : None, int or numpy.random.RandomState
        ``None`` takes fresh entropy; a ``RandomState`` is advanced by one draw. Global
        generators are neither read nor written.

    Returns
    -------
    torch.Generator
    """
    if random_state is None:
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> 1)
    elif isinstance(random_state, np.random.RandomState):
        seed = int(random_state.randint(2**31 - 1))
    else:
        seed = int(random_state)
    return torch.Generator().manual_seed(seed)


def resolve_device(device):
    """Return the ``torch.device`` that ``"auto"`` or a name stands for, now.

    Raises
    ------
    ValueError
        If there is no such device on this machine.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"device={device!r} cannot be used here ({reason}): use 'auto' or 'cpu'."
        ) from None
    return resolved


def rate_factor(decay, last, progress):
    """Return what the learning rate is multiplied by.

    Parameters
    ----------
    decay : {"constant", "linear", "late", "cosine", "exponential"}
        ``"late"`` is constant for the first half and linear from there.
    last : float
        The factor at the end, in (0, 1].
    progress : float
        Share of the training that is done, in [0, 1].

    Returns
    -------
    float

    Examples
    --------
    >>> from skfusion.learning.training import rate_factor
    >>> rate_factor("late", 0.5, 0.25), rate_factor("late", 0.5, 0.75)
    (1.0, 0.75)
    """
    if decay == "constant":
        return 1.0
    if decay == "exponential":
        return last**progress
    if decay == "cosine":
        share = (1 - math.cos(math.pi * progress)) / 2
    elif decay == "late":
        share = max(2 * progress - 1, 0.0)
    else:
        share = progress
    return 1 + (last - 1) * share


def train_network(
    network,
    batches,
    loss,
    parameters,
    *,
    max_epochs,
    milestones=(),
    gamma=0.1,
    frozen_epochs=0,
    factor=None,
    max_seconds=None,
    optimizer=torch.optim.Adam,
    device="cpu",
    verbose=False,
):
    """Train a network with a schedule of steps, or any other.

    Parameters
    ----------
    network : torch.nn.Module
        Initialised; trained in place, left on the CPU in eval mode.
    batches : callable
        ``batches()`` yields the tensors of one epoch, one batch after the other; it
        draws its shuffles and crops from a generator of its own.
    loss : callable
        ``loss(network, batch)`` is the scalar to minimise.
    parameters : iterable of Tensor, or list of dict
        What to train, as an optimizer takes it: a dict per learning rate.
    max_epochs : int
    milestones : sequence of int, default=()
        Epochs after which the learning rates are multiplied by ``gamma``.
    gamma : float, default=0.1
    frozen_epochs : int, default=0
        How many of the last epochs train with batch normalisation at its running
        statistics, as it is at use: batch statistics scale each batch differently,
        which blunts the contrast of what a network reconstructs.
    factor : callable, optional
        ``factor(progress)`` is what the learning rates are multiplied by in an epoch,
        in place of ``milestones``; ``progress`` runs from 0 in the first epoch to 1 in
        the last, or with the seconds, whichever is further.
    max_seconds : float or None, default=None
        Stop after this time, in the middle of an epoch if need be. What has been
        learned by then depends on the machine.
    optimizer : callable, default=torch.optim.Adam
        Makes the optimizer of the parameters.
    device : str or torch.device, default="cpu"
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

    network.to(device).train()
    steps = optimizer(parameters)
    schedule = torch.optim.lr_scheduler.MultiStepLR(steps, sorted(milestones), gamma)
    first = [group["lr"] for group in steps.param_groups]
    start, limit = time.perf_counter(), max_seconds or math.inf
    curve = []
    progress = tqdm(range(max_epochs), "epoch", disable=not verbose)
    for epoch in progress:
        if epoch >= max_epochs - frozen_epochs:
            for module in network.modules():
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                    module.eval()
        if factor is not None:
            done = max(
                epoch / max(max_epochs - 1, 1), (time.perf_counter() - start) / limit
            )
            for group, rate in zip(steps.param_groups, first):
                group["lr"] = rate * factor(min(done, 1.0))
        total = n = 0
        for batch in batches():
            steps.zero_grad()
            value = loss(network, batch.to(device))
            value.backward()
            steps.step()
            # Summed on the device: to look at a value is to wait for it.
            total, n = total + value.detach().double() * len(batch), n + len(batch)
            if time.perf_counter() - start > limit:
                break
        if factor is None:
            schedule.step()
        curve.append(float(total) / n)
        if not np.isfinite(curve[-1]):
            raise FloatingPointError(
                f"the loss is {curve[-1]} after epoch {len(curve)}: lower the "
                "learning rate, or look for constant training images."
            )
        progress.set_postfix(loss=f"{curve[-1]:.4g}")
        if time.perf_counter() - start > limit:
            break
    network.to("cpu").eval()
    return curve
