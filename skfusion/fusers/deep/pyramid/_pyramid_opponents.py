"""Whom the learned pyramid is ranked among in training, and what they reach."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
from sklearn.base import clone

from ....losses.registry import as_columns
from ....pairs import ImagePairs

__all__ = ["default_opponents", "opponent_table"]


def default_opponents():
    """Return nineteen methods that need no training, of every family."""
    from ... import (
        ADF,
        CBF,
        FPDE,
        GFCE,
        GFF,
        GTF,
        HMSDGF,
        IFEVIP,
        MGFF,
        MSVD,
        SAIF,
        TIF,
        VSMWLS,
        AverageFuser,
        DTCWTFuser,
        HybridMSD,
        LaplacianPyramid,
        SparseRepresentationFuser,
        WaveletFuser,
    )

    pyramids = [LaplacianPyramid(), DTCWTFuser(), WaveletFuser(), MSVD()]
    pyramids.append(SparseRepresentationFuser(pyramid="laplacian"))
    filters = [AverageFuser(), TIF(), GFF(), MGFF(), ADF(), FPDE(), CBF(), IFEVIP()]
    filters += [VSMWLS(), HybridMSD(), HMSDGF(), GFCE(), SAIF()]
    return [*pyramids, *filters, GTF()]


def opponent_table(opponents, infrared, visible, metrics):
    """Measure opponents on crops.

    Parameters
    ----------
    opponents : sequence of estimators
        Fusers or pipelines that need no fitting, or are fitted.
    infrared, visible : ndarray of float32, shape (n, h, w)
    metrics : str or sequence
        As for :func:`skfusion.losses.metric_values`.

    Returns
    -------
    ndarray of float32, shape (n, n_opponents, n_metrics)
        Of the fused images in 8 bits.
    """
    from ....metrics.sets import Entry, compute_entries  # only training measures

    entries = [Entry(c, form.name, kwargs) for c, form, kwargs in as_columns(metrics)]
    table = np.empty((len(infrared), len(opponents), len(entries)), np.float32)
    pairs = ImagePairs(list(infrared), list(visible))
    for j, opponent in enumerate(opponents):
        fused = _ready(opponent).transform(pairs)
        for i in range(len(infrared)):
            image = np.rint(fused[i] * 255).astype(np.uint8)
            row = compute_entries(infrared[i], visible[i], image, entries)
            table[i, j] = list(row.values())
    return table


def _ready(opponent):
    """An estimator that needs no fitting is not touched by being used."""
    from sklearn.utils import get_tags

    return opponent if get_tags(opponent).requires_fit else clone(opponent)
