"""Fusion by the multi-resolution singular value decomposition."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from ...base import BaseFuser
from .._imresize import imresize

__all__ = ["MSVD"]


class MSVD(BaseFuser):
    r"""Fuse in a wavelet-like basis that is learned from the pair itself.

    The 2 x 2 blocks of an image are points in four dimensions; their singular vectors
    take the place of the wavelet. Of the three detail bands the larger coefficient is
    kept, the approximation is averaged.

    Parameters
    ----------
    n_levels : int, default=1
        Number of levels; each repeats the transform on the approximation. Levels that
        an image is too small for are left out.
    rescale : bool, default=False
        Stretch the result to the whole range from 0 to 1.
    parity : bool, default=False
        Compute as the author's program does: a basis for each image and their mean
        for the inverse, which is no inverse; gray results are stretched; odd sides are
        resized to even ones (the result then lacks its last row or column). By
        default one basis serves both images, odd sides are extended by repeating the
        edge and cut again, and identical images fuse to themselves.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    WaveletFuser : A fixed basis.

    Notes
    -----
    With the blocks of an image k as the columns of a matrix :math:`X_k`, the basis U
    holds the singular vectors of both and the bands are the rows of :math:`T_k`:

    .. math::

        [X_I\; X_V] = U S W^T, \quad T_k = U^T X_k, \quad X_F = U\, T_F

    where the first row of :math:`T_F`, the approximation, is the mean of both (or this
    method of them, one level down), and the others hold the larger magnitudes.

    The signs of singular vectors are arbitrary, and with ``parity=True`` the result
    depends on them: they are those that LAPACK returns, as in the original.

    References
    ----------
    .. [1] V. P. S. Naidu, "Image fusion technique using multi-resolution singular
       value decomposition", Defence Science Journal 61 (2011) 479-484.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import MSVD
    >>> rng = np.random.default_rng(0)
    >>> image = rng.random((21, 34), dtype=np.float32)
    >>> fused = MSVD(n_levels=2).transform([(image, image)])[0]
    >>> bool(np.allclose(fused, image, atol=1e-6))
    True
    """

    original_white = 1
    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "n_levels": [Interval(Integral, 1, None, closed="left")],
        "rescale": ["boolean"],
        "parity": ["boolean"],
    }

    def __init__(self, n_levels=1, *, rescale=False, parity=False, color="gray"):
        self.n_levels = n_levels
        self.rescale = rescale
        self.parity = parity
        self.color = color

    def _fuse(self, ir, vis):
        return self._transform_pair(ir, vis, stretch=self.rescale or self.parity)

    def _fuse_channels(self, ir, vis):
        """Channel by channel; the original does not stretch colour."""
        ir, vis = self._levels(ir, vis)
        channels = [
            self._transform_pair(ir, np.ascontiguousarray(vis[..., c]), stretch=False)
            for c in range(3)
        ]
        fused = np.stack(channels, axis=-1)
        return _stretch(fused) if self.rescale else fused

    def _transform_pair(self, ir, vis, *, stretch):
        height, width = ir.shape
        fused = self._level(ir, vis, self.n_levels)
        return (_stretch(fused) if stretch else fused)[:height, :width]

    def _level(self, ir, vis, n_levels):
        height, width = ir.shape
        ir, vis = self._even(ir), self._even(vis)
        blocks_ir, blocks_vis = _blocks(ir), _blocks(vis)
        basis_ir, basis_vis = self._bases(blocks_ir, blocks_vis)
        bands_ir, bands_vis = basis_ir.T @ blocks_ir, basis_vis.T @ blocks_vis
        bands = np.where(np.abs(bands_ir) >= np.abs(bands_vis), bands_ir, bands_vis)
        half = ir.shape[0] // 2, ir.shape[1] // 2
        if n_levels > 1 and max(half) > 1:
            low = [bands_x[0].reshape(half) for bands_x in (bands_ir, bands_vis)]
            bands[0] = self._level(*low, n_levels - 1).ravel()
        else:
            bands[0] = (bands_ir[0] + bands_vis[0]) / 2
        fused = _unblock((basis_ir + basis_vis) / 2 @ bands, half)
        return fused if self.parity else fused[:height, :width]

    def _even(self, image):
        height, width = image.shape
        if not (height % 2 or width % 2):
            return image
        if self.parity:
            return imresize(image, (height + height % 2, width + width % 2))
        return np.pad(image, ((0, height % 2), (0, width % 2)), mode="edge")

    def _bases(self, ir, vis):
        """Singular vectors of the blocks, as columns, for either image."""
        if self.parity:
            return _singular_vectors(ir), _singular_vectors(vis)
        both = np.concatenate([ir, vis], axis=1).astype(np.float64)
        # The eigenvectors of A A' are the left singular vectors of A, last one first.
        basis = np.linalg.eigh(both @ both.T)[1][:, ::-1].astype(ir.dtype)
        return basis, basis


def _singular_vectors(blocks):
    vectors = np.linalg.svd(blocks, full_matrices=False)[0]
    if vectors.shape[1] < 4:  # fewer blocks than dimensions
        vectors = np.linalg.svd(blocks, full_matrices=True)[0]
    return vectors


def _blocks(image):
    """2 x 2 blocks as columns, each read down its own columns: (4, n)."""
    quarters = image[::2, ::2], image[1::2, ::2], image[::2, 1::2], image[1::2, 1::2]
    return np.stack([quarter.ravel() for quarter in quarters])


def _unblock(blocks, half):
    image = np.empty((2 * half[0], 2 * half[1]), dtype=blocks.dtype)
    image[::2, ::2], image[1::2, ::2] = blocks[0].reshape(half), blocks[1].reshape(half)
    image[::2, 1::2], image[1::2, 1::2] = (
        blocks[2].reshape(half),
        blocks[3].reshape(half),
    )
    return image


def _stretch(image):
    low, high = image.min(), image.max()
    return (image - low) / (high - low) if high > low else image
