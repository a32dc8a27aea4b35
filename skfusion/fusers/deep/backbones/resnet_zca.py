"""ResNet-ZCA: weights from the whitened features of a deep network."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ....base import WeightMapFuser
from ....networks.backbones import ResNet50Features
from ..._filters import box_mean
from ..._imresize import imresize
from ..._validation import check_odd
from ...multiscale._selection import share
from ._backbones import BACKBONE_CONSTRAINTS, feature_maps, read_backbone

__all__ = ["ResNetZCA"]

_EPS = 1e-5


class ResNetZCA(WeightMapFuser):
    """Weight two images by the whitened last features of a deep network.

    Parameters
    ----------
    backbone : "sharpness", path or torch.nn.Module, default="sharpness"
        Whose features count: those of our own six-path sharpness network; of ResNet-50
        for ImageNet, as published, from the path of torchvision's state dict; or of a
        module from ``(1, 1, h, w)`` to a list of maps, whose last counts.
    stage : {4, 5}, default=5
        The stage of the ResNet whose last maps are taken.
    norm : {"l1", "l2"}, default="l1"
        Over the whitened maps, at each place.
    window : int, default=5
        Odd side of the window that activity is averaged over.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`; the weights are those of luma.
    device : str, default="auto"
        ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ...

    See Also
    --------
    skfusion.fusers.DLF : Details, weighted at several scales.

    Notes
    -----
    Each map, a matrix, is made zero-mean and whitened: ``U S^(-1/2) U' f`` with
    ``f f' = U S U'``, Eq. (3) to (5) of [1]_. The weight of an image is the mean
    activity of a window, enlarged by cubic interpolation, over the sum for both; one
    half where both are zero. The cubic overshoots: activities below zero are taken for
    zero.

    References
    ----------
    .. [1] H. Li, X.-J. Wu and T. S. Durrani, "Infrared and visible image fusion with
       ResNet and zero-phase component analysis", Infrared Physics & Technology 102,
       103039, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import ResNetZCA
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> ResNetZCA().transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **BACKBONE_CONSTRAINTS,
        "stage": [Options(Integral, {4, 5})],
        "norm": [StrOptions({"l1", "l2"})],
        "window": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        backbone="sharpness",
        *,
        stage=5,
        norm="l1",
        window=5,
        color="gray",
        device="auto",
    ):
        self.backbone = backbone
        self.stage = stage
        self.norm = norm
        self.window = window
        self.color = color
        self.device = device

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window")

    def _weight(self, ir, vis):
        module = read_backbone(
            self.backbone, ResNet50Features, self.stage, last_only=True
        )
        return share(*(self._activity(module, image) for image in (vis, ir)))

    def _activity(self, module, image):
        maps = whiten(feature_maps(module, image, self.device)[-1])
        if self.norm == "l1":
            activity = np.abs(maps).sum(0)
        else:
            activity = np.sqrt((maps * maps).sum(0))
        activity = box_mean(activity, self.window, "constant")
        enlarged = imresize(activity, image.shape)
        return np.maximum(enlarged, 0)


def whiten(maps):
    """Return maps ``(c, h, w)`` whose rows are uncorrelated, each map for itself."""
    maps = maps.astype(np.float64)
    maps = maps - maps.mean((1, 2), keepdims=True)
    values, vectors = np.linalg.eigh(maps @ maps.transpose(0, 2, 1))
    scaled = vectors / np.sqrt(np.maximum(values, 0) + _EPS)[:, None, :]
    return scaled @ (vectors.transpose(0, 2, 1) @ maps)
