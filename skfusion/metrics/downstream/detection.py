"""How well objects are found: average precision, log-average miss rate, recall."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._boxes import as_detections, as_target, box_iou

__all__ = ["average_precision", "count_found", "log_average_miss_rate"]

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0, 1, 101)
# A picture. Rounded, as the point 0.1 comes out below it with some releases of NumPy.
_FALSE_ALARMS = np.logspace(-2, 0, 9).round(15)
_MAX_DETECTIONS = 100  # a picture and class, the best ones


class _Matches(NamedTuple):
    """Detections of one class over all images, the best first."""

    scores: np.ndarray
    true: np.ndarray  # bool; those that lie on something to ignore are left out
    n_objects: int  # to be found


def average_precision(
    detections, targets, *, iou_threshold=None, max_detections=_MAX_DETECTIONS
) -> float:
    """Area under the curve of precision over recall, as COCO counts it.

    Parameters
    ----------
    detections : list of dict
        For each image ``"boxes"`` ``(n, 4)`` as left, top, right, bottom in pixels,
        ``"scores"`` and ``"labels"`` ``(n,)``.
    targets : list of dict
        For each image ``"boxes"``, ``"labels"`` and, where something need not be found,
        ``"iscrowd"``: what lies on it is neither right nor wrong.
    iou_threshold : float or None, default=None
        Intersection over union from which a box is right; ``None``: the mean over
        0.5, 0.55, ..., 0.95.
    max_detections : int, default=100
        So many of an image and a class count, the best ones.

    Returns
    -------
    float
        Mean over the classes that the targets hold, in [0, 1]; NaN if there is nothing
        to find.

    Raises
    ------
    ValueError
        If the two lists differ in length or hold something else, or the threshold is
        not in (0, 1].

    See Also
    --------
    DetectionScorer : The same for a fuser, on the images that it makes.

    Notes
    -----
    Over all images, detections are taken from the best to the worst; each is matched
    with the object of its class that it overlaps most among those still free, and is
    right if that is at least the threshold. With ``p(r)`` the highest precision at a
    recall of ``r`` or more, ``AP = mean over r = 0, 0.01, ..., 1 of p(r)``.

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.

    Examples
    --------
    >>> from skfusion.metrics.downstream import average_precision
    >>> person = {"boxes": [[0, 0, 10, 20]], "labels": ["person"]}
    >>> found = {"boxes": [[0, 0, 10, 16]], "labels": ["person"], "scores": [0.9]}
    >>> average_precision([found], [person], iou_threshold=0.5)  # they share 0.8
    1.0
    >>> average_precision([found], [person])
    0.7
    """
    thresholds = IOU_THRESHOLDS if iou_threshold is None else [iou_threshold]
    values = [
        _average_precision(matches)
        for threshold in thresholds
        for matches in _classes(detections, targets, threshold, max_detections)
    ]
    return _mean(values)


def _average_precision(matches):
    if not matches.true.size:
        return 0.0
    right = np.cumsum(matches.true)
    recall = right / matches.n_objects
    precision = right / np.arange(1, right.size + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(highest, 0.0)[reached].mean())


def log_average_miss_rate(
    detections, targets, *, iou_threshold=0.5, max_detections=_MAX_DETECTIONS
) -> float:
    """Share of objects missed, averaged over rates of false alarms; lower is better.

    Parameters
    ----------
    detections, targets : list of dict
        As in :func:`average_precision`.
    iou_threshold : float, default=0.5
        Intersection over union from which a box is right.
    max_detections : int, default=100
        So many of an image and a class count, the best ones.

    Returns
    -------
    float
        Mean over the classes that the targets hold, in [0, 1]; NaN if there is nothing
        to find.

    Raises
    ------
    ValueError
        As :func:`average_precision`.

    Notes
    -----
    With ``m(f)`` the miss rate at the lowest threshold of the detector that makes at
    most ``f`` false alarms an image (1 if there is none),
    ``exp(mean(log(m(f))))`` over nine ``f`` evenly spaced in the logarithm from 1e-2
    to 1e0. A miss rate of 0 counts as 1e-10, as in the authors' program. With n images
    no rate between 0 and 1 / n exists: below 100 images the first points only see
    what comes before the first false alarm.

    References
    ----------
    P. Dollar, C. Wojek, B. Schiele, P. Perona, "Pedestrian Detection: An Evaluation of
    the State of the Art", IEEE TPAMI 34(4), 2012.

    Examples
    --------
    >>> from skfusion.metrics.downstream import log_average_miss_rate
    >>> people = {"boxes": [[0, 0, 10, 20], [50, 0, 60, 20]], "labels": ["person"] * 2}
    >>> found = {"boxes": [[0, 0, 10, 20]], "labels": ["person"], "scores": [0.9]}
    >>> round(log_average_miss_rate([found], [people]), 6)
    0.5
    """
    n_images = len(targets)
    values = []
    for matches in _classes(detections, targets, iou_threshold, max_detections):
        false_alarms = np.cumsum(~matches.true) / n_images
        missed = 1 - np.cumsum(matches.true) / matches.n_objects
        reached = np.searchsorted(false_alarms, _FALSE_ALARMS, side="right")
        rates = np.append(1.0, missed)[reached]
        values.append(np.exp(np.log(np.maximum(rates, 1e-10)).mean()))
    return _mean(values)


def count_found(detections, targets, *, iou_threshold=0.5) -> tuple[int, int, int]:
    """Count what a detector finds with all the boxes that it returns.

    Parameters
    ----------
    detections, targets : list of dict
        As in :func:`average_precision`.
    iou_threshold : float, default=0.5
        Intersection over union from which a box is right.

    Returns
    -------
    n_found : int
        Objects of the targets that have a box.
    n_objects : int
        Those to be found.
    n_false : int
        Boxes of these classes on nothing.

    Raises
    ------
    ValueError
        As :func:`average_precision`.

    Examples
    --------
    >>> from skfusion.metrics.downstream import count_found
    >>> people = {"boxes": [[0, 0, 10, 20], [50, 0, 60, 20]], "labels": ["person"] * 2}
    >>> found = {"boxes": [[0, 0, 10, 20]], "labels": ["person"], "scores": [0.9]}
    >>> count_found([found], [people])
    (1, 2, 0)
    """
    classes = _classes(detections, targets, iou_threshold, None)
    return (
        sum(int(np.count_nonzero(matches.true)) for matches in classes),
        sum(matches.n_objects for matches in classes),
        sum(int(np.count_nonzero(~matches.true)) for matches in classes),
    )


def _mean(values):
    return float(np.mean(values)) if values else float("nan")


def _classes(detections, targets, threshold, max_detections):
    """Return the matches of every class that the targets hold."""
    if len(detections) != len(targets):
        raise ValueError(
            f"detections of {len(detections)} images for targets of {len(targets)}: "
            "give both for the same images, in one order."
        )
    if not 0 < threshold <= 1:
        raise ValueError(f"iou_threshold={threshold!r}: expected a number in (0, 1].")
    found = [as_detections(d, f"detections[{i}]") for i, d in enumerate(detections)]
    truth = [as_target(t, f"targets[{i}]") for i, t in enumerate(targets)]
    labels = {label for target in truth for label in target["labels"]}
    matches = [
        _match_class(found, truth, label, threshold, max_detections)
        for label in sorted(labels, key=str)
    ]
    return [match for match in matches if match.n_objects]


def _match_class(found, truth, label, threshold, max_detections):
    scores, kinds, n_objects = [], [], 0
    for detections, target in zip(found, truth):
        mine = np.flatnonzero(target["labels"] == label)
        crowd = target["iscrowd"][mine]
        chosen = np.flatnonzero(detections["labels"] == label)
        best_first = np.argsort(-detections["scores"][chosen], kind="stable")
        chosen = chosen[best_first][:max_detections]
        overlap = box_iou(detections["boxes"][chosen], target["boxes"][mine], crowd)
        kinds.append(_match_image(overlap, crowd, threshold))
        scores.append(detections["scores"][chosen])
        n_objects += int(np.count_nonzero(~crowd))
    scores, kinds = np.concatenate(scores), np.concatenate(kinds)
    counts = kinds != _IGNORED
    order = np.argsort(-scores[counts], kind="stable")
    return _Matches(scores[counts][order], (kinds[counts] == _RIGHT)[order], n_objects)


_WRONG, _RIGHT, _IGNORED = 0, 1, 2


def _match_image(overlap, crowd, threshold):
    """Say of each detection, the best first, what it is."""
    kinds = np.full(len(overlap), _WRONG)
    free = ~crowd
    for i, row in enumerate(overlap):
        open_to = np.where(free & (row >= threshold), row, -1.0)
        if free.any() and open_to.max() >= 0:
            # Of equal overlaps the last one, as in COCO's program.
            free[len(row) - 1 - open_to[::-1].argmax()] = False
            kinds[i] = _RIGHT
        elif (row[crowd] >= threshold).any():
            kinds[i] = _IGNORED
    return kinds
