"""A small pair as files, as people have them."""

import numpy as np
import pytest

from skfusion.datasets import make_scene_pairs
from skfusion.images import write_image
from skfusion.pairs import ImagePairs


@pytest.fixture(scope="session")
def pair_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    infrared, visible = make_scene_pairs(1, (96, 128), night=True, random_state=3)[0]
    write_image(folder / "my ir.png", infrared)
    write_image(folder / "my vis.png", visible)
    return folder / "my ir.png", folder / "my vis.png"


@pytest.fixture(scope="session")
def pair(pair_files):
    return ImagePairs(*([path] for path in pair_files), names=["my vis"])


@pytest.fixture
def two_sizes():
    rng = np.random.default_rng(0)
    return ImagePairs([rng.random((40, 48))], [rng.random((60, 72, 3))], names=["a"])
