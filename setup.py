"""What setup.cfg cannot say: wheels and sdists hold the commit they are made of."""

# SPDX-License-Identifier: BSD-3-Clause
import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent


def write_commit(folder):
    commit = runpy.run_path(str(ROOT / "skfusion" / "_version.py"))["commit"]()
    if commit is not None:
        path = Path(folder, "skfusion", "_commit.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(commit + "\n", encoding="ascii")


class BuildWithCommit(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:  # a checkout is asked itself
            write_commit(self.build_lib)


class SdistWithCommit(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        write_commit(base_dir)


setup(cmdclass={"build_py": BuildWithCommit, "sdist": SdistWithCommit})
