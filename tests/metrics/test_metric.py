"""What the decorators make of a function on a context."""

import copy
import inspect
import pickle
import pydoc
import warnings

import numpy as np
import pytest

from skfusion import metrics
from skfusion.metrics import (
    Context,
    FusionScorer,
    Metric,
    UndefinedMetricWarning,
    _registry,
    error,
    registry,
)
from skfusion.metrics._metric import image_metric, metric

FACTS = {
    "title": "Brightness",
    "higher_is_better": False,
    "range": (0.0, 255.0),
    "variants": ("mean", "max", "nothing"),
    "citation": "nobody",
}
IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)
SCENE = (IMAGE, IMAGE[::-1], IMAGE + 10)


@metric(**FACTS)
def brightness(ctx: Context, *, variant: str = "mean", gain: float = 1) -> float:
    """Brightness of the fused image beyond the infrared one."""
    if variant == "nothing":
        return np.nan
    return gain * getattr(np, variant)(ctx.f - ctx.a)


@image_metric(**FACTS)
def level(ctx: Context, *, variant: str = "mean") -> float:
    """Level of one image."""
    return -0.0 * np.float64(ctx.f[0, 0] / 0.0) if variant == "max" else ctx.f.mean()


def test_a_metric_knows_its_facts():
    assert isinstance(brightness, Metric)
    assert {key: getattr(brightness, key) for key in FACTS} == FACTS
    assert (brightness.name, brightness.default) == ("brightness", "mean")
    assert brightness.target is None and brightness.better(2.0) == -2.0
    with pytest.raises(AttributeError):
        brightness.name = "dim"


def test_it_is_called_with_images_or_with_a_context():
    assert brightness(*SCENE) == brightness.of(Context(*SCENE)) == 10.0
    assert brightness(*SCENE, gain=2) == brightness.of(Context(*SCENE), gain=2) == 20.0
    named = dict(zip(("infrared", "visible", "fused"), SCENE))
    assert brightness(**named, variant="max") == brightness(*SCENE, variant="max")
    assert type(brightness(*SCENE)) is float


def test_a_metric_of_one_image_takes_one_or_three():
    alone = level(SCENE[2])
    assert alone == level(image=SCENE[2]) == level(*SCENE) == SCENE[2].mean()
    named = dict(zip(("infrared", "visible", "fused"), SCENE))
    assert level(**named) == alone


def test_colour_by_channel():
    colour = np.stack([IMAGE + 1, IMAGE + 2, IMAGE + 6], axis=2)
    assert brightness(IMAGE, IMAGE, colour, channel="mean") == pytest.approx(3.0)
    assert level(IMAGE, IMAGE, colour, channel="mean") == pytest.approx(8.5)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: brightness(IMAGE, IMAGE), "'fused'"),
        (lambda: brightness(*SCENE, 3), "too many"),
        (lambda: brightness(*SCENE, loudness=3), "'loudness'"),
        (lambda: level(), "'image'"),
        (lambda: level(IMAGE, IMAGE), "'fused'"),
        (lambda: level(IMAGE, channel="mean"), "'channel'"),
        (lambda: brightness.of(Context(*SCENE), loudness=3), "'loudness'"),
        (lambda: metric(title="No facts")(brightness.function), "citation"),
    ],
)
def test_a_wrong_call_is_a_type_error(call, match):
    with pytest.raises(TypeError, match=match):
        call()


def test_an_unknown_variant_is_named():
    with pytest.raises(ValueError, match="brightness: variant='min'.*'mean', 'max'"):
        brightness(*SCENE, variant="min")
    with pytest.raises(ValueError, match="level: variant='min'"):
        level.of(Context(*SCENE), variant="min")


@pytest.mark.parametrize(
    "call",
    [
        lambda: brightness(*SCENE, variant="nothing"),
        lambda: brightness.of(Context(*SCENE), variant="nothing"),
        lambda: level(0 * IMAGE, variant="max"),
        lambda: level(*SCENE[:2], 0 * IMAGE, variant="max"),
    ],
)
def test_nan_is_told_once_at_the_line_of_the_caller(call):
    with pytest.warns(UndefinedMetricWarning, match="variant '(nothing|max)'") as told:
        assert np.isnan(call())
    assert [warning.filename for warning in told] == [__file__]


def test_compute_says_nothing_about_nan_and_averages():
    contexts = [Context(*SCENE), Context(IMAGE, IMAGE, IMAGE + 20)]
    assert brightness.compute(contexts) == 15.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(brightness.compute(contexts, variant="nothing"))


def test_there_is_no_negative_zero():
    value = metric(**FACTS)(lambda ctx, *, variant="mean": -0.0)(*SCENE)
    assert value == 0.0 and not np.signbit(value)


def test_to_python_it_is_the_function():
    assert list(inspect.signature(brightness).parameters) == [
        "infrared",
        "visible",
        "fused",
        "variant",
        "gain",
    ]
    assert list(inspect.signature(level).parameters) == ["image", "variant"]
    assert brightness.__doc__ == brightness.__wrapped__.__doc__
    assert "Brightness of the fused image" in pydoc.plain(pydoc.render_doc(brightness))
    assert repr(level) == "<metric level(image, variant='mean')>"
    assert brightness.__module__ == __name__


@pytest.mark.parametrize("row", [brightness, level, metrics.qabf, metrics.entropy])
def test_it_is_sent_by_name(row):
    assert pickle.loads(pickle.dumps(row)) is row
    assert copy.deepcopy(row) is row
    assert len(pickle.dumps(row)) < 100


def test_a_metric_is_added_by_one_function(monkeypatch):
    def dimness(ctx: Context, *, variant: str = "mean") -> float:
        return ctx.f.mean()

    dimness.__module__ = error.__name__
    monkeypatch.setattr(error, "dimness", metric(**FACTS)(dimness), raising=False)
    _registry._rows.cache_clear()
    try:
        assert registry["dimness"](*SCENE) == SCENE[2].mean()
        assert repr(FusionScorer(["dimness"])) == "FusionScorer(['dimness'])"
        names = list(registry)
        assert names.index("dimness") == names.index("psnr") + 1  # with its family
    finally:
        monkeypatch.undo()
        _registry._rows.cache_clear()
    assert "dimness" not in registry
