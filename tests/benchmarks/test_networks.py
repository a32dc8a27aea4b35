"""The script that trains the networks: its folder of images, one short training."""

import importlib.util
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from skfusion import fusers
from skfusion.pipelines.named import _TRAINED_FUSERS
from skfusion.weights import read_metadata


@pytest.fixture(scope="module")
def script(root):
    return root / "benchmarks" / "train" / "networks.py"


def run(script, *args):
    command = [sys.executable, str(script), *map(str, args)]
    environment = {"PYTHONPATH": str(script.parents[2])}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
    )


@pytest.fixture(scope="module")
def data(script, tmp_path_factory):
    """A folder as ``prepare`` makes it, of two pairs and three photographs."""
    folder = tmp_path_factory.mktemp("training")
    rng = np.random.default_rng(0)
    for kind, n in (("ir", 2), ("vis", 2), ("photographs", 3)):
        (folder / kind).mkdir()
        for i in range(n):
            levels = rng.integers(0, 256, (120, 130, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / kind / f"{i}.png"), levels)
    (folder / "photographs" / "notes.txt").write_text("no image")
    packed = folder / "data"
    done = run(
        script,
        *("prepare", "--pairs", folder / "ir", folder / "vis"),
        *("--photographs", folder / "photographs", "--drawn", 1, "--data", packed),
    )
    assert done.returncode == 0, done.stderr
    assert "MB" in done.stdout
    return packed


def test_images_are_packed_gray_and_photographs_halved(data):
    names = [
        sorted(p.name for p in (data / "pairs" / k).iterdir()) for k in ("ir", "vis")
    ]
    assert names[0] == names[1] == ["0.jpg", "1.jpg", "drawn_000.jpg"]
    shapes = {
        path.parent.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape
        for path in data.rglob("[0-9].jpg")
    }
    assert shapes == {"ir": (120, 130), "vis": (120, 130), "photographs": (60, 65)}


@pytest.mark.slow
def test_networks_train_side_by_side_and_say_how(script, data, tmp_path):
    names = ("mmdrfuse", "densefuse")
    done = run(
        script,
        *("train", *names, "--seconds", 1, "--device", "cpu", "--jobs", 2),
        *("--data", data, "--out", tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name, cls in zip(names, ("MMDRFuse", "DenseFuse")):
        record = json.loads((tmp_path / f"{name}.json").read_text())
        assert record["fuser"] == cls and record["device"] == "CPU"
        assert record["images"]["pairs"] == 2 and record["images"]["drawn pairs"] == 1
        assert len(record["loss_curve"]) == min(record["epochs"], 40)
        path = tmp_path / f"{name}.safetensors"
        assert read_metadata(path)["class"] == cls
        fuser = getattr(fusers, cls)(weights=path, device="cpu")
        assert fuser.transform([np.zeros((2, 20, 24))])[0].shape == (20, 24)
    assert (
        json.loads((tmp_path / "densefuse.json").read_text())["images"]["photographs"]
        == 3
    )


def test_an_unknown_network_is_named(script, data, tmp_path):
    done = run(script, "train", "nothing", "--data", data, "--out", tmp_path)
    assert done.returncode == 1
    assert "'nothing' is unknown" in done.stderr


def test_every_network_to_train_has_a_recipe(script):
    spec = importlib.util.spec_from_file_location("networks", script)
    module = importlib.util.module_from_spec(spec)
    sys.modules["networks"] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["networks"]
    assert set(module.RECIPES) == set(_TRAINED_FUSERS)
    for name, recipe in module.RECIPES.items():
        assert recipe.fuser == _TRAINED_FUSERS[name][0]
        fuser = getattr(fusers, recipe.fuser)(
            weights=None, **{**module.COMMON, **recipe.settings}
        )
        fuser._validate_params()
