"""Scorers that ask a detector or a segmenter what it makes of the fused images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from joblib import Parallel, delayed

from ...images import as_float
from ...images.notices import Notices
from ...pairs import as_pairs
from ..scorer import Scores
from ._boxes import as_detections
from .detection import count_found
from .detectors import BlobDetector, HOGPeopleDetector
from .onnx_networks import ONNXDetector, ONNXSegmenter
from .rows import DETECTION
from .segmentation import class_iou, confusion_matrix

__all__ = ["DetectionScorer", "SegmentationScorer"]

_BUILT_IN = {"hog": HOGPeopleDetector, "blobs": BlobDetector}


class _DownstreamScorer:
    """What both scorers share: the images, and the truth that belongs to each."""

    _truth_name = ""

    def __init__(self, truth):
        self._truth = truth if isinstance(truth, Mapping) else list(truth)

    def values(self, estimator, X, *, n_jobs=None) -> dict:
        """Fuse X and return what :meth:`measure` says of the images.

        Parameters
        ----------
        estimator : fuser or Pipeline
            Fitted, or one that needs no fitting.
        X : pairs
        n_jobs : int, optional
            Workers of joblib, which share out the fused images.

        Returns
        -------
        dict of str to float

        Raises
        ------
        ValueError
            If a pair cannot be fused, or has no entry in the truth.
        """
        return self.measure(*self._fused(estimator, X), n_jobs=n_jobs)

    def _fused(self, estimator, X):
        pairs = as_pairs(X)
        fused = list(estimator.transform(pairs))
        if len(fused) != len(pairs):
            raise ValueError(
                f"{type(estimator).__name__}.transform returned {len(fused)} images "
                f"for {len(pairs)} pairs: a scorer needs one fused image a pair."
            )
        for i, image in enumerate(fused):
            shape = pairs.visible_shape(i)
            if np.shape(image)[:2] != shape:
                got = "x".join(map(str, np.shape(image)[:2]))
                raise ValueError(
                    f"pair {str(pairs.names[i])!r}: the fused image is {got}, its "
                    f"visible image {shape[0]}x{shape[1]} (rows x columns), whose "
                    f"pixels {self._truth_name}= counts: leave Resize out of the "
                    "pipeline, or resize the pairs and annotate them so."
                )
        return fused, pairs.names

    def _truth_of(self, names):
        if isinstance(self._truth, Mapping):
            missing = [name for name in names if name not in self._truth]
            if missing:
                raise ValueError(
                    f"{self._truth_name}= lacks {len(missing)} of {len(names)} pairs, "
                    f"first {str(missing[0])!r}: give an entry for the name of each "
                    "pair."
                )
            return [self._truth[name] for name in names]
        if len(self._truth) != len(names):
            raise ValueError(
                f"{self._truth_name}= holds {len(self._truth)} entries for "
                f"{len(names)} pairs: give them in the order of the pairs with "
                "cv=single_split(X), or a dictionary by the names of the pairs."
            )
        return self._truth

    def _apply(self, function, images, n_jobs):
        with Notices():
            return Parallel(n_jobs=n_jobs)(
                delayed(function)(as_float(image)) for image in images
            )


class DetectionScorer(_DownstreamScorer):
    """Score a fuser by how well a detector finds objects in its images.

    Called as scikit-learn's searches call a scorer, ``scorer(estimator, X, y=None)``,
    it fuses all pairs of X, shows each fused image to the detector and compares what
    it finds with what is there.

    Parameters
    ----------
    detector : callable, {"hog", "blobs"} or path
        From an image, float32 ``(H, W)`` or ``(H, W, 3)`` in [0, 1], to a dictionary
        of ``"boxes"``, ``"scores"`` and ``"labels"``, or these three; a name of
        :class:`~skfusion.metrics.downstream.HOGPeopleDetector` or
        :class:`~skfusion.metrics.downstream.BlobDetector`; or an ``.onnx`` file, see
        :class:`~skfusion.metrics.downstream.ONNXDetector`.
    boxes : dict of str to dict, or list of dict
        What there is, by the names of the pairs, as
        :func:`skfusion.datasets.read_boxes` reads it, or in the order of the pairs:
        ``"boxes"`` ``(n, 4)`` as left, top, right, bottom in pixels, ``"labels"``, and
        ``"iscrowd"`` for what need not be found. A search with folds needs the
        dictionary.
    metrics : str or sequence of str, default=("ap", "ap50", "lamr")
        Of ``"ap"`` (mean over IoU 0.5 to 0.95), ``"ap50"``, ``"ap75"``, ``"lamr"``
        (log-average miss rate), ``"recall"`` and ``"precision"`` of all that the
        detector returns. With one name the scorer returns a number, else a dictionary.

    See Also
    --------
    skfusion.metrics.downstream.evaluate_downstream : Visible, infrared and fused images
        in one table.

    Notes
    -----
    ``"lamr"`` is better when lower and is negated by the call, as in scikit-learn. No
    detector is trained here: one that was trained on visible photographs is at home in
    images that look like them.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.metrics import DetectionScorer
    >>> X, targets = make_scene_pairs(
    ...     2, size=(96, 128), night=True, random_state=0, return_targets=True
    ... )
    >>> scorer = DetectionScorer("blobs", targets, metrics="recall")
    >>> 0 < scorer(AverageFuser(visible_weight=0.2), X) <= 1
    True
    """

    _truth_name = "boxes"

    def __init__(self, detector, boxes, metrics=("ap", "ap50", "lamr")):
        super().__init__(boxes)
        names = [metrics] if isinstance(metrics, str) else list(metrics)
        unknown = [name for name in names if name not in DETECTION]
        if unknown or not names:
            raise ValueError(
                f"metrics={metrics!r}: use one or more of {', '.join(DETECTION)}."
            )
        self.detector = _as_detector(detector)
        self.metrics = metrics if isinstance(metrics, str) else tuple(names)
        self._names = names

    def __repr__(self):
        return f"DetectionScorer({self.detector!r}, metrics={self.metrics!r})"

    def __call__(self, estimator, X, y=None):
        """Fuse X and return the score or the scores by name: greater is better."""
        values = self.values(estimator, X)
        scores = {name: DETECTION[name].better(values[name]) for name in self._names}
        if isinstance(self.metrics, str):
            return scores[self.metrics]
        return Scores(scores, "DetectionScorer(detector, boxes, {!r})")

    def measure(self, images, names, *, n_jobs=None) -> dict:
        """Show images to the detector and compare.

        Parameters
        ----------
        images : sequence of array-like or path
        names : sequence of str
            Of the pairs that they belong to.
        n_jobs : int, optional
            Workers of joblib.

        Returns
        -------
        dict of str to float
            ``"found"``, ``"missed"`` and ``"false_alarms"``, numbers of objects and
            boxes at IoU 0.5, and the metrics by name, as each counts.

        Raises
        ------
        ValueError
            If an image cannot be read, the detector returns something else, or no
            object is called as the detector calls what it finds.
        """
        targets = self._truth_of(names)
        answers = self._apply(self.detector, images, n_jobs)
        detections = [
            as_detections(answer, f"what the detector returns for {str(name)!r}")
            for name, answer in zip(names, answers)
        ]
        self._check_labels(detections, targets)
        found, objects, wrong = count_found(detections, targets)
        counts = {"found": found, "missed": objects - found, "false_alarms": wrong}
        return counts | {
            name: DETECTION[name].function(detections, targets) for name in self._names
        }

    def _check_labels(self, detections, targets):
        said = {label for answer in detections for label in answer["labels"]}
        meant = {label for target in targets for label in target["labels"]}
        if said and meant and not said & meant:
            raise ValueError(
                f"the detector finds {_few(said)}, the boxes are of {_few(meant)}: "
                "name the classes alike, e.g. classes=['person'] where they are read."
            )


def _few(labels):
    labels = sorted(map(repr, labels))
    return ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")


def _as_detector(detector):
    if callable(detector):
        return detector
    if isinstance(detector, str) and detector in _BUILT_IN:
        return _BUILT_IN[detector]()
    if _is_onnx(detector):
        return ONNXDetector(detector)
    raise ValueError(
        f"detector={detector!r}: expected 'hog', 'blobs', an .onnx file or a function "
        "from an image to boxes, scores and labels."
    )


def _is_onnx(value):
    path = isinstance(value, (str, os.PathLike))
    return path and os.fspath(value).lower().endswith(".onnx")


class SegmentationScorer(_DownstreamScorer):
    """Score a fuser by how well a segmenter tells the classes in its images.

    Parameters
    ----------
    segmenter : callable or path
        From an image, float32 ``(H, W)`` or ``(H, W, 3)`` in [0, 1], to whole class
        numbers ``(H, W)``; or an ``.onnx`` file, see
        :class:`~skfusion.metrics.downstream.ONNXSegmenter`.
    masks : dict of str to array-like of int, or list of them
        The true class of each pixel, ``(H, W)``, by the names of the pairs, as
        :func:`skfusion.datasets.read_class_maps` reads them, or in their order.
    n_classes : int, optional
        Classes are below it; by default all that occur.
    ignore_index : int or None, default=255
        Pixels whose truth is this do not count.

    See Also
    --------
    skfusion.metrics.downstream.mean_iou : What it measures.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.metrics import SegmentationScorer
    >>> X, targets = make_scene_pairs(
    ...     2, size=(96, 128), night=True, random_state=0, return_targets=True
    ... )
    >>> people = [target["masks"].any(axis=0).astype(int) for target in targets]
    >>> scorer = SegmentationScorer(lambda image: (image > 0.7).astype(int), people)
    >>> 0 < scorer(AverageFuser(visible_weight=0.0), X) <= 1
    True
    """

    _truth_name = "masks"

    def __init__(self, segmenter, masks, n_classes=None, *, ignore_index=255):
        super().__init__(masks)
        if not callable(segmenter):
            if not _is_onnx(segmenter):
                raise ValueError(
                    f"segmenter={segmenter!r}: expected an .onnx file or a function "
                    "from an image to class numbers."
                )
            segmenter = ONNXSegmenter(segmenter)
        self.segmenter = segmenter
        self.n_classes = n_classes
        self.ignore_index = ignore_index

    def __repr__(self):
        return f"SegmentationScorer({self.segmenter!r})"

    def __call__(self, estimator, X, y=None) -> float:
        """Fuse X and return the mean intersection over union."""
        return self.values(estimator, X)["miou"]

    def measure(self, images, names, *, n_jobs=None) -> dict:
        """Show images to the segmenter and compare.

        Parameters
        ----------
        images : sequence of array-like or path
        names : sequence of str
            Of the pairs that they belong to.
        n_jobs : int, optional
            Workers of joblib.

        Returns
        -------
        dict of str to float
            ``"miou"``, over one confusion matrix of all images, and ``"iou_0"``, ...
            of each class.

        Raises
        ------
        ValueError
            If an image cannot be read, or a map has another size or unknown classes.
        """
        truth = self._truth_of(names)
        predicted = self._apply(self.segmenter, images, n_jobs)
        each = class_iou(
            confusion_matrix(
                predicted, truth, self.n_classes, ignore_index=self.ignore_index
            )
        )
        known = each[~np.isnan(each)]
        mean = float(known.mean()) if known.size else float("nan")
        return {"miou": mean} | {f"iou_{k}": float(v) for k, v in enumerate(each)}
