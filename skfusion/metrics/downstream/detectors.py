"""Detectors that need no download: OpenCV's HOG people detector, bright figures."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Real

import cv2
import numpy as np

from ...images import as_float, luma
from ...learning.weights import read_weights
from ._boxes import suppress
from ._hog import PADDING, WINDOW, window_scores

__all__ = ["BlobDetector", "HOGPeopleDetector"]

_PERSON = WINDOW[0] - 2 * PADDING  # rows of a person in a window
# Of a window: the width of 0.41 of the height is the mean of pedestrians (Dollar 2012).
_SHARE = (0.41 * _PERSON / WINDOW[1], _PERSON / WINDOW[0])
_STEP = 1.05  # from one size of people to the next


class HOGPeopleDetector:
    """Find people who stand or walk, as OpenCV's HOG people detector does.

    Parameters
    ----------
    min_height : float, default=64
        Height in pixels of the smallest people to look for; the image is enlarged
        until they have the 96 rows that the classifier knows.
    threshold : float, default=0.0
        Least score; lower finds more, right and wrong.
    overlap : float, default=0.4
        Of windows whose intersection over union is above this the best one stays.

    Attributes
    ----------
    classes : tuple of str
        ``("person",)``.

    See Also
    --------
    ONNXDetector : A network of your own.

    Notes
    -----
    A linear support vector machine on histograms of oriented gradients in windows of
    64 x 128 pixels, one every eight pixels at sizes 1.05 apart, with the coefficients
    that OpenCV ships (learned on the INRIA person set: photographs by day). Scores
    agree with ``cv2.HOGDescriptor.detect`` of OpenCV 4, which version 5 no longer
    holds. Windows that overlap are not averaged but the best one is kept, so that each
    box has a score. A box is what people fill of their window: 96 of its 128 rows, and
    0.41 of that in width, the mean of pedestrians (P. Dollar et al., 2012).

    References
    ----------
    N. Dalal, B. Triggs, "Histograms of Oriented Gradients for Human Detection",
    CVPR 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics.downstream import HOGPeopleDetector
    >>> HOGPeopleDetector()(np.zeros((128, 64)))["boxes"].shape
    (0, 4)
    """

    classes = ("person",)

    def __init__(self, min_height=64, *, threshold=0.0, overlap=0.4):
        _check_height(min_height)
        if not isinstance(threshold, Real) or math.isnan(threshold):
            raise ValueError(f"threshold={threshold!r}: expected a number.")
        _check_share("overlap", overlap)
        self.min_height = min_height
        self.threshold = threshold
        self.overlap = overlap
        tensors = read_weights("hog_people", {"coefficients": (3781,)})
        self._coefficients = tensors["coefficients"].numpy()

    def __repr__(self):
        return (
            f"HOGPeopleDetector({self.min_height}, threshold={self.threshold}, "
            f"overlap={self.overlap})"
        )

    def __call__(self, image) -> dict:
        """Find people in one image.

        Parameters
        ----------
        image : array-like or path
            Gray or colour.

        Returns
        -------
        dict
            ``"boxes"`` ``(n, 4)`` as left, top, right, bottom in pixels, ``"scores"``
            and ``"labels"`` ``(n,)``, the best first.
        """
        levels = np.rint(255 * as_float(image)).astype(np.uint8)
        windows, scores = [np.zeros((0, 4))], [np.zeros(0)]
        for scale in self._scales(levels.shape):
            size = [max(round(side / scale), 1) for side in levels.shape[1::-1]]
            method = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
            smaller = cv2.resize(levels, size, interpolation=method)
            values = window_scores(smaller, self._coefficients)
            rows, columns = np.nonzero(values >= self.threshold)
            corners = 8.0 * np.stack([columns, rows], axis=1) - PADDING
            low = corners * scale
            windows.append(np.hstack([low, low + scale * np.array(WINDOW[::-1])]))
            scores.append(values[rows, columns])
        windows, scores = np.concatenate(windows), np.concatenate(scores)
        kept = suppress(windows, scores, self.overlap)
        return {
            "boxes": _inside(_people(windows[kept]), levels.shape),
            "scores": scores[kept].astype(np.float64),
            "labels": np.array(["person"] * len(kept), dtype=object),
        }

    def _scales(self, shape):
        """Yield how much smaller the image is to be seen, until no window fits."""
        scale = self.min_height / _PERSON
        while all(
            round(side / scale) + 2 * PADDING >= window
            for side, window in zip(shape, WINDOW)
        ):
            yield scale
            scale *= _STEP


def _people(windows):
    """Return what people fill of their windows."""
    middle = (windows[:, :2] + windows[:, 2:]) / 2
    half = (windows[:, 2:] - windows[:, :2]) / 2 * _SHARE
    return np.hstack([middle - half, middle + half])


def _inside(boxes, shape):
    limits = np.array([shape[1], shape[0]] * 2, dtype=np.float64)
    return np.clip(boxes, 0, limits)


class BlobDetector:
    """Find bright upright figures: the simplest detector for people in the infrared.

    Parameters
    ----------
    min_height : float, default=16
        Least height in pixels.
    share : float, default=0.6
        Where between the median grey of the image and its brightest percent a figure
        begins.

    Attributes
    ----------
    classes : tuple of str
        ``("person",)``.

    Notes
    -----
    Connected pixels above the threshold that are 1.2 to 5 times as high as wide. The
    score is how much of the way from median to white their mean grey has gone. It
    knows nothing of people: lamps and chimneys are found as well, and two people
    side by side are one blob.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics.downstream import BlobDetector
    >>> image = np.zeros((60, 80))
    >>> image[10:40, 20:32] = 0.9
    >>> BlobDetector()(image)["boxes"]
    array([[20., 10., 32., 40.]])
    """

    classes = ("person",)

    def __init__(self, min_height=16, *, share=0.6):
        _check_height(min_height)
        _check_share("share", share)
        self.min_height = min_height
        self.share = share

    def __repr__(self):
        return f"BlobDetector({self.min_height}, share={self.share})"

    def __call__(self, image) -> dict:
        """Find bright figures in one image.

        Parameters
        ----------
        image : array-like or path
            Gray or colour, of which the luma counts.

        Returns
        -------
        dict
            As of :class:`HOGPeopleDetector`.
        """
        gray = luma(image)
        middle, top = np.quantile(gray, (0.5, 0.99))
        above = gray > middle + self.share * (top - middle)
        _, blobs, facts, _ = cv2.connectedComponentsWithStats(above.astype(np.uint8))
        left, high, wide, tall, area = facts.T.astype(np.float64)
        keep = (tall >= self.min_height) & (tall >= 1.2 * wide) & (tall <= 5 * wide)
        keep[0] = False  # the background
        greys = np.bincount(blobs.ravel(), gray.ravel(), minlength=len(area)) / area
        scores = (greys - middle) / max(1 - middle, 1e-6)
        order = np.flatnonzero(keep)
        order = order[np.argsort(-scores[order], kind="stable")]
        boxes = np.stack([left, high, left + wide, high + tall], axis=1)
        return {
            "boxes": boxes[order],
            "scores": scores[order],
            "labels": np.array(["person"] * len(order), dtype=object),
        }


def _check_height(min_height):
    if not isinstance(min_height, Real) or not 8 <= min_height < math.inf:
        raise ValueError(
            f"min_height={min_height!r}: expected the height of the smallest people "
            "in pixels, at least 8."
        )


def _check_share(name, value):
    if not isinstance(value, Real) or not 0 <= value <= 1:
        raise ValueError(f"{name}={value!r}: expected a number from 0 to 1.")
