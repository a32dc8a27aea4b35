"""What a search may draw from in place of a list of values."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Integral, Real

__all__ = ["DISTRIBUTIONS", "is_distribution", "is_int", "make_distribution"]


def _uniform(low, high):
    from scipy.stats import uniform

    return uniform(low, high - low)


def _loguniform(low, high):
    from scipy.stats import loguniform

    return loguniform(low, high)


def _integers(low, high):
    from scipy.stats import randint

    return randint(low, high + 1)


DISTRIBUTIONS = {
    "uniform": _uniform,
    "loguniform": _loguniform,
    "integers": _integers,
}


def make_distribution(name, kind, bounds):
    """Return the distribution that a search file names.

    Parameters
    ----------
    name : str
        The parameter, for errors.
    kind : {"uniform", "loguniform", "integers"}
    bounds : list of two numbers
        The least and the greatest value.

    Returns
    -------
    scipy.stats distribution

    Raises
    ------
    ValueError
        If the bounds are none.
    """
    form = f"params: {name!r} is {{{kind}: {bounds!r}}}: expected"
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise ValueError(f"{form} two numbers [low, high].")
    for bound in bounds:
        if isinstance(bound, str):
            raise ValueError(f"{form} numbers; {bound!r} is text: write it unquoted.")
        if kind == "integers" and not is_int(bound):
            raise ValueError(f"{form} whole numbers.")
        if not isinstance(bound, Real) or isinstance(bound, bool):
            raise ValueError(f"{form} numbers.")
    low, high = bounds
    if not (low < high and _finite(low) and _finite(high) and _finite(high - low)):
        raise ValueError(f"{form} finite low < high.")
    if kind == "integers" and max(-low, high) >= 2**62:
        raise ValueError(f"{form} whole numbers below 2**62.")
    if kind == "loguniform" and low <= 0:
        raise ValueError(f"{form} low > 0.")
    return DISTRIBUTIONS[kind](low, high)


def is_distribution(values):
    """Tell a distribution from a list of values."""
    return hasattr(values, "rvs")


def is_int(value):
    """Tell a whole number from all else, ``True`` included."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _finite(value):
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the floats
        return False
