"""No number of a parameter keeps the machine busy for ever, or fills its memory."""

# SPDX-License-Identifier: BSD-3-Clause
from numbers import Integral

import numpy as np
import pytest
from sklearn.utils._param_validation import Interval

from skfusion._limits import LARGEST, check_limits
from skfusion.fusers import (
    ADF,
    AUIF,
    MetricAscent,
    NestFuse,
    SharpnessClassifier,
    SharpnessFuser,
)
from skfusion.transforms import Resize

from .common.estimators import FUSERS, TRANSFORMERS

CLASSES = [*FUSERS, *TRANSFORMERS, SharpnessClassifier]


def open_ended(cls):
    """Parameters that are whole numbers with no upper end of their own."""
    for name, constraints in cls._parameter_constraints.items():
        for one in constraints if isinstance(constraints, list) else ():
            whole = isinstance(one, Interval) and one.type is Integral
            if whole and one.right is None:
                yield name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_whole_number_has_an_upper_end(cls):
    for name in open_ended(cls):
        assert name in LARGEST
        estimator = cls(**{name: LARGEST[name] + 1})
        message = rf"{cls.__name__}: {name}=\d+ is beyond {LARGEST[name]}"
        with pytest.raises(ValueError, match=message):
            estimator._validate_params()


def test_no_limit_is_of_a_parameter_that_nobody_has():
    names = {name for cls in CLASSES for name in cls._parameter_constraints}
    assert set(LARGEST) <= names


def test_what_a_parameter_is_by_default_is_within_its_limit():
    for cls in CLASSES:
        check_limits(cls())


def test_each_of_a_list_of_numbers_counts():
    with pytest.raises(ValueError, match=r"NestFuse: widths=\[8, 5000\] is beyond"):
        check_limits(NestFuse(widths=[8, 5000]))


def test_a_seed_and_a_word_are_left_alone():
    check_limits(AUIF(random_state=2**32 - 1, device="auto"))
    with pytest.raises(ValueError, match="random_state=.* is beyond"):
        check_limits(AUIF(random_state=2**40))


def test_they_are_looked_at_before_anything_is_computed():
    image = np.zeros((5, 6))
    with pytest.raises(ValueError, match="ADF: n_iter=1000000000 is beyond 10000"):
        ADF(n_iter=10**9).transform([(image, image)])


@pytest.mark.parametrize(
    ("cls", "name"),
    [(SharpnessFuser, "softness"), (MetricAscent, "looks"), (MetricAscent, "step")],
)
def test_numbers_that_swallow_all_others_are_refused(cls, name):
    image = np.zeros((32, 32))
    with pytest.raises(ValueError, match=f"{cls.__name__}: {name}=1e.150 is beyond"):
        cls(**{name: 1e150}).transform([(image, image)])


@pytest.mark.parametrize("how", [{"scale": 1e30}, {"height": 60000, "width": 60000}])
def test_an_image_of_billions_of_pixels_is_not_made(how):
    with pytest.raises(ValueError, match="is more than the 268435456 pixels"):
        Resize(**how).transform([np.zeros((5, 6))])
