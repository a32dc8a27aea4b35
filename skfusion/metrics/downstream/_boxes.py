"""What boxes of objects are: the dictionaries that detection packages share."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["as_detections", "as_target", "box_iou", "suppress"]


def as_target(target, name="target") -> dict:
    """Return annotated boxes, checked.

    Parameters
    ----------
    target : mapping
        ``"boxes"`` ``(n, 4)`` as left, top, right, bottom in pixels, ``"labels"``
        ``(n,)`` and, if there are any, ``"iscrowd"`` ``(n,)``.
    name : str, default="target"
        What to call it in an error.

    Returns
    -------
    dict
        ``boxes`` float64, ``labels`` object, ``iscrowd`` bool.

    Raises
    ------
    ValueError
        If a part is missing, has another shape, or a box is none.
    """
    found = _as_objects(target, name)
    crowd = np.asarray(target.get("iscrowd", np.zeros(len(found["boxes"]))), dtype=bool)
    if crowd.shape != found["labels"].shape:
        raise ValueError(
            f"{name}: 'iscrowd' has shape {crowd.shape} for {len(found['boxes'])} "
            "boxes: give one value a box."
        )
    return {**found, "iscrowd": crowd}


def as_detections(detections, name="detections") -> dict:
    """Return detected boxes, checked.

    Parameters
    ----------
    detections : mapping or (boxes, scores, labels)
        The mapping holds these three by name.
    name : str, default="detections"
        What to call them in an error.

    Returns
    -------
    dict
        ``boxes`` float64 ``(n, 4)``, ``scores`` float64, ``labels`` object ``(n,)``.

    Raises
    ------
    ValueError
        If a part is missing or has another shape, a box is none, or a score is NaN.
    """
    if isinstance(detections, (tuple, list)) and len(detections) == 3:
        detections = dict(zip(("boxes", "scores", "labels"), detections))
    found = _as_objects(detections, name, ("scores",))
    scores = np.asarray(detections["scores"], dtype=np.float64).reshape(-1)
    if scores.shape != found["labels"].shape or np.isnan(scores).any():
        raise ValueError(
            f"{name}: {scores.size} scores, {np.isnan(scores).sum()} of them NaN, for "
            f"{len(found['boxes'])} boxes: give one number a box."
        )
    return {**found, "scores": scores}


def _as_objects(objects, name, more=()):
    wanted = ("boxes", "labels", *more)
    if not isinstance(objects, Mapping) or not set(wanted) <= set(objects):
        got = sorted(map(str, objects)) if isinstance(objects, Mapping) else objects
        raise ValueError(
            f"{name} is {str(got)[:80]}: expected a dictionary of "
            f"{', '.join(map(repr, wanted))}."
        )
    boxes = np.asarray(objects["boxes"], dtype=np.float64)
    boxes = boxes.reshape(-1, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name}: 'boxes' has shape {boxes.shape}: expected (n, 4), each left, "
            "top, right, bottom in pixels."
        )
    sides = boxes[:, 2:] - boxes[:, :2]
    if not (np.isfinite(boxes).all() and (sides >= 0).all()):
        bad = boxes[~(np.isfinite(boxes).all(axis=1) & (sides >= 0).all(axis=1))][0]
        raise ValueError(
            f"{name}: the box {bad.tolist()} ends before it begins or is not finite: "
            "expected left, top, right, bottom in pixels."
        )
    labels = np.empty(len(boxes), dtype=object)
    given = list(objects["labels"])
    if len(given) != len(boxes):
        raise ValueError(
            f"{name}: {len(given)} labels for {len(boxes)} boxes: give one a box."
        )
    labels[:] = [value.item() if hasattr(value, "item") else value for value in given]
    return {"boxes": boxes, "labels": labels}


def box_iou(first, second, crowd=None) -> np.ndarray:
    """Return the overlap of all boxes with all others.

    Parameters
    ----------
    first : ndarray, shape (n, 4)
    second : ndarray, shape (m, 4)
    crowd : ndarray of bool, shape (m,), optional
        Where true, the overlap is the share of the first box that lies in the second,
        else intersection over union.

    Returns
    -------
    ndarray of float64, shape (n, m)
        In [0, 1]; 0 where both boxes are empty.
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    area = np.prod(first[:, 2:] - first[:, :2], axis=1)[:, None]
    other = np.prod(second[:, 2:] - second[:, :2], axis=1)[None]
    whole = area + other - common
    if crowd is not None:
        whole = np.where(crowd[None], area, whole)
    return np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)


def suppress(boxes, scores, overlap) -> np.ndarray:
    """Return which boxes stay when those that overlap a better one go.

    Parameters
    ----------
    boxes : ndarray, shape (n, 4)
    scores : ndarray, shape (n,)
    overlap : float
        Intersection over union above which two boxes are one object.

    Returns
    -------
    ndarray of int
        The best first.
    """
    order = np.argsort(-scores, kind="stable")
    kept = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        order = rest[box_iou(boxes[best][None], boxes[rest])[0] <= overlap]
    return np.array(kept, dtype=np.intp)
