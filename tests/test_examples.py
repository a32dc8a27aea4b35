"""Every example runs and stays short."""

import os
import runpy
import warnings

import pytest

from .conftest import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(path)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a batch says of a broken file
        runpy.run_path(str(path), run_name="__main__")
    figures = len(plt.get_fignums())
    plt.close("all")
    assert figures == (1 if path.stem.startswith("plot_") else 0)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short(path):
    assert len(path.read_text().splitlines()) <= 75


def test_the_first_example_takes_two_paths(tmp_path, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    from skfusion.datasets import make_scene_pairs
    from skfusion.images import write_image

    infrared, visible = make_scene_pairs(1, size=(48, 64), random_state=0)[0]
    paths = [str(tmp_path / "ir.png"), str(tmp_path / "vis.png")]
    write_image(paths[0], infrared)
    write_image(paths[1], visible)
    script = ROOT / "examples" / "plot_fuse_two_images.py"
    monkeypatch.setattr("sys.argv", [str(script), *paths])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = runpy.run_path(str(script), run_name="__main__")
    plt.close("all")
    assert result["fused"].shape == visible.shape
