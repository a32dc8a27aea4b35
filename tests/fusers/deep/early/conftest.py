"""The earlier networks after a cheap training."""

# SPDX-License-Identifier: BSD-3-Clause

import pytest

from .cases import make


@pytest.fixture(scope="module")
def trained(small_pairs):
    """Return ``trained(name)``: a fuser after its cheap training."""
    found = {}

    def get(name):
        if name not in found:
            found[name] = make(name).fit(small_pairs)
        return found[name]

    return get
