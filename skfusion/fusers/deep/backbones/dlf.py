"""DLF: details weighted by the features of a deep network, at several scales."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from ....base import BaseFuser
from ....networks.backbones import VGG19Features
from ..._filters import box_mean, tikhonov_low_pass
from ..._validation import check_odd
from ...multiscale._selection import share
from ._backbones import BACKBONE_CONSTRAINTS, feature_maps, read_backbone

__all__ = ["DLF"]


class DLF(BaseFuser):
    """Fuse the details by how strong a network's features of them are.

    A low-pass filter splits both images. The base layers are averaged; of the detail
    layers, each scale of a network makes a weighted mean, and the largest counts.

    Parameters
    ----------
    backbone : "sharpness", path or torch.nn.Module, default="sharpness"
        Whose features count: those of our own six-path sharpness network; of VGG-19
        for ImageNet, as published, from the path of torchvision's state dict; or of a
        module from ``(1, 1, h, w)`` to a list of maps.
    smoothness : float, default=5.0
        Strength of the low-pass filter.
    window : int, default=3
        Odd side of the window that activity is averaged over.
    pre_relu : bool, default=True
        Take VGG's maps before the activation, as the published program's indices do;
        the paper writes of those behind it.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    device : str, default="auto"
        ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ...

    See Also
    --------
    skfusion.fusers.ResNetZCA : The last features only, whitened.

    Notes
    -----
    With the maps ``f`` of scale i of a detail layer, its activity is ``C = box(sum_c
    |f_c|)``, enlarged to the image, and the detail of the scale ``sum_k C_k d_k /
    sum_k C_k``, Eq. (5) to (10) of [1]_. Where both activities are zero, where the
    original divides zero by zero, both details count one half. torchvision's VGG-19 is
    scaled otherwise than that of the authors: results differ slightly from theirs.

    References
    ----------
    .. [1] H. Li, X.-J. Wu and J. Kittler, "Infrared and visible image fusion using a
       deep learning framework", ICPR 2018, 2705-2710.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DLF
    >>> rng = np.random.default_rng(0)
    >>> DLF().transform([(rng.random((24, 32)), rng.random((24, 32)))])[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **BACKBONE_CONSTRAINTS,
        "smoothness": [Interval(Real, 0, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "pre_relu": ["boolean"],
    }

    def __init__(
        self,
        backbone="sharpness",
        *,
        smoothness=5.0,
        window=3,
        pre_relu=True,
        color="gray",
        device="auto",
    ):
        self.backbone = backbone
        self.smoothness = smoothness
        self.window = window
        self.pre_relu = pre_relu
        self.color = color
        self.device = device

    def _validate_params(self):
        super()._validate_params()
        check_odd(self, "window")

    def _fuse(self, ir, vis):
        module = read_backbone(self.backbone, VGG19Features, self.pre_relu)
        bases = [tikhonov_low_pass(image, self.smoothness) for image in (ir, vis)]
        details = [image - base for image, base in zip((ir, vis), bases)]
        maps = [feature_maps(module, detail, self.device) for detail in details]
        fused = None
        for first, second in zip(*maps):
            weight = share(*(self._activity(f, ir.shape) for f in (first, second)))
            scale = weight * details[0] + (1 - weight) * details[1]
            fused = scale if fused is None else np.maximum(fused, scale)
        return (bases[0] + bases[1]) / 2 + fused

    def _activity(self, maps, shape):
        """Return the activity of maps, enlarged by repetition to the image."""
        activity = np.abs(maps).sum(0, dtype=np.float64)
        activity = box_mean(activity, self.window, "constant")
        for axis, side in enumerate(shape):
            # The sides are halved i times, without rest.
            halvings = round(np.log2(max(side / activity.shape[axis], 1)))
            index = np.arange(side) >> halvings
            activity = activity.take(index.clip(max=activity.shape[axis] - 1), axis)
        return activity
