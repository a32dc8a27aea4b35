"""A check, the list of checks, and what a check says when it fails."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import re
import warnings

import numpy as np

__all__ = ["Check", "Checks", "expect", "expect_image", "expect_same", "raises"]


class Check:
    """One fact that holds for every estimator of a kind.

    Called with an estimator, or with a ``Subject`` that remembers what has been fitted.
    """

    def __init__(self, name, expected, function, kind):
        self.name, self.expected = name, expected
        self.function, self.kind = function, kind

    def __call__(self, estimator):
        """Run; AssertionError names the check, what it expects and what came."""
        subject = self.kind.of(estimator)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Warning)
                self.function(subject)
        except Exception as error:
            came = str(error)
            if not isinstance(error, AssertionError):
                came = f"{type(error).__name__} {came}".strip()
            raise AssertionError(
                f"{subject.cls.__name__} fails {self.name!r}. Expected: "
                f"{self.expected} Found: {came}"
            ) from error


class Checks:
    """The checks of one or more kinds of estimators, in the order they were written.

    A function becomes a check under its name; the first line of its docstring is what
    the check expects.
    """

    def __init__(self):
        self.functions = {}

    def __call__(self, function):
        """Register a function on a ``Subject``."""
        self.add(function.__name__, function.__doc__.splitlines()[0], function)
        return function

    def add(self, name, expected, function):
        """Register a function under a name, with what it expects."""
        if name in self.functions:
            raise ValueError(
                f"there is a check {name!r} already: give it another name."
            )
        self.functions[name] = expected, function

    def listed(self, kind):
        """Return ``(name, check)`` of every check, for a kind of subject."""
        return [
            (name, Check(name, expected, function, kind))
            for name, (expected, function) in self.functions.items()
        ]


def expect(holds, found):
    """Raise AssertionError with what was found if something does not hold."""
    if not holds:
        raise AssertionError(found)


def expect_same(first, second):
    """Expect two lists of images to be equal bit by bit."""
    expect(len(first) == len(second), f"{len(first)} and {len(second)} images.")
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)


def expect_image(image, shape):
    """Expect a finite float32 image in [0, 1] of a shape."""
    expect(image.dtype == np.float32, f"{image.dtype} in place of float32.")
    expect(image.shape == shape, f"shape {image.shape} in place of {shape}.")
    expect(np.isfinite(image).all(), "NaN or infinite pixels.")
    low, high = image.min(), image.max()
    expect(low >= 0 and high <= 1, f"values from {low} to {high}, outside [0, 1].")


@contextlib.contextmanager
def raises(pattern):
    """Expect a ValueError whose text matches a pattern."""
    try:
        yield
    except ValueError as error:
        said = re.search(pattern, str(error))
        expect(said, f"the error {str(error)!r} does not match {pattern!r}.")
    else:
        raise AssertionError(f"no ValueError that matches {pattern!r}.")
