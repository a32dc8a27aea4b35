"""An estimator taken apart around its fuser gives what it gives as a whole."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skfusion import ImagePairs
from skfusion.compose import (
    DropChroma,
    EnhanceByModality,
    PerChannel,
    PreserveChroma,
    with_color,
)
from skfusion.compose.stages import staged
from skfusion.fusers import AverageFuser, EncoderDecoderFuser
from skfusion.learning.batches import Sample
from skfusion.transforms import SSR, LinearStretch, Resize


@pytest.fixture(scope="module")
def fuser():
    return EncoderDecoderFuser("leaky_relu", 16)


@pytest.fixture(scope="module")
def colour():
    """A colour pair of 8 bits whose visible image is the larger one."""
    rng = np.random.default_rng(0)
    ir = rng.integers(0, 256, (20, 30), np.uint8)
    return ImagePairs([ir], [rng.integers(0, 256, (40, 60, 3), np.uint8)], names=["a"])


@pytest.fixture(scope="module")
def even(colour):
    return ImagePairs(colour.infrared, [colour.visible[0][:20, :30]], names=["a"])


def in_stages(stages, pair):
    prepared, rest = stages.prepare(pair)
    sample = Sample(0, *prepared.read_stored(0))
    ((_, fused),) = stages.fuser._fuse_samples([sample])
    return stages.finish(fused, rest)


def check(estimator, pair):
    found = in_stages(staged(estimator), pair)
    np.testing.assert_allclose(found, estimator.transform(pair)[0], rtol=0, atol=1e-6)
    return found


def steps(fuser, *before):
    named = [("stretch", EnhanceByModality(infrared=LinearStretch()))]
    named = [(f"before{i}", step) for i, step in enumerate(before)] + named
    return Pipeline([*named, ("none", "passthrough"), ("fuse", fuser), ("ssr", SSR())])


@pytest.mark.parametrize("color", ["luma", "gray", "per_channel"])
def test_colour_is_treated_as_around_the_whole(fuser, even, color):
    assert check(with_color(fuser, color), even).ndim == 2 + (color != "gray")
    check(with_color(steps(fuser), color), even)


@pytest.mark.parametrize("color", ["luma", "gray", "per_channel"])
def test_steps_that_settle_sizes_come_first(fuser, colour, color):
    estimator = with_color(steps(fuser, Resize(to="visible")), color)
    assert check(estimator, colour).shape[:2] == (40, 60)


def test_colour_follows_a_step_that_changes_the_size_later(fuser, even):
    resized = Pipeline(
        [
            ("stretch", EnhanceByModality(infrared=LinearStretch())),
            ("resize", EnhanceByModality(Resize(scale=2), Resize(scale=2))),
            ("fuse", fuser),
        ]
    )
    assert check(PreserveChroma(resized), even).shape == (40, 60, 3)


@pytest.mark.parametrize("own", ["gray", "per_channel", "rgb", "hsv"])
@pytest.mark.parametrize("around", [None, PreserveChroma, DropChroma])
def test_the_colour_of_the_fuser_itself_is_kept_or_overruled(even, own, around, fuser):
    if own == "rgb":  # of three channels, no weights are shipped
        fuser = EncoderDecoderFuser(
            "leaky_relu", 16, color="rgb", weights=None, max_epochs=1, random_state=0
        ).fit(even)
    else:
        fuser = EncoderDecoderFuser("leaky_relu", 16, color=own)
    check(fuser if around is None else around(fuser), even)


def test_integers_reach_the_device_as_they_are(fuser, even):
    stages = staged(PreserveChroma(fuser))
    prepared, _ = stages.prepare(even)
    assert [x.dtype for x in prepared.read_stored(0)] == [np.uint8, np.uint8]


@pytest.mark.parametrize(
    "estimator",
    [
        AverageFuser(),
        Pipeline([("fuse", AverageFuser())]),
        with_color(AverageFuser(), "luma"),
        DropChroma(AverageFuser()),
        PerChannel(AverageFuser()),
        object(),
    ],
)
def test_what_needs_no_device_has_no_stages(estimator):
    assert staged(estimator) is None


def test_two_fusers_and_colours_of_its_own_have_no_stages(fuser):
    assert staged(Pipeline([("a", fuser), ("b", fuser)])) is None
    assert staged(PerChannel(EncoderDecoderFuser(color="hsv"))) is None
