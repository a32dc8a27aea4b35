"""The training loop of the torch fusers, and its explicit random generator."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import torch

__all__ = ["make_generator", "resolve_device", "train_network"]


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
    optimizer=torch.optim.Adam,
    device="cpu",
    verbose=False,
):
    """Train a network with a step schedule.

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
    curve = []
    progress = tqdm(range(max_epochs), "epoch", disable=not verbose)
    for epoch in progress:
        if epoch >= max_epochs - frozen_epochs:
            for module in network.modules():
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                    module.eval()
        total = n = 0
        for batch in batches():
            steps.zero_grad()
            value = loss(network, batch.to(device))
            value.backward()
            steps.step()
            total, n = total + value.item() * len(batch), n + len(batch)
        schedule.step()
        curve.append(total / n)
        if not np.isfinite(curve[-1]):
            raise FloatingPointError(
                f"the loss is {curve[-1]} after epoch {len(curve)}: lower the "
                "learning rate, or look for constant training images."
            )
        progress.set_postfix(loss=f"{curve[-1]:.4g}")
    network.to("cpu").eval()
    return curve
