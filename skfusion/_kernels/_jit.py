"""How kernels are compiled: cached on disk, without the GIL, never ``fastmath``."""

# SPDX-License-Identifier: BSD-3-Clause
from numba import njit

_OPTIONS = {"cache": True, "nogil": True}


def kernel(function):
    """Compile a function that raises ZeroDivisionError as Python does."""
    return njit(**_OPTIONS)(function)


def kernel_numpy_errors(function):
    """Compile a function that divides by zero as NumPy does.

    Without the check for a zero, which would stop vectorisation.
    """
    return njit(**_OPTIONS, error_model="numpy")(function)


def kernel_inlined(function):
    """Like :func:`kernel_numpy_errors`, copied into the loops that call it."""
    return njit(**_OPTIONS, error_model="numpy", inline="always")(function)
