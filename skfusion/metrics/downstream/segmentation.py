"""How well images are segmented: one confusion matrix over all of them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["class_iou", "confusion_matrix", "mean_iou"]


def confusion_matrix(predicted, truth, n_classes=None, *, ignore_index=255):
    """Count the pixels of each true class that were given each class.

    Parameters
    ----------
    predicted, truth : list of array-like of int, shape (H, W)
        Class numbers from 0, one map an image.
    n_classes : int, optional
        Classes are below it; by default all that occur.
    ignore_index : int or None, default=255
        Pixels whose truth is this do not count.

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Rows are the truth, columns what was predicted, summed over the images.

    Raises
    ------
    ValueError
        If the lists differ in length, two maps in size, or a class is out of range.

    Examples
    --------
    >>> from skfusion.metrics.downstream import confusion_matrix
    >>> confusion_matrix([[[0, 1, 1]]], [[[0, 0, 1]]])
    array([[1, 1],
           [0, 1]])
    """
    if len(predicted) != len(truth):
        raise ValueError(
            f"predicted holds {len(predicted)} maps and truth {len(truth)}: give both "
            "for the same images, in one order."
        )
    pairs = []
    for i, (given, right) in enumerate(zip(predicted, truth)):
        given, right = _as_map(given, f"predicted[{i}]"), _as_map(right, f"truth[{i}]")
        if given.shape != right.shape:
            raise ValueError(
                f"predicted[{i}] is {given.shape[0]}x{given.shape[1]} and truth[{i}] "
                f"{right.shape[0]}x{right.shape[1]} (rows x columns): compare maps of "
                "one size."
            )
        counts = np.ones(right.shape, bool)
        if ignore_index is not None:
            counts = right != ignore_index
        pairs.append((given[counts], right[counts]))
    highest = max((int(m.max()) for pair in pairs for m in pair if m.size), default=-1)
    if n_classes is None:
        n_classes = highest + 1
    if highest >= n_classes:
        raise ValueError(
            f"a map holds class {highest}, n_classes={n_classes}: classes are numbered "
            f"from 0 to n_classes - 1, and pixels of the truth that do not count are "
            f"ignore_index={ignore_index}."
        )
    matrix = np.zeros((n_classes, n_classes), np.int64)
    for given, right in pairs:
        index = right * n_classes + given
        matrix += np.bincount(index, minlength=matrix.size).reshape(matrix.shape)
    return matrix


def _as_map(classes, name):
    array = np.asarray(classes)
    if array.ndim != 2 or array.dtype.kind not in "iub":
        raise ValueError(
            f"{name} has shape {array.shape} and dtype {array.dtype}: expected a map "
            "(H, W) of whole class numbers."
        )
    array = array.astype(np.int64)
    if array.size and array.min() < 0:
        raise ValueError(f"{name} holds class {array.min()}: classes start at 0.")
    return array


def class_iou(confusion) -> np.ndarray:
    """Return the intersection over union of each class.

    Parameters
    ----------
    confusion : ndarray, shape (n, n)
        As :func:`confusion_matrix` counts.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1]; NaN for a class that occurs in neither truth nor prediction.

    Examples
    --------
    >>> from skfusion.metrics.downstream import class_iou
    >>> class_iou([[1, 1], [0, 1]])
    array([0.5, 0.5])
    """
    confusion = np.asarray(confusion, dtype=np.float64)
    both = np.diagonal(confusion)
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    return np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)


def mean_iou(predicted, truth, n_classes=None, *, ignore_index=255) -> float:
    """Mean over the classes of intersection over union, each counted over all images.

    Parameters
    ----------
    predicted, truth : list of array-like of int, shape (H, W)
        Class numbers from 0, one map an image.
    n_classes : int, optional
        Classes are below it; by default all that occur.
    ignore_index : int or None, default=255
        Pixels whose truth is this do not count.

    Returns
    -------
    float
        In [0, 1], over the classes that occur at all; NaN if none does.

    Raises
    ------
    ValueError
        As :func:`confusion_matrix`.

    Notes
    -----
    With ``c[t, p]`` the pixels of class t that were given class p, in all images
    together, ``IoU(k) = c[k, k] / (sum c[k, :] + sum c[:, k] - c[k, k])``. The mean of
    the values of single images is another number: rare classes weigh more in it.

    References
    ----------
    M. Everingham et al., "The Pascal Visual Object Classes Challenge: A
    Retrospective", IJCV 111, 2015. J. Long, E. Shelhamer, T. Darrell, "Fully
    Convolutional Networks for Semantic Segmentation", CVPR 2015.

    Examples
    --------
    >>> from skfusion.metrics.downstream import mean_iou
    >>> mean_iou([[[0, 1, 1]]], [[[0, 0, 1]]])
    0.5
    """
    confusion = confusion_matrix(predicted, truth, n_classes, ignore_index=ignore_index)
    values = class_iou(confusion)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")
