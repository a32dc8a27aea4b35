"""A scale along the left side of a picture: first among few rows, then in all."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors, kernel_part

__all__ = ["bars_among_few", "ramps_down_columns"]


@kernel_numpy_errors
def bars_among_few(levels, thin, inner, noise, least, span):
    """Return the first column that may lie in a bar, and the one behind the last.

    Parameters
    ----------
    levels : ndarray of float32, shape (h, w)
        A few rows of grey levels.
    thin : int
        How many pixels of a row a bar has at least, all of one level.
    inner : int
        Columns in which it may begin.
    noise : float
        What counts as one level.
    least : float
        The share of the rows that it fills, and beside which an edge runs.
    span : float
        Through how many levels it goes.

    Returns
    -------
    first, behind : int
        Both 0 where there is none, as in most pictures.
    """
    n_rows, width = levels.shape
    framed = False
    for c in range(width - 3):
        count = 0
        for r in range(n_rows):
            count += abs(levels[r, c + 3] - levels[r, c]) > 2 * noise
        if count > least * n_rows:
            framed = True
            break
    if not framed:
        return 0, 0
    first = behind = 0
    for c in range(min(inner, width - thin + 1)):
        count, low, high = 0, np.float32(255), np.float32(0)
        for r in range(n_rows):
            if _is_flat(levels, r, c, thin, noise):
                count += 1
                low, high = min(low, levels[r, c]), max(high, levels[r, c])
        if count > least * n_rows and high - low > span:
            first, behind = (c, c + 1) if behind == 0 else (first, c + 1)
    return first, behind


@kernel_numpy_errors
def ramps_down_columns(levels, first, behind, thin, noise, jump, least, span):
    """Return where the longest even run of each column begins and ends, if it ramps.

    Parameters
    ----------
    levels : ndarray of float32, shape (h, w)
        Grey levels.
    first, behind : int
        The columns to look at.
    thin, noise : see :func:`bars_among_few`
    jump : float
        Rows of a bar differ by no more.
    least : float
        How many rows it has at least.
    span : float
        How far its ends are apart, at least; on the way it goes one way.

    Returns
    -------
    starts, ends : ndarray of int64, shape (behind - first,)
        Both 0 for a column without one.
    """
    starts = np.zeros(behind - first, np.int64)
    ends = np.zeros(behind - first, np.int64)
    for c in range(first, behind):
        run = longest = end = 0
        for r in range(levels.shape[0]):
            if not _is_flat(levels, r, c, thin, noise):
                run = 0
            elif r > 0 and abs(levels[r, c] - levels[r - 1, c]) > jump:
                run = 1
            else:
                run += 1
            if run > longest:
                longest, end = run, r + 1
        if longest < least:
            continue
        there = back = 0.0
        for r in range(end - longest + 1, end):
            step = levels[r, c] - levels[r - 1, c]
            if step > 0:
                there += step
            else:
                back -= step
        apart = abs(levels[end - 1, c] - levels[end - longest, c])
        if max(there, back) > 0.8 * (there + back) and apart > span:
            starts[c - first], ends[c - first] = end - longest, end
    return starts, ends


@kernel_part
def _is_flat(levels, r, c, thin, noise):
    """Whether `thin` pixels of a row, from c on, are of one level."""
    for k in range(c, c + thin - 1):
        if abs(levels[r, k + 1] - levels[r, k]) > noise:
            return False
    return True
