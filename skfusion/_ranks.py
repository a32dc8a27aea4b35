"""What a rank among others is, on NumPy arrays and on tensors alike."""

# SPDX-License-Identifier: BSD-3-Clause


def beaten(scores, others):
    """How far each of `others` is better: 1 if it is, 1/2 if it is equal, else 0.

    NaN is behind every number, level with its like.
    """
    none, missing = scores != scores, others != others
    better = (others > scores) | (none & ~missing)
    return 1.0 * better + 0.5 * ((others == scores) | (none & missing))


def rank_among(scores, others, better=beaten):
    """Return 1 + the number of the others that are better, equal ones counting half.

    In `scores` and `others` greater is better; the others lie along a first axis that
    the scores do not have. `better(scores, others)` says how far others are better; a
    smooth one gives an expected rank.
    """
    return 1 + better(scores, others).sum(0)
