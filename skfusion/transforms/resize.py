"""Resizing of images, and of one image of a pair to the size of the other."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from ..base import ImageOrPairTransformer
from ..images.resizing import resize

__all__ = ["Resize"]

_SIDE = [Interval(Integral, 1, None, closed="left"), None]


class Resize(ImageOrPairTransformer):
    """Resize images, or bring one modality of each pair to the size of the other.

    Give exactly one of: ``height`` and/or ``width``, ``scale``, or ``to``.

    Parameters
    ----------
    height, width : int or None, default=None
        New size in pixels. With one of them the other keeps the aspect ratio.
    scale : float or None, default=None
        Factor for both sides; each is rounded, to at least 1.
    to : {"infrared", "visible"} or None, default=None
        Takes *pairs* and returns :class:`~skfusion.ImagePairs` whose two images have
        the size of the named one. This assumes the same field of view; it does not
        register.
    interpolation : {"auto", "area", "linear", "cubic", "nearest"}, default="auto"
        ``"auto"`` is ``"area"`` where no side grows, which averages the pixels it
        merges, and ``"cubic"`` otherwise. Cubic overshoot is cut to [0, 1].

    Notes
    -----
    Half-pixel centres, as in OpenCV, whose interpolation this is.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.transforms import Resize
    >>> Resize(scale=0.5).transform([np.eye(4)])[0]
    array([[0.5, 0. ],
           [0. , 0.5]], dtype=float32)
    >>> X = [(np.zeros((3, 4)), np.ones((6, 8)))]
    >>> [image.shape for image in Resize(to="visible").transform(X).read(0)]
    [(6, 8), (6, 8)]
    """

    _sizes_may_differ = True
    _changes_size = True
    _parameter_constraints: dict = {
        "height": _SIDE,
        "width": _SIDE,
        "scale": [Interval(Real, 0, None, closed="neither"), None],
        "to": [StrOptions({"infrared", "visible"}), None],
        "interpolation": [StrOptions({"auto", "area", "linear", "cubic", "nearest"})],
    }

    def __init__(
        self, height=None, width=None, scale=None, to=None, interpolation="auto"
    ):
        self.height = height
        self.width = width
        self.scale = scale
        self.to = to
        self.interpolation = interpolation

    def _validate_params(self):
        super()._validate_params()
        by_side = self.height is not None or self.width is not None
        given = by_side + (self.scale is not None) + (self.to is not None)
        if given != 1:
            raise ValueError(
                f"height={self.height}, width={self.width}, scale={self.scale}, "
                f"to={self.to!r}: give exactly one of height and/or width, scale, or "
                "to."
            )

    def _takes_pairs(self):
        return self.to is not None

    def _transform_pair(self, ir, vis):
        if self.to == "visible":
            return self._resize(ir, *vis.shape[:2]), vis
        return ir, self._resize(vis, *ir.shape)

    def _transform_image(self, image):
        height, width = image.shape[:2]
        if self.scale is not None:
            new = round(self.scale * height), round(self.scale * width)
        elif self.width is None:
            new = self.height, round(width * self.height / height)
        elif self.height is None:
            new = round(height * self.width / width), self.width
        else:
            new = self.height, self.width
        return self._resize(image, *(max(1, int(side)) for side in new))

    def _resize(self, image, height, width):
        return resize(image, height, width, self.interpolation)
