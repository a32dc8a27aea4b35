"""Infrared feature extraction and visual information preservation."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import cv2
import numpy as np
from sklearn.utils._param_validation import Interval

from ...base import BaseFuser
from .._filters import gaussian, mround
from .._imresize import imresize
from .._validation import check_odd

__all__ = ["IFEVIP"]

# The grid on which the infrared background is modelled, whatever the image's size.
_GRID = 512
_EROSION = 32
# The mean of this share of the brightest pixels is not to pass white.
_BRIGHTEST = 0.001


class IFEVIP(BaseFuser):
    """Add the bright infrared features to the visible image.

    The infrared background is modelled by smooth surfaces over the leaves of a
    quadtree; what rises above it, and part of the difference of the two images, is
    added to the visible image.

    Parameters
    ----------
    min_block : int, default=32
        Side, on a grid of 512 pixels, of the blocks that are not split any further.
    threshold : float, default=0.2
        Range of grey, in [0, 1] units, above which a block is split.
    max_gain : float, default=0.8
        Largest factor of what is added; it is lowered where the sum would pass white.
    gaussian_size : int, default=9
        Side in pixels of the Gaussian that smooths the background, odd; its standard
        deviation is half of it.
    darken : bool, default=False
        Let the difference of the images darken the visible image too. The authors'
        program cannot: it stores the added term as an unsigned integer.
    parity : bool, default=False
        Compute as the authors' program does: in grey levels that are rounded after
        each step, and with a black border around the background when it is smoothed,
        which lights up a frame. By default that border reflects.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`; one infrared term serves all channels.

    See Also
    --------
    GTF : Keeps the infrared brightness instead.

    Notes
    -----
    With the infrared features ``f = max(I - B, 0)`` above the background B and the
    entropies E: ``F = V + gain [f + (I - V) E(I) / E(V)]``. A constant visible image,
    with an entropy of zero, takes the quotient of entropies as one.

    References
    ----------
    .. [1] Y. Zhang, L. Zhang, X. Bai and L. Zhang, "Infrared and visual image fusion
       through infrared feature extraction and visual information preservation",
       Infrared Physics & Technology 83 (2017) 227-237.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import IFEVIP
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = IFEVIP().transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[2, 2])
    True
    """

    original_white = 255
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "min_block": [Interval(Integral, 2, _GRID, closed="both")],
        "threshold": [Interval(Real, 0, 1, closed="both")],
        "max_gain": [Interval(Real, 0, None, closed="left")],
        "gaussian_size": [Interval(Integral, 1, None, closed="left")],
        "darken": ["boolean"],
        "parity": ["boolean"],
    }

    def __init__(
        self,
        min_block=32,
        threshold=0.2,
        max_gain=0.8,
        gaussian_size=9,
        *,
        darken=False,
        parity=False,
        color="gray",
    ):
        self.min_block = min_block
        self.threshold = threshold
        self.max_gain = max_gain
        self.gaussian_size = gaussian_size
        self.darken = darken
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "gaussian_size")

    def _fuse(self, ir, vis):
        return self._add(ir, vis, np.float32(1))

    def _original(self, ir, vis):
        return self._add(ir, vis, 255.0)

    def _fuse_channels(self, ir, vis):
        """One infrared term for all channels, as in the original."""
        return self._fuse_plane(ir, vis)

    def _add(self, ir, vis, white):
        features = np.maximum(ir - self._background(ir, white), 0)
        entropy = _entropy(vis / white)
        quotient = _entropy(ir / white) / entropy if entropy > 0 else 1.0
        if vis.ndim == 3:
            ir, features = ir[..., None], features[..., None]
        added = features + (ir - vis) * vis.dtype.type(quotient)
        # Lower the gain where the brightest sums would pass white.
        total = (np.maximum(added, 0) + vis).ravel()
        n_brightest = max(int(_BRIGHTEST * total.size + 0.5), 1)
        peak = np.partition(total, -n_brightest)[-n_brightest:].mean()
        gain = min(white / peak, self.max_gain) if peak > 0 else self.max_gain
        added *= added.dtype.type(gain)
        if not self.darken:
            added = mround(added) if self.parity else np.maximum(added, 0)
        return vis + added

    def _background(self, ir, white):
        grid = self._to_grid(ir)
        anchor = (_EROSION - 1) // 2
        # Beyond the border OpenCV erodes as if it were bright.
        eroded = cv2.erode(
            grid, np.ones((_EROSION, _EROSION), np.uint8), anchor=(anchor, anchor)
        )
        eroded = np.pad(eroded, (0, 1), mode="edge")
        surface = np.empty_like(eroded)
        leaves = _quadtree(grid, self.min_block, self.threshold * white)
        # Large leaves first, then column by column: the later one owns a seam.
        for size, left, top in sorted(leaves, key=lambda x: (-x[0], x[1], x[2])):
            basis, at = _bezier(size, surface.dtype)
            control = eroded[np.ix_(top + at, left + at)]
            patch = np.s_[top : top + size + 1, left : left + size + 1]
            surface[patch] = basis @ control @ basis.T
        background = imresize(surface[:_GRID, :_GRID], ir.shape)
        border = "constant" if self.parity else "reflect"
        size = self.gaussian_size
        background = gaussian(background, size, size / 2, border)
        return mround(background) if self.parity else background

    def _to_grid(self, ir):
        if not self.parity:
            return np.ascontiguousarray(imresize(ir, (_GRID, _GRID)))
        # An 8-bit image is rounded after each pass; the axis that shrinks more first.
        if ir.shape[0] >= ir.shape[1]:
            half = mround(imresize(ir, (_GRID, ir.shape[1])))
        else:
            half = mround(imresize(ir, (ir.shape[0], _GRID)))
        return mround(imresize(half, (_GRID, _GRID)))


def _quadtree(image, min_block, threshold):
    """Return (size, left, top) of the leaves: small, or of a small range."""
    leaves = []
    # Ranges bottom-up: those of a block from those of its four children.
    size = 1
    low = high = image
    ranges = {}
    while size < _GRID:
        low = _pool(np.minimum, low)
        high = _pool(np.maximum, high)
        size *= 2
        ranges[size] = high - low
    stack = [(_GRID, 0, 0)]
    while stack:
        size, left, top = stack.pop()
        if size > min_block and ranges[size][top // size, left // size] > threshold:
            half = size // 2
            for x in (left, left + half):
                stack.extend((half, x, y) for y in (top, top + half))
        else:
            leaves.append((size, left, top))
    return leaves


def _pool(function, image):
    rows = function(image[::2], image[1::2])
    return function(rows[:, ::2], rows[:, 1::2])


def _bezier(size, dtype):
    """Return the cubic Bernstein basis on 0..size and the places of its controls."""
    t = np.linspace(0, 1, size + 1)[:, None]
    basis = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    at = np.array([0, size // 2 - 1, 3 * size // 4 - 1, size])
    return basis.astype(dtype), np.maximum(at, 0)


def _entropy(image):
    """Return the entropy in bits of the 256 grey levels of a [0, 1] image."""
    levels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    share = np.bincount(levels.ravel(), minlength=256) / levels.size
    share = share[share > 0]
    return -float(np.sum(share * np.log2(share)))
