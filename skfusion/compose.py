"""Put steps together: one enhancement a modality, colour around a gray pipeline."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils._tags import get_tags

from .images import luma
from .pairs import ImagePairs, as_pairs

__all__ = ["EnhanceByModality", "PreserveChroma"]

_COLORS = ("luma", "gray", "per_channel")


class EnhanceByModality(TransformerMixin, BaseEstimator):
    """Enhance the infrared and the visible images, each in its own way.

    Parameters
    ----------
    infrared, visible : transformer, Pipeline or "passthrough", default="passthrough"
        Takes the column of images and returns as many images of the same sizes.

    Attributes
    ----------
    infrared_, visible_ : transformer or "passthrough"
        The fitted slots, after ``fit``.

    Notes
    -----
    scikit-learn's ``ColumnTransformer`` moves passed-through columns to the end and
    would swap the modalities without a word; here they stay where they are.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.compose import EnhanceByModality
    >>> from skfusion.transforms import LinearStretch
    >>> X = [(np.array([[0.2, 0.4]]), np.array([[0.2, 0.4]]))]
    >>> out = EnhanceByModality(infrared=LinearStretch()).fit_transform(X)
    >>> out.infrared[0].tolist(), out.visible[0].round(1).tolist()
    ([[0.0, 1.0]], [[0.2, 0.4]])
    """

    def __init__(self, infrared="passthrough", visible="passthrough"):
        self.infrared = infrared
        self.visible = visible

    def fit(self, X, y=None):
        """Fit both slots, each on its column.

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
        pairs = as_pairs(X)
        for name in ("infrared", "visible"):
            slot = self._checked_slot(name)
            if slot != "passthrough":
                slot = clone(slot).fit(getattr(pairs, name))
            setattr(self, f"{name}_", slot)
        return self

    def transform(self, X):
        """Enhance both columns.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ImagePairs
            In memory, with the names of X.
        """
        pairs = as_pairs(X)
        columns = []
        for name in ("infrared", "visible"):
            slot = getattr(self, f"{name}_", None)
            if slot is None:
                slot = self._checked_slot(name)
            column = getattr(pairs, name)
            if slot != "passthrough":
                before = len(column)
                column = list(slot.transform(column))
                if len(column) != before:
                    raise ValueError(
                        f"{name}={slot!r} turned {before} images into {len(column)}: "
                        "an enhancement step returns one image for each."
                    )
            columns.append(column)
        return ImagePairs(*columns, names=pairs.names)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the two columns."""
        return np.array(["infrared", "visible"], dtype=object)

    def _checked_slot(self, name):
        slot = getattr(self, name)
        if isinstance(slot, str) and slot == "passthrough":
            return slot
        if not hasattr(slot, "transform") or isinstance(slot, type):
            raise ValueError(
                f"{name}={slot!r}: expected a transformer, a Pipeline or 'passthrough'."
            )
        return slot

    def _sk_visual_block_(self):
        try:
            from sklearn.utils._repr_html.estimator import _VisualBlock
        except ImportError:  # scikit-learn < 1.7
            from sklearn.utils._estimator_html_repr import _VisualBlock
        return _VisualBlock(
            "parallel",
            [self.infrared, self.visible],
            names=["infrared", "visible"],
            name_details=[str(self.infrared), str(self.visible)],
        )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "visible_") or not get_tags(self).requires_fit

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        slots = [s for s in (self.infrared, self.visible) if not isinstance(s, str)]
        tags.requires_fit = any(
            get_tags(s).requires_fit for s in slots if hasattr(s, "__sklearn_tags__")
        )
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


class PreserveChroma(TransformerMixin, BaseEstimator):
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

    def __init__(self, estimator):
        self.estimator = estimator

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
        self.estimator_ = clone(self.estimator).fit(gray)
        return self

    def transform(self, X):
        """Fuse luma and put the colour back.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ndarray of object, shape (n,)
            float32 in [0, 1]: ``(H, W, 3)`` for a colour visible image, ``(H, W)``
            for a gray one.
        """
        gray, colours = _gray_pairs(as_pairs(X))
        fused = getattr(self, "estimator_", self.estimator).transform(gray)
        out = np.empty(len(fused), dtype=object)
        for i, (image, colour) in enumerate(zip(fused, colours)):
            out[i] = image if colour is None else _with_chroma(image, colour)
        return out

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_") or not get_tags(self).requires_fit

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):
            tags.requires_fit = get_tags(self.estimator).requires_fit
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def with_color(estimator, color):
    """Return the estimator in the form that treats colour as asked.

    Parameters
    ----------
    estimator : fuser or Pipeline
    color : {"luma", "gray", "per_channel"}
        ``"luma"`` wraps it in :class:`skfusion.compose.PreserveChroma`,
        ``"per_channel"`` sets the fuser's ``color``.

    Returns
    -------
    estimator
    """
    if color not in _COLORS:
        raise ValueError(f"color={color!r}: use one of {', '.join(_COLORS)}.")
    if color == "luma" and not isinstance(estimator, PreserveChroma):
        return PreserveChroma(estimator)
    if color == "per_channel":
        name = "fuse__color" if isinstance(estimator, Pipeline) else "color"
        if name not in estimator.get_params():
            raise ValueError(
                f"color='per_channel': {type(estimator).__name__} has no step 'fuse' "
                "with a parameter color; use color='luma'."
            )
        return estimator.set_params(**{name: "per_channel"})
    return estimator


def _gray_pairs(pairs):
    """Return the pairs with gray visible images, and the colours of these.

    The infrared images are left as they are: what a step does to their range, or says
    about it, is not for this one to know.
    """
    visible, colours = [], []
    for i in range(len(pairs)):
        vis = pairs.read_visible(i)
        visible.append(luma(vis))
        colours.append(vis if vis.ndim == 3 else None)
    return ImagePairs(pairs.infrared, visible, names=pairs.names), colours


def _with_chroma(fused, colour):
    """Return the image of the given luma and the chroma of another one."""
    if fused.shape != colour.shape[:2]:
        raise ValueError(
            f"the fused image is {fused.shape}, the visible one {colour.shape[:2]}: "
            "PreserveChroma needs an estimator that returns gray images and keeps the "
            "size; use color='luma' in the fuser."
        )
    from ._kernels.chroma import with_chroma

    colour = np.ascontiguousarray(colour, dtype=np.float32)
    out = np.empty_like(colour)
    with_chroma(np.ascontiguousarray(fused, dtype=np.float32), colour, out)
    return out
