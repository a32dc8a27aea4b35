"""Fixtures that every test may use."""

import os
from pathlib import Path

# Two workers share the machine: one thread a library keeps them apart.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest

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


SHAPES = ((24, 31), (33, 20), (26, 26))


def make_pair(seed, shape):
    """Draw a pair with edges, texture and a hot spot."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    visible = 0.35 + 0.2 * np.sin(rows / 2.0) * np.cos(cols / 3.0)
    visible += 0.25 * (cols > shape[1] // 2)
    visible += 0.03 * rng.standard_normal(shape)
    infrared = 0.2 + 0.3 * rows / shape[0]
    hot = (rows - shape[0] // 3) ** 2 + (cols - shape[1] // 3) ** 2 < 16
    infrared = np.where(hot, 0.9, infrared) + 0.01 * rng.standard_normal(shape)
    return np.clip(infrared, 0, 1), np.clip(visible, 0, 1)
