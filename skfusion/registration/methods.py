"""Three ways to make a start better: ECC, normalised gradient fields, information."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np
from scipy.optimize import minimize

from .measures import GradientFields, MutualInformation
from .models import Parameters, apply, corners, fitted

__all__ = ["METHODS", "climb", "ecc", "improved"]

METHODS = ("ecc", "ngf", "mi")
_MEASURES = {"ngf": GradientFields, "mi": MutualInformation}
_STEP = 0.2  # pixels, of the differences
_PULL = 1e-5  # per pixel squared, back to the start


def climb(model, measures, start, levels, max_iter=25):
    """Return the transform nearby at which the mean of some measures is highest.

    Parameters
    ----------
    model : str
    measures : list of callable
        Of a transform between pixels of two levels.
    start : ndarray, shape (3, 3)
        Between the full sizes.
    levels : tuple of Level
        Fixed and moving, of the first of the measures; all have these sizes.
    max_iter : int, default=25

    Returns
    -------
    matrix : ndarray, shape (3, 3)
    score : float
    """
    fixed, moving = levels
    parameters = Parameters(model, fixed.shape)
    begin = np.linalg.inv(moving.to_full) @ start @ fixed.to_full

    def loss(numbers):
        matrix = begin @ parameters.matrix(numbers)
        score = sum(measure(matrix) for measure in measures) / len(measures)
        return _PULL * float(numbers @ numbers) - score

    found = minimize(
        *(loss, np.zeros(parameters.size)),
        method="L-BFGS-B",
        options={"eps": _STEP, "maxiter": max_iter, "ftol": 1e-5},
    )
    matrix = begin @ parameters.matrix(found.x)
    full = moving.to_full @ matrix @ np.linalg.inv(fixed.to_full)
    return full / full[2, 2], -float(found.fun)


def improved(method, model, fixed, moving, starts, factors, keep):
    """Climb from several starts over several sizes, fewer of them at each.

    Parameters
    ----------
    method : {"ngf", "mi"}
    model : str
    fixed, moving : Features
    starts : list of ndarray, shape (3, 3)
    factors : sequence of int
        By which the images are shrunk, the largest first.
    keep : sequence of int
        How many are kept behind each.

    Returns
    -------
    list of ndarray, shape (3, 3)
        The best first.
    """
    for factor, n in zip(factors, keep):
        levels = fixed.at(factor), moving.at(factor)
        measure = _MEASURES[method](*levels)
        found = [climb(model, [measure], start, levels) for start in starts]
        found.sort(key=lambda entry: -entry[1])
        starts = [matrix for matrix, _ in found[:n]]
    return starts


_MOTION = {
    "translation": cv2.MOTION_TRANSLATION,
    "similarity": cv2.MOTION_AFFINE,
    "affine": cv2.MOTION_AFFINE,
    "homography": cv2.MOTION_HOMOGRAPHY,
}


def ecc(model, fixed, moving, start, factors=(8, 4, 2, 1), max_iter=60):
    """Return the transform at which the edge maps correlate, or None.

    Parameters
    ----------
    model : str
    fixed, moving : Features
    start : ndarray, shape (3, 3)
    factors : sequence of int
    max_iter : int, default=60
        Steps at each size.

    Returns
    -------
    ndarray, shape (3, 3), or None
        None where it diverged.

    Notes
    -----
    Enhanced correlation coefficient (Evangelidis and Psarakis 2008), by OpenCV, on
    the moving image as the start leaves it.
    """
    size = fixed.shape[::-1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    edges = cv2.warpPerspective(moving.edges, start, size, flags=flags)
    whole = np.full(moving.shape, 255, np.uint8)
    known = cv2.warpPerspective(whole, start, size, flags=flags)
    motion = _MOTION[model]
    rows = 3 if model == "homography" else 2
    step = np.eye(3)
    for factor in factors:
        level = fixed.at(factor)
        shape = level.shape[::-1]
        small = cv2.resize(edges, shape, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(known, shape, interpolation=cv2.INTER_AREA)
        mask = np.where(mask > 250, 255, 0).astype(np.uint8)
        first = np.linalg.inv(level.to_full) @ step @ level.to_full
        first = (first / first[2, 2])[:rows].astype(np.float32)
        stop = cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, max_iter, 1e-4
        try:
            _, warp = cv2.findTransformECC(
                level.edges, small, first, motion, stop, mask, 3
            )
        except cv2.error:
            continue
        here = np.eye(3)
        here[:rows] = warp
        step = level.to_full @ here @ np.linalg.inv(level.to_full)
    if model == "similarity":
        at = corners(fixed.shape)
        step = fitted("similarity", at, apply(step, at))
    full = start @ (step / step[2, 2])
    return full / full[2, 2] if np.isfinite(full).all() else None
