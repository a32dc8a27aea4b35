import cv2
import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.transforms import Resize


@pytest.mark.parametrize(
    ("parameters", "shape"),
    [
        ({"height": 5, "width": 9}, (5, 9)),
        ({"height": 5}, (5, 10)),
        ({"width": 5}, (2, 5)),
        ({"scale": 0.5}, (5, 10)),
        ({"scale": 1.5}, (15, 30)),
        ({"scale": 0.01}, (1, 1)),
        ({"width": 1}, (1, 1)),
    ],
)
def test_sizes(rng, parameters, shape):
    gray, colour = rng.random((10, 20)), rng.random((10, 20, 3))
    out = Resize(**parameters).fit([gray]).transform([gray, colour])
    assert out[0].shape == shape and out[1].shape == (*shape, 3)


@pytest.mark.parametrize("method", ["area", "linear", "cubic", "nearest"])
def test_interpolation_is_that_of_opencv(rng, method):
    image = rng.random((10, 20)).astype(np.float32)
    flags = {
        "area": cv2.INTER_AREA,
        "linear": cv2.INTER_LINEAR,
        "cubic": cv2.INTER_CUBIC,
        "nearest": cv2.INTER_NEAREST_EXACT,
    }
    expected = cv2.resize(image, (13, 7), interpolation=flags[method])
    out = Resize(7, 13, interpolation=method).transform([image])[0]
    np.testing.assert_array_equal(out, np.clip(expected, 0, 1))


def test_auto_averages_downwards_and_is_cubic_upwards(rng):
    image = rng.random((8, 8)).astype(np.float32)
    for size, method in (((4, 4), "area"), ((16, 16), "cubic"), ((4, 9), "cubic")):
        expected = Resize(*size, interpolation=method).transform([image])[0]
        np.testing.assert_array_equal(Resize(*size).transform([image])[0], expected)
    blocks = image.reshape(4, 2, 4, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(Resize(4).transform([image])[0], blocks, atol=1e-6)


def test_the_same_size_is_the_same_image(rng):
    image = rng.random((8, 9)).astype(np.float32)
    np.testing.assert_array_equal(Resize(8, 9).transform([image])[0], image)


@pytest.mark.parametrize("to", ["infrared", "visible"])
def test_one_modality_takes_the_size_of_the_other(rng, to):
    ir = rng.random((6, 8)).astype(np.float32)
    vis = rng.random((12, 16, 3)).astype(np.float32)
    X = ImagePairs([ir], [vis], names=["a"])
    out = Resize(to=to).fit(X).transform(X)
    assert out.names.tolist() == ["a"]
    if to == "visible":
        np.testing.assert_array_equal(out.visible[0], vis)
        expected = Resize(12, 16).transform([ir])[0]
        np.testing.assert_array_equal(out.infrared[0], expected)
    else:
        np.testing.assert_array_equal(out.infrared[0], ir)
        expected = Resize(6, 8).transform([vis])[0]
        np.testing.assert_array_equal(out.visible[0], expected)
    infrared, visible = out.read(0)
    assert infrared.shape == visible.shape[:2]


@pytest.mark.parametrize(
    "parameters", [{}, {"height": 4, "scale": 2.0}, {"scale": 2.0, "to": "visible"}]
)
def test_exactly_one_way_to_say_the_size(parameters):
    with pytest.raises(ValueError, match="give exactly one of"):
        Resize(**parameters).fit()


def test_pairs_are_wanted_and_bad_images_named(rng):
    with pytest.raises(ValueError, match="expected a pair"):
        Resize(to="visible").fit([rng.random((4, 4))])
    with pytest.raises(ValueError, match="infrared of pair 'pair_0000' holds"):
        Resize(to="visible").transform([(np.full((2, 2), np.nan), np.zeros((2, 2)))])
    with pytest.raises(ValueError, match="'to' parameter"):
        Resize(to="depth").fit()


def test_a_size_beyond_all_reason_is_said_in_few_digits():
    with pytest.raises(ValueError, match=r"10\*\*151x10\*\*152 .*a smaller scale"):
        Resize(scale=1e150).transform([np.zeros((40, 480))])
