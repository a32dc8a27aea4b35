"""Published weights, converted, give what the published programs gave."""

import numpy as np
import pytest

from skfusion import fusers
from skfusion.images import as_float, read_image
from skfusion.learning.convert import convert_weights
from skfusion.weights import WeightsError

from .outputs import unstretched

# name -> class, folder of the weights and of the outputs, parameters that they need
PUBLISHED = {
    "seafusion": ("SeAFusion", "SeAFusion", {}),
    "mmdrfuse": ("MMDRFuse", "MMDRFuse", {}),
    "sdnet": ("SDNet", "SDNet", {}),
    "stdfusionnet": ("STDFusionNet", "STDFusionNet", {}),
    "sfdfusion": ("SFDFusion", "SFDFusion", {"parity": True}),
    "lutfuse": ("LUTFuse", "LUT-Fuse", {}),
    "datfuse": ("DATFuse", "DATFuse", {"tokens": "runs"}),
    "lrrnet": ("LRRNet", "LRRNet", {"normalize": True}),
    "mufusion": ("MUFusion", "MUFusion", {"parity": True}),
    "sage": ("SAGE", "SAGE", {"parity": True}),
    "reconet": ("ReCoNet", "ReCoNet", {}),
    "tardal": ("TarDAL", "TarDAL", {"norm": "image"}),
    "ydtr": ("YDTR", "YDTR", {"tokens": "runs"}),
}
# Those of their programs that stretch what they save.
STRETCHED = ("seafusion", "mmdrfuse", "sdnet", "stdfusionnet", "lrrnet", "mufusion")
# Between nodes the table changes by up to 10 over a sixteenth of the range, which makes
# so much of the rounding of a coordinate in single precision.
TOLERANCE = {"lutfuse": 3e-5}
each_method = pytest.mark.parametrize("name", PUBLISHED)


@pytest.fixture(scope="module")
def converted(shared, tmp_path_factory):
    """Return ``converted(name)``: the path of converted weights."""
    folder = tmp_path_factory.mktemp("weights")

    def convert(name):
        path = folder / f"{name}.safetensors"
        if not path.exists():
            source = shared / "data" / "published_weights" / PUBLISHED[name][1]
            convert_weights(name, source, path)
        return path

    return convert


def read_pair(shared, pair):
    folder = shared / "golden" / "inputs"
    scene = pair.removesuffix("rgb")
    kind = "vis_rgb" if pair.endswith("rgb") else "vis"
    return tuple(
        as_float(read_image(folder / f"{scene}_{kind}.png")) for kind in ("ir", kind)
    )


def read_output(shared, name, pair):
    method = PUBLISHED[name][1].replace("-", "")
    with np.load(shared / "golden" / "fusers" / f"{method}_{pair}.npz") as stored:
        images = stored["fused"] / stored["scale"], stored["uint8"]
    if pair.endswith("rgb"):
        return images
    # Some save gray images in three equal channels.
    return tuple(x if x.ndim == 2 else x[..., 0] for x in images)


def make(name, path, **params):
    cls, _, needed = PUBLISHED[name]
    params = {"weights": path, "device": "cpu", **needed, **params}
    return getattr(fusers, cls)(**params)


def check(shared, converted, name, pair):
    expected, _ = read_output(shared, name, pair)
    fused = unstretched(make(name, converted(name)), *read_pair(shared, pair))
    if name == "sfdfusion":
        # The program loses the last column of an odd width, and with it a little of
        # the first ones: only even widths can be compared pixel by pixel.
        width = expected.shape[1]
        if fused.shape[1] != width:
            assert np.abs(fused[:, :width] - expected).mean() < 1e-3
            return
    assert np.abs(fused - expected).max() <= TOLERANCE.get(name, 1e-5)


@each_method
def test_published_weights_give_the_published_output(shared, converted, name):
    check(shared, converted, name, "odd")


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["street", "night"])
@each_method
def test_published_weights_give_the_larger_outputs(shared, converted, name, pair):
    check(shared, converted, name, pair)


@pytest.mark.parametrize("name", STRETCHED)
def test_parity_gives_the_saved_image(shared, converted, name):
    _, expected = read_output(shared, name, "odd")
    fuser = make(name, converted(name), parity=True)
    fused = fuser.transform([read_pair(shared, "odd")])[0]
    assert fused.min() == 0 and fused.max() == 1
    assert np.abs(255 * fused - expected.astype(float)).max() <= 1.02


def test_lutfuse_sees_colour_as_published(shared, converted):
    expected, levels = read_output(shared, "lutfuse", "oddrgb")
    fuser = make("lutfuse", converted("lutfuse"), color="rgb")
    fused = fuser.transform([read_pair(shared, "oddrgb")])[0]
    error = np.abs(fused - np.clip(expected, 0, 1)).max()
    assert error <= TOLERANCE["lutfuse"]
    assert np.abs(255 * fused - levels).max() <= 1.01


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("sfdfusion", {"parity": False}),
        ("datfuse", {"tokens": "pixels"}),
        ("ydtr", {"tokens": "pixels"}),
        ("lrrnet", {"normalize": False}),
        ("tardal", {"norm": "batch"}),
    ],
)
def test_weights_that_need_a_parameter_say_so(shared, converted, name, params):
    (parameter,) = params
    pair = read_pair(shared, "odd")
    with pytest.raises(WeightsError, match=f"was made with {parameter}="):
        make(name, converted(name), **params).transform([pair])
