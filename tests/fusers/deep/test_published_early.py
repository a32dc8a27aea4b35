"""Published weights of the earlier networks give what the published programs gave."""

import zipfile

import numpy as np
import pytest

from skfusion import fusers
from skfusion.learning.convert import convert_weights

from ..conftest import Original

FOLDERS = {
    "densefuse": "DenseFuse",
    "u2fusion": "U2Fusion",
    "ifcnn": "IFCNN",
    "pmgi": "PMGI",
    "dual_branch": "Dual_Branch",
    "liu_cnn": "LiuCNN",
}
CLASSES = {
    "densefuse": "DenseFuse",
    "u2fusion": "U2Fusion",
    "ifcnn": "IFCNN",
    "pmgi": "PMGI",
    "dual_branch": "DualBranch",
    "liu_cnn": "LiuCNN",
}
# name, parameters, reference
CASES = [
    ("densefuse", {}, "DenseFuse_mean_1e2"),
    ("densefuse", {"rule": "sum"}, "DenseFuse_add_1e2"),
    ("densefuse", {"rule": "l1", "activity_window": 1}, "DenseFuse_l1_1e2"),
    ("densefuse 1e0", {}, "DenseFuse_mean_1e0"),
    ("densefuse 1e0", {"rule": "l1", "activity_window": 1}, "DenseFuse_l1_1e0"),
    ("u2fusion", {}, "U2Fusion"),
    ("ifcnn", {}, "IFCNN_MAX"),
    ("dual_branch", {}, "Dual_Branch_channel"),
    ("dual_branch", {"rule": "average"}, "Dual_Branch_add"),
    ("dual_branch", {"rule": "l1"}, "Dual_Branch_l1"),
]


def published_source(shared, name, folder):
    """Return where the published weights are, unpacked if need be."""
    method, *weight = name.split()
    source = shared / "data" / "published_weights" / FOLDERS[method]
    if method == "densefuse":
        with zipfile.ZipFile(source / "densefuse_gray.zip") as archive:
            archive.extractall(folder)
        weight = weight[0] if weight else "1e2"
        (source,) = folder.rglob(f"*weight_{weight}.ckpt.index")
    return source


@pytest.fixture(scope="module")
def converted(shared, tmp_path_factory):
    """Return ``converted(name)``: the path of converted weights."""
    folder = tmp_path_factory.mktemp("weights")

    def convert(name):
        path = folder / f"{name}.safetensors"
        if not path.exists():
            source = published_source(shared, name, folder)
            convert_weights(name.split()[0], source, path)
        return path

    return convert


@pytest.fixture
def original(shared):
    """Return ``original(method, pair)``, the outputs of the published programs."""
    return lambda method, pair="odd": Original(shared / "golden", method, pair)


@pytest.fixture
def make(converted):
    def build(name, **params):
        cls = getattr(fusers, CLASSES[name.split()[0]])
        return cls(weights=converted(name), device="cpu", **params)

    return build


@pytest.mark.parametrize(("name", "params", "reference"), CASES)
def test_published_weights_give_the_published_output(
    make, original, shared, name, params, reference
):
    fuser = make(name, **params)
    assert original(reference).excess(fuser).max() <= 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["street", "night"])
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("densefuse", "DenseFuse_mean_1e2"),
        ("u2fusion", "U2Fusion"),
        ("ifcnn", "IFCNN_MAX"),
        ("dual_branch", "Dual_Branch_channel"),
    ],
)
def test_published_weights_give_the_larger_outputs(
    make, original, pair, name, reference
):
    assert original(reference, pair).excess(make(name)).max() <= 1e-5


def test_densefuse_parity_is_the_stretched_sum(make, original):
    reference = original("DenseFuse_add_1e2")
    low, high = reference.fused.min(), reference.fused.max()
    expected = (reference.fused - low) / (high - low)
    found = reference.result(make("densefuse", parity=True))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    # The program saves whole levels.
    assert np.abs(255 * found - reference.uint8).max() <= 0.51


def test_pmgi_parity_is_the_published_program(make, original):
    reference = original("PMGI")
    low, high = reference.fused.min(), reference.fused.max()
    expected = (reference.fused - low) / (high - low)
    found = reference.result(make("pmgi", parity=True))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    # With the trained scale and offset it looks otherwise.
    other = reference.result(make("pmgi", statistics="image"))
    assert np.abs(other - reference.fused).max() > 0.005


def test_liu_cnn_is_the_published_program(make, original):
    reference = original("CNN_Liu")
    error = np.abs(reference.result(make("liu_cnn")) - reference.fused)
    # Its single precision decides otherwise at single coefficients.
    assert error.mean() <= 1e-6 and error.max() <= 0.013
    levels = 255 * reference.result(make("liu_cnn", parity=True))
    assert (np.abs(levels - reference.uint8) > 0.5).mean() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["street", "night"])
def test_liu_cnn_on_larger_pairs(make, original, pair):
    reference = original("CNN_Liu", pair)
    error = np.abs(reference.result(make("liu_cnn")) - reference.fused)
    assert error.mean() <= 1e-5 and error.max() <= 0.013


def test_the_port_of_densefuse_reconstructs_too(shared, tmp_path, rng):
    source = (
        shared / "data" / "published_weights" / "DenseFuse" / "densefuse_gray.model"
    )
    path = tmp_path / "port.safetensors"
    convert_weights("densefuse", source, path)
    fuser = fusers.DenseFuse(weights=path, device="cpu")
    rows, columns = np.mgrid[:48, :64]
    image = 0.5 + 0.3 * np.sin(rows / 4) * np.cos(columns / 5)
    # The mean of the maps of two equal images is those maps.
    fused = fuser.transform([(image, image)])[0]
    assert np.abs(fused - image).mean() < 0.01


@pytest.mark.parametrize("kind", ["MEAN", "SUM"])
def test_the_other_rules_of_ifcnn_have_weights_of_their_own(shared, tmp_path, kind):
    source = shared / "data" / "published_weights" / "IFCNN" / f"IFCNN-{kind}.pth"
    path = tmp_path / "ifcnn.safetensors"
    convert_weights("ifcnn", source, path)
    rule = {"MEAN": "average", "SUM": "sum"}[kind]
    fuser = fusers.IFCNN(rule=rule, weights=path, device="cpu")
    rows, columns = np.mgrid[:48, :64]
    image = 0.5 + 0.3 * np.sin(rows / 4) * np.cos(columns / 5)
    assert np.abs(fuser.transform([(image, image)])[0] - image).mean() < 0.05
