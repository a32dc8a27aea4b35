"""Run the checks of a fuser or of an enhancement step."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .common import COMMON
from .fusers import FUSERS
from .subject import FuserSubject, TransformerSubject
from .transformers import TRANSFORMERS

__all__ = ["check_fuser", "check_transformer", "fuser_checks", "transformer_checks"]


def fuser_checks():
    """List the checks of a fuser.

    Returns
    -------
    list of (str, callable)
        The name of a check, and the check, to be called with a fuser.

    See Also
    --------
    check_fuser : Run them all.

    Examples
    --------
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.testing import fuser_checks
    >>> dict(fuser_checks())["output_form"](AverageFuser())

    With pytest, a test for each::

        @pytest.mark.parametrize("name, check", fuser_checks())
        def test_my_fuser(name, check):
            check(MyFuser())
    """
    return COMMON.listed(FuserSubject) + FUSERS.listed(FuserSubject)


def transformer_checks():
    """List the checks of an enhancement step, an ``ImageTransformer``.

    Returns
    -------
    list of (str, callable)
        The name of a check, and the check, to be called with a transformer.

    See Also
    --------
    check_transformer : Run them all.

    Examples
    --------
    >>> from skfusion.testing import transformer_checks
    >>> from skfusion.transforms import LinearStretch
    >>> dict(transformer_checks())["dense_in_dense_out"](LinearStretch())
    """
    return COMMON.listed(TransformerSubject) + TRANSFORMERS.listed(TransformerSubject)


def check_fuser(fuser, *, skip=()):
    """Check that a fuser keeps the contract that every fuser of the package keeps.

    Parameters
    ----------
    fuser : BaseFuser
        An instance; it is cloned, so that it stays as it is. One that has to be fitted
        is fitted on three pairs of at most 33 x 31 pixels: make it a small one.
    skip : sequence of str, default=()
        Names of checks of :func:`fuser_checks` that it is not meant to pass.

    Raises
    ------
    AssertionError
        For the first check that fails: names it, what it expects and what was found.
    ValueError
        If ``fuser`` is no fuser, or ``skip`` names no check.

    See Also
    --------
    fuser_checks : The single checks, to be run one by one.
    RowsAsImages : For scikit-learn's own checks.

    Examples
    --------
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.testing import check_fuser
    >>> check_fuser(AverageFuser())
    """
    _run(fuser_checks(), FuserSubject(fuser), skip)


def check_transformer(transformer, *, skip=()):
    """Check that an enhancement step keeps the contract of the package's own.

    Parameters
    ----------
    transformer : ImageTransformer
        An instance; it is cloned, so that it stays as it is.
    skip : sequence of str, default=()
        Names of checks of :func:`transformer_checks` that it is not meant to pass.

    Raises
    ------
    AssertionError
        For the first check that fails: names it, what it expects and what was found.
    ValueError
        If ``transformer`` is no image transformer, or ``skip`` names no check.

    See Also
    --------
    transformer_checks : The single checks, to be run one by one.

    Examples
    --------
    >>> from skfusion.testing import check_transformer
    >>> from skfusion.transforms import LinearStretch
    >>> check_transformer(LinearStretch())
    """
    _run(transformer_checks(), TransformerSubject(transformer), skip)


def _run(checks, subject, skip):
    names = [name for name, _ in checks]
    for name in skip:
        if name not in names:
            raise ValueError(f"skip names {name!r}, no check: choose from {names}.")
    for name, check in checks:
        if name not in skip:
            check(subject)
