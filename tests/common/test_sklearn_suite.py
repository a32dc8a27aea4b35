"""scikit-learn's own checks, through an adapter that makes images of rows.

Estimators on images carry the tag ``two_d_array=False``, for which scikit-learn runs a
single check; behind the adapter it runs all of them.
"""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from .estimators import EXCEPTIONS, FUSERS, TRANSFORMERS, make


class RowsAsImages(TransformerMixin, BaseEstimator):
    """Each row of numbers becomes a 1 x n image (or a pair of them)."""

    def __init__(self, estimator=None):
        self.estimator = estimator

    def fit(self, X, y=None):
        X = validate_data(self, X, dtype=np.float64)
        self.estimator_ = clone(self.estimator).fit(self._images(X))
        return self

    def transform(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        out = self.estimator_.transform(self._images(X))
        return np.stack([image[0] for image in out]).astype(np.float64)

    def _images(self, X):
        squashed = 0.5 + 0.5 * np.tanh(X / 4)
        images = [row[None] for row in squashed]
        if isinstance(self.estimator, tuple(FUSERS)):
            return [(image, image[:, ::-1]) for image in images]
        return images


def _adapted():
    for cls in [*TRANSFORMERS, *FUSERS]:
        if (cls.__name__, "sklearn_suite") not in EXCEPTIONS:
            yield RowsAsImages(make(cls))


def _known(adapted):
    if type(adapted.estimator).__name__ == "ModuleFuser":
        reason = "joblib hashes a module by the addresses of its tensors"
        return {"check_estimators_overwrite_params": reason}
    return {}


@parametrize_with_checks(list(_adapted()), expected_failed_checks=_known)
def test_sklearn_check(estimator, check):
    check(estimator)
