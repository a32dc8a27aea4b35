"""A clarity network over every window of a pair of images, in one run."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch.nn import functional

from ....networks.sharpness import sharpness_planes

__all__ = ["dense_logits", "window_context"]

_CELL = 8
_CELLS = 4
# Pixels of one plane that run through the trunk together: few enough to stay in the
# cache, many enough to keep the matrix products busy.
_STRIP = 2**14


def dense_logits(
    network, first, second, *, stride, border, gradients, both_orders, strip=None
):
    """Return the logits of all windows of 32 pixels of two gray images.

    The trunk of the networks is pointwise behind its 3x3 stem, so overlapping
    windows share it, and the fully connected layer is a convolution over the grid of
    pooled cells. The result is that of a loop over the windows.

    Parameters
    ----------
    network : SixPathNet or ThreePathNet
        In eval mode.
    first, second : Tensor, shape (H, W)
        Sides that the windows fill exactly.
    stride : int
        A stride that 8 does not divide takes several shifted runs.
    border : {"context", "zero"}
        What the stem sees beyond a window: the image, or zeros (and, in the
        three-path network, the other window across the seam of the stack).
    gradients : str
        As in :func:`skfusion.networks.sharpness.sharpness_planes`.
    both_orders : bool
        Also run second against first.
    strip : int, optional
        Rows of pixels that run together; any number gives the same result.

    Returns
    -------
    Tensor, shape (1 or 2, 2, n_rows, n_columns)
        Order, class, window.
    """
    planes = sharpness_planes(torch.stack([first, second]), gradients)
    planes = functional.pad(planes, (1, 1, 1, 1), mode="reflect")
    height, width = first.shape
    counts = [(side - _CELL * _CELLS) // stride + 1 for side in (height, width)]
    out = planes.new_empty((1 + both_orders, 2, *counts))
    run = _context_run if border == "context" else _zero_run
    for rows, top, down in _phases(counts[0], stride):
        for columns, left, across in _phases(counts[1], stride):
            bottom = top + (height - top) // _CELL * _CELL + 2
            right = left + (width - left) // _CELL * _CELL + 2
            shifted = planes[:, :, top:bottom, left:right]
            logits = run(network, shifted, both_orders, strip)
            out[:, :, rows, columns] = logits[:, :, down][..., across]
    return out


def _phases(count, stride):
    """Group the windows of one axis by their offset on the grid of cells.

    Yields the windows, their common offset in pixels, and their first cells.
    """
    starts = torch.arange(count) * stride
    for offset in sorted(set((starts % _CELL).tolist())):
        taken = torch.nonzero(starts % _CELL == offset)[:, 0]
        # As slices: windows of one phase are equally far from each other.
        step = int(taken[1] - taken[0]) if len(taken) > 1 else 1
        cells = starts[taken] // _CELL
        cell_step = int(cells[1] - cells[0]) if len(taken) > 1 else 1
        yield (
            slice(int(taken[0]), int(taken[-1]) + 1, step),
            offset,
            slice(int(cells[0]), int(cells[-1]) + 1, cell_step),
        )


def _compare(network, first, second, both_orders):
    """Apply the head to features of one image each, in one order or both."""
    if both_orders:
        first, second = torch.cat([first, second]), torch.cat([second, first])
    return network.head(first, second)


def _context_run(network, planes, both_orders, strip):
    height, width = (side - 2 for side in planes.shape[2:])
    n_cells = max(1, (strip or _STRIP // width) // _CELL)
    kept, logits = None, []
    for start in range(0, height // _CELL, n_cells):
        stop = min(start + n_cells, height // _CELL)
        part = planes[:, :, start * _CELL : stop * _CELL + 2]
        features = torch.cat([network.features(image[None]) for image in part])
        if kept is not None:
            features = torch.cat([kept, features], dim=-2)
        # The next strip's windows begin in the last three rows of this one.
        kept = features[..., 1 - _CELLS :, :]
        if features.shape[-2] >= _CELLS:
            logits.append(_compare(network, *features.split(1), both_orders))
    return torch.cat(logits, dim=2)


def _zero_run(network, planes, both_orders, strip):
    """Give each cell one form for each place it can have in a window.

    A cell at the window's edge has zeros beyond it, so that it has nine forms: top,
    middle or bottom, times left, middle or right. In the stack of the three-path
    network the upper window's bottom cells and the lower one's top cells see the
    other image instead, which tells the two orders apart.
    """
    n_rows, n_columns = ((side - 2) // _CELL - _CELLS + 1 for side in planes.shape[2:])
    seam = planes.flip(0) if network.stacked else torch.zeros_like(planes)
    orders = ((0, 1), (1, 0))[: 1 + both_orders]
    recent, logits = [], []
    for row in range(n_rows + _CELLS - 1):
        top = row * _CELL
        band = planes[:, :, top : top + _CELL + 2]
        zeros = torch.zeros_like(band[:, :, 0])
        # Rows of the other window that the stack puts next to this cell: its last
        # below the lower window's top, its first above the upper one's bottom.
        above = seam[:, :, min(top + _CELL * _CELLS, seam.shape[2] - 1)]
        below = seam[:, :, max(top - _CELL * (_CELLS - 1), 0) + 1]
        forms = {"middle": _windows(network, band, n_columns)}
        for role, over, under in [("upper", zeros, below), ("lower", above, zeros)]:
            if role == "lower" and not network.stacked:
                forms["lower top"] = forms["upper top"]
                forms["lower bottom"] = forms["upper bottom"]
                continue
            edge = band.clone()
            edge[:, :, 0] = over
            forms[f"{role} top"] = _windows(network, edge, n_columns)
            edge = band.clone()
            edge[:, :, -1] = under
            forms[f"{role} bottom"] = _windows(network, edge, n_columns)
        recent = [*recent[1 - _CELLS :], forms]
        if len(recent) < _CELLS:
            continue
        upper, lower = (
            torch.cat(
                [
                    recent[0][f"{role} top"],
                    recent[1]["middle"],
                    recent[2]["middle"],
                    recent[3][f"{role} bottom"],
                ],
                dim=-2,
            )
            for role in ("upper", "lower")
        )
        parts = [network.head(upper[i], lower[j]) for i, j in orders]
        logits.append(torch.stack(parts)[..., 0, 0].transpose(1, 2))
    return torch.stack(logits, dim=2)


def _windows(network, band, n_columns):
    """Return the features of one row of cells, for the windows they belong to.

    ``(2, 3, 10, w)`` to ``(2, n_columns, groups, channels, 1, 4)``.
    """
    cells = band.unfold(3, _CELL + 2, _CELL).permute(0, 3, 1, 2, 4)
    left, right = cells.clone(), cells.clone()
    left[..., 0] = 0
    right[..., -1] = 0
    left, middle, right = (
        network.features(form.flatten(0, 1)).unflatten(0, form.shape[:2])
        for form in (left, cells, right)
    )
    places = [
        form[:, place : place + n_columns]
        for place, form in enumerate([left, middle, middle, right])
    ]
    return torch.cat(places, dim=-1)


def window_context(first, second, border, stacked):
    """Return windows with the one pixel around them that the stem sees.

    Parameters
    ----------
    first, second : Tensor, shape (n, 3, 34, 34)
        Windows of 32 with one pixel of true context.
    border : {"context", "zero"}
    stacked : bool
        With ``"zero"``: whether one window lies on top of the other.

    Returns
    -------
    first, second : Tensor, shape (n, 3, 34, 34)
    """
    if border == "context":
        return first, second
    first, second = (
        functional.pad(x[..., 1:-1, 1:-1], (1, 1, 1, 1)) for x in (first, second)
    )
    if stacked:
        below = second[:, :, 1].clone()
        second[:, :, 0] = first[:, :, -2]
        first[:, :, -1] = below
    return first, second
