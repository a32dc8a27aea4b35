"""Small drawn pairs on disk, and a report of them."""

import pytest

from skfusion.datasets import load_pairs, make_scene_pairs
from skfusion.images import write_image
from skfusion.leaderboard import run_bench

NAMES = ("first", "second", "third")
METRICS = ["en", "sd", "rmse", "qabf"]
HOSTILE = "<script>document.body.dataset.hacked=1</script>"


def write_pairs(folder, names=NAMES, size=(40, 56)):
    scenes = make_scene_pairs(len(names), size=size, random_state=3)
    for side in ("ir", "vis"):
        (folder / side).mkdir(parents=True)
    for i, name in enumerate(names):
        infrared, visible = scenes.read(i)
        write_image(folder / "ir" / f"{name}.png", infrared)
        write_image(folder / "vis" / f"{name}.png", visible)
    return folder


def write_published(folder, method, pairs, dataset="", names=None, flip=False):
    target = folder / method / dataset
    target.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(pairs.names):
        if names is None or name in names:
            infrared, _ = pairs.read(i)
            write_image(target / f"{name}.png", infrared[::-1] if flip else infrared)
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_pairs(tmp_path / "scenes")


@pytest.fixture
def pairs(folder):
    return load_pairs(folder)


@pytest.fixture
def bench(folder, tmp_path):
    """Run the bench on the drawn pairs, cheap by default."""

    def run(**options):
        options = {"methods": ["average", "tif"], "metrics": METRICS, **options}
        return run_bench(folder, out=tmp_path / "report", **options)

    return run
