"""Training of the learned pyramid: a smooth mean rank among opponents, and looks."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from ....losses import LOOKS, MeanRankLoss, Sources, looks, metric_values
from ....networks.pyramid_decisions import Pyramids, reduce

__all__ = ["LOOKS_WEIGHTS", "Objective", "PyramidTrainer"]

# Weights of what skfusion.losses.looks returns, which bring the terms of common
# methods to the size of half a rank.
LOOKS_WEIGHTS = (1.0, 0.8, 4.0, 2.0, 1.5)
_CHUNK = 32


@dataclass
class Objective:
    """What is minimised.

    Attributes
    ----------
    ranks : skfusion.losses.MeanRankLoss
        With the table of the opponents on all training pairs.
    metric_weights : Tensor, shape (n_metrics,)
        How much the rank in each metric counts; they need not sum to one.
    looks_weight : float
        Of the terms of :func:`skfusion.losses.looks`.
    halo_weight : float
        Of the rims that the image has before its tone curve.
    batch_share : float
        Share of the ranks of the means over the batch, beside the mean of the ranks of
        the pairs.
    looks_weights : sequence of float
        Of the terms of the looks among each other.
    """

    ranks: MeanRankLoss
    metric_weights: torch.Tensor
    looks_weight: float = 1.0
    halo_weight: float = 15.0
    batch_share: float = 0.5
    looks_weights: tuple = LOOKS_WEIGHTS

    def to(self, device):
        """Bring the table and the weights to a device."""
        self.ranks = self.ranks.to(device)
        self.metric_weights = self.metric_weights.to(device)
        self._looks = torch.tensor(self.looks_weights, device=device)
        return self

    def __call__(self, fused, before, batch):
        """Return the loss of a batch and its parts.

        Parameters
        ----------
        fused, before : Tensor, shape (n, h, w)
            Behind and before the tone curve, not clipped.
        batch : Batch

        Returns
        -------
        loss : Tensor
        parts : dict of str to Tensor
            Mean ranks of the pairs and ranks of the ``"batch"`` in each metric, the
            terms of the ``"looks"`` and the ``"halo"``.
        """
        beyond = functional.relu(fused - 1).mean() + functional.relu(-fused).mean()
        image = fused.clamp(0, 1)
        values = metric_values(image, batch.sources, self.ranks.metrics)
        single = self.ranks.ranks(values, batch.index).mean(0)
        joint = self.ranks.ranks_of_means(values, batch.index)
        loss = torch.lerp(single, joint, self.batch_share) @ self.metric_weights
        seen = looks(image, batch.sources).mean(0)
        sources = batch.sources.a / 255, batch.sources.b / 255
        rims = halo(before, *sources).mean()
        loss = loss + self.looks_weight * (seen @ self._looks)
        loss = loss + self.halo_weight * rims + 20 * beyond
        parts = {"ranks": single, "batch": joint, "looks": seen, "halo": rims}
        return loss, {name: part.detach() for name, part in parts.items()}


def halo(image, infrared, visible):
    """Return how far images ``(n, h, w)`` leave what the sources hold nearby, (n,).

    A rim is darker or brighter than anything that both sources show within two pixels
    of a coarser level; dark ones weigh three times as much.
    """
    total = 0
    for _ in range(3):
        image, infrared, visible = (reduce(x) for x in (image, infrared, visible))
        darkest = -_widest(-torch.minimum(infrared, visible))
        brightest = _widest(torch.maximum(infrared, visible))
        under = functional.relu(darkest - 0.01 - image)
        over = functional.relu(image - brightest - 0.03)
        under, over = ((x * 4 + x * x * 40).mean((1, 2)) for x in (under, over))
        total = total + 3 * under + over
    return total


def _widest(image):
    return functional.max_pool2d(image[:, None], 5, 1, 2)[:, 0]


@dataclass
class Batch:
    """The pairs of one step, all on the device."""

    sources: Sources
    pyramids: Pyramids
    index: torch.Tensor


class PyramidTrainer:
    """Training state of a :class:`skfusion.networks.pyramid_decisions` network.

    All pairs, with everything that depends on them alone, stay on the device; a step
    waits for nothing. The parameters used afterwards are a running mean.

    Parameters
    ----------
    network : PyramidDecisions
        Initialised; trained in place.
    infrared, visible : Tensor, shape (n, h, w)
        In [0, 1].
    objective : Objective
        Its table has a row for each pair.
    generator : torch.Generator
        On the CPU; of the batches and of the noise.
    sampling : Tensor, shape (n,), optional
        How often each pair is drawn.
    batch_size : int, default=48
    learning_rate : float, default=0.004
    softness : (float, float), default=(0.5, 0.12)
        At the start and from three quarters of the training on.
    histogram_noise : float, default=0.25
        Deviation of the logarithm of the histograms that the network sees, so that it
        does not know the training scenes by them.
    warmup : int, default=60
        Steps of a rising learning rate.
    device : torch.device
    """

    def __init__(
        self,
        network,
        infrared,
        visible,
        objective,
        *,
        generator,
        sampling=None,
        batch_size=48,
        learning_rate=4e-3,
        softness=(0.5, 0.12),
        histogram_noise=0.25,
        warmup=60,
        device="cpu",
    ):
        self.device = torch.device(device)
        self.network = network.to(self.device).train()
        self.objective, self.generator = objective.to(self.device), generator
        n = len(infrared)
        self.sampling = torch.ones(n) if sampling is None else sampling.float().cpu()
        self.batch_size = min(batch_size, n)
        self.learning_rate, self.softness = learning_rate, softness
        self.histogram_noise, self.warmup = histogram_noise, warmup
        infrared, visible = infrared.to(self.device), visible.to(self.device)
        self.pyramids = self._decompose(infrared, visible)
        self.sources = self._sources(infrared, visible)
        self.noise = torch.Generator(self.device)
        self.noise.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.mean = [p.detach().clone() for p in network.parameters()]
        self.n_steps = 0

    def _decompose(self, infrared, visible):
        parts = []
        with torch.no_grad():
            for start in range(0, len(infrared), _CHUNK):
                part = slice(start, start + _CHUNK)
                parts.append(self.network.decompose(infrared[part], visible[part]))
        return _joined(parts)

    def _sources(self, infrared, visible):
        parts = []
        for start in range(0, len(infrared), _CHUNK):
            part = slice(start, start + _CHUNK)
            sources = Sources(infrared[part], visible[part])
            sources.prepare(self.objective.ranks.metrics).prepare(LOOKS)
            parts.append(sources)
        return Sources.join(parts)

    def run(self, max_epochs, verbose=False):
        """Train for a number of epochs; return the mean loss of each.

        Raises
        ------
        FloatingPointError
            If the loss is NaN or infinite.
        """
        from tqdm import tqdm

        each = -(-len(self.sampling) // self.batch_size)
        curve = []
        progress = tqdm(range(max_epochs), "epoch", disable=not verbose)
        for epoch in progress:
            losses = [
                self.step((epoch * each + k) / (max_epochs * each))[0]
                for k in range(each)
            ]
            curve.append(float(torch.stack(losses).mean()))
            if not math.isfinite(curve[-1]):
                raise FloatingPointError(
                    f"the loss is {curve[-1]} after epoch {epoch + 1}: lower the "
                    "learning rate, or look for NaN in opponents."
                )
            progress.set_postfix(loss=f"{curve[-1]:.4g}")
        return curve

    def batch(self, index):
        """Return the pairs of an index."""
        return Batch(
            self.sources[index],
            _chosen(self.pyramids, index),
            index,
        )

    def step(self, progress):
        """Train on one batch; `progress` runs from 0 to 1. Return loss and parts."""
        index = torch.multinomial(
            self.sampling, self.batch_size, generator=self.generator
        ).to(self.device, non_blocking=True)
        pair = self.batch(index)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * self._schedule(progress)
        first, last = self.softness
        part = min(1.0, progress / 0.75)
        self.objective.ranks.softness = first * (last / first) ** part
        fused, before = self.fuse(pair, noisy=True)
        loss, parts = self.objective(fused, before, pair)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._clip()
        self.optimizer.step()
        self.n_steps += 1
        keep = min(0.997, self.n_steps / (self.n_steps + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self.mean, list(self.network.parameters()), 1 - keep)
        return loss.detach(), parts

    def fuse(self, pair, noisy=False):
        """Return the fused images of a batch, behind and before the tone curve."""
        pyramids = pair.pyramids
        if noisy and self.histogram_noise:
            pyramids = pyramids._replace(shares=self._noisy(pyramids.shares))
        before = self.network.rebuild(pyramids, self.network.decide(pyramids))
        if not self.network.tone:
            return before, before
        return self.network.toned(before, pyramids), before

    def _noisy(self, shares):
        noise = torch.randn(shares.shape, generator=self.noise, device=self.device)
        return shares * torch.exp(self.histogram_noise * noise)

    def _schedule(self, progress):
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return min(1.0, (self.n_steps + 1) / self.warmup) * (0.02 + 0.98 * falling)

    def _clip(self):
        """Clip the gradient to length 1; a step that is not finite moves nothing."""
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        scale = torch.where(torch.isfinite(norm), 1 / norm.clamp(min=1.0), 0.0)
        for gradient in gradients:
            gradient.nan_to_num_(0, 0, 0).mul_(scale)

    @torch.no_grad()
    def finish(self):
        """Give the network the mean parameters; return it on the CPU in eval mode."""
        for parameter, mean in zip(self.network.parameters(), self.mean):
            parameter.copy_(mean)
        return self.network.cpu().eval()

    def state(self):
        """Return what a later run needs to go on, as tensors and numbers."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean,
            "n_steps": self.n_steps,
            "generator": self.generator.get_state(),
            "noise": self.noise.get_state(),
        }

    def restore(self, state):
        """Go on from what :meth:`state` returned."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean = [mean.to(self.device) for mean in state["mean"]]
        self.n_steps = state["n_steps"]
        self.generator.set_state(state["generator"].cpu())
        self.noise.set_state(state["noise"].cpu())


def _joined(parts):
    def join(values):
        if isinstance(values[0], list):
            return [torch.cat(level) for level in zip(*values)]
        return torch.cat(values)

    return Pyramids(*(join(values) for values in zip(*parts)))


def _chosen(pyramids, index):
    def choose(value):
        if isinstance(value, list):
            return [level[index] for level in value]
        return value[index]

    return Pyramids(*(choose(value) for value in pyramids))
