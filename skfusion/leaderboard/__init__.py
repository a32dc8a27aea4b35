"""The leaderboard: every method on the pairs of a folder, measured and ranked."""

# SPDX-License-Identifier: BSD-3-Clause
from .board import Leaderboard
from .run import run_bench

__all__ = ["Leaderboard", "run_bench"]
