"""How kernels are compiled: cached on disk, without the GIL, never ``fastmath``."""

# SPDX-License-Identifier: BSD-3-Clause
import warnings

from numba import njit
from numba.core.caching import FunctionCache
from numba.extending import register_jitable


def kernel(function):
    """Compile a function that raises ZeroDivisionError as Python does."""
    return _compiled(function)


def kernel_numpy_errors(function):
    """Compile a function that divides by zero as NumPy does.

    Without the check for a zero, which would stop vectorisation.
    """
    return _compiled(function, error_model="numpy")


def kernel_inlined(function):
    """Like :func:`kernel_numpy_errors`, copied into the loops that call it."""
    return _compiled(function, error_model="numpy", inline="always")


def kernel_part(function):
    """Compile like :func:`kernel_numpy_errors` what only other kernels call.

    Without what is needed for calls from Python, which takes a third of the time that
    a compilation takes: there it stays the function that it is.
    """
    return _part(function)


def kernel_loop(function):
    """Like :func:`kernel_part`, copied into what calls it once it is compiled.

    For a loop over many rows: to hand them over takes as long as some hundred entries.
    """
    return _part(function, forceinline=True)


def _part(function, **options):
    doors = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    options = {"nogil": True, "error_model": "numpy", **doors, **options}
    return register_jitable(**options)(function)


def _compiled(function, **options):
    # Nothing calls kernels from C: a door less to compile.
    dispatcher = njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    try:
        dispatcher._cache = _Cache(function)
    except (OSError, RuntimeError) as error:  # no folder that can be written
        _warn(error)
    return dispatcher


class _Cache(FunctionCache):
    """A cache on disk whose damage, or want of space, costs a compilation and no more.

    numba's own, which ``cache=True`` gives, raises at every call what reading an empty
    index or writing to a full disk raises, until someone deletes the file.
    """

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a damaged pickle can raise anything
            return None

    def save_overload(self, sig, data):
        try:
            try:
                super().save_overload(sig, data)
            except OSError:
                raise
            except Exception:  # the old index, which is read first, is damaged
                self.flush()
                super().save_overload(sig, data)
        except OSError as error:
            _warn(error)


_warned = []


def _warn(error):
    """Say once a process that compiled kernels are not kept."""
    if _warned:
        return
    _warned.append(error)
    warnings.warn(
        f"compiled kernels cannot be kept on disk ({error}): each process compiles its "
        "own, which takes seconds; set NUMBA_CACHE_DIR to a folder that can be "
        "written, with space.",
        RuntimeWarning,
        stacklevel=2,
    )
