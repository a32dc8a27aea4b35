"""Latent low-rank representation, by the inexact augmented Lagrangian method."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["latent_low_rank"]


def latent_low_rank(X, noise_weight=0.4, *, tol=1e-6, max_iter=1000):
    """Return the saliency projection L of the columns of X.

    Parameters
    ----------
    X : ndarray of float64, shape (d, n)
    noise_weight : float, default=0.4
        Weight of the sparse noise.
    tol : float, default=1e-6
        Largest residual of any constraint.
    max_iter : int, default=1000

    Returns
    -------
    ndarray of float64, shape (d, d)

    Notes
    -----
    Minimises ``||Z||_* + ||L||_* + noise_weight ||E||_1`` under ``X = X Z + L X + E``.
    The columns of Z and of its copy J stay in the row space of X, so both are held
    by their d coordinates in an orthonormal basis of it: the same iterates, with
    singular values of a d x n matrix in place of an n x n one.

    References
    ----------
    .. [1] G. Liu and S. Yan, "Latent low-rank representation for subspace segmentation
       and feature extraction", International Conference on Computer Vision (2011)
       1615-1622.
    """
    d, n = X.shape
    _, singular, rows = np.linalg.svd(X, full_matrices=False)
    rank = int(np.count_nonzero(singular > singular[0] * 1e-13)) if singular[0] else 0
    if rank == 0:
        return np.zeros((d, d))
    basis = rows[:rank].T
    frame = X @ basis
    shrink = (1 / (1 + singular[:rank] ** 2))[:, None]
    inverse = np.linalg.inv(np.eye(d) + X @ X.T)

    z = j = y2 = np.zeros((rank, n))
    L = s = y3 = np.zeros((d, d))
    e = y1 = np.zeros((d, n))
    mu = 1e-6
    for _ in range(max_iter):
        j = _shrink_singular(z + y2 / mu, 1 / mu)
        s = _shrink_singular(L + y3 / mu, 1 / mu)
        rest = X - L @ X - e
        z = shrink * (frame.T @ (rest + y1 / mu) + j - y2 / mu)
        explained = frame @ z
        L = ((X - explained - e) @ X.T + s + (y1 @ X.T - y3) / mu) @ inverse
        rest = X - explained - L @ X
        e = _soft(rest + y1 / mu, noise_weight / mu)
        misses = rest - e, z - j, L - s
        y1 = y1 + mu * misses[0]
        y2 = y2 + mu * misses[1]
        y3 = y3 + mu * misses[2]
        mu = min(1.1 * mu, 1e6)
        worst = max(np.abs(miss).max() for miss in misses[::2])
        if worst < tol and np.abs(basis @ misses[1]).max() < tol:
            break
    return L


def _shrink_singular(matrix, amount):
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    kept = singular - amount
    count = int(np.count_nonzero(kept > 0))
    return (left[:, :count] * kept[:count]) @ right[:count]


def _soft(values, limit):
    return np.sign(values) * np.maximum(np.abs(values) - limit, 0)
