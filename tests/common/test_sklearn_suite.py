"""scikit-learn's own checks, through an adapter that makes images of rows."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skfusion.testing import RowsAsImages

from .estimators import EXCEPTIONS, FUSERS, TRANSFORMERS, make

# The checks fit 10 to 40 rows: one to three steps an epoch, where the common suite,
# which has a few pairs, takes as many.
_BATCH_SIZE = 16


def _adapted():
    for cls in [*TRANSFORMERS, *FUSERS]:
        if (cls.__name__, "sklearn_suite") not in EXCEPTIONS:
            estimator = make(cls)
            if getattr(estimator, "weights", "") is None:
                estimator.set_params(batch_size=_BATCH_SIZE)
            yield RowsAsImages(estimator)


def _known(adapted):
    if type(adapted.estimator).__name__ == "ModuleFuser":
        reason = "joblib hashes a module by the addresses of its tensors"
        return {"check_estimators_overwrite_params": reason}
    return {}


@parametrize_with_checks(list(_adapted()), expected_failed_checks=_known)
def test_sklearn_check(estimator, check):
    check(estimator)
