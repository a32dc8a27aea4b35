"""Fusion by convolutional sparse representation."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from numbers import Integral, Real

import numpy as np
from scipy import fft
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from ...images import luma
from ...learning.arrays import LearnedArrayFuser
from .._filters import box_mean, tikhonov_low_pass
from .._validation import check_odd
from ._convolutional_coding import convolve, learn_filters, sparse_maps

__all__ = ["ConvSR"]

# Learning: side of the crops, weight of the l1 norm and rounds over the crops.
_CROP = 64
_LEARNING_SPARSITY = 0.1
_ROUNDS = 60


class ConvSR(LearnedArrayFuser):
    """Fuse the details through sparse maps of convolution filters.

    Each image is split by a low-pass filter; the detail is written as a sum of few
    shifted filters. Each pixel takes all maps of the image where they are the more
    active; the low-pass images are averaged.

    Parameters
    ----------
    sparsity : float, default=0.01
        Weight of the l1 norm of the maps.
    smoothness : float, default=5.0
        Strength of the low-pass filter.
    window : int, default=7
        Side of the window over which the activity is averaged, odd. The authors take
        19 for pairs of different focus.
    n_filters : int, default=32
        Number of filters that ``fit`` learns. A set of 32 of 8 x 8 ships.
    filter_size : int, default=8
        Side of these filters in pixels.
    tol : float, default=0.001
        Relative residual at which the coding stops.
    max_iter : int, default=500
        Most steps of the coding.
    filters : array-like of shape (n, s, s), path or None, default=None
        Filters, or their safetensors file, in place of `weights`.
    weights : {"pretrained"}, path or None, default="pretrained"
        The shipped filters, a file of :meth:`save_weights`, or ``None`` to learn in
        ``fit``.
    n_crops : int, default=40
        Number of 64 x 64 crops that ``fit`` learns from.
    random_state : int, RandomState or None, default=None
        Draws these crops and starts the filters.
    parity : bool, default=False
        Compute in double precision with periodic borders of the maps, as the authors'
        program does. By default the detail is mirrored at its borders first.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    Attributes
    ----------
    filters_ : ndarray of float32, shape (n_filters, filter_size, filter_size)
        Only after learning in ``fit``.

    See Also
    --------
    SparseRepresentationFuser : Codes patches instead.

    Notes
    -----
    The low-pass image minimises ``|l - x|^2 + smoothness |grad l|^2``; the maps
    minimise ``|sum d_m * x_m - h|^2 / 2 + sparsity sum |x_m|`` for the detail
    ``h = x - l``. The time goes into two Fourier transforms of as many images as there
    are filters a step: tens of seconds for 640 x 512 pixels. With ``tol=0.01`` it takes
    a third, and single pixels choose the other image.

    References
    ----------
    .. [1] Y. Liu, X. Chen, R. K. Ward and Z. J. Wang, "Image fusion with convolutional
       sparse representation", IEEE Signal Processing Letters 23 (2016) 1882-1886.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import ConvSR
    >>> ir = np.zeros((24, 32), dtype=np.uint8)
    >>> ir[10:16, 12:18] = 200
    >>> vis = np.full((24, 32), 100, dtype=np.uint8)
    >>> fused = ConvSR(max_iter=20).transform([(ir, vis)])[0]
    >>> bool(fused[13, 15] > fused[2, 2])
    True
    """

    original_white = 1
    _parameter_constraints: dict = {
        **LearnedArrayFuser._parameter_constraints,
        "sparsity": [Interval(Real, 0, None, closed="neither")],
        "smoothness": [Interval(Real, 0, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "filter_size": [Interval(Integral, 2, 32, closed="both")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "filters": ["array-like", str, os.PathLike, None],
        "n_crops": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }
    _array_name = "filters"

    def __init__(
        self,
        sparsity=0.01,
        smoothness=5.0,
        window=7,
        *,
        n_filters=32,
        filter_size=8,
        tol=1e-3,
        max_iter=500,
        filters=None,
        weights="pretrained",
        n_crops=40,
        random_state=None,
        parity=False,
        color="gray",
    ):
        self.sparsity = sparsity
        self.smoothness = smoothness
        self.window = window
        self.n_filters = n_filters
        self.filter_size = filter_size
        self.tol = tol
        self.max_iter = max_iter
        self.filters = filters
        self.weights = weights
        self.n_crops = n_crops
        self.random_state = random_state
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window")

    def _pretrained(self):
        return f"convsr_{self.n_filters}_{self.filter_size}"

    def _expected_shape(self):
        return (None, self.filter_size, self.filter_size)

    def _learn(self, pairs):
        rng = check_random_state(self.random_state)
        crops = np.stack(
            [_crop(pairs, rng, self.smoothness) for _ in range(self.n_crops)]
        )
        return learn_filters(
            crops,
            self.n_filters,
            self.filter_size,
            _LEARNING_SPARSITY,
            n_rounds=_ROUNDS,
            rng=rng,
        )

    def _fuse(self, ir, vis):
        filters = self._array()
        lows, codes, activities = [], [], []
        for image in (ir, vis):
            low = tikhonov_low_pass(image, self.smoothness).astype(ir.dtype)
            detail = self._mirrored(image - low)
            maps = sparse_maps(
                detail, filters, self.sparsity, tol=self.tol, max_iter=self.max_iter
            )
            activity = np.zeros_like(detail)
            for one in maps:
                activity += np.abs(one)
            lows.append(low)
            codes.append(maps)
            activities.append(box_mean(activity, self.window, "constant"))
        chosen, visible = codes
        take = activities[1] > activities[0]
        for one, other in zip(chosen, visible):
            np.copyto(one, other, where=take)
        fused = convolve(chosen, filters)[: ir.shape[0], : ir.shape[1]]
        return fused + (lows[0] + lows[1]) / 2

    def _mirrored(self, detail):
        """Mirror the right and lower border, to a size that transforms fast.

        The periodic convolutions then meet the image's own border from both sides.
        """
        if self.parity:
            return np.ascontiguousarray(detail)
        grow = []
        for n in detail.shape:
            size = fft.next_fast_len(n + 2 * self.filter_size, real=True)
            grow.append((0, size - n))
        return np.pad(detail, grow, mode="symmetric")


def _crop(pairs, rng, smoothness):
    """Draw the detail of a crop of one of the images, mirrored if it is small."""
    ir, vis = pairs.read(rng.randint(len(pairs)))
    image = ir if rng.randint(2) else luma(vis)
    detail = image - tikhonov_low_pass(image, smoothness)
    detail = np.pad(detail, [(0, max(_CROP - n, 0)) for n in image.shape], "symmetric")
    top, left = (rng.randint(n - _CROP + 1) for n in detail.shape)
    return detail[top : top + _CROP, left : left + _CROP].astype(np.float32)
