"""An exception of the common suite that excuses nothing is a slip."""

# SPDX-License-Identifier: BSD-3-Clause
import inspect
import re

import pytest

from . import test_fusers, test_transformers
from .estimators import CHEAP, EXCEPTIONS, FUSERS, TRANSFORMERS

KNOWN = {
    (cls.__name__, check)
    for classes, suite in ((FUSERS, test_fusers), (TRANSFORMERS, test_transformers))
    for cls in classes
    for check in suite.CHECKS
}


@pytest.mark.parametrize("key", EXCEPTIONS, ids="-".join)
def test_an_exception_names_a_class_and_a_check_of_its_suite(key):
    assert key in KNOWN


def test_cheap_forms_are_those_of_classes_in_the_suite():
    assert set(CHEAP) <= {cls.__name__ for cls in (*FUSERS, *TRANSFORMERS)}


@pytest.mark.parametrize("suite", [test_fusers, test_transformers])
def test_a_check_does_not_look_up_a_key_of_its_own(suite):
    lookup = r"EXCEPTIONS.get\(\(cls.__name__, (.+?)\)\)"
    keys = re.findall(lookup, inspect.getsource(suite))
    assert keys and set(keys) == {"check"}
