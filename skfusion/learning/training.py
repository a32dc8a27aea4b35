"""The training loop of the torch fusers, and its explicit random generator."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import numpy as np
import torch

from .epochs import run_epochs, set_rates

__all__ = [
    "DECAYS",
    "generator_on",
    "make_generator",
    "rate_factor",
    "train_network",
]

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
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0]) >> 1
    elif isinstance(random_state, np.random.RandomState):
        seed = int(random_state.randint(2**31 - 1))
    else:
        seed = int(random_state)
    return torch.Generator().manual_seed(seed)


def generator_on(device, generator):
    """Return a generator on a device, seeded by one on the CPU; on the CPU that one.

    Parameters
    ----------
    device : torch.device
    generator : torch.Generator
        Advanced by one draw where the device is another one.

    Returns
    -------
    torch.Generator
    """
    if device.type == "cpu":
        return generator
    seed = int(torch.randint(2**62, (), generator=generator))
    return torch.Generator(device).manual_seed(seed)


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
    frozen_share=0.0,
    factor=None,
    max_seconds=None,
    optimizer=torch.optim.Adam,
    validation=None,
    device="cpu",
    verbose=False,
):
    """Train a network with a schedule of steps, or any other.

    Parameters
    ----------
    network : torch.nn.Module
        Initialised; trained in place, left on the CPU in eval mode.
    batches : callable
        ``batches()`` yields the tensors of one epoch, or tuples of tensors, one batch
        after the other; it draws its shuffles and crops from a generator of its own.
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
    frozen_share : float, default=0.0
        The same, as a share of all epochs, or of the seconds.
    factor : callable, optional
        ``factor(progress)`` is what the learning rates are multiplied by in an epoch,
        in place of ``milestones``; ``progress`` runs from 0 in the first epoch to 1 in
        the last, or with the seconds, whichever is further.
    max_seconds : float or None, default=None
        Stop after this time, in the middle of an epoch if need be. What has been
        learned by then depends on the machine.
    optimizer : callable, default=torch.optim.Adam
        Makes the optimizer of the parameters.
    validation : skfusion.learning.epochs.Validation, optional
        Measures the network after each epoch, stops the training by its patience, and
        gives the network back as it was after its best epoch.
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
    network.to(device)
    steps = optimizer(parameters)
    schedule = torch.optim.lr_scheduler.MultiStepLR(steps, sorted(milestones), gamma)
    first = [group["lr"] for group in steps.param_groups]

    def begin(epoch, done):
        network.train()
        if epoch >= max_epochs - frozen_epochs or 1 - frozen_share < done:
            _freeze_normalisation(network)
        if factor is not None:
            set_rates(steps, first, factor(done))
        elif epoch:
            schedule.step()

    def step(batch):
        steps.zero_grad()
        value = loss(network, batch)
        value.backward()
        steps.step()
        return value.detach()

    def stops():
        return validation.stops(network, loss, device)

    curve = run_epochs(
        step,
        batches,
        max_epochs=max_epochs,
        begin=begin,
        stops=None if validation is None else stops,
        max_seconds=max_seconds,
        device=device,
        verbose=verbose,
    )
    if validation is not None:
        network.load_state_dict(validation.best)
    network.to("cpu").eval()
    return curve


def _freeze_normalisation(network):
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
