"""Fusion of the salient parts of latent low-rank representation."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from ..._kernels.patches import nuclear_norms, overlap_add
from ...learning.arrays import LearnedArrayFuser, random_patches
from ._latent_low_rank import latent_low_rank

__all__ = ["LatLRR"]

# Patches that are projected in one product of matrices.
_STRIP = 16384


class LatLRR(LearnedArrayFuser):
    """Add the salient details that a learned projection finds, level by level.

    A projection learned by latent low-rank representation takes the salient part out
    of each patch. The salient parts of the two images are averaged patch by patch,
    weighted by their nuclear norms; what remains is decomposed again.

    Parameters
    ----------
    n_levels : int, default=4
        Number of detail layers.
    patch_size : int, default=8
        Side of the square patches in pixels. Projections for 8 and 16 ship.
    stride : int, default=1
        Step between patches in pixels; the cost falls with its square.
    norm : {"nuclear", "l1"}, default="nuclear"
        What measures how salient a patch is.
    accumulate_levels : bool, default=False
        Add detail layer l ``n_levels + 1 - l`` times, as the authors' program does,
        whose accumulator is never cleared: published results are far sharper for it.
    projection : array-like of shape (d, d), path or None, default=None
        A projection for ``d = patch_size ** 2``, or its safetensors file, in place of
        `weights`. It multiplies patches read column by column, as in MATLAB.
    weights : {"pretrained"}, path or None, default="pretrained"
        The shipped projection, a file of :meth:`save_weights`, or ``None`` to learn in
        ``fit``.
    n_patches : int, default=1200
        Number of patches that ``fit`` learns from.
    random_state : int, RandomState or None, default=None
        Draws these patches.
    parity : bool, default=False
        Compute in double precision, as the authors' program does.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    Attributes
    ----------
    projection_ : ndarray of float32, shape (d, d)
        Only after learning in ``fit``.

    See Also
    --------
    MDLatLRR : The same with larger patches and fewer levels.

    Notes
    -----
    With the projected patches ``Q = L P`` and their norms n the fused patches are
    ``(n_I Q_I + n_V Q_V) / (n_I + n_V)``; overlapping patches are averaged. Patches
    without any salience count one half each.

    References
    ----------
    .. [1] H. Li and X.-J. Wu, "Infrared and visible image fusion using latent low-rank
       representation", arXiv:1804.08992 (2018).
    .. [2] H. Li, X.-J. Wu and J. Kittler, "MDLatLRR: a novel decomposition method for
       infrared and visible image fusion", IEEE Transactions on Image Processing 29
       (2020) 4733-4746.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import LatLRR
    >>> ir = np.zeros((48, 64), dtype=np.uint8)
    >>> ir[20:28, 30:36] = 200
    >>> vis = np.full((48, 64), 100, dtype=np.uint8)
    >>> fused = LatLRR(n_levels=1).transform([(ir, vis)])[0]
    >>> bool(fused[24, 33] > fused[2, 2])
    True
    """

    original_white = 1
    _parameter_constraints: dict = {
        **LearnedArrayFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 1, None, closed="left")],
        "patch_size": [Interval(Integral, 2, 32, closed="both")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "norm": [StrOptions({"nuclear", "l1"})],
        "accumulate_levels": ["boolean"],
        "projection": ["array-like", str, os.PathLike, None],
        "n_patches": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }
    _array_name = "projection"

    def __init__(
        self,
        n_levels=4,
        patch_size=8,
        *,
        stride=1,
        norm="nuclear",
        accumulate_levels=False,
        projection=None,
        weights="pretrained",
        n_patches=1200,
        random_state=None,
        parity=False,
        color="gray",
    ):
        self.n_levels = n_levels
        self.patch_size = patch_size
        self.stride = stride
        self.norm = norm
        self.accumulate_levels = accumulate_levels
        self.projection = projection
        self.weights = weights
        self.n_patches = n_patches
        self.random_state = random_state
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        if self.stride > self.patch_size:
            raise ValueError(
                f"stride={self.stride} of {type(self).__name__} is larger than "
                f"patch_size={self.patch_size}: pixels between the patches would be "
                "lost."
            )

    def _pretrained(self):
        return f"latlrr_{self.patch_size}"

    def _expected_shape(self):
        return (self.patch_size**2,) * 2

    def _learn(self, pairs):
        rng = check_random_state(self.random_state)
        patches = random_patches(pairs, self.patch_size, self.n_patches, rng)
        side = self.patch_size
        by_column = patches.reshape(side, side, -1).transpose(1, 0, 2)
        return latent_low_rank(by_column.reshape(side * side, -1))

    def _fuse(self, ir, vis):
        projection = self._by_row().astype(ir.dtype)
        shape = ir.shape
        ir, vis = self._grow(ir), self._grow(vis)
        cover = self._cover(ir.shape, ir.dtype)
        fused = 0
        for level in range(self.n_levels):
            details = self._details(ir, vis, projection)
            detail_ir, detail_vis, detail = (layer / cover for layer in details)
            ir, vis = ir - detail_ir, vis - detail_vis
            times = self.n_levels - level if self.accumulate_levels else 1
            fused = fused + times * detail
        return (fused + (ir + vis) / 2)[: shape[0], : shape[1]]

    def _by_row(self):
        """Return the projection for patches that are read row by row."""
        side = self.patch_size
        four = self._array().reshape((side,) * 4)
        return four.transpose(1, 0, 3, 2).reshape(side * side, side * side)

    def _grow(self, image):
        """Mirror rows and columns until patches cover the image without a rest."""
        side, step = self.patch_size, self.stride
        sizes = [side + -(-max(n - side, 0) // step) * step for n in image.shape]
        grow = [(0, size - n) for size, n in zip(sizes, image.shape)]
        return np.pad(image, grow, mode="symmetric")

    def _cover(self, shape, dtype):
        """Return how many patches hold each pixel."""
        side, step = self.patch_size, self.stride
        counts = []
        for size in shape:
            count = np.zeros(size, dtype)
            for start in range(0, size - side + 1, step):
                count[start : start + side] += 1
            counts.append(count)
        return np.outer(*counts)

    def _details(self, ir, vis, projection):
        """Return the overlapped sums of both images' and the fused salient parts."""
        side, step = self.patch_size, self.stride
        n_down, n_across = ((n - side) // step + 1 for n in ir.shape)
        sums = np.zeros((3, *ir.shape), ir.dtype)
        # A squared cosine of 1e-3 is far below float32 rounding a sweep later.
        tolerance = ir.dtype.type(1e-8 if self.parity else 1e-3)
        rows_each = max(_STRIP // n_across, 1)
        for first in range(0, n_down, rows_each):
            n_rows = min(rows_each, n_down - first)
            top = first * step
            strip = np.s_[top : top + (n_rows - 1) * step + side]
            parts, norms = [], []
            for image in (ir, vis):
                windows = np.lib.stride_tricks.sliding_window_view(
                    image[strip], (side, side)
                )[::step, ::step]
                columns = windows.transpose(2, 3, 0, 1).reshape(side * side, -1)
                parts.append(projection @ columns)
                if self.norm == "l1":
                    norms.append(np.abs(parts[-1]).sum(axis=0))
                else:
                    norms.append(nuclear_norms(parts[-1], side, tolerance))
            total = norms[0] + norms[1]
            half = np.full_like(total, 0.5)
            share = np.divide(norms[0], total, out=half, where=total > 0)
            parts.append(parts[1] + share * (parts[0] - parts[1]))
            for part, image in zip(parts, sums):
                overlap_add(part, side, n_across, step, image[strip])
        return sums
