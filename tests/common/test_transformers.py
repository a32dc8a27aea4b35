"""The contract of an enhancement step: every check on every image transformer."""

import functools

import pytest

from skfusion.testing import transformer_checks
from skfusion.testing.subject import TransformerSubject

from .estimators import EXCEPTIONS, TRANSFORMERS, make

CHECKS = dict(transformer_checks())


@functools.cache
def subject(cls):
    """One for all checks."""
    return TransformerSubject(make(cls))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("cls", TRANSFORMERS, ids=lambda cls: cls.__name__)
def test_transformer(cls, check):
    reason = EXCEPTIONS.get((cls.__name__, check))
    if reason:
        pytest.skip(reason)
    CHECKS[check](subject(cls))


def test_there_are_enough_checks():
    assert len(CHECKS) >= 46


@pytest.mark.parametrize("cls", TRANSFORMERS, ids=lambda cls: cls.__name__)
def test_docstring_sections(cls):
    for section in ("Parameters\n", "Examples\n"):
        assert section in cls.__doc__
    for name in make(cls).get_params(deep=False):
        assert name in cls.__doc__
