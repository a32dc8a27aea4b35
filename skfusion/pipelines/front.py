"""The front door: two images in, one out."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ..base import as_result
from ..compose import with_color
from ..images import to_dtype
from ..images.cells import load
from ..images.notices import Notices
from ..images.objects import as_array
from ..pairs import ImagePairs
from .named import DEFAULT_METHOD, get_pipeline

__all__ = ["fuse"]


def fuse(infrared, visible, method=DEFAULT_METHOD, *, color="luma", **params):
    """Fuse two images in one line.

    Parameters
    ----------
    infrared, visible : array-like or path
        Images of one size: uint8, uint16 or float in [0, 1].
    method : str or estimator, default="balanced"
        A name of :func:`skfusion.pipelines.pipeline_names`, or any fuser or pipeline
        that needs no fitting or is fitted.
    color : {"luma", "gray", "per_channel"}, default="luma"
        For a colour visible image: fuse luma and keep the visible chroma, return a
        gray image, or fuse each channel with the infrared image, whatever an
        estimator's own ``color=`` says; see :func:`skfusion.compose.with_color`.
    **params
        As in :func:`skfusion.pipelines.get_pipeline`; with an estimator, its
        ``set_params``.

    Returns
    -------
    ndarray, shape (H, W) or (H, W, 3)
        In the dtype of the visible image.

    Raises
    ------
    ValueError
        If the images do not fit together, a name is unknown, or the result is not
        finite.

    Examples
    --------
    >>> import numpy as np
    >>> import skfusion
    >>> ir = np.full((8, 8), 100, dtype=np.uint8)
    >>> vis = np.full((8, 8), 200, dtype=np.uint8)
    >>> fused = skfusion.fuse(ir, vis, method="average")
    >>> int(fused[0, 0]), fused.dtype
    (150, dtype('uint8'))
    """
    estimator = with_color(_estimator(method, params), color)
    visible = as_array(load(visible), "visible")
    dtype = visible.dtype
    if dtype.kind == "b":
        dtype = np.dtype(np.float32)
    pairs = ImagePairs([infrared], [visible], names=["the pair"])
    with Notices():
        fused = estimator.transform(pairs)[0]
    return to_dtype(as_result(fused, estimator, "the pair"), dtype)


def _estimator(method, params):
    if isinstance(method, str):
        return get_pipeline(method, **params)
    if not hasattr(method, "transform"):
        raise ValueError(
            f"method={method!r}: expected a name of pipeline_names() or a fuser."
        )
    from sklearn.base import clone

    return clone(method).set_params(**params) if params else method
