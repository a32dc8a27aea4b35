"""Correlation of the fused image with its sources: CC and SCD."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from ._shared import safe_sqrt
from .registry import differentiable

__all__ = ["cc", "scd"]

# Added to each sum of squares, far below one grey level in one pixel: two constant
# images correlate by 0 here, where the metric is not defined.
_TINY = 1e-6


def _centred(x):
    return x - x.mean(dim=(1, 2), keepdim=True)


def _source(m, which):
    return m.s.get(("centred", which), lambda: _centred(m.s.image(which)))


def _corr(x, y):
    square = (x.square().sum(dim=(1, 2)) + _TINY) * (y.square().sum(dim=(1, 2)) + _TINY)
    return (x * y).sum(dim=(1, 2)) / safe_sqrt(square)


@differentiable("cc", variants=("mean",))
def cc(m, *, variant="mean"):
    """Mean Pearson correlation with the two sources."""
    f = _centred(m.f)
    return (_corr(_source(m, "a"), f) + _corr(_source(m, "b"), f)) / 2


@differentiable("scd", variants=("float",))
def scd(m, *, variant="float"):
    """Sum of the correlations of the differences with the other source."""
    f, a, b = _centred(m.f), _source(m, "a"), _source(m, "b")
    return _corr(f - b, a) + _corr(f - a, b)
