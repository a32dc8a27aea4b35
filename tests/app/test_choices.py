"""From what was chosen to an estimator."""

import numpy as np
import pytest

from skfusion import fuse
from skfusion.app.choices import (
    AS_METHOD,
    NOTHING,
    Choices,
    StepChoice,
    build,
    method_fields,
    step_fields,
)
from skfusion.compose import DropChroma, PerChannel, PreserveChroma
from skfusion.fusers import AverageFuser
from skfusion.transforms import HDRC, SSR, LinearStretch


def steps(**choices):
    return build(Choices(**choices)).estimator.named_steps


def test_by_default_it_is_the_default_method(pair):
    fused = build(Choices()).transform(pair)[0]
    expected = fuse(*pair.read(0))
    assert np.array_equal(fused, expected)


def test_a_method_keeps_its_own_steps():
    found = steps(method="relative_clarity")
    assert list(found) == ["enhance", "fuse", "ssr"]
    assert found["enhance"].visible.noise_floor == 3.0


def test_own_steps_can_be_taken_away():
    nothing = StepChoice(NOTHING)
    found = steps(
        method="relative_clarity", infrared=nothing, visible=nothing, retinex=nothing
    )
    assert list(found) == ["fuse"]
    found = steps(method="relative_clarity", infrared=nothing)
    assert found["enhance"].infrared == "passthrough"
    assert isinstance(found["enhance"].visible, HDRC)


def test_steps_and_their_parameters_are_put_around_the_fuser():
    found = steps(
        method="average",
        params={"visible_weight": 0.25},
        infrared=StepChoice("LinearStretch", {"low": 1.0}),
        retinex=StepChoice("SSR", {"sigma": 80.0}),
        align=StepChoice("Resize", {"to": "visible"}),
    )
    assert list(found) == ["align", "enhance", "fuse", "ssr"]
    assert found["align"].to == "visible"
    assert repr(found["enhance"].infrared) == repr(LinearStretch(low=1.0))
    assert found["enhance"].visible == "passthrough"
    assert repr(found["fuse"]) == repr(AverageFuser(0.25))
    assert repr(found["ssr"]) == repr(SSR(sigma=80.0))


def test_a_switch_of_the_whole_method_changes_its_steps():
    assert method_fields("relative_clarity")[0].name == "compat"
    found = steps(method="relative_clarity", params={"compat": True})
    assert found["ssr"].parity and found["fuse"].compat


@pytest.mark.parametrize(
    ("color", "form"),
    [("luma", PreserveChroma), ("gray", DropChroma), ("per_channel", PerChannel)],
)
def test_colour_stands_around_the_pipeline(color, form):
    assert type(build(Choices("average", color=color))) is form


def test_two_sizes_are_brought_to_one(two_sizes):
    fused = build(
        Choices("average", align=StepChoice("Resize", {"to": "infrared"}))
    ).transform(two_sizes)[0]
    assert fused.shape == (40, 48, 3)


@pytest.mark.parametrize(
    ("choices", "word"),
    [
        ({"method": "nosuch"}, "nosuch"),
        ({"params": {"nosuch": 1}}, "nosuch"),
        ({"retinex": StepChoice("Pickle")}, "Pickle"),
        ({"color": "red"}, "red"),
    ],
)
def test_what_is_unknown_is_named(choices, word):
    with pytest.raises(ValueError, match=word):
        build(Choices(**choices))


def test_as_the_method_is_the_default():
    assert StepChoice().name == AS_METHOD


def test_what_takes_several_pairs_is_no_choice():
    words = {field.name: field.words for field in step_fields("Register")}
    assert "scope" not in words and "matrix" not in words
    assert words["on_failure"] == ("identity", "raise", "warn")
    assert "guide" not in {field.name for field in step_fields("GuidedFilter")}
