"""Grey levels as the 8-bit file will hold them: EN, CE and MI.

Counting has no gradient. The values are those of the counts, and the gradients those of
histograms into which each pixel enters between its two neighbouring levels.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import math

import torch

from .registry import differentiable

__all__ = ["ce", "en", "mi"]

_N_LEVELS = 256
_N_COARSE = 64  # bins of the joint histogram whose gradient is taken
_SPREAD = 1.2  # standard deviation, in levels, of the smoothed histogram
_RARE = 2e-5  # added to a share inside a logarithm


def _counts(index, weight, n):
    """Weighted histogram of each image: (N, n)."""
    counts = torch.zeros(len(index), n, dtype=weight.dtype, device=weight.device)
    return counts.scatter_add_(1, index.flatten(1), weight.flatten(1))


def _entropy(p):
    """In nats, of shares that add up to one."""
    positive = p > 0
    logarithm = torch.where(positive, p, torch.ones_like(p)).log()
    return -(p * logarithm).sum(dim=1)


def _grey(x):
    return (x.detach() + 0.5).floor().clamp(0, _N_LEVELS - 1).long()


def _shares(grey, dtype):
    # Counts are whole numbers below 2**24: exact in single precision too.
    ones = torch.ones_like(grey, dtype=dtype)
    return _counts(grey, ones, _N_LEVELS) / grey[0].numel()


def _between(x, n):
    """Lower neighbouring bin of each value and the share of the upper one."""
    low = x.detach().floor().clamp(0, n - 2)
    return low.long(), (x - low).clamp(0, 1)


@functools.lru_cache(maxsize=16)
def _smoothing(dtype, device):
    with torch.inference_mode(False):
        level = torch.arange(_N_LEVELS, dtype=torch.float64)
        distance = level[:, None] - level
        weight = torch.exp(-(distance**2) / (2 * _SPREAD**2))
        weight /= math.sqrt(2 * math.pi) * _SPREAD
        return weight.to(device=device, dtype=dtype)


def _exact(m):
    """Shares of the 256 levels; no gradient."""
    return m.get("shares", lambda: _shares(_grey(m.f), m.f.dtype))


def _soft(m):
    """Smoothed shares, with a gradient."""

    def compute():
        low, upper = _between(m.f, _N_LEVELS)
        counts = _counts(low, 1 - upper, _N_LEVELS)
        counts = counts + _counts(low + 1, upper, _N_LEVELS)
        return (counts / m.f[0].numel()) @ _smoothing(m.f.dtype, m.f.device)

    return m.get("soft shares", compute)


def _source(m, which):
    """Shares and entropy of a source."""

    def compute():
        image = m.s.image(which)
        p = _shares(_grey(image), image.dtype)
        return p, _entropy(p)

    return m.s.get(("shares", which), compute)


def _as_counted(value, soft):
    """Return the value, with the gradient of its smooth form."""
    return value + (soft - soft.detach())


@differentiable("en", variants=("plain",))
def en(m, *, variant="plain"):
    """Entropy in bits."""
    return _as_counted(_entropy(_exact(m)), _entropy(_soft(m))) / math.log(2)


@differentiable("ce", higher_is_better=False, variants=("mean",))
def ce(m, *, variant="mean"):
    """Mean cross entropy of the sources with the fused image, in bits."""
    total = 0.0
    q, soft = _exact(m), _soft(m)
    for which in "ab":
        p, _ = _source(m, which)
        both = (p > 0) & (q > 0)  # levels that F does not use are dropped
        ratio = torch.where(both, p, 1.0) / torch.where(both, q, 1.0)
        value = torch.where(both, p * ratio.log(), 0.0).sum(dim=1)
        smooth = -(p * (soft + _RARE).log()).sum(dim=1)
        total = total + _as_counted(value, smooth)
    return total / (2 * math.log(2))


def _joint_entropy(m, which):
    """Of the 256 x 256 levels; no gradient."""
    pair = _grey(m.s.image(which)) * _N_LEVELS + _grey(m.f)
    ones = torch.ones_like(pair, dtype=m.f.dtype)
    counts = _counts(pair, ones, _N_LEVELS**2)
    return _entropy(counts / m.f[0].numel())


def _coarse(m):
    """Where each pixel lies among 64 bins of 4 levels: (bin, share of the next)."""
    step = _N_LEVELS // _N_COARSE
    return _between((m.f - (step - 1) / 2) / step, _N_COARSE)


def _soft_mutual(m, which):
    """I(X; F) on coarse bins, less the entropy of X, which has no gradient."""
    n = m.f[0].numel()
    low, upper = m.get("coarse", lambda: _coarse(m))

    def histogram(first, size):
        counts = _counts(first + low, 1 - upper, size)
        return (counts + _counts(first + low + 1, upper, size)) / n

    row = _grey(m.s.image(which)) // (_N_LEVELS // _N_COARSE) * _N_COARSE
    own = m.get("coarse entropy", lambda: _entropy(histogram(0, _N_COARSE)))
    return own - _entropy(histogram(row, _N_COARSE**2))


@differentiable("mi", variants=("bits", "nats", "vifb"))
def mi(m, *, variant="bits"):
    """Mutual information with both sources; bits, or nats for the other two."""

    def compute():
        total, h_f = 0.0, _entropy(_exact(m))
        for which in "ab":
            _, h = _source(m, which)
            value = (h + h_f - _joint_entropy(m, which)).clamp(min=0)
            total = total + _as_counted(value, _soft_mutual(m, which))
        return total

    nats = m.get("mutual information", compute)
    return nats / math.log(2) if variant == "bits" else nats
