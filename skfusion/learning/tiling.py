"""Images beyond memory: overlapping tiles that join without a seam."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["map_tiles"]


def map_tiles(function, stack, tile_size, reach):
    """Apply an image operation tile by tile, equal to applying it at once.

    Parameters
    ----------
    function : callable
        From ``(..., h, w)`` to ``(..., h, w)``; an output pixel depends on the
        input at most ``reach`` pixels away, and on the border of the image only within
        that distance of it.
    stack : ndarray or Tensor, shape (..., H, W)
    tile_size : int or None
        Side of the tiles without their overlap; ``None`` is one tile.
    reach : int

    Returns
    -------
    ndarray or Tensor, shape (..., H, W)
        What the function returns.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.learning.tiling import map_tiles
    >>> stack = np.ones((1, 5, 7), dtype=np.float32)
    >>> float(map_tiles(lambda part: part[0] * 2, stack, 3, 1).sum())
    70.0
    """
    height, width = stack.shape[-2:]
    if tile_size is None or max(height, width) <= tile_size:
        return function(stack)
    out = None
    for top in range(0, height, tile_size):
        for left in range(0, width, tile_size):
            row, column = max(top - reach, 0), max(left - reach, 0)
            tile = stack[
                ..., row : top + tile_size + reach, column : left + tile_size + reach
            ]
            part = function(_contiguous(tile))
            if out is None:
                out = _empty(part, (*part.shape[:-2], height, width))
            target = out[..., top : top + tile_size, left : left + tile_size]
            part = part[..., top - row :, left - column :]
            target[...] = part[..., : target.shape[-2], : target.shape[-1]]
    return out


def _contiguous(tile):
    return np.ascontiguousarray(tile) if _is_array(tile) else tile.contiguous()


def _empty(like, shape):
    return np.empty(shape, like.dtype) if _is_array(like) else like.new_empty(shape)


def _is_array(images):
    return isinstance(images, np.ndarray)
