"""What a leaderboard leaves on disk: tables, words and a page with pictures."""

# SPDX-License-Identifier: BSD-3-Clause
from .tables import write_report

__all__ = ["write_report"]
