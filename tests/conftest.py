"""Fixtures that every test may use."""

import os
from pathlib import Path

# Two workers share the machine: one thread a library keeps them apart.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest

from skfusion.testing.samples import SHAPES, make_pair

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root():
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def golden():
    """The committed reference outputs, pair ``odd``."""
    return ROOT / "tests" / "golden"


@pytest.fixture(scope="session")
def shared():
    """The folder of real images and larger references beside the repository."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the folder ../shared with real images is not here")
    return folder


@pytest.fixture
def rng():
    """A generator of its own for each test."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def small_pairs():
    """Three small structured pairs of different sizes, gray, float64 in [0, 1]."""
    return [make_pair(seed, shape) for seed, shape in enumerate(SHAPES)]
