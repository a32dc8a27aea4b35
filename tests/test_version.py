"""Which commit an installation is of."""

import os
import re
import shutil
import subprocess

import pytest

from skfusion import _version

GIT = shutil.which("git")
ENV = {
    **os.environ,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the module in a folder that is no checkout."""
    folder = tmp_path / "skfusion"
    folder.mkdir()
    shutil.copy(_version.__file__, folder / "_version.py")
    monkeypatch.setattr(_version, "__file__", str(folder / "_version.py"))
    return folder


def git(folder, *words):
    subprocess.run([GIT, *words], cwd=folder, env=ENV, check=True, capture_output=True)


def test_a_wheel_says_the_commit_that_was_written_into_it(package):
    (package / "_commit.txt").write_text("0123abcd\n")
    assert _version.commit() == "0123abcd"
    assert _version.described() == f"{_version.__version__} (commit 0123abcd)"


def test_what_tells_nothing_is_the_version_alone(package):
    assert _version.commit() is None
    assert _version.described() == _version.__version__
    (package / "_commit.txt").write_text("\n")
    assert _version.commit() is None


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_a_checkout_is_asked_and_says_whether_it_was_changed(package, monkeypatch):
    root = package.parent
    git(root, "init", "-q")
    assert _version.commit() is None  # nothing is committed
    git(root, "add", "skfusion/_version.py")
    git(root, "commit", "-q", "-m", "one")
    assert re.fullmatch("[0-9a-f]{10}", _version.commit())
    with open(package / "_version.py", "a") as file:
        file.write("\n")
    assert re.fullmatch("[0-9a-f]{10}-dirty", _version.commit())
    monkeypatch.setenv("PATH", str(root))
    assert _version.commit() is None  # no git


def test_what_is_built_holds_the_commit(package, monkeypatch):
    """setup.py writes the file that `commit` reads, where the package is built."""
    setuptools = pytest.importorskip("setuptools")
    import runpy

    from .conftest import ROOT

    monkeypatch.setattr(setuptools, "setup", lambda **kwargs: None)
    commands = runpy.run_path(str(ROOT / "setup.py"))
    commands["write_commit"].__globals__["ROOT"] = package.parent
    commands["write_commit"](package.parent / "built")
    assert not (package.parent / "built").exists()  # none is known
    (package / "_commit.txt").write_text("0123abcd\n")
    commands["write_commit"](package.parent / "built")
    written = package.parent / "built" / "skfusion" / "_commit.txt"
    assert written.read_text() == "0123abcd\n"
