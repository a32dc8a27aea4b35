"""The picture of a search: what is drawn, where, and when there is nothing to draw."""

import sys

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib")
import matplotlib
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from skfusion import ImagePairs
from skfusion.fusers import AverageFuser
from skfusion.images import read_image
from skfusion.search import SearchSpace, plot_search, run_search
from skfusion.search.plot import _axis, _numeric_axis, _wrapped


def table(n=12, objective="qabf", falling=True):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "fuse__n_levels": pd.array([None, *rng.integers(1, 5, n - 1)]),
            "enhance__radius": np.geomspace(1e-3, 1, n),
            "enhance": rng.choice(["passthrough", "HDRC(target_contrast=3)"], n),
            "constant": 3,
            objective: np.sort(rng.random(n))[:: -1 if falling else 1],
            "rank": range(1, n + 1),
        }
    )
    frame.attrs = {
        "parameters": ["fuse__n_levels", "enhance__radius", "enhance", "constant"],
        "objective": objective,
    }
    return frame


@pytest.fixture
def figures(monkeypatch):
    """Collect the figures that are drawn."""
    made, init = [], Figure.__init__

    def remember(self, *args, **kwargs):
        init(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(Figure, "__init__", remember)
    return made


def test_one_line_a_candidate_and_one_axis_a_parameter_that_varies(tmp_path, figures):
    path = plot_search(table(), tmp_path / "search.png")
    assert read_image(path).shape[0] > 300
    axes = figures[0].axes[0]
    headers = [label.get_text() for label in axes.get_xticklabels()]
    assert headers == ["fuse\nn_levels", "enhance\nradius", "enhance", "qabf"]
    (lines,) = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert len(lines.get_segments()) == 11  # and the best one
    (best,) = [line for line in axes.lines if line.get_label() == "best"]
    assert best.get_ydata()[-1] == 1
    texts = [text.get_text() for text in axes.texts]
    assert "unset" in texts and "passthrough" in texts
    assert axes.get_xlabel() == "12 candidates, the best in red"


def test_the_best_is_up_where_less_is_better(tmp_path, figures):
    plot_search(table(objective="mse", falling=False), tmp_path / "search.png")
    axes, bar = figures[0].axes
    (best,) = [line for line in axes.lines if line.get_label() == "best"]
    assert best.get_ydata()[-1] == 1 and bar.yaxis_inverted()


def test_the_order_of_earlier_rounds_does_not_turn_the_axis(tmp_path, figures):
    frame = table(4)
    frame["qabf"] = [0.3, 0.2, 0.9, 0.8]
    frame["n_pairs"] = [9, 9, 3, 3]
    plot_search(frame, tmp_path / "search.png")
    headers = [label.get_text() for label in figures[0].axes[0].get_xticklabels()]
    assert headers[-2:] == ["n_pairs", "qabf"]
    assert not figures[0].axes[1].yaxis_inverted()


def test_nothing_global_is_touched(tmp_path):
    import matplotlib.pyplot as plt

    before, numbers = matplotlib.rcParams.copy(), plt.get_fignums()
    plot_search(table(), tmp_path / "search.png")
    assert matplotlib.rcParams == before and plt.get_fignums() == numbers
    assert [path.name for path in tmp_path.iterdir()] == ["search.png"]


@pytest.mark.parametrize("n", [1, 2, 300])
def test_any_number_of_candidates(tmp_path, n):
    assert plot_search(table(n), tmp_path / "search.png").stat().st_size > 3000


def test_a_search_without_anything_that_varies(tmp_path, figures, small_pairs):
    X = ImagePairs(*zip(*small_pairs))
    found, _ = run_search(X, SearchSpace(AverageFuser(), {}, "qabf"))
    plot_search(found, tmp_path / "search.png")
    assert figures[0].axes[0].get_xlabel() == "1 candidate, the best in red"


def test_a_candidate_without_a_score_is_left_out(tmp_path, figures):
    frame = table()
    frame.loc[11, "qabf"] = np.nan
    plot_search(frame, tmp_path / "search.png")
    assert "11 candidates" in figures[0].axes[0].get_xlabel()
    frame["qabf"] = np.nan
    with pytest.raises(ValueError, match="no candidate has a finite 'qabf'"):
        plot_search(frame, tmp_path / "none.png")


def test_a_table_from_a_file_needs_to_be_told(tmp_path, figures):
    table().to_csv(tmp_path / "search.csv", index=False)
    frame = pd.read_csv(tmp_path / "search.csv")
    with pytest.raises(ValueError, match="give parameters= and objective="):
        plot_search(frame, tmp_path / "search.png")
    plot_search(
        frame, tmp_path / "search.png", parameters=["enhance"], objective="qabf"
    )
    assert len(figures[0].axes[0].get_xticklabels()) == 2


def test_without_matplotlib_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'skfusion\[plot\]'"):
        plot_search(table(), tmp_path / "search.png")


def labels(axis):
    return [label for _, label in axis.ticks]


def test_few_values_are_ticks_themselves():
    axis = _numeric_axis("x", [3, 7, 3, 5])
    assert labels(axis) == ["3", "5", "7"]
    assert axis.positions.tolist() == [0, 1, 0, 0.5]


def test_many_values_get_round_ticks():
    axis = _numeric_axis("x", list(np.linspace(0.05, 1.02, 20)))
    assert labels(axis) == ["0.2", "0.4", "0.6", "0.8", "1"]


@pytest.mark.parametrize("low", [0.01, 0.0, -1.0])
def test_values_that_are_spread_evenly_get_an_even_axis(low):
    axis = _numeric_axis("x", list(np.linspace(low, 1, 9)))
    np.testing.assert_allclose(axis.positions, np.linspace(0, 1, 9), atol=1e-12)


@pytest.mark.parametrize(("high", "ticks"), [(100, 7), (1e7, 8)])
def test_values_over_decades_are_logarithmic(high, ticks):
    axis = _numeric_axis("x", list(np.geomspace(1, high, 9)))
    np.testing.assert_allclose(axis.positions, np.linspace(0, 1, 9), atol=1e-12)
    assert len(axis.ticks) == ticks and labels(axis)[0] == "1"


def test_one_value_is_in_the_middle():
    assert _numeric_axis("x", [4.0, 4.0]).positions.tolist() == [0.5, 0.5]
    assert _axis("x", ["a", "a"]).positions.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("unset", [None, float("nan"), pd.NA])
def test_what_a_candidate_does_not_have_is_below(unset):
    axis = _axis("x", [1, unset, 3])
    assert axis.positions[1] < 0 and labels(axis)[-1] == "unset"


def test_truth_values_and_mixtures_are_names():
    assert labels(_axis("x", [True, False])) == ["False", "True"]
    assert labels(_axis("x", [3, "auto"])) == ["3", "auto"]


def test_many_names_are_thinned_and_long_ones_cut():
    assert len(labels(_axis("x", [f"name{i:02d}" for i in range(40)]))) == 10
    text = _wrapped("HybridMSD(" + ", ".join(f"parameter_{i}=1" for i in range(9)))
    assert text.count("\n") == 2 and text.endswith("...")
    assert max(map(len, text.split("\n"))) <= 20


def test_names_and_values_are_drawn_as_they_are(tmp_path):
    table = pd.DataFrame(
        {"a$\\frac__b": ["$x^", "\udcff\x1b[2J", "y"], "$q": [0.5, 0.4, 0.3]},
        dtype=object,
    ).astype({"$q": float})
    options = {"parameters": ["a$\\frac__b"], "objective": "$q"}
    assert plot_search(table, tmp_path / "search.png", **options).stat().st_size > 1000
