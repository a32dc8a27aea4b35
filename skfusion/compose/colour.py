"""What becomes of colour: three forms around a pipeline, and the word for each."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline

from ..base import COLORS, BaseFuser, PairTransformer
from ..images import luma
from ..pairs import ImagePairs, as_pairs
from ..sizes import sized
from ._chroma import stored_luma, with_chroma
from ._steps import Step, is_ready, needs_fit

__all__ = [
    "DropChroma",
    "PerChannel",
    "PreserveChroma",
    "check_color",
    "transform_to_write",
    "with_color",
]


class _Around(TransformerMixin, BaseEstimator):
    """Base class of what stands around a whole pipeline and decides about colour."""

    _parameter_constraints: dict = {"estimator": [Step()]}

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y=None):
        """Fit the estimator.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        self.estimator_ = clone(self.estimator).fit(as_pairs(X))
        return self

    def transform(self, X):
        """Fuse each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ndarray of object, shape (n,)
            float32 in [0, 1]: ``(H, W)``, or ``(H, W, 3)`` where colour is kept.
        """
        self._validate_params()
        return self._transform(self._inner(), as_pairs(X))

    def _transform(self, estimator, pairs):
        raise NotImplementedError

    def _inner(self):
        """Return the fitted estimator, or the one that needs no fitting."""
        return getattr(self, "estimator_", self.estimator)

    def __sklearn_is_fitted__(self):
        return is_ready(self._inner())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = needs_fit(self.estimator)
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


class PreserveChroma(_Around):
    """Run a whole pipeline on luma and put the visible image's colour back.

    Wrapped around the pipeline rather than the fuser, so that no later step (a
    retinex, say) ever touches colour.

    Parameters
    ----------
    estimator : fuser or Pipeline that ends in fused images
        Sees gray pairs: infrared and the luma of the visible image.

    Attributes
    ----------
    estimator_ : fuser or Pipeline
        The fitted estimator, after ``fit``.

    See Also
    --------
    DropChroma : Gray results.
    PerChannel : Each channel fused with the infrared image.

    Notes
    -----
    With fused luma ``F`` and visible ``(R, G, B)`` of BT.601 luma ``Y`` the result is
    ``F + k (R - Y, G - Y, B - Y)``: the same Cb and Cr where ``k = 1``. Where a
    channel would leave [0, 1], ``k`` is the largest factor that keeps it inside, so
    that a bright fused pixel loses saturation in place of changing its hue, and the
    luma of the result is ``F`` everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.compose import PreserveChroma
    >>> from skfusion.fusers import AverageFuser
    >>> red = np.zeros((1, 1, 3)); red[..., 0] = 0.6
    >>> X = [(np.full((1, 1), 0.4), red)]
    >>> PreserveChroma(AverageFuser()).fit_transform(X)[0][0, 0].round(2)
    array([0.71, 0.11, 0.11], dtype=float32)
    """

    def fit(self, X, y=None):
        """Fit the estimator on gray pairs.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        gray, _ = _gray_pairs(as_pairs(X))
        return super().fit(gray)

    def _transform(self, estimator, pairs, dtype=np.float32):
        lead, estimator = size_steps(estimator)
        for step in lead:
            pairs = step.transform(pairs)
        gray, visible = _gray_pairs(pairs)
        fused = estimator.transform(gray)
        left = sized(estimator, pairs)
        if left is not pairs:
            visible = _visible(left)
        return _as_column(
            image if vis.ndim == 2 else with_chroma(image, vis, dtype)
            for image, vis in zip(fused, visible)
        )


class DropChroma(_Around):
    """Fuse to gray images, whatever the fuser's own ``color=`` says.

    Steps before the fuser see the colours of the visible image, the fuser its luma.

    Parameters
    ----------
    estimator : fuser or Pipeline that ends in fused images
        In a pipeline without one of this library's fusers, the whole of it sees luma.

    Attributes
    ----------
    estimator_ : fuser or Pipeline
        The fitted estimator, after ``fit``.

    See Also
    --------
    PreserveChroma : The visible image's colour around a gray result.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.compose import DropChroma
    >>> from skfusion.fusers import AverageFuser
    >>> X = [(np.zeros((4, 5)), np.ones((4, 5, 3)))]
    >>> DropChroma(AverageFuser(color="per_channel")).fit_transform(X)[0].shape
    (4, 5)
    """

    def _transform(self, estimator, pairs):
        fused = _with_fuser(estimator, pairs, _fuse_luma)
        return _as_column(luma(image) for image in fused)


class PerChannel(_Around):
    """Fuse each channel of the visible image with the infrared image.

    Parameters
    ----------
    estimator : fuser or Pipeline that ends in fused images
        Steps before and behind the fuser see colour images. A fuser of this library
        does it in its own way (one weight map for all channels, say); any other
        estimator fuses three gray pairs.

    Attributes
    ----------
    estimator_ : fuser or Pipeline
        The fitted estimator, after ``fit``.

    See Also
    --------
    PreserveChroma : The visible image's colour around a gray result.

    Notes
    -----
    What published programs do with colour, as a rule: warm objects turn pale, since
    the infrared image brightens all three channels.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.compose import PerChannel
    >>> from skfusion.fusers import AverageFuser
    >>> red = np.zeros((1, 1, 3)); red[..., 0] = 0.6
    >>> X = [(np.full((1, 1), 0.4), red)]
    >>> PerChannel(AverageFuser()).fit_transform(X)[0][0, 0].round(2)
    array([0.5, 0.2, 0.2], dtype=float32)
    """

    def _transform(self, estimator, pairs):
        return _with_fuser(estimator, pairs, _fuse_channels)


_AROUND = {"luma": PreserveChroma, "gray": DropChroma, "per_channel": PerChannel}


def check_color(color) -> None:
    """Refuse a word for the treatment of colour that :func:`with_color` does not know.

    Parameters
    ----------
    color : str

    Raises
    ------
    ValueError
    """
    if not isinstance(color, str) or color not in _AROUND:
        raise ValueError(f"color={color!r}: use one of {', '.join(_AROUND)}.")


def with_color(estimator, color):
    """Return an estimator that treats colour visible images as asked.

    Parameters
    ----------
    estimator : fuser or Pipeline
        Left as it is: a copy is wrapped, fitted if the estimator is. Of one that is
        wrapped already only what is inside is taken.
    color : {"luma", "gray", "per_channel"}
        Fuse luma and keep the visible chroma (:class:`PreserveChroma`), return gray
        images (:class:`DropChroma`), or fuse each channel with the infrared image
        (:class:`PerChannel`). It goes before the fuser's own ``color=``.

    Returns
    -------
    PreserveChroma, DropChroma or PerChannel

    Raises
    ------
    ValueError
        For another word, or something that has no ``transform``.

    Examples
    --------
    >>> from skfusion.compose import with_color
    >>> from skfusion.fusers import AverageFuser
    >>> with_color(AverageFuser(), "per_channel")
    PerChannel(estimator=AverageFuser())
    """
    check_color(color)
    while isinstance(estimator, _Around):
        estimator = estimator._inner()
    around = _AROUND[color](_copied(estimator))
    around._validate_params()
    return around


def transform_to_write(estimator, X, bit_depth):
    """Fuse pairs into images that are going to be written in so many bits.

    Parameters
    ----------
    estimator : fuser or Pipeline
    X : pairs
    bit_depth : {8, 16}

    Returns
    -------
    ndarray of object, shape (n,)
        What the estimator's ``transform`` returns; where a pass over the colours is
        saved by it, already rounded to that many bits.
    """
    if bit_depth == 8 and type(estimator) is PreserveChroma:
        estimator._validate_params()
        return estimator._transform(estimator._inner(), as_pairs(X), np.uint8)
    return estimator.transform(X)


def _gray_pairs(pairs):
    """Return the pairs with gray visible images, and these as they are stored.

    The infrared images are left as they are: what a step does to their range, or says
    about it, is not for this one to know.
    """
    visible = _visible(pairs)
    luma_planes = [stored_luma(image) for image in visible]
    return ImagePairs(pairs.infrared, luma_planes, names=pairs.names), visible


def _visible(pairs):
    return [pairs.read_visible(i, stored=True) for i in range(len(pairs))]


def size_steps(estimator):
    """Split a pipeline into the steps before all others that settle sizes, and these.

    They see colour, and are done once: what they leave is fused, and gives the colour.
    """
    if not isinstance(estimator, Pipeline):
        return [], estimator
    lead = []
    for _, step in estimator.steps[:-1]:
        if not (isinstance(step, PairTransformer) and step._sizes_may_differ):
            break
        lead.append(step)
    return lead, estimator[len(lead) :] if lead else estimator


def _with_fuser(estimator, X, fuse):
    """Transform X with ``fuse(fuser, pairs)`` in place of the fuser's transform."""
    if not (isinstance(estimator, Pipeline) and _holds_fuser(estimator)):
        return fuse(estimator, as_pairs(X))
    for _, step in estimator.steps:
        if _holds_fuser(step):
            X = _with_fuser(step, X, fuse)
        elif step is not None and step != "passthrough":
            X = step.transform(X)
    return X


