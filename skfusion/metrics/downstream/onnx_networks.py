"""Detectors and segmenters in ONNX files, run by onnxruntime."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import ast
from typing import NamedTuple

import cv2
import numpy as np

from ...images import as_float, luma
from ...learning.onnx_sessions import FLOATS, open_session
from ._boxes import suppress

__all__ = ["ONNXDetector", "ONNXSegmenter"]

_GRAY = 114 / 255  # of the margins, as YOLO's programs pad
_MULTIPLE = 32  # of the sides, where a network takes any
_FORMS = ("auto", "yolo", "yolov5", "end2end")


class _Answer(NamedTuple):
    """What a network made of an image, and how the image was fitted into it."""

    outputs: dict  # by name
    names: object  # of the classes, by number
    scale: float
    margins: tuple  # left, top
    shape: tuple  # rows, columns that the network saw


class _ONNXNetwork:
    """One image in, whatever the network makes of it out."""

    def __init__(self, path, classes, device):
        self.path = path
        self.device = device
        self.classes = None if classes is None else tuple(map(str, classes))

    def __repr__(self):
        return f"{type(self).__name__}({str(self.path)!r})"

    def _open(self):
        session = open_session(self.path, self.device)
        inputs = session.get_inputs()
        shape = inputs[0].shape
        if len(inputs) != 1 or len(shape) != 4 or inputs[0].type not in FLOATS:
            told = ", ".join(f"{x.name} {x.type} {x.shape}" for x in inputs)
            raise ValueError(
                f"path={str(self.path)!r} takes {told}: expected one image of floating "
                "numbers, (1, 3, H, W) or (1, 1, H, W)."
            )
        return session, inputs[0]

    def _fit(self, image, fixed):
        """Return the image as the network takes it, the scale and the margins."""
        height, width = image.shape[:2]
        if all(isinstance(side, int) for side in fixed):
            scale = min(fixed[0] / height, fixed[1] / width)
        else:
            scale = 1.0
            fixed = [-(-side // _MULTIPLE) * _MULTIPLE for side in (height, width)]
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        if scale != 1:
            method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, size, interpolation=method)
        top, left = (fixed[0] - size[1]) // 2, (fixed[1] - size[0]) // 2
        padded = np.full((*fixed, 3), np.float32(_GRAY))
        padded[top : top + size[1], left : left + size[0]] = image
        return padded, scale, (left, top)

    def _run(self, image):
        session, wanted = self._open()
        image = as_float(image)
        if image.ndim == 2:
            image = np.repeat(image[..., None], 3, axis=2)
        padded, scale, margins = self._fit(image, wanted.shape[2:])
        planes = padded.transpose(2, 0, 1)[None]
        if wanted.shape[1] == 1:
            planes = luma(padded)[None, None]
        feed = {wanted.name: np.ascontiguousarray(planes, FLOATS[wanted.type])}
        names = [x.name for x in session.get_outputs()]
        return _Answer(
            dict(zip(names, session.run(None, feed))),
            self.classes or _stored_classes(session),
            scale,
            margins,
            padded.shape[:2],
        )


class ONNXDetector(_ONNXNetwork):
    """Find objects by a network in an ONNX file.

    Parameters
    ----------
    path : path
        One input, ``(1, 3, H, W)`` or ``(1, 1, H, W)`` with values in [0, 1].
    form : {"auto", "yolo", "yolov5", "end2end"}, default="auto"
        What comes out. ``"yolo"`` (YOLOv8 and later): ``(1, 4 + classes, n)``, centre,
        size and a score a class; ``"yolov5"``: ``(1, n, 5 + classes)``, with a score
        of being an object before those of the classes; ``"end2end"``: ``(1, n, 6)``,
        left, top, right, bottom, score, class. ``"auto"`` tells them by their shapes;
        ``(1, n, 6)`` is taken for ``"end2end"``. Outputs called ``boxes``, ``scores``
        and ``labels``, as torchvision exports them, are taken as they are.
    threshold : float, default=0.25
        Least score. Published precisions are measured with 0.001.
    overlap : float, default=0.7
        Of boxes of one class whose intersection over union is above this the best one
        stays; not for ``"end2end"`` and torchvision's, which have done so.
    classes : sequence of str, optional
        Names of the classes by number. Default: those stored in the file by
        Ultralytics, else the numbers.
    device : {"auto", "cpu", "cuda", ...}, default="auto"
        Which provider of onnxruntime runs it.

    See Also
    --------
    HOGPeopleDetector : One that needs no file.

    Notes
    -----
    Needs ``skfusion[onnx]``. A gray image is given three times. Where the file fixes
    the size, the image is scaled to fit and framed in gray; otherwise its sides are
    padded to multiples of 32.

    Examples
    --------
    >>> from skfusion.metrics.downstream import ONNXDetector
    >>> ONNXDetector("yolo.onnx", classes=["person"])
    ONNXDetector('yolo.onnx')
    """

    def __init__(
        self,
        path,
        form="auto",
        *,
        threshold=0.25,
        overlap=0.7,
        classes=None,
        device="auto",
    ):
        super().__init__(path, classes, device)
        if form not in _FORMS:
            raise ValueError(
                f"form={form!r}: use one of {', '.join(map(repr, _FORMS))}."
            )
        for name, value in (("threshold", threshold), ("overlap", overlap)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name}={value!r}: expected a number from 0 to 1.")
        self.form = form
        self.threshold = threshold
        self.overlap = overlap

    def __call__(self, image) -> dict:
        """Find objects in one image.

        Parameters
        ----------
        image : array-like or path
            Gray or colour.

        Returns
        -------
        dict
            ``"boxes"`` ``(n, 4)`` as left, top, right, bottom in pixels, ``"scores"``
            and ``"labels"`` ``(n,)``, the best first.

        Raises
        ------
        ValueError
            If the file cannot be run, or takes or makes something else.
        """
        answer = self._run(image)
        boxes, scores, numbers, raw = self._decoded(answer.outputs)
        keep = np.flatnonzero(scores >= self.threshold)
        boxes, scores, numbers = boxes[keep], scores[keep], numbers[keep]
        kept = np.argsort(-scores, kind="stable")
        if raw:  # classes apart, by places that never meet
            apart = boxes + (boxes.max(initial=0) + 1) * numbers[:, None]
            kept = suppress(apart, scores, self.overlap)
        boxes = (boxes[kept] - np.tile(answer.margins, 2)) / answer.scale
        height, width = as_float(image).shape[:2]
        return {
            "boxes": np.clip(boxes, 0, [width, height, width, height]),
            "scores": scores[kept],
            "labels": np.array(
                [_named(number, answer.names) for number in numbers[kept]], dtype=object
            ),
        }

    def _decoded(self, outputs):
        """Return boxes, scores, class numbers, and whether boxes may overlap."""
        if {"boxes", "scores", "labels"} <= set(outputs):
            boxes, scores, numbers = (
                np.asarray(outputs[key]) for key in ("boxes", "scores", "labels")
            )
            return (
                boxes.reshape(-1, 4).astype(np.float64),
                scores.reshape(-1).astype(np.float64),
                numbers.reshape(-1).astype(np.int64),
                False,
            )
        rows = np.asarray(next(iter(outputs.values())), dtype=np.float64)
        form = self._form(rows.shape)
        rows = rows[0].T if form == "yolo" else rows[0]
        if form == "end2end":
            return rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64), False
        classes = rows[:, 4:]
        if form == "yolov5":
            classes = rows[:, 4:5] * rows[:, 5:]
        half = rows[:, 2:4] / 2
        boxes = np.hstack([rows[:, :2] - half, rows[:, :2] + half])
        return boxes, classes.max(axis=1), classes.argmax(axis=1), True

    def _form(self, shape):
        form = self.form
        if form == "auto" and len(shape) == 3:
            form = "yolo" if shape[1] < shape[2] else "yolov5"
            form = "end2end" if shape[2] == 6 else form
        if len(shape) != 3 or shape[0] != 1 or not _holds_boxes(form, shape):
            raise ValueError(
                f"path={str(self.path)!r} makes {shape}: expected boxes as form= "
                f"{' or '.join(map(repr, _FORMS[1:]))} says, or outputs called boxes, "
                "scores and labels."
            )
        return form


def _holds_boxes(form, shape):
    return shape[1] >= 5 if form == "yolo" else shape[2] >= 6


class ONNXSegmenter(_ONNXNetwork):
    """Segment images by a network in an ONNX file.

    Parameters
    ----------
    path : path
        One input, ``(1, 3, H, W)`` or ``(1, 1, H, W)`` with values in [0, 1]; its first
        output is a score a class, ``(1, classes, h, w)``, or whole class numbers,
        ``(1, h, w)`` or ``(1, 1, h, w)``.
    device : {"auto", "cpu", "cuda", ...}, default="auto"
        Which provider of onnxruntime runs it.

    Notes
    -----
    Needs ``skfusion[onnx]``. Sizes are treated as by :class:`ONNXDetector`; a smaller
    output is enlarged, scores linearly.

    Examples
    --------
    >>> from skfusion.metrics.downstream import ONNXSegmenter
    >>> ONNXSegmenter("segmenter.onnx")
    ONNXSegmenter('segmenter.onnx')
    """

    def __init__(self, path, *, device="auto"):
        super().__init__(path, None, device)

    def __call__(self, image) -> np.ndarray:
        """Segment one image.

        Parameters
        ----------
        image : array-like or path
            Gray or colour.

        Returns
        -------
        ndarray of int64, shape (H, W)
            Class numbers.

        Raises
        ------
        ValueError
            If the file cannot be run, or takes or makes something else.
        """
        answer = self._run(image)
        maps = np.asarray(next(iter(answer.outputs.values())))
        whole = maps.dtype.kind in "iu"
        if whole and maps.ndim == 3:
            maps = maps[:, None]
        if maps.ndim != 4 or maps.shape[0] != 1 or (maps.shape[1] == 1) != whole:
            raise ValueError(
                f"path={str(self.path)!r} makes {maps.shape} of {maps.dtype}: expected "
                "a score for each of at least two classes, (1, classes, h, w), or "
                "whole class numbers, (1, h, w)."
            )
        height, width = as_float(image).shape[:2]
        rows, columns = (max(round(n * answer.scale), 1) for n in (height, width))
        left, top = answer.margins
        numbers = _classes_at(maps[0], answer.shape)
        numbers = numbers[top : top + rows, left : left + columns]
        return _enlarged(numbers, (height, width), cv2.INTER_NEAREST).astype(np.int64)


def _enlarged(plane, shape, method):
    if plane.shape == tuple(shape):
        return plane
    return cv2.resize(plane, tuple(shape)[::-1], interpolation=method)


def _classes_at(maps, shape):
    """Return the class numbers of the input's pixels, int32."""
    if maps.dtype.kind in "iu":
        return _enlarged(maps[0].astype(np.int32), shape, cv2.INTER_NEAREST)
    best = np.zeros(shape, np.int32)
    highest = np.full(shape, -np.inf, np.float32)
    for number, plane in enumerate(maps.astype(np.float32)):
        plane = _enlarged(plane, shape, cv2.INTER_LINEAR)
        best[plane > highest] = number
        highest = np.maximum(plane, highest)
    return best


def _stored_classes(session):
    """Return the names that Ultralytics stores: "{0: 'person', 1: 'car'}"."""
    told = session.get_modelmeta().custom_metadata_map.get("names", "")
    try:
        names = ast.literal_eval(told[:100_000])
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    if isinstance(names, dict) and all(isinstance(n, int) for n in names):
        return {number: str(name) for number, name in names.items()}
    return tuple(map(str, names)) if isinstance(names, (list, tuple)) else ()


def _named(number, names):
    number = int(number)
    if isinstance(names, dict):
        return names.get(number, str(number))
    return names[number] if 0 <= number < len(names) else str(number)
