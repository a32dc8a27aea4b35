"""Do the two images of a pair lie on each other: a quick look, and pictures of it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np
import pandas as pd

from ..images import as_float, luma
from ..images.notices import Notices
from ..images.resizing import resize
from ..pairs import as_pairs
from ..registration.features import Features, edge_map
from ..registration.starts import shift_scores

__all__ = ["checkerboard", "edge_overlay", "inspect_alignment"]

_LONGEST = 320  # pixels at which a pair is looked at
_REACH = 0.12  # of a side, how far an offset may be
_SMOOTH = 1.0
_NEAR = 6  # pixels around the best shift that say nothing against it
_SURE = 0.25  # confidence from which an offset is believed
_OFF = 0.004  # of the diagonal: three pixels of 640x480


def inspect_alignment(pairs) -> pd.DataFrame:
    """Return the likely offset between the two images of each pair.

    A look that costs some milliseconds a pair: the shift, not the scale nor the
    rotation, that makes edges agree best.

    Parameters
    ----------
    pairs : pairs
        Any form that :func:`skfusion.pairs.as_pairs` takes; the two sizes of a pair
        may differ and are taken for one field of view.

    Returns
    -------
    DataFrame
        Indexed by the names of the pairs. ``dx``, ``dy``: pixels of the visible image
        by which the content of the infrared image lies to the right and below.
        ``confidence``: how far this shift stands out from all others, 0 to 1. ``off``:
        whether the pair is likely misaligned.

    See Also
    --------
    skfusion.transforms.Register : Brings such pairs onto each other.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.inspection import inspect_alignment
    >>> infrared, visible = make_scene_pairs(1, size=(240, 320), random_state=1)[0]
    >>> moved = np.roll(infrared, 7, axis=1)
    >>> table = inspect_alignment([(infrared, visible), (moved, visible)])
    >>> (table["dx"].abs() > 5).tolist(), table["off"].tolist()
    ([False, True], [False, True])
    """
    pairs = as_pairs(pairs)
    rows = []
    with Notices(quiet=True):
        for i, name in enumerate(pairs.names):
            ir, vis = pairs[i]
            rows.append(
                _offset(
                    luma(ir, f"infrared of pair {name!r}"),
                    luma(vis, f"visible of pair {name!r}"),
                )
            )
    table = pd.DataFrame(rows, columns=["dx", "dy", "confidence", "off"])
    table.index = pd.Index(pairs.names, name="name")
    return table


def _offset(ir, vis):
    factor = max(1.0, max(vis.shape) / _LONGEST)
    size = [max(8, round(side / factor)) for side in vis.shape]
    fixed, moving = (Features(resize(image, *size)).at(1) for image in (vis, ir))
    scores, rows, columns = shift_scores(fixed, moving)
    near = np.ix_(np.abs(rows) <= _REACH * size[0], np.abs(columns) <= _REACH * size[1])
    rows, columns = rows[near[0].ravel()], columns[near[1].ravel()]
    scores = np.fft.fftshift(scores[near])
    rows, columns = np.fft.fftshift(rows), np.fft.fftshift(columns)
    scores = cv2.GaussianBlur(scores, (0, 0), _SMOOTH)
    row, column = np.unravel_index(scores.argmax(), scores.shape)
    peak, usual = scores[row, column], float(np.median(scores))
    apart = np.hypot(rows[:, None] - rows[row], columns[None, :] - columns[column])
    second = scores[apart > _NEAR].max(initial=usual)
    confidence = (peak - second) / max(peak - usual, 1e-9) if peak > usual else 0.0
    if row in (0, len(rows) - 1) or column in (0, len(columns) - 1):
        confidence = 0.0  # no peak: it goes on rising beyond what is looked at
    dx = (columns[column] + _between(scores[row], column)) * vis.shape[1] / size[1]
    dy = (rows[row] + _between(scores[:, column], row)) * vis.shape[0] / size[0]
    far = np.hypot(dx, dy) > max(2.0, _OFF * np.hypot(*vis.shape))
    return float(dx), float(dy), float(confidence), bool(far and confidence > _SURE)


def _between(values, at):
    """Return where, beside a largest value, the parabola through it has its top."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, here, after = values[at - 1 : at + 2]
    bend = before - 2 * here + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0


def checkerboard(infrared, visible, n_tiles=8) -> np.ndarray:
    """Return an image of squares from the two images of a pair in turns.

    What runs on over the borders of the squares lies on itself.

    Parameters
    ----------
    infrared : array-like, shape (H, W)
    visible : array-like, shape (H, W) or (H, W, 3)
    n_tiles : int, default=8
        Squares on the longer side.

    Returns
    -------
    ndarray of float32, shape (H, W, 3)
    """
    ir, vis = _rgb(luma(infrared)), _rgb(as_float(visible))
    side = max(4, round(max(ir.shape[:2]) / n_tiles))
    y, x = np.indices(ir.shape[:2]) // side
    return np.where(((x + y) % 2 == 0)[..., None], ir, vis)


def edge_overlay(infrared, visible) -> np.ndarray:
    """Return the edges of the infrared image in red on those of the visible in cyan.

    Where they lie on each other they are white.

    Parameters
    ----------
    infrared : array-like, shape (H, W)
    visible : array-like, shape (H, W) or (H, W, 3)

    Returns
    -------
    ndarray of float32, shape (H, W, 3)
    """
    red, cyan = (_even(edge_map(luma(image))) for image in (infrared, visible))
    return np.stack([red, cyan, cyan], axis=2)


def _even(edges):
    top = max(float(np.percentile(edges, 99)), 1e-6)
    return np.clip(edges / top, 0, 1)


def _rgb(image):
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
