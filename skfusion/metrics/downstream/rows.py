"""The metrics of detection by name, and what is known about each."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .detection import average_precision, count_found, log_average_miss_rate

__all__ = ["DETECTION", "DetectionMetric"]

_COCO = 'T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014'
_DOLLAR = (
    'P. Dollar et al., "Pedestrian Detection: An Evaluation of the State of the Art", '
    "IEEE TPAMI 34(4), 2012"
)


@dataclass(frozen=True)
class DetectionMetric:
    """A number about detections of a set of images.

    Attributes
    ----------
    name : str
    title : str
        What the letters stand for.
    function : callable
        ``function(detections, targets) -> float``.
    higher_is_better : bool
    range : (float, float)
    citation : str
    """

    name: str
    title: str
    function: Callable[..., float]
    higher_is_better: bool
    range: tuple[float, float]
    citation: str

    def better(self, value: float) -> float:
        """Turn a value into a score: greater is better, whatever the direction."""
        return value if self.higher_is_better else -value


def _recall(detections, targets):
    found, objects, _ = count_found(detections, targets)
    return found / objects if objects else float("nan")


def _precision(detections, targets):
    found, _, wrong = count_found(detections, targets)
    return found / (found + wrong) if found + wrong else float("nan")


def _row(name, title, function, citation, higher_is_better=True):
    return DetectionMetric(
        name, title, function, higher_is_better, (0.0, 1.0), citation
    )


DETECTION = {
    row.name: row
    for row in (
        _row("ap", "average precision, IoU 0.5 to 0.95", average_precision, _COCO),
        _row(
            "ap50",
            "average precision, IoU 0.5",
            partial(average_precision, iou_threshold=0.5),
            _COCO,
        ),
        _row(
            "ap75",
            "average precision, IoU 0.75",
            partial(average_precision, iou_threshold=0.75),
            _COCO,
        ),
        _row("lamr", "log-average miss rate", log_average_miss_rate, _DOLLAR, False),
        _row("recall", "share of the objects that is found, IoU 0.5", _recall, _COCO),
        _row("precision", "share of the boxes that is right", _precision, _COCO),
    )
}
