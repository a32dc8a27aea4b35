"""Checks of parameters that a range alone does not express."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

__all__ = ["check_odd"]


def check_odd(estimator, name):
    """Raise ValueError unless the parameter is odd: a window needs a centre."""
    value = getattr(estimator, name)
    if value % 2 == 0:
        raise ValueError(
            f"{name}={value} of {type(estimator).__name__} is even: a window needs a "
            f"centre pixel; use {value - 1 or 1} or {value + 1}."
        )
