"""What is under test: clones of an estimator, and the samples they work on."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils._tags import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ..base import BaseFuser, ImageTransformer
from .samples import SHAPES, make_pair

__all__ = ["FuserSubject", "RowsAsImages", "Subject", "TransformerSubject"]


class Subject:
    """An estimator under test; one that needs it is fitted once, and copied."""

    base, noun = None, ""
    samples: list = []
    n_threaded_calls = 3

    def __init__(self, estimator):
        if isinstance(estimator, type):
            name = estimator.__name__
            raise ValueError(f"estimator={name} is a class: pass {name}().")
        if not isinstance(estimator, self.base):
            raise ValueError(
                f"estimator={estimator!r} is no {self.noun}: derive its class from "
                f"skfusion.base.{self.base.__name__}."
            )
        self.estimator = estimator
        self.cls = type(estimator)
        self._fitted = None

    @classmethod
    def of(cls, estimator):
        """Return the subject of an estimator, or the subject that was given."""
        return estimator if isinstance(estimator, Subject) else cls(estimator)

    @property
    def one(self):
        """The first sample alone."""
        return self.samples[:1]

    @property
    def requires_fit(self):
        """Whether the estimator has to be fitted before it can transform."""
        return get_tags(self.estimator).requires_fit

    def names(self):
        """Return the names of the parameters."""
        return list(self.estimator.get_params(deep=False))

    def fresh(self, **params):
        """Return an unfitted clone, with other parameters."""
        return clone(self.estimator).set_params(**params)

    def ready(self, **params):
        """Return a clone that can transform, fitted where that is needed."""
        if not self.requires_fit:
            return self.fresh(**params)
        if self._fitted is None:
            self._fitted = self.fresh().fit(self.samples)
        return copy.deepcopy(self._fitted).set_params(**params)

    def first(self, change):
        """Return the first sample with each of its images changed."""
        raise NotImplementedError

    def shape(self, sample):
        """Return the shape of the result of a sample."""
        raise NotImplementedError


class FuserSubject(Subject):
    """A fuser and three pairs of different sizes."""

    base, noun = BaseFuser, "fuser"
    samples = [make_pair(seed, shape) for seed, shape in enumerate(SHAPES)]

    def first(self, change):
        """Return the first pair with both of its images changed."""
        return [tuple(change(image) for image in self.samples[0])]

    def shape(self, sample):
        """Return the shape of the fused image of a gray pair."""
        return sample[0].shape


class TransformerSubject(Subject):
    """An image transformer and three images of different sizes."""

    base, noun = ImageTransformer, "image transformer"
    samples = [make_pair(seed, shape)[1] for seed, shape in enumerate(SHAPES)]
    n_threaded_calls = 50

    def first(self, change):
        """Return the first image, changed."""
        return [change(self.samples[0])]

    def shape(self, sample):
        """Return the shape of an image."""
        return sample.shape


class RowsAsImages(TransformerMixin, BaseEstimator):
    """Adapter that lets scikit-learn's own checks run over an estimator on images.

    Each row of numbers becomes a 1 x n image, or a pair of them for a fuser. Estimators
    on images carry the tag ``two_d_array=False``, for which scikit-learn runs a single
    check; behind the adapter it runs all of them.

    Parameters
    ----------
    estimator : BaseFuser or ImageTransformer

    Attributes
    ----------
    estimator_ : BaseFuser or ImageTransformer
        Fitted on the images of the rows.

    See Also
    --------
    check_fuser : The contract of a fuser.
    check_transformer : The contract of an enhancement step.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.testing import RowsAsImages
    >>> RowsAsImages(AverageFuser()).fit_transform(np.zeros((4, 3))).shape
    (4, 3)
    """

    def __init__(self, estimator=None):
        self.estimator = estimator

    def fit(self, X, y=None):
        """Fit the estimator on the images of the rows of X, (n, n_features)."""
        X = validate_data(self, X, dtype=np.float64)
        self.estimator_ = clone(self.estimator).fit(self._images(X))
        return self

    def transform(self, X):
        """Return the results of the rows of X, float64 of shape (n, n_features)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        out = self.estimator_.transform(self._images(X))
        return np.stack([image[0] for image in out]).astype(np.float64)

    def _images(self, X):
        squashed = 0.5 + 0.5 * np.tanh(X / 4)
        images = [row[None] for row in squashed]
        if isinstance(self.estimator, BaseFuser):
            return [(image, image[:, ::-1]) for image in images]
        return images
