"""Forms are drawn from what the classes declare."""

from collections import defaultdict
from numbers import Integral, Real

import pytest
from sklearn.utils._param_validation import Interval, StrOptions

from skfusion.app.choices import (
    ENHANCEMENTS,
    Choices,
    StepChoice,
    build,
    method_fields,
    step_fields,
)
from skfusion.app.parameters import Field, descriptions, fields
from skfusion.base import ImageTransformer
from skfusion.fusers import GFF, AverageFuser, LearnedPyramid
from skfusion.pipelines import get_pipeline, registry
from skfusion.transforms import HDRC
from tests.common import names


class Everything(ImageTransformer):
    """Has one parameter of each kind.

    Parameters
    ----------
    switch : bool, default=False
        On, or
        off; see :class:`skfusion.fusers.GFF` and ``other``.
    word, other : str
        One of these.
    count : int
    """

    _parameter_constraints = {
        "switch": ["boolean"],
        "word": [StrOptions({"b", "a"})],
        "other": [StrOptions({"x"})],
        "count": [Interval(Integral, 1, 9, closed="neither")],
        "share": [Interval(Real, 0, 1, closed="right"), None],
        "either": [StrOptions({"auto"}), Interval(Real, 1, None, closed="left")],
        "table": ["array-like"],
        "path": [str],
        "odd": [StrOptions({"a", "b"})],
    }

    def __init__(
        self,
        switch=False,
        word="a",
        other="x",
        count=3,
        share=None,
        either="auto",
        table=(1,),
        path="",
        odd=(),
    ):
        self.switch, self.word, self.other, self.count = switch, word, other, count
        self.share, self.either, self.table, self.path = share, either, table, path
        self.odd = odd


def test_every_kind_of_constraint_becomes_its_field():
    found = {field.name: field for field in fields(Everything())}
    assert found == {
        "switch": Field(
            "switch",
            False,
            (False, True),
            help="On, or off; see skfusion.fusers.GFF and other.",
        ),
        "word": Field("word", "a", ("a", "b"), help="One of these."),
        "count": Field("count", 3, (), "int", 2, 8),
        "share": Field("share", None, (None,), "float", 1e-9, 1),
        "either": Field("either", "auto", ("auto",), "float", 1, None),
    }


def test_a_number_of_another_kind_is_no_field():
    assert [f.name for f in fields(Everything(count="three"))].count("count") == 0


def test_descriptions_of_a_class_without_a_docstring():
    assert descriptions(type("Bare", (), {})) == {}


@pytest.mark.parametrize(
    ("default", "number", "step"),
    [(5, "int", 1), (300.0, "float", 10), (0.04, "float", 0.001), (0.0, "float", 0.1)],
)
def test_the_step_is_a_tenth_of_the_size_of_the_default(default, number, step):
    assert Field("a", default, (), number).step == pytest.approx(step)


def test_values_of_the_method_are_the_defaults():
    found = {f.name: f.default for f in fields(AverageFuser(0.3))}
    assert found == {"visible_weight": 0.3}
    assert "radius_base" in descriptions(GFF)
    assert all(field.help for field in fields(HDRC()))


def test_a_network_shows_what_fusing_uses():
    shown = {field.name for field in fields(LearnedPyramid())}
    assert {"strength", "tone", "tile_size"} <= shown
    hidden = "n_channels tone_curve max_epochs looks_weight device precision weights"
    assert not shown & set(hidden.split())


@pytest.mark.parametrize("method", registry)
def test_nothing_that_only_training_uses_is_shown(method):
    fuser = get_pipeline(method)["fuse"]
    if not hasattr(fuser, "weights"):
        return
    for field in fields(fuser):
        key = (type(fuser).__name__, field.name)
        shared = names.SHARED.get(field.name, ("",))[0]
        meaning = names.OTHER.get(key, shared)
        assert "training" not in meaning, key


@pytest.mark.parametrize("method", registry)
def test_the_defaults_of_a_form_are_those_of_the_method(method):
    values = {field.name: field.default for field in method_fields(method)}
    plain, formed = (build(Choices(method, p)) for p in ({}, values))
    assert repr(plain) == repr(formed)


def test_each_limit_is_accepted_by_the_class():
    tried = defaultdict(list)
    for name in ENHANCEMENTS:
        for field in step_fields(name):
            for value in (field.low, field.high, *field.words):
                if value is None and None not in field.words:
                    continue
                step = StepChoice(name, {field.name: value})
                step.replace("passthrough")._validate_params()
                tried[name].append(field.name)
    assert set(tried) == set(ENHANCEMENTS)
    assert "guide" not in tried["GuidedFilter"]
