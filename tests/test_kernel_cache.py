"""Compiled kernels on disk: damage and want of space cost a compilation, no more."""

# SPDX-License-Identifier: BSD-3-Clause
import subprocess
import sys
import warnings

import pytest
from numba.core.caching import FunctionCache, IndexDataCacheFile

from skfusion._kernels import _jit

SOURCE = """
from skfusion._kernels._jit import kernel

@kernel
def doubled(x):
    return 2 * x
"""
CALL = "import sys; sys.path.insert(0, {!r}); import one; print(one.doubled({}))"


@pytest.fixture
def package(tmp_path):
    (tmp_path / "one.py").write_text(SOURCE)
    return tmp_path


def call(package, number=3, limit=None):
    """Call a kernel in a process of its own; return what it printed and said."""
    code = CALL.format(str(package), number)
    if limit is not None:  # the largest file, as on a disk without space
        limited = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
        code = f"import resource; {limited}; {code}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def of_kind(package, suffix):
    return sorted((package / "__pycache__").glob(f"*{suffix}"))


@pytest.mark.parametrize("size", [0, 5, 40])
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_cut_file_is_written_again(package, suffix, size):
    assert call(package) == ("6", "")
    (path,) = of_kind(package, suffix)
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    assert call(package) == ("6", "")
    assert len(path.read_bytes()) == len(whole)


def test_a_full_disk_costs_one_warning(package):
    said = call(package, limit=0)
    assert said[0] == "6"
    assert said[1].count("RuntimeWarning") == 1
    assert "set NUMBA_CACHE_DIR to a folder" in said[1]
    assert not of_kind(package, ".nbi") and not of_kind(package, ".nbc")


@pytest.fixture
def unsaid(monkeypatch):
    monkeypatch.setattr(_jit, "_warned", [])


def one_more(x):
    return x + 1


def test_nowhere_to_write_costs_one_warning(unsaid, monkeypatch):
    monkeypatch.setattr(FunctionCache._impl_class, "_locator_classes", [])
    with pytest.warns(RuntimeWarning, match="no locator.*each process") as said:
        kernels = [_jit.kernel(one_more), _jit.kernel_numpy_errors(one_more)]
    assert len(said) == 1
    assert [kernel(1) for kernel in kernels] == [2, 2]


def test_a_disk_that_fails_when_the_kernel_is_called_costs_one_warning(
    unsaid, monkeypatch
):
    def fail(self, key, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "load", lambda self, key: None)
    monkeypatch.setattr(IndexDataCacheFile, "save", fail)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert _jit.kernel(one_more)(1) == 2 and _jit.kernel(one_more)(1.5) == 2.5
    assert [str(x.message).count("No space left") for x in said] == [1]


@_jit.kernel_part
def halved(x):
    return x / 2


@_jit.kernel_numpy_errors
def quartered(x):
    return halved(halved(x))


def test_a_part_is_compiled_for_kernels_and_a_function_for_python():
    assert quartered(3.0) == 0.75
    assert halved(3.0) == 1.5
    assert not hasattr(halved, "signatures")
    with pytest.raises(TypeError, match="unsupported operand"):
        halved("x")
