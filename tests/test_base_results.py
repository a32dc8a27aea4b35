"""What leaves an estimator is finite, or an error that says whose and of what."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
import torch

import skfusion
from skfusion import ImagePairs
from skfusion.base import (
    BaseFuser,
    ImageTransformer,
    PairTransformer,
    WeightMapFuser,
    as_result,
)
from skfusion.compose import EnhanceByModality
from skfusion.fusers import (
    CBF,
    GFCE,
    SAIF,
    VSMWLS,
    DIDFuse,
    HybridMSD,
    LaplacianPyramid,
    RatioPyramid,
)
from skfusion.learning.weights import read_weights, write_weights
from skfusion.transforms import LinearStretch

PAIRS = ImagePairs([np.zeros((4, 5))] * 2, [np.ones((4, 5))] * 2, names=["a", "b"])


class Second:
    """Mixin: wrong for the bright image alone."""

    value = np.nan

    def wrong(self, vis):
        return np.full(vis.shape, self.value if vis.max() == 1 else 0.5)


class Fuser(Second, BaseFuser):
    def _fuse(self, ir, vis):
        return self.wrong(vis)


class Map(Second, WeightMapFuser):
    def _weight(self, ir, vis):
        return self.wrong(vis)


class Image(Second, ImageTransformer):
    def _transform_image(self, image):
        return self.wrong(image)


class Pair(Second, PairTransformer):
    def _transform_pair(self, ir, vis):
        return ir, self.wrong(vis)


# The warnings of NumPy on the way are not what is tested here.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize(
    ("cls", "method", "X", "what"),
    [
        (Fuser, "transform", PAIRS, "pair 0, 'a'"),
        (Map, "transform", PAIRS, "pair 0, 'a'"),
        (Map, "weight_map", PAIRS, "pair 0, 'a'"),
        (Pair, "transform", PAIRS, "pair 0, 'a'"),
        (Image, "transform", [np.zeros((4, 5)), np.ones((4, 5))], r"X\[1\]"),
    ],
)
def test_what_is_not_finite_is_named(cls, method, X, what, value):
    estimator = cls()
    estimator.value = value
    message = rf"{cls.__name__}\(\) made 20 NaN or infinite values of {what}: bring"
    with pytest.raises(ValueError, match=message):
        getattr(estimator, method)(X)


def test_the_pair_is_the_one_that_came_out_so():
    X = ImagePairs([np.zeros((4, 5))] * 2, [np.zeros((4, 5)), np.ones((4, 5))])
    with pytest.raises(ValueError, match="of pair 1, 'pair_0001'"):
        Fuser().transform(X)


def test_numbers_that_overflow_on_the_way_are_named():
    class Overflowing(BaseFuser):
        def _fuse(self, ir, vis):
            return ir * 1e308**2

    with pytest.raises(ValueError, match=r"cannot be computed for pair 0, 'a' \(.34"):
        Overflowing().transform(PAIRS)


def test_a_result_is_single_and_itself_where_it_is_that_already():
    image = np.ones((2, 2), np.float32)
    assert as_result(image, None, "") is image
    assert as_result([[0.25]], None, "").dtype == np.float32


def test_a_sum_beyond_float32_is_no_infinite_value():
    image = np.full((2, 3), 3e38, np.float32)
    assert as_result(image, None, "") is image
    assert as_result(-image[:, ::2], None, "").shape == (2, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted(bad):
    image = np.full((2, 3, 3), 3e38, np.float32)
    image[1, 2] = bad, -bad, 0
    with pytest.raises(ValueError, match="made 2 NaN or infinite values of it"):
        as_result(image, LinearStretch(), "it")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "fuser",
    [
        LaplacianPyramid(gain=1e308),
        GFCE(lam=1e-320),
        CBF(sigma_spatial=1e-320),
        SAIF(sigma_range=1e-320),
        RatioPyramid(offset=1e308),
        VSMWLS(lam=1e308),
        HybridMSD(lam=1e-320),
    ],
    ids=repr,
)
def test_parameters_out_of_all_reason_are_named(fuser):
    image = np.random.default_rng(0).integers(0, 256, (40, 48), dtype=np.uint8)
    name = type(fuser).__name__
    with pytest.raises(ValueError, match=rf"{name}\(.*values of pair 0, 'pair_0000'"):
        fuser.transform([(image, image[::-1])])


@pytest.mark.parametrize("name, value", [("running_var", -1.0), ("", 3e38)])
def test_weights_out_of_all_reason_make_no_black_image(name, value, tmp_path):
    path = tmp_path / "w.safetensors"
    state = {
        key: torch.full_like(x, value) if name in key and x.is_floating_point() else x
        for key, x in read_weights("didfuse").items()
    }
    write_weights(path, state)
    image = np.random.default_rng(0).integers(0, 256, (40, 48), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"DIDFuse\(weights=.*values of pair 0"):
        skfusion.fuse(image, image, DIDFuse(weights=path), color="gray")


def test_a_foreign_estimator_makes_no_black_image():
    class Foreign:
        def transform(self, X):
            return np.full((1, 4, 5), np.nan)

    image = np.zeros((4, 5), np.uint8)
    with pytest.raises(ValueError, match="20 NaN or infinite values"):
        skfusion.fuse(image, image, Foreign())


@pytest.mark.parametrize(
    ("X", "start"),
    [
        (ImagePairs([np.zeros((3, 4))], [np.zeros((3, 4, 3))]), "X is an ImagePairs"),
        ([(np.zeros((3, 4)), np.zeros((3, 4, 3)))], "X[0] is a pair"),
        ([("ir.png", "vis.png")], "X[0] is a pair"),
        (np.full((1, 2), None), "X is an object array of shape (1, 2)"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_transformers_of_images_say_how_pairs_are_given(X, start, method):
    with pytest.raises(ValueError) as caught:
        getattr(LinearStretch(), method)(X)
    assert str(caught.value).startswith(start)
    assert "skfusion.compose.EnhanceByModality" in str(caught.value)
    EnhanceByModality(infrared=LinearStretch())  # which is there


def test_an_image_may_be_a_tuple_of_its_rows():
    (stretched,) = LinearStretch().transform([((0.0, 0.5), (0.25, 0.5))])
    np.testing.assert_allclose(stretched, [[0, 1], [0.5, 1]])
