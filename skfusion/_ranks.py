"""What a rank among others is, on NumPy arrays and on tensors alike."""

# SPDX-License-Identifier: BSD-3-Clause


def beaten(scores, others):
    """How far each of `others` is better: 1 if it is, 1/2 if it is equal, else 0."""
    return 1.0 * (others > scores) + 0.5 * (others == scores)


def rank_among(scores, others, better=beaten):
    """Return 1 + the number of the others that are better, equal ones counting half.

    `scores` and `others` say that greater is better and are broadcast; the others lie
    along the axis before the last. What has no value is -inf in both: behind every
    number, level with its like. `better` says how far one is better than another; a
    smooth one gives an expected rank.
    """
    return 1 + better(scores, others).sum(-2)
