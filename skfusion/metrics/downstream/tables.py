"""Does fusion help at all: one detector or segmenter on every kind of image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os

from ...fused_files import find_fused
from ...pairs import as_pairs

__all__ = ["evaluate_downstream"]


def evaluate_downstream(scorer, pairs, fused=None, *, n_jobs=None):
    """Measure a detector or a segmenter on visible, infrared and fused images.

    Parameters
    ----------
    scorer : DetectionScorer or SegmentationScorer
        What looks at the images, and what it should see.
    pairs : ImagePairs or any other form of X
        The sources.
    fused : dict, optional
        By the name of a row: a fuser or pipeline, the path of a folder of images named
        like the pairs, or the images in the order of the pairs.
    n_jobs : int, optional
        Workers of joblib, which share out the images of a row.

    Returns
    -------
    pandas.DataFrame
        One row for ``visible``, for ``infrared`` and for each of `fused`; the columns
        are what ``scorer.measure`` returns.

    Raises
    ------
    ValueError
        If an image is missing or cannot be read, or a row is called as a source is.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.metrics import DetectionScorer
    >>> from skfusion.metrics.downstream import evaluate_downstream
    >>> X, targets = make_scene_pairs(
    ...     2, size=(96, 128), night=True, random_state=0, return_targets=True
    ... )
    >>> table = evaluate_downstream(
    ...     DetectionScorer("blobs", targets), X, {"mean": AverageFuser()}
    ... )
    >>> list(table.index)
    ['visible', 'infrared', 'mean']
    """
    import pandas as pd

    pairs = as_pairs(pairs)
    fused = {} if fused is None else dict(fused)
    taken = {"visible", "infrared"} & set(fused)
    if taken:
        raise ValueError(
            f"fused= calls a row {min(taken)!r}, which is that of the source: give it "
            "another name."
        )
    rows = {}
    for name, column in (("visible", pairs.visible), ("infrared", pairs.infrared)):
        rows[name] = scorer.measure(list(column), pairs.names, n_jobs=n_jobs)
    for name, source in fused.items():
        images = _images(name, source, pairs)
        if images is None:
            rows[name] = scorer.values(source, pairs, n_jobs=n_jobs)
        else:
            rows[name] = scorer.measure(images, pairs.names, n_jobs=n_jobs)
    table = pd.DataFrame(list(rows.values()))
    table.index = pd.Index(list(rows), name="images")
    return table


def _images(name, source, pairs):
    """Return the images of a row, or None where an estimator makes them."""
    if hasattr(source, "transform"):
        return None
    if not isinstance(source, (str, os.PathLike)):
        images = list(source)
        if len(images) != len(pairs):
            raise ValueError(
                f"fused={name!r} holds {len(images)} images for {len(pairs)} pairs: "
                "give one a pair, in their order."
            )
        return images
    found = find_fused(pairs.names, source)
    missing = [pair for pair in map(str, pairs.names) if pair not in found]
    if missing:
        raise ValueError(
            f"fused={str(source)!r} lacks {len(missing)} of {len(pairs)} images, first "
            f"{missing[0]!r}: name each fused image like its pair."
        )
    return list(found.values())
