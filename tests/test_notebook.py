"""The notebook: from two files of the user to a searched pipeline."""

import json
import shutil

import pytest

from .conftest import ROOT

NOTEBOOK = ROOT / "examples" / "your_two_files.ipynb"


def test_it_is_stored_without_results():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and not cell["execution_count"] for cell in code)


@pytest.mark.slow
def test_it_runs_on_the_users_own_two_files(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    from skfusion.datasets import make_scene_pairs
    from skfusion.images import read_image, write_image
    from skfusion.model_files import load_pipeline

    shutil.copy(NOTEBOOK, tmp_path)
    scene = make_scene_pairs(1, size=(48, 64), random_state=3)
    write_image(tmp_path / "thermal.png", scene.infrared[0])
    write_image(tmp_path / "visible.jpg", scene.visible[0])
    notebook = nbformat.read(tmp_path / NOTEBOOK.name, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(
            "INFRARED = None", "INFRARED = 'thermal.png'"
        ).replace("VISIBLE = None", "VISIBLE = 'visible.jpg'")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # that of notebooks
    run = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=run).execute()
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3
    assert read_image(tmp_path / "fused.png").shape == (48, 64, 3)
    load_pipeline(tmp_path / "mine.json")
    assert not (tmp_path / "infrared.png").exists()  # nothing was drawn
