"""What counts as a step: an object with ``transform``, not the class of one."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods
from sklearn.utils._tags import get_tags
from sklearn.utils.validation import check_is_fitted

__all__ = ["Step", "is_ready", "needs_fit"]


def needs_fit(step) -> bool:
    """Tell whether a step learns in ``fit``; of a Pipeline its steps are asked."""
    if isinstance(step, Pipeline):
        return any(needs_fit(inner) for _, inner in step.steps)
    return hasattr(step, "__sklearn_tags__") and get_tags(step).requires_fit


def is_ready(step) -> bool:
    """Tell whether ``transform`` works as it is: fitted, or nothing to learn."""
    if isinstance(step, Pipeline):
        return all(is_ready(inner) for _, inner in step.steps)
    if not needs_fit(step):
        return True
    try:
        check_is_fitted(step)
    except NotFittedError:
        return False
    return True


class Step(HasMethods):
    """The constraint of a parameter that holds an estimator."""

    def __init__(self):
        super().__init__("transform")

    def is_satisfied_by(self, val):
        """Tell whether a value is an estimator; a class that was not called is none."""
        return not isinstance(val, type) and super().is_satisfied_by(val)

    def __str__(self):
        return "an estimator with 'transform' (an instance of it)"
