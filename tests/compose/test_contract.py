"""The contract of what stands around other estimators."""

# SPDX-License-Identifier: BSD-3-Clause
import inspect

import pytest
from sklearn.base import BaseEstimator

from skfusion import compose
from skfusion.fusers import AverageFuser

CLASSES = [
    cls
    for cls in (getattr(compose, name) for name in compose.__all__)
    if isinstance(cls, type) and issubclass(cls, BaseEstimator)
]


def make(cls, **params):
    needed = inspect.signature(cls).parameters.values()
    needed = {p.name: AverageFuser() for p in needed if p.default is p.empty}
    return cls(**{**needed, **params})


@pytest.mark.parametrize("cls", CLASSES)
def test_init_only_assigns_and_every_parameter_is_constrained(cls):
    params = make(cls).get_params(deep=False)
    assert set(params) == set(cls._parameter_constraints)
    for name in params:
        mark = object()
        assert make(cls, **{name: mark}).get_params(deep=False)[name] is mark


@pytest.mark.parametrize("cls", CLASSES)
def test_bad_parameters_are_named_at_use(cls, small_pairs):
    for name in make(cls).get_params(deep=False):
        for bad in (object(), None, 3, AverageFuser):
            estimator = make(cls, **{name: bad})
            for use in (estimator.fit, estimator.transform):
                with pytest.raises(ValueError, match=f"'{name}' parameter of"):
                    use(small_pairs)
