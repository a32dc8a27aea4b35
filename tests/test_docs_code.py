"""The Python code of the documentation runs, on files as people have them."""

# SPDX-License-Identifier: BSD-3-Clause
import re
import warnings

import pytest
import torch

from skfusion.datasets import make_scene_pairs
from skfusion.images import write_image

from .conftest import ROOT

# What a page takes as given.
GIVEN = {
    "downstream": """
import pathlib, shutil
visible = sorted(pathlib.Path("my/folder/vis").iterdir())
pathlib.Path("my/folder/labels").mkdir()
for path in visible:
    pathlib.Path("my/folder/labels", path.stem + ".txt").write_text("0 .5 .5 .2 .5")
shutil.copytree("my/folder/vis", "results/others")
""",
    "losses": """
import numpy, torch
from skfusion.datasets import make_scene_pairs
X = make_scene_pairs(2, size=(64, 80), color=False, random_state=0)
both = numpy.stack([numpy.stack(X.read(i)) for i in range(2)])
infrared, visible = torch.from_numpy(both).unbind(1)
fused = ((infrared + visible) / 2).requires_grad_()
table, index = numpy.random.default_rng(0).random((2, 4, 13)), torch.arange(2)
""",
    "your_own_network": """
import torch
from tests.test_docs_code import Mean
network = Mean()
encoder = base = detail = decoder = torch.nn.Identity()
""",
}
PAGES = {
    path.stem: re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
ELSEWHERE = {"many_pairs": "a bucket and a cluster"}  # what the page needs
RUN = [name for name, blocks in PAGES.items() if blocks and name not in ELSEWHERE]


class Mean(torch.nn.Module):
    """A network of two images that can be sent to a worker."""

    def forward(self, infrared, visible):
        return (infrared + visible) / 2


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the pages name."""
    pairs = make_scene_pairs(3, size=(64, 80), random_state=0)
    for side in ("ir", "vis"):
        (tmp_path / "my" / "folder" / side).mkdir(parents=True)
    for name, infrared, visible in zip(pairs.names, pairs.infrared, pairs.visible):
        write_image(tmp_path / "my" / "folder" / "ir" / f"{name}.png", infrared)
        write_image(tmp_path / "my" / "folder" / "vis" / f"{name}.png", visible)
    write_image(tmp_path / "thermal.png", pairs.infrared[0])
    write_image(tmp_path / "visible.jpg", pairs.visible[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", RUN)
def test_the_code_of_a_page_runs(page, folder):
    namespace = {"__name__": "page"}
    for block in (GIVEN.get(page, ""), *PAGES[page]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tiny trainings, drawn counts
            exec(compile(block, f"{page}.md", "exec"), namespace)


@pytest.mark.parametrize("page", ELSEWHERE)
def test_the_code_of_a_page_that_cannot_run_here_is_python(page):
    assert PAGES[page]
    for block in PAGES[page]:
        compile(block, f"{page}.md", "exec")
