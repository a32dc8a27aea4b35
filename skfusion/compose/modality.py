"""One enhancement a modality: infrared and visible each go their own way."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils._param_validation import StrOptions

from ..pairs import ImagePairs, as_pairs
from ..sizes import sized_images
from ._steps import Step, is_ready, needs_fit

__all__ = ["EnhanceByModality"]


# Not wrapped: under sklearn.set_config(transform_output=...) the pairs would become a
# frame, which has no place for their names.
class EnhanceByModality(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
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

    _parameter_constraints: dict = {
        "infrared": [StrOptions({"passthrough"}), Step()],
        "visible": [StrOptions({"passthrough"}), Step()],
    }

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
        self._validate_params()
        pairs = as_pairs(X)
        for name in ("infrared", "visible"):
            slot = getattr(self, name)
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
        self._validate_params()
        pairs = as_pairs(X)
        columns = []
        for name in ("infrared", "visible"):
            slot = getattr(self, f"{name}_", getattr(self, name))
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

    def _sized(self, pairs):
        columns, same = [], True
        for name in ("infrared", "visible"):
            column = getattr(pairs, name)
            slot = getattr(self, f"{name}_", getattr(self, name))
            columns.append(sized_images(slot, column))
            same = same and columns[-1] is column
        return pairs if same else ImagePairs(*columns, names=pairs.names)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the two columns."""
        return np.array(["infrared", "visible"], dtype=object)

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
        return hasattr(self, "visible_") or all(
            is_ready(slot) for slot in (self.infrared, self.visible)
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = needs_fit(self.infrared) or needs_fit(self.visible)
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags
