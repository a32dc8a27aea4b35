"""Search enhancement and fusion parameters over a folder of pairs, from a file."""

# SPDX-License-Identifier: BSD-3-Clause
from .objective import MeanRank
from .plot import plot_search
from .run import SearchInterrupted, run_search, write_search
from .space import SearchSpace, read_space

__all__ = [
    "MeanRank",
    "SearchInterrupted",
    "SearchSpace",
    "plot_search",
    "read_space",
    "run_search",
    "write_search",
]
