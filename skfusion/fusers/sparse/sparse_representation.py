"""A multi-scale transform whose low band is fused by sparse coding."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from numbers import Integral, Real

import numpy as np
from sklearn.decomposition import MiniBatchDictionaryLearning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from ..._kernels.matching_pursuit import matching_pursuit
from ..._kernels.patches import overlap_add
from ...learning.arrays import LearnedArrayFuser, random_patches
from ..multiscale._pyramid import (
    laplacian_pyramid,
    ratio_pyramid,
    rebuild,
    rebuild_ratio,
)
from ..multiscale._selection import li_choice

__all__ = ["SparseRepresentationFuser"]

# Patches with a smaller standard deviation teach a dictionary nothing but noise.
_FLAT = 2 / 255
# Weight of the l1 norm of the codes of unit-length patches, and rounds over them.
_SPARSITY = 0.2
_EPOCHS = 6
# What keeps the quotients of the ratio pyramid finite, as in RatioPyramid; the toolbox
# has next to nothing there, and quotients in the thousands.
_OFFSET = 0.1
_TOOLBOX_OFFSET = 1e-6


class SparseRepresentationFuser(LearnedArrayFuser):
    r"""Fuse the details by local maxima and the low band by sparse codes.

    The low band of a pyramid is cut into overlapping patches, each coded with few
    atoms of a learned dictionary; the patch with the larger code is kept. Among the
    classical methods it is one of the best.

    Parameters
    ----------
    pyramid : {"laplacian", "ratio"}, default="laplacian"
        The transform: a pyramid of differences (LP_SR) or of quotients (RP_SR).
    n_levels : int, default=4
        Number of detail bands; levels that an image is too small for are left out.
    tol : float, default=0.1 / 255
        Length of what a code leaves over of a patch, in [0, 1] units.
    overlap : int, default=6
        Pixels that neighbouring patches share, less than the patch size.
    patch_size : int, default=8
        Side of the square patches in pixels of the low band.
    n_atoms : int, default=256
        Number of atoms that ``fit`` learns. A dictionary of 256 for 8 ships.
    dictionary : array-like of shape (patch_size ** 2, n), path or None, default=None
        A dictionary, or its safetensors file, in place of `weights`. It codes patches
        read column by column, as in MATLAB; the atoms are normalised.
    weights : {"pretrained"}, path or None, default="pretrained"
        The shipped dictionary, a file of :meth:`save_weights`, or ``None`` to learn in
        ``fit``.
    n_patches : int, default=20000
        Number of patches that ``fit`` learns from.
    random_state : int, RandomState or None, default=None
        Draws these patches and starts the dictionary.
    parity : bool, default=False
        Compute as the authors' toolbox does: on the 0..255 scale, with its borders (see
        :class:`LaplacianPyramid`), and the mean of both images in the last rows and
        columns of the low band, which patches two pixels apart may miss.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    Attributes
    ----------
    dictionary_ : ndarray of float32, shape (patch_size ** 2, n_atoms)
        Only after learning in ``fit``.

    See Also
    --------
    LaplacianPyramid, RatioPyramid : The same with the mean of the low bands.

    Notes
    -----
    Each patch p of the low band of an image k, less its mean :math:`\mu`, is coded with
    the dictionary D by orthogonal matching pursuit, which looks for

    .. math::

        \alpha_k = \arg\min_\alpha \lVert \alpha \rVert_0 \quad \text{where} \quad
        \lVert p_k - \mu_k - D \alpha \rVert_2 \le \text{tol}

    The longer code gives the patch and its mean; overlapping patches are averaged:

    .. math::

        p_F = D \alpha_w + \mu_w, \quad
        w = \arg\max_k \lVert \alpha_k \rVert_1

    A coefficient of a detail band is that of the larger maximum of magnitudes in its
    3 x 3 window, by the vote of the window. A low band smaller than a patch is the mean
    of both.

    References
    ----------
    .. [1] Y. Liu, S. Liu and Z. Wang, "A general framework for image fusion based on
       multi-scale transform and sparse representation", Information Fusion 24 (2015)
       147-164.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import SparseRepresentationFuser
    >>> ir = np.zeros((96, 128), dtype=np.uint8)
    >>> ir[40:56, 60:72] = 200
    >>> vis = np.full((96, 128), 100, dtype=np.uint8)
    >>> fused = SparseRepresentationFuser(n_levels=2).transform([(ir, vis)])[0]
    >>> bool(fused[48, 66] > fused[2, 2])
    True
    """

    original_white = 255
    _renamed_parameters = {"tolerance": "tol"}
    _parameter_constraints: dict = {
        **LearnedArrayFuser._parameter_constraints,
        "pyramid": [StrOptions({"laplacian", "ratio"})],
        "n_levels": [Interval(Integral, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "overlap": [Interval(Integral, 0, None, closed="left")],
        "patch_size": [Interval(Integral, 2, 32, closed="both")],
        "n_atoms": [Interval(Integral, 1, None, closed="left")],
        "dictionary": ["array-like", str, os.PathLike, None],
        "n_patches": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }
    _array_name = "dictionary"

    def __init__(
        self,
        pyramid="laplacian",
        n_levels=4,
        *,
        tol=0.1 / 255,
        overlap=6,
        patch_size=8,
        n_atoms=256,
        dictionary=None,
        weights="pretrained",
        n_patches=20000,
        random_state=None,
        parity=False,
        color="gray",
    ):
        self.pyramid = pyramid
        self.n_levels = n_levels
        self.tol = tol
        self.overlap = overlap
        self.patch_size = patch_size
        self.n_atoms = n_atoms
        self.dictionary = dictionary
        self.weights = weights
        self.n_patches = n_patches
        self.random_state = random_state
        self.parity = parity
        self.color = color

    def _validate_params(self):
        super()._validate_params()
        if self.overlap >= self.patch_size:
            raise ValueError(
                f"overlap={self.overlap} of {type(self).__name__} is not below "
                f"patch_size={self.patch_size}: neighbouring patches would coincide."
            )

    def _pretrained(self):
        return f"dictionary_{self.n_atoms}_{self.patch_size}"

    def _expected_shape(self):
        return (self.patch_size**2, None)

    def _learn(self, pairs):
        rng = check_random_state(self.random_state)
        side = self.patch_size
        patches = random_patches(pairs, side, self.n_patches, rng).T
        patches = patches - patches.mean(axis=1, keepdims=True)
        lengths = np.sqrt((patches**2).sum(axis=1, keepdims=True))
        varied = lengths[:, 0] > _FLAT * side
        if np.count_nonzero(varied) < self.n_atoms:
            raise ValueError(
                f"X gives {np.count_nonzero(varied)} patches that are not flat, for "
                f"n_atoms={self.n_atoms}: give more pairs, or learn fewer atoms."
            )
        learner = MiniBatchDictionaryLearning(
            self.n_atoms,
            alpha=_SPARSITY,
            batch_size=256,
            max_iter=_EPOCHS,
            random_state=rng.randint(2**31 - 1),
        )
        atoms = learner.fit(patches[varied] / lengths[varied]).components_
        # Read column by column, the order in which dictionaries are published.
        return (
            atoms.reshape(-1, side, side).transpose(0, 2, 1).reshape(len(atoms), -1).T
        )

    def _fuse(self, ir, vis):
        return self._pyramids(ir, vis, 1.0)

    def _original(self, ir, vis):
        return self._pyramids(ir, vis, 255.0)

    def _pyramids(self, ir, vis, white):
        border = "quirk" if self.parity else "mirror"
        offset = ir.dtype.type(_TOOLBOX_OFFSET if self.parity else _OFFSET)
        if self.pyramid == "ratio":
            bands_ir, low_ir = ratio_pyramid(ir, self.n_levels, offset, border)
            bands_vis, low_vis = ratio_pyramid(vis, self.n_levels, offset, border)
        else:
            bands_ir, low_ir = laplacian_pyramid(ir, self.n_levels, border)
            bands_vis, low_vis = laplacian_pyramid(vis, self.n_levels, border)
        low = self._low_band(low_ir, low_vis, white).astype(low_ir.dtype)
        bands = [self._choose(a, b) for a, b in zip(bands_ir, bands_vis)]
        if self.pyramid == "ratio":
            return rebuild_ratio(bands, low, ir.shape, offset, border)
        return rebuild(bands, low, ir.shape, border)

    def _choose(self, ir, vis):
        strengths = np.abs(ir), np.abs(vis)
        if self.pyramid == "ratio" and not self.parity:
            # A quotient of one is no contrast; the toolbox compares magnitudes.
            strengths = np.abs(np.log(ir)), np.abs(np.log(vis))
        return np.where(li_choice(*strengths, parity=self.parity), ir, vis)

    def _low_band(self, ir, vis, white):
        """Fuse by the larger code, patch by patch; everything in float64."""
        side = self.patch_size
        step = side - self.overlap
        ir, vis = ir.astype(np.float64), vis.astype(np.float64)
        mean = (ir + vis) / 2
        if min(ir.shape) < side:
            return mean
        shape = ir.shape
        if not self.parity:
            # Mirrored until patches cover the band without a rest.
            grow = [(0, -(n - side) % step) for n in shape]
            ir, vis = (np.pad(image, grow, mode="symmetric") for image in (ir, vis))
        dictionary = self._by_row()
        codes, patches = [], []
        for image in (ir, vis):
            windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
            windows = windows[::step, ::step]
            n_across = windows.shape[1]
            signals = windows.reshape(-1, side * side)
            level = signals.mean(axis=1, keepdims=True)
            signals = signals - level
            coded = np.empty_like(signals)
            codes.append(matching_pursuit(signals, dictionary, self.tol * white, coded))
            patches.append(coded + level)
        chosen = np.where((codes[0] >= codes[1])[:, None], *patches)
        total, count = np.zeros((2, *ir.shape))
        columns = np.ascontiguousarray(chosen.T)
        overlap_add(columns, side, n_across, step, total)
        overlap_add(np.ones_like(columns), side, n_across, step, count)
        if self.parity:
            return np.divide(total, count, out=mean, where=count > 0)
        return (total / count)[: shape[0], : shape[1]]

    def _by_row(self):
        """Return the dictionary for patches read row by row, atoms of unit length."""
        side = self.patch_size
        atoms = self._array().reshape(side, side, -1).transpose(1, 0, 2)
        atoms = atoms.reshape(side * side, -1)
        lengths = np.sqrt((atoms**2).sum(axis=0))
        atoms = atoms[:, lengths > 0] / lengths[lengths > 0]
        return np.ascontiguousarray(atoms)
