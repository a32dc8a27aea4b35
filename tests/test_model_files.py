"""Pipelines as data: what is written is read back, and nothing else is run."""

import importlib
import inspect
import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import AverageFuser, DIDFuse, LaplacianPyramid
from skfusion.model_files import (
    _MODULES,
    ModelFileError,
    decode,
    load_pipeline,
    save_pipeline,
)
from skfusion.transforms import HDRC, SSR, GuidedFilter, LinearStretch


@pytest.fixture
def pipeline():
    enhance = EnhanceByModality(
        infrared=LinearStretch(low=1),
        visible=Pipeline([("hdrc", HDRC(base_filter=GuidedFilter(radius=3)))]),
    )
    return PreserveChroma(
        Pipeline(
            [("enhance", enhance), ("fuse", LaplacianPyramid()), ("ssr", SSR(sigma=9))]
        )
    )


@pytest.mark.parametrize("fitted", [False, True])
def test_round_trip(pipeline, small_pairs, tmp_path, fitted):
    if fitted:
        pipeline.fit(small_pairs)
    save_pipeline(pipeline, tmp_path / "model.json")
    again = load_pipeline(tmp_path / "model.json")
    assert repr(again) == repr(pipeline)
    for a, b in zip(again.transform(small_pairs), pipeline.transform(small_pairs)):
        np.testing.assert_array_equal(a, b)
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


def classes():
    found = []
    for module in _MODULES:
        module = importlib.import_module(module)
        names = [getattr(module, name) for name in module.__all__]
        found += [cls for cls in names if isinstance(cls, type)]
    return [cls for cls in found if issubclass(cls, BaseEstimator)]


def wrapped(n):
    estimator = AverageFuser()
    for _ in range(n):
        estimator = PreserveChroma(estimator)
    return estimator


def test_estimators_inside_of_estimators_have_an_end(tmp_path, small_pairs):
    path = tmp_path / "deep.json"
    save_pipeline(wrapped(18), path)
    load_pipeline(path).transform(small_pairs)
    deepest = path.read_text()
    with pytest.raises(ValueError, match="inside of estimators, over 40 values deep"):
        save_pipeline(wrapped(19), path)
    assert path.read_text() == deepest
    inner = json.loads(deepest)["estimator"]
    outer = {"class": "PreserveChroma", "params": {"estimator": inner}}
    path.write_text(json.dumps({"format": "skfusion-pipeline", "estimator": outer}))
    with pytest.raises(ModelFileError, match="deep.json' is over 40 values deep"):
        load_pipeline(path)


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_every_class_comes_back_and_names_an_unknown_parameter(cls, tmp_path):
    required = {
        name: AverageFuser()
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    estimator = cls(**required)
    save_pipeline(estimator, tmp_path / "model.json")
    assert repr(load_pipeline(tmp_path / "model.json")) == repr(estimator)
    with pytest.raises(ModelFileError, match=f"{cls.__name__} has no parameter 'no'"):
        decode({"class": cls.__name__, "params": {"no": 1}})


def test_numpy_numbers_tuples_and_paths(tmp_path):
    fuser = AverageFuser(np.float64(0.25))
    save_pipeline(fuser, tmp_path / "model.json")
    assert load_pipeline(tmp_path / "model.json").visible_weight == 0.25
    fuser = AverageFuser((1, [2, tmp_path], {"a": None}))
    save_pipeline(fuser, tmp_path / "model.json")
    loaded = load_pipeline(tmp_path / "model.json").visible_weight
    assert loaded == (1, [2, str(tmp_path)], {"a": None})


def test_trained_weights_are_written_beside(tmp_path):
    written = []

    class Trained(AverageFuser):
        def __init__(self, weights=None):
            self.weights = weights

        def save_weights(self, path):
            written.append(path)

    Trained.__name__ = "AverageFuser"
    with pytest.raises(ValueError, match="cannot be written"):
        save_pipeline(Trained(), tmp_path / "model.json")
    assert not (tmp_path / "model.json").exists() and not written


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        (LinearRegression(), "LinearRegression cannot be written"),
        (AverageFuser(visible_weight=lambda: 0), "type function cannot be written"),
    ],
)
def test_what_is_no_data_is_refused(estimator, match, tmp_path):
    with pytest.raises(ValueError, match=match):
        save_pipeline(estimator, tmp_path / "model.json")
    assert not list(tmp_path.iterdir())


def test_the_suffix_is_json(tmp_path):
    with pytest.raises(ValueError, match=r"ends in '\.json'"):
        save_pipeline(AverageFuser(), tmp_path / "model.pkl")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no skfusion model file"),
        ('{"format": "other"}', "is no skfusion model file"),
        ('{"format": "skfusion-pipeline"}', "is damaged"),
        ('{"format": "skfusion-pipeline", "estimator": {"class": 3}}', "unknown"),
    ],
)
def test_damaged_files_are_named(text, match, tmp_path):
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(ModelFileError, match=match):
        load_pipeline(path)


@pytest.mark.parametrize(
    "name", ["os.system", "LinearRegression", "BaseEstimator", "box_filter", "__doc__"]
)
def test_other_classes_are_refused(name, tmp_path):
    content = {"format": "skfusion-pipeline", "estimator": {"class": name}}
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(ModelFileError, match="is unknown"):
        load_pipeline(tmp_path / "model.json")


def test_unknown_parameters_are_refused():
    with pytest.raises(ModelFileError, match="AverageFuser has no parameter 'weight'"):
        decode({"class": "AverageFuser", "params": {"weight": 1}})


def test_missing_and_huge_files(tmp_path):
    with pytest.raises(ModelFileError, match="no such file"):
        load_pipeline(tmp_path / "model.json")
    with open(tmp_path / "model.json", "wb") as file:
        file.truncate(2**24 + 1)
    with pytest.raises(ModelFileError, match="too large"):
        load_pipeline(tmp_path / "model.json")


def test_weight_paths_are_relative_to_the_file(tmp_path):
    loaded = decode({"a": ["x", {"b": 1}]}, base=tmp_path)
    assert loaded == {"a": ["x", {"b": 1}]}


def test_parameters_that_the_weights_were_not_made_with_are_named(tmp_path):
    X = make_scene_pairs(1, size=(40, 48), random_state=0)
    fuser = DIDFuse(weights=None, n_channels=3, max_epochs=1, crop_size=32).fit(X)
    fuser.set_params(n_channels=4)
    with pytest.raises(ValueError, match="fitted with n_channels=3, and n_channels is"):
        save_pipeline(fuser, tmp_path / "model.json")
    assert not list(tmp_path.iterdir())
    fuser.set_params(n_channels=3)
    save_pipeline(fuser, tmp_path / "model.json")
    assert load_pipeline(tmp_path / "model.json").transform(X)[0].shape == (40, 48)
