"""The contract of a fuser: every check of ``skfusion.testing`` on every fuser."""

import functools
import re

import pytest

from skfusion.base import COLORS
from skfusion.testing import fuser_checks
from skfusion.testing.subject import FuserSubject

from .estimators import EXCEPTIONS, FUSERS, make

CHECKS = dict(fuser_checks())


@functools.cache
def subject(cls):
    """One for all checks: what has to be fitted is fitted once."""
    return FuserSubject(make(cls))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("cls", FUSERS, ids=lambda cls: cls.__name__)
def test_fuser(cls, check):
    reason = EXCEPTIONS.get((cls.__name__, check))
    if reason:
        pytest.skip(reason)
    CHECKS[check](subject(cls))


def test_there_are_enough_checks():
    assert len(CHECKS) >= 52


# What holds in this house, and not for everybody's fuser.


def check_needs_no_argument(cls):
    params = cls().get_params(deep=False)
    assert cls().set_params(**params).get_params(deep=False) == params


def check_gray_is_the_default(cls):
    assert cls().color == "gray", "color='gray' is the default of every fuser"


def check_what_colour_means_is_written_in_one_place(cls):
    lines = cls.__doc__.splitlines()
    start = next(i for i, line in enumerate(lines) if "color : " in line)
    one_line = "See :class:`skfusion.base.BaseFuser`"
    assert lines[start + 1].strip().startswith(one_line), f"document color: {one_line}."
    rest = lines[start + 2].strip()
    own = set(cls._parameter_constraints["color"][0].options) - set(COLORS)
    # One line, but for a fuser that has a word of its own.
    assert own or not rest or re.match(r"\w+(, \w+)* : ", rest)


def check_docstring_sections(cls):
    text = cls.__doc__
    for section in ("Parameters\n", "Examples\n"):
        assert section in text
    for name in cls().get_params(deep=False):
        assert name in text


HOUSE = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", HOUSE, ids=lambda check: check.__name__)
@pytest.mark.parametrize("cls", FUSERS, ids=lambda cls: cls.__name__)
def test_fuser_of_the_house(cls, check):
    check(cls)
