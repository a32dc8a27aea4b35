"""scikit-learn's own checks, through an adapter that makes images of rows."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skfusion.testing import RowsAsImages

from .estimators import EXCEPTIONS, FUSERS, TRANSFORMERS, make


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
