"""An estimator around a served fuser gives what it gives around the fuser itself."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skfusion import ImagePairs
from skfusion.compose import (
    DropChroma,
    EnhanceByModality,
    PerChannel,
    PreserveChroma,
    with_color,
)
from skfusion.compose.serving import device_fuser, served_on_devices, with_fuser
from skfusion.fusers import AverageFuser, EncoderDecoderFuser
from skfusion.learning.served import ServedFuser
from skfusion.transforms import SSR, LinearStretch, Resize


def network(color="gray"):
    return EncoderDecoderFuser("leaky_relu", 16, color=color, device="cpu,cpu")


@pytest.fixture(scope="module")
def colour():
    """A colour pair of 8 bits whose visible image is the larger one."""
    rng = np.random.default_rng(0)
    ir = rng.integers(0, 256, (20, 30), np.uint8)
    return ImagePairs([ir], [rng.integers(0, 256, (40, 60, 3), np.uint8)], names=["a"])


@pytest.fixture(scope="module")
def even(colour):
    return ImagePairs(colour.infrared, [colour.visible[0][:20, :30]], names=["a"])


def check(estimator, pair):
    with served_on_devices(estimator) as served:
        found = served.transform(pair)[0]
        assert isinstance(device_of(served), ServedFuser)
    np.testing.assert_allclose(found, estimator.transform(pair)[0], rtol=0, atol=1e-6)
    return found


def device_of(served):
    """Return the one served fuser inside."""
    if isinstance(served, Pipeline):
        (found,) = [x for x in map(device_of, dict(served.steps).values()) if x]
        return found
    if hasattr(served, "_inner"):
        return device_of(served._inner())
    return served if isinstance(served, ServedFuser) else None


def steps(fuser, *before):
    named = [("stretch", EnhanceByModality(infrared=LinearStretch()))]
    named = [(f"before{i}", step) for i, step in enumerate(before)] + named
    return Pipeline([*named, ("none", "passthrough"), ("fuse", fuser), ("ssr", SSR())])


@pytest.mark.parametrize("color", ["luma", "gray", "per_channel"])
def test_colour_is_treated_as_around_the_whole(even, color):
    found = check(with_color(network(), color), even)
    assert found.ndim == 2 + (color != "gray")
    check(with_color(steps(network()), color), even)


@pytest.mark.parametrize("color", ["luma", "gray", "per_channel"])
def test_steps_that_settle_sizes_come_first(colour, color):
    estimator = with_color(steps(network(), Resize(to="visible")), color)
    assert check(estimator, colour).shape[:2] == (40, 60)


def test_colour_follows_a_step_that_changes_the_size_later(even):
    resized = Pipeline(
        [
            ("stretch", EnhanceByModality(infrared=LinearStretch())),
            ("resize", EnhanceByModality(Resize(scale=2), Resize(scale=2))),
            ("fuse", network()),
        ]
    )
    assert check(PreserveChroma(resized), even).shape == (40, 60, 3)


@pytest.mark.parametrize("own", ["gray", "per_channel", "rgb", "hsv"])
@pytest.mark.parametrize("around", [None, PreserveChroma, DropChroma, PerChannel])
def test_the_colour_of_the_fuser_itself_is_kept_or_overruled(even, own, around):
    fuser = network(own)
    if own == "rgb":  # of three channels, no weights are shipped
        if around is PerChannel:
            pytest.skip("a network of colour cannot fuse a channel")
        fuser.set_params(weights=None, max_epochs=1, random_state=0).fit(even)
    check(fuser if around is None else around(fuser), even)


def test_a_fitted_state_stays_and_the_estimator_too(even):
    estimator = PreserveChroma(Pipeline([("fuse", network())])).fit(even)
    before = estimator.estimator_.named_steps["fuse"]
    check(estimator, even)
    assert estimator.estimator_.named_steps["fuse"] is before
    assert isinstance(clone(estimator).estimator.named_steps["fuse"], type(before))


@pytest.mark.parametrize(
    "estimator",
    [
        AverageFuser(),
        Pipeline([("fuse", AverageFuser())]),
        with_color(AverageFuser(), "luma"),
        DropChroma(AverageFuser()),
        PerChannel(AverageFuser()),
        object(),
        Pipeline([("a", network()), ("b", network())]),
    ],
)
def test_where_there_is_not_one_network_nothing_is_served(estimator):
    assert device_fuser(estimator) is None
    assert with_fuser(estimator, AverageFuser()) is estimator
    with served_on_devices(estimator) as served:
        assert served is None


def test_a_network_on_the_cpu_alone_is_not_served():
    with served_on_devices(EncoderDecoderFuser(device="cpu")) as served:
        assert served is None


def test_a_device_that_is_not_here_is_refused():
    unknown = DropChroma(EncoderDecoderFuser(device="cuda:99"))
    with (
        pytest.raises(ValueError, match="device='cuda:99' cannot be used here"),
        served_on_devices(unknown),
    ):
        pass
