"""Weights of two images by their principal component."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["pca_weights"]


def pca_weights(first, second, *, guard=True):
    """Return the weights of two images: the leading eigenvector of their covariance.

    Parameters
    ----------
    first, second : ndarray, shape (H, W)
    guard : bool, default=True
        Use the magnitudes of the entries, so that the weights lie in [0, 1], and one
        half each where neither image varies. Without it entries of opposite sign, as
        anticorrelated images have, can nearly cancel in the sum and make weights of
        any size.

    Returns
    -------
    (float, float)
        They sum to one.
    """
    a = first.ravel() - first.mean(dtype=np.float64)
    b = second.ravel() - second.mean(dtype=np.float64)
    n = max(a.size - 1, 1)
    cross = np.dot(a, b)
    covariance = (
        np.array([[np.dot(a, a), cross], [cross, np.dot(b, b)]], np.float64) / n
    )
    values, vectors = np.linalg.eigh(covariance)
    # The original takes the first column on a tie, where eigh would give the last.
    leading = vectors[:, 0 if values[0] == values[1] else 1]
    if guard:
        leading = np.abs(leading) if values[1] > 0 else np.ones(2)
    weight = leading / leading.sum()
    return float(weight[0]), float(weight[1])
