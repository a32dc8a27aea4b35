"""Training of a fusion network against discriminators."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch.nn import functional

from .epochs import run_epochs, set_rates

__all__ = ["AdversarialSteps", "train_adversarially"]


class AdversarialSteps:
    """One step of the discriminators, then one of the generator, for a batch.

    Parameters
    ----------
    network : nn.Module
        The generator, ``network(infrared, visible)``.
    critics : list of (nn.Module, int)
        Discriminators, each with the column of the pairs that is real to it.
    content : callable
        ``content(fused, infrared, visible)``: the loss beside the adversarial one.
    generator : torch.Generator
        Of the labels.
    kind : {"least_squares", "log"}, default="least_squares"
        ``"least_squares"``: squared distance to labels drawn around 0 and 1, as
        FusionGAN has it; ``"log"``: cross entropy.
    adversarial_weight : float, default=1.0
    critic_steps : int, default=2
        Steps of the discriminators for one of the generator.
    learning_rate, critic_learning_rate : float
        Of Adam.
    """

    real_labels, fake_labels = (0.7, 1.2), (0.0, 0.3)

    def __init__(
        self,
        network,
        critics,
        content,
        generator,
        *,
        kind="least_squares",
        adversarial_weight=1.0,
        critic_steps=2,
        learning_rate=1e-4,
        critic_learning_rate=1e-4,
    ):
        self.network, self.critics, self.content = network, critics, content
        self.generator, self.kind = generator, kind
        self.adversarial_weight, self.critic_steps = adversarial_weight, critic_steps
        self.steps = torch.optim.Adam(network.parameters(), learning_rate)
        judges = [p for critic, _ in critics for p in critic.parameters()]
        self.critic_steps_ = torch.optim.Adam(judges, critic_learning_rate)

    def __call__(self, pairs):
        """Train on ``(n, 2, h, w)`` crops and return the generator's loss, on its
        device.
        """
        ir, vis = pairs[:, :1], pairs[:, 1:]
        with torch.no_grad():
            fused = self.network(ir, vis)
        for _ in range(self.critic_steps):
            self.critic_steps_.zero_grad()
            loss = sum(
                self._distance(critic(pairs[:, i : i + 1]), self.real_labels)
                + self._distance(critic(fused), self.fake_labels)
                for critic, i in self.critics
            )
            loss.backward()
            self.critic_steps_.step()
        self.steps.zero_grad()
        fused = self.network(ir, vis)
        loss = self.content(fused, ir, vis)
        for critic, _ in self.critics:
            deceived = self._distance(critic(fused), self.real_labels)
            loss = loss + self.adversarial_weight * deceived
        loss.backward()
        self.steps.step()
        return loss.detach()

    def _distance(self, judged, labels):
        """How far judgements are from labels drawn in a range."""
        if self.kind == "log":
            real = labels is self.real_labels
            return functional.softplus(-judged if real else judged).mean()
        low, high = labels
        drawn = torch.rand(len(judged), generator=self.generator).to(judged.device)
        return (judged - (low + (high - low) * drawn)).square().mean()


def train_adversarially(
    steps, batches, *, max_epochs, factor, max_seconds=None, device="cpu", verbose=False
):
    """Train a network by :class:`AdversarialSteps`.

    Parameters
    ----------
    steps : AdversarialSteps
    batches, max_epochs, factor, max_seconds, device, verbose
        As of :func:`skfusion.learning.training.train_network`.

    Returns
    -------
    list of float
        The generator's mean loss of each epoch.

    Raises
    ------
    FloatingPointError
        If the loss is NaN or infinite.
    """
    for module in (steps.network, *(critic for critic, _ in steps.critics)):
        module.to(device).train()
    optimizers = steps.steps, steps.critic_steps_
    first = [[group["lr"] for group in one.param_groups] for one in optimizers]

    def begin(epoch, done):
        for one, rates in zip(optimizers, first):
            set_rates(one, rates, factor(done))

    curve = run_epochs(
        steps,
        batches,
        max_epochs=max_epochs,
        begin=begin,
        max_seconds=max_seconds,
        device=device,
        verbose=verbose,
    )
    steps.network.to("cpu").eval()
    return curve
