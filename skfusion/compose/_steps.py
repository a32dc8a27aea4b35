"""What counts as a step: an object with ``transform``, not the class of one."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from sklearn.utils._param_validation import HasMethods

__all__ = ["Step"]


class Step(HasMethods):
    """The constraint of a parameter that holds an estimator."""

    def __init__(self):
        super().__init__("transform")

    def is_satisfied_by(self, val):
        """Tell whether a value is an estimator; a class that was not called is none."""
        return not isinstance(val, type) and super().is_satisfied_by(val)

    def __str__(self):
        return "an estimator with 'transform' (an instance of it)"
