"""Where the search begins: every shift at once, for a few scales and rotations."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np
from scipy import fft

from .features import gradients
from .models import displacement

__all__ = ["distinct", "shift_scores", "starts"]

_ROTATIONS = (-8.0, -4.0, 0.0, 4.0, 8.0)  # degrees
_SCALES = (0.86, 0.93, 1.0, 1.08, 1.16)
_FIELDS_OF_VIEW = (0.5, 0.6, 0.72, 0.86, 1.0, 1.2, 1.44, 1.7, 2.0)
_REACH = 0.25  # of a side, how far a shift may be
_APART = 0.03  # of the longer side: starts nearer to each other are one
_LEAST_EDGES = 0.25  # share of the edges of the fixed image that have to be covered


def _fields(gx, gy, eta2):
    """Return the three products of a normalised gradient field with itself."""
    scale = 1 / np.sqrt(gx**2 + gy**2 + eta2)
    nx, ny = gx * scale, gy * scale
    return np.stack([nx * nx, np.sqrt(2) * nx * ny, ny * ny])


class _Shifts:
    """Agreement of a fixed field with any shift of a moving one."""

    def __init__(self, level):
        self.shape = level.shape
        self.padded = [fft.next_fast_len(int(1.6 * side)) for side in level.shape]
        field = _fields(level.gx, level.gy, level.eta2)
        self._field = fft.rfft2(field, self.padded)
        self._weight = fft.rfft2(field[0] + field[2], self.padded)
        self._all = float((field[0] + field[2]).sum())

    def __call__(self, field, inside):
        """Return the agreement at each shift of a field by (x, y) pixels."""
        there = fft.rfft2(field, self.padded)
        known = fft.rfft2(inside, self.padded)
        total = fft.irfft2((np.conj(self._field) * there).sum(0), self.padded)
        weight = fft.irfft2(np.conj(self._weight) * known, self.padded)
        enough = weight > _LEAST_EDGES * self._all
        scores = np.where(enough, total / np.maximum(weight, 1e-9), -1.0)
        reach = [int(_REACH * side) for side in self.shape]
        rows = np.r_[0 : reach[0] + 1, -reach[0] : 0]
        columns = np.r_[0 : reach[1] + 1, -reach[1] : 0]
        return scores[np.ix_(rows, columns)], rows, columns


def shift_scores(fixed, moving):
    """Return how well two images agree for each shift of one against the other.

    Parameters
    ----------
    fixed, moving : Level
        Of one size.

    Returns
    -------
    scores : ndarray, shape (n_rows, n_columns)
        Mean squared cosine between their gradients, -1 where hardly any edge is left.
    rows, columns : ndarray of int
        How far the content of the moving image lies below and to the right.
    """
    field = _fields(moving.gx, moving.gy, moving.eta2)
    return _Shifts(fixed)(field, np.ones(moving.shape, np.float32))


def starts(fixed, moving, base, model, most=5):
    """Return transforms from which a search may begin, the best first.

    Parameters
    ----------
    fixed, moving : Features
        The moving image at any size.
    base : list of ndarray, shape (3, 3)
        Transforms that are taken for possible from what is known of the sizes.
    model : str
        A translation is not turned or scaled.
    most : int, default=5

    Returns
    -------
    list of ndarray, shape (3, 3)
        From pixels of the fixed image to those of the moving one; the first of
        `base` among them.
    """
    factor = max(1, round(max(fixed.shape) / 128))
    level = fixed.at(factor)
    shifts = _Shifts(level)
    down = np.linalg.inv(level.to_full)
    found = []
    for matrix in base:
        for turn in _turns(model, fixed.shape, wide=len(base) > 1):
            full = matrix @ turn
            small = full @ level.to_full
            image, inside = _warped(moving.image, small, level.shape)
            gx, gy = (inside * g for g in gradients(image))
            lengths = np.hypot(gx, gy)
            eta2 = (float(lengths.sum()) / max(1.0, float(inside.sum()))) ** 2 + 1e-12
            scores, rows, columns = shifts(_fields(gx, gy, eta2), inside)
            row, column = np.unravel_index(scores.argmax(), scores.shape)
            shift = np.eye(3)
            shift[:2, 2] = columns[column], rows[row]
            found.append((float(scores[row, column]), small @ shift @ down))
    found.sort(key=lambda entry: -entry[0])
    return distinct([base[0], *(matrix for _, matrix in found)], fixed.shape, most)


def _turns(model, shape, wide):
    """Yield scalings and rotations about the centre."""
    if model == "translation":
        yield np.eye(3)
        return
    centre = ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    for scale in _FIELDS_OF_VIEW if wide else _SCALES:
        for angle in _ROTATIONS:
            turn = cv2.getRotationMatrix2D(centre, angle, scale)
            yield np.vstack([turn, [0, 0, 1]])


def _warped(image, matrix, shape):
    size = shape[::-1]
    # The pixels of the moving image that make one of the small image.
    wide = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if wide > 1.5:
        image = cv2.GaussianBlur(image, (0, 0), 0.5 * wide)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(
        image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    whole = np.ones(image.shape, np.float32)
    inside = cv2.warpPerspective(whole, matrix, size, flags=flags)
    inside = cv2.erode(inside, np.ones((3, 3)), borderValue=0)
    return warped, (inside > 0.99).astype(np.float32)


def distinct(matrices, shape, most):
    """Return the first of some transforms that are far from each other.

    Parameters
    ----------
    matrices : sequence of ndarray, shape (3, 3)
    shape : tuple of int
        ``(H, W)`` of the fixed image.
    most : int

    Returns
    -------
    list of ndarray, shape (3, 3)
    """
    apart = _APART * max(shape)
    kept = []
    for matrix in matrices:
        if all(_far(matrix, other, shape) > apart for other in kept):
            kept.append(matrix)
        if len(kept) == most:
            break
    return kept


def _far(first, second, shape):
    """Return how far two transforms are apart, in pixels of the fixed image."""
    return displacement(np.linalg.inv(first) @ second, np.eye(3), shape)
