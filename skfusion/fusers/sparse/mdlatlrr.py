"""Multi-level decomposition by latent low-rank representation."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .latlrr import LatLRR

__all__ = ["MDLatLRR"]


class MDLatLRR(LatLRR):
    r"""Fuse as :class:`LatLRR`, with larger patches and fewer levels.

    Parameters
    ----------
    n_levels : int, default=2
        Number of detail layers.
    patch_size : int, default=16
        Side of the square patches in pixels. Projections for 8 and 16 ship.
    stride : int, default=1
        Step between patches in pixels; the cost falls with its square.
    norm : {"nuclear", "l1"}, default="nuclear"
        What measures how salient a patch is.
    accumulate_levels : bool, default=False
        Add detail layer l ``n_levels + 1 - l`` times, as the authors' program does,
        whose accumulator is never cleared.
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
    LatLRR : Smaller patches and more levels.

    Notes
    -----
    Level l takes a detail off the base of each image k, :math:`B_k^0 = k`, by the
    projection L of its overlapping patches P, which R puts back as their mean:

    .. math::

        D_k^l = R(L\, P(B_k^{l-1})), \quad B_k^l = B_k^{l-1} - D_k^l

    The fused detail is the mean of both, patch by patch, with the nuclear norms as
    weights, and the last bases are averaged:

    .. math::

        F = \frac{B_I^r + B_V^r}{2} + \sum_{l=1}^r R\left(
        \frac{n_I^l d_I^l + n_V^l d_V^l}{n_I^l + n_V^l}\right), \quad
        d_k^l = L\, P(B_k^{l-1}), \quad n_k^l = \lVert d_k^l \rVert_*

    with r = `n_levels`. Patches without any salience count one half each.

    References
    ----------
    .. [1] H. Li, X.-J. Wu and J. Kittler, "MDLatLRR: a novel decomposition method for
       infrared and visible image fusion", IEEE Transactions on Image Processing 29
       (2020) 4733-4746.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import MDLatLRR
    >>> ir = np.zeros((24, 32), dtype=np.uint8)
    >>> ir[10:16, 12:18] = 200
    >>> vis = np.full((24, 32), 100, dtype=np.uint8)
    >>> fused = MDLatLRR(n_levels=1).transform([(ir, vis)])[0]
    >>> fused.shape
    (24, 32)
    """

    def __init__(
        self,
        n_levels=2,
        patch_size=16,
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
        super().__init__(
            n_levels,
            patch_size,
            stride=stride,
            norm=norm,
            accumulate_levels=accumulate_levels,
            projection=projection,
            weights=weights,
            n_patches=n_patches,
            random_state=random_state,
            parity=parity,
            color=color,
        )