def _holds_fuser(step):
    if isinstance(step, Pipeline):
        return any(_holds_fuser(inner) for _, inner in step.steps)
    return isinstance(step, (BaseFuser, _Around))


def _fuse_luma(fuser, pairs):
    return fuser.transform(_gray_pairs(pairs)[0])


def _fuse_channels(fuser, pairs):
    if isinstance(fuser, BaseFuser) and fuser.color in COLORS:
        fuser = copy.copy(fuser)
        fuser.color = "per_channel"
        return fuser.transform(pairs)
    return _as_column(_fuse_planes(fuser, pairs[i : i + 1]) for i in range(len(pairs)))


def _fuse_planes(fuser, pair):
    """Fuse the channels of one pair as three gray pairs."""
    infrared, visible = pair.read(0)
    planes = [visible] if visible.ndim == 2 else list(np.moveaxis(visible, 2, 0))
    fused = fuser.transform(ImagePairs([infrared] * len(planes), planes))
    return fused[0] if visible.ndim == 2 else np.stack(list(fused), axis=-1)


def _as_column(images):
    images = list(images)
    out = np.empty(len(images), dtype=object)
    for i, image in enumerate(images):
        out[i] = image
    return out


def _copied(estimator):
    """Return a copy in the same state, whose parameters can be set apart from it."""
    twin = copy.copy(estimator)
    if isinstance(estimator, BaseEstimator):
        for name, value in estimator.get_params(deep=False).items():
            setattr(twin, name, _copied_parameter(value))
    return twin


def _copied_parameter(value):
    if isinstance(value, BaseEstimator):
        return _copied(value)
    if isinstance(value, list):  # the steps of a Pipeline
        return [_copied_parameter(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_copied_parameter(item) for item in value)
    return value
