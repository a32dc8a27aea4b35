"""The script that trains the networks: its folder of images, one short training."""

import importlib
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


@pytest.fixture
def tones(script, monkeypatch):
    monkeypatch.syspath_prepend(str(script.parent))
    return importlib.import_module("_tones")


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
        *("train", *names, "--seconds", 1, "--grace", 250),
        *("--device", "cpu", "--jobs", 2),
        *("--data", data, "--out", tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name, cls in zip(names, ("MMDRFuse", "DenseFuse")):
        record = json.loads((tmp_path / f"{name}.json").read_text())
        assert record["fuser"] == cls and record["device"] == "CPU"
        assert record["images"]["pairs"] == 2 and record["images"]["drawn pairs"] == 1
        assert record["images"]["copies in other light"] == 6
        assert len(record["loss_curve"]) == min(record["epochs"], 40)
        path = tmp_path / f"{name}.safetensors"
        assert read_metadata(path)["class"] == cls
        fuser = getattr(fusers, cls)(weights=path, device="cpu")
        assert fuser.transform([np.zeros((2, 20, 24))])[0].shape == (20, 24)
    assert (
        json.loads((tmp_path / "densefuse.json").read_text())["images"]["photographs"]
        == 3
    )


def test_a_training_that_does_not_end_is_killed(script, data, tmp_path):
    names = ("mmdrfuse", "densefuse")
    done = run(
        script,
        *("train", *names, "--seconds", 0.1, "--grace", 0, "--device", "cpu"),
        *("--data", data, "--out", tmp_path),
    )
    assert done.returncode == 1
    assert "failed: mmdrfuse, densefuse" in done.stderr
    assert "mmdrfuse: killed 0 seconds after its time" in done.stdout


def lamp_at_dusk():
    """Return a pair: cold ground with a hot spot, a bright wall with a lamp."""
    ir = np.full((60, 80), 90, np.uint8)
    ir[20:30, 20:30] = 255
    vis = np.tile(np.linspace(40, 150, 80).astype(np.uint8), (60, 1))
    vis[40:44, 40:44] = 255
    return ir, vis


def test_copies_have_dim_infrared_images_and_nights_with_lamps(tones):
    ir, vis = lamp_at_dusk()
    day, night, thermal_night = tones.relit(ir, vis, np.random.default_rng(0))
    for images in (day, night, thermal_night):
        for image in images:
            assert image.dtype == np.uint8 and image.shape == (60, 80)
    for dim, _ in (day, night):
        assert dim[0, 0] < 60 and dim[25, 25] > 150
    assert np.array_equal(thermal_night[0], ir)
    # By day the whole range; by night dark, but for the lamp.
    assert day[1].min() == 0 and day[1].max() == 255
    for _, dark in (night, thermal_night):
        assert dark.mean() < 0.5 * day[1].mean()
        assert dark[40:44, 40:44].min() > 240


def test_copies_repeat_with_the_seed_and_differ_between_pairs(tones):
    pair = lamp_at_dusk()
    first, again = (tones.relit(*pair, np.random.default_rng(3)) for _ in range(2))
    rng = np.random.default_rng(4)
    other, another = tones.relit(*pair, rng), tones.relit(*pair, rng)
    for a, b in zip(first, again):
        assert all(map(np.array_equal, a, b))
    assert not np.array_equal(other[1][1], another[1][1])
    assert not np.array_equal(first[1][1], other[1][1])


def test_flat_images_have_copies(tones):
    flat = np.full((20, 24), 100, np.uint8)
    for images in tones.relit(flat, flat, np.random.default_rng(0)):
        assert all(image.shape == (20, 24) for image in images)


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


@pytest.mark.slow
def test_new_weights_are_compared_with_those_that_ship(script, tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("ir", "vis"):
        (tmp_path / "pairs" / kind).mkdir(parents=True)
        levels = rng.integers(0, 256, (70, 90), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "pairs" / kind / "1.png"), levels)
    (tmp_path / "new").mkdir()
    fusers.MMDRFuse().save_weights(tmp_path / "new" / "mmdrfuse.safetensors")
    done = run(
        script.with_name("choose_networks.py"),
        *(tmp_path / "new", "--pairs", tmp_path / "pairs", "--out", tmp_path / "out"),
    )
    assert done.returncode == 0, done.stderr
    assert "new at least equal in 7 of 7" in done.stdout
    values = json.loads((tmp_path / "out" / "choice.json").read_text())["mmdrfuse"]
    assert values["new"] == values["old"]
    # The pair as it is and by night; infrared, visible, old and new.
    assert cv2.imread(str(tmp_path / "out" / "mmdrfuse.png"), 0).shape == (480, 1280)
