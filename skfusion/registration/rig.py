"""One transform for many pairs: two cameras that are screwed together."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .estimate import Alignment, align, working_pair
from .measures import GradientFields, MutualInformation, edge_correlation
from .methods import METHODS, climb
from .models import apply, corners, displacement, fitted

__all__ = ["align_rig", "common_sizes", "median_transform"]

_FACTORS = (4, 2, 1)


def median_transform(model, matrices, shape):
    """Return the transform whose corners are the medians of those of others.

    Parameters
    ----------
    model : {"translation", "similarity", "affine", "homography"}
    matrices : sequence of ndarray, shape (3, 3)
    shape : tuple of int
        ``(H, W)`` of the fixed image.

    Returns
    -------
    ndarray of float64, shape (3, 3)
    """
    at = corners(shape)
    middle = np.median([apply(matrix, at) for matrix in matrices], axis=0)
    if model == "translation":  # the scale is that of the sizes
        matrix = np.array(matrices[0], float)
        matrix[:2, 2] += (middle - apply(matrix, at)).mean(axis=0)
        return matrix
    return fitted(model, at, middle)


def common_sizes(pairs, names):
    """Return the sizes that all pairs of a rig have.

    Parameters
    ----------
    pairs : list of (fixed, moving)
    names : sequence of str

    Returns
    -------
    tuple of tuple
        ``(H, W)`` of the fixed images and of the moving ones.

    Raises
    ------
    ValueError
        If there are no pairs, or some have other sizes.
    """
    sizes = {(f.shape, m.shape): name for (f, m), name in zip(pairs, names)}
    if not sizes:
        raise ValueError("X holds no pair: a rig is found from pairs.")
    if len(sizes) > 1:
        first, second = list(sizes.values())[:2]
        raise ValueError(
            f"pairs {str(first)!r} and {str(second)!r} have other sizes: a rig is one "
            "for images of one size; fit one for each size, or use scope='pair'."
        )
    return next(iter(sizes))


def align_rig(pairs, model="affine", methods=METHODS, threshold=0.27, alone=None):
    """Return the one transform that suits most of many pairs of one rig.

    Parameters
    ----------
    pairs : list of (fixed, moving)
        Gray float32 images; all fixed ones of one size, all moving ones too.
    model, methods
        As for :func:`skfusion.registration.align`.
    threshold : float, default=0.27
        Quality from which the transform of a pair by itself counts.
    alone : list of Alignment, default=None
        The transforms of the pairs by themselves, if they are known.

    Returns
    -------
    Alignment
        Its quality is the median of those of the pairs.

    Notes
    -----
    The corners of the pairs' own transforms are averaged by their median; from there,
    and from the transforms of the two best pairs, the mean agreement of all pairs is
    climbed, by gradient fields and by mutual information. What gives the highest mean
    mutual information of the edge maps is taken.
    """
    if alone is None:
        alone = [align(*pair, model=model, methods=methods) for pair in pairs]
    good = [a for a in alone if a.quality >= threshold] or list(alone)
    good.sort(key=lambda alignment: -alignment.quality)
    shape = pairs[0][0].shape
    first = median_transform(model, [a.matrix for a in good], shape)
    starts = [first]
    for alignment in good[:2]:
        if displacement(alignment.matrix, first, shape) > 0.2:
            starts.append(alignment.matrix)
    scenes = [working_pair(*pair) for pair in pairs]
    _, _, up, back = scenes[0]
    down = np.linalg.inv(up)
    found = []
    for start in starts:
        here = np.linalg.inv(back) @ start @ up
        found.append(("start", here))
        for name, kind in (("ngf", GradientFields), ("mi", MutualInformation)):
            found.append((name, _climbed(model, kind, scenes, here)))
    scores = [_mean_information(scenes, matrix) for _, matrix in found]
    method, best = found[int(np.argmax(scores))]
    quality = [edge_correlation(f, m, best) for f, m, _, _ in scenes]
    full = back @ best @ down
    return Alignment(full / full[2, 2], float(np.median(quality)), method)


def _climbed(model, kind, scenes, matrix):
    for factor in _FACTORS:
        levels = [(f.at(factor), m.at(factor)) for f, m, _, _ in scenes]
        measures = [kind(*pair) for pair in levels]
        matrix, _ = climb(model, measures, matrix, levels[0])
    return matrix


def _mean_information(scenes, matrix):
    scores = [
        MutualInformation(f.at(1), m.at(1), n_bins=48, n_points=10**5)(matrix)
        for f, m, _, _ in scenes
    ]
    return float(np.mean(scores))
