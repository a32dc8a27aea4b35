"""The picture of weights."""

import sys

import numpy as np
import pytest

from skfusion.fusers import AverageFuser, SharpnessFuser
from skfusion.inspection import WeightMapDisplay

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def pair(rng):
    return rng.random((2, 40, 48))


class Even:
    """Finds all windows alike."""

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def test_sharpness_fuser_shows_all_its_maps(pair):
    display = WeightMapDisplay.from_estimator(SharpnessFuser(Even()), *pair)
    assert list(display.maps) == [
        "infrared",
        "visible",
        "score",
        "chosen",
        "visible_distance",
        "infrared_distance",
        "weight",
        "fused",
    ]
    assert len(display.axes_) == 8
    assert display.axes_[6].get_title() == "weight of the visible image"
    assert display.axes_[6].images[0].get_clim() == (0, 1)
    assert display.axes_[0].figure is display.figure_


def test_other_fusers_show_their_weight(pair):
    display = WeightMapDisplay.from_estimator(AverageFuser(), *pair)
    assert list(display.maps) == ["infrared", "visible", "weight", "fused"]
    np.testing.assert_array_equal(display.maps["weight"], 0.5)


def test_own_axes(pair):
    _, axes = plt.subplots(1, 2)
    display = WeightMapDisplay({"a": pair[0], "b": pair[1]}).plot(axes=axes)
    assert display.axes_[1] is axes[1]
    assert axes[0].get_title() == "a"
    with pytest.raises(ValueError, match="2 axes for 3 panels"):
        WeightMapDisplay(dict.fromkeys("abc", pair[0])).plot(axes=axes)


def test_spare_axes_of_a_new_figure_are_hidden(pair):
    display = WeightMapDisplay(dict.fromkeys("abcde", pair[0])).plot()
    assert sum(ax.get_visible() for ax in display.figure_.axes) == 5


def test_a_fuser_without_weights_is_an_error(pair):
    with pytest.raises(ValueError, match="has no weight_map"):
        WeightMapDisplay.from_estimator(object(), *pair)


def test_without_matplotlib_the_way_out_is_named(pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"skfusion\[plot\]"):
        WeightMapDisplay({"a": pair[0]}).plot()
