"""A transform put to use on one pair, whichever of its images moves."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ..images import luma
from .calibration import Calibration
from .estimate import Alignment, possible, working_pair
from .measures import edge_correlation
from .warping import crop_window, sampling, valid_mask, warp

__all__ = ["as_matrix", "given", "measured", "ordered", "registered", "unmoved"]


def ordered(moving, ir, vis):
    """Return the fixed and the moving one of two images."""
    return (vis, ir) if moving == "infrared" else (ir, vis)


def unmoved(fixed, moving):
    """Return the transform of images that show the same view: a resize."""
    return possible(fixed.shape[:2], moving.shape[:2])[0]


def as_matrix(value, name):
    """Return a given matrix, or say what is wrong with it.

    Parameters
    ----------
    value : array-like
    name : str
        What it is called.

    Returns
    -------
    ndarray of float64, shape (3, 3)

    Raises
    ------
    ValueError
        If it is no matrix that can be inverted.
    """
    try:
        matrix = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.empty(0)
    good = matrix.shape == (3, 3) and np.isfinite(matrix).all()
    if not good or abs(np.linalg.det(matrix)) < 1e-12:
        said = " ".join(repr(value).split())
        raise ValueError(
            f"{name}={said}: expected 3 rows of 3 finite numbers that can be "
            "inverted, from pixels (x, y, 1) of the fixed image to the moving one."
        )
    return matrix


def given(matrix, calibration, name):
    """Return what was given for a pair, ``None`` where nothing was.

    Parameters
    ----------
    matrix : array-like of shape (3, 3), dict of name to such, or None
    calibration : Calibration, dict of its fields, or None
    name : str
        Of the pair.

    Returns
    -------
    ndarray of shape (3, 3), Calibration or None

    Raises
    ------
    ValueError
        If both are given, or there is none for this pair.
    """
    if matrix is not None and calibration is not None:
        raise ValueError("matrix and calibration are both given: give one of them.")
    if calibration is not None:
        if isinstance(calibration, Calibration):
            return calibration
        try:
            return Calibration(**calibration)
        except TypeError as error:
            raise ValueError(f"calibration: {error}.") from None
    if isinstance(matrix, dict):
        if name not in matrix:
            raise ValueError(
                f"matrix holds no transform of pair {name!r}: it has those of "
                f"{', '.join(map(repr, list(matrix)[:3]))} and "
                f"{max(0, len(matrix) - 3)} others."
            )
        return as_matrix(matrix[name], f"matrix[{name!r}]")
    return None if matrix is None else as_matrix(matrix, "matrix")


def measured(transform, fixed, moving):
    """Return a known transform as an alignment, with its quality.

    Parameters
    ----------
    transform : ndarray of shape (3, 3) or Calibration
    fixed, moving : ndarray of float32, shape (H, W)

    Returns
    -------
    Alignment
        The matrix of a calibration leaves out the lenses.
    """
    matrix = transform
    if isinstance(transform, Calibration):
        matrix = transform.at(fixed.shape, moving.shape).matrix()
    first, second, up, back = working_pair(fixed, moving)
    small = np.linalg.inv(back) @ matrix @ up
    return Alignment(matrix, edge_correlation(first, second, small), "given")


def registered(transform, ir, vis, moving="infrared", crop=None, fill="edge"):
    """Return a pair on one grid, and what the moving image covers of it.

    Parameters
    ----------
    transform : ndarray of shape (3, 3) or Calibration
    ir : ndarray of float32, shape (H, W)
    vis : ndarray of float32, shape (H', W') or (H', W', 3)
    moving, crop, fill
        As for :class:`skfusion.transforms.Register`.

    Returns
    -------
    ir, vis : ndarray of float32
        Of one size, which is 0 if nothing is left after a crop.
    mask : ndarray of bool, shape (H, W)
        On the grid of the fixed image, before the crop.
    """
    fixed, other = ordered(moving, ir, vis)
    shape = fixed.shape[:2]
    if isinstance(transform, Calibration):
        transform = transform.at(shape, other.shape[:2])
    places = sampling(transform, shape)
    mask = valid_mask(places, other.shape)
    backdrop = luma(fixed) if fill == "fixed" else None
    warped = warp(other, places, fill, backdrop)
    if crop is not None:
        window = crop_window(mask)
        fixed, warped = fixed[window], warped[window]
    fixed, warped = (np.ascontiguousarray(image) for image in (fixed, warped))
    return *((warped, fixed) if moving == "infrared" else (fixed, warped)), mask
