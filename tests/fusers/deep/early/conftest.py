"""The earlier networks after a cheap training."""

# SPDX-License-Identifier: BSD-3-Clause

import functools

import pytest

from .cases import make


@pytest.fixture(scope="module")
def trained(small_pairs):
    """Return ``trained(name)``: a fuser after its cheap training."""
    return functools.cache(lambda name: make(name).fit(small_pairs))
