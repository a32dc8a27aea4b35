"""What a search file says of metrics and numbers, in every form it may take."""

# SPDX-License-Identifier: BSD-3-Clause
import pytest

from skfusion.fusers import AverageFuser
from skfusion.search import SearchSpace, read_space, run_search

BASE = "pipeline: average\nparams: {fuse__visible_weight: [0.2, 0.8]}\n"


def read(tmp_path, text, name="space.yaml"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_space(tmp_path / name)


@pytest.mark.parametrize("word", ["refit", "objective"])
@pytest.mark.parametrize(
    ("metrics", "decides", "column"),
    [
        ("vifb", "Qabf", "Qabf"),
        ("vifb", "qabf", "Qabf"),
        ("qabf", "qabf", "qabf"),
        ("[qabf, en]", "en", "en"),
        ("[[Q, qabf, {variant: liu}]]", "Q", "Q"),
        ("[[Q, qabf, {variant: liu}]]", "qabf", "Q"),
        ("[[Q, qabf], en]", "mean-rank", "mean_rank"),
    ],
)
def test_what_decides_is_named_whatever_form_the_metrics_have(
    tmp_path, word, metrics, decides, column, small_pairs
):
    space = read(tmp_path, f"{BASE}metrics: {metrics}\n{word}: {decides}\n")
    assert space.objective == decides
    if metrics != "vifb":  # its Qcb takes a while
        table, _ = run_search(small_pairs, space)
        assert table.attrs["objective"] == column


@pytest.mark.parametrize(
    ("metrics", "refit"),
    [
        ("vifb", "vif"),  # a part of the word, no metric of the set
        ("vifb", "Q"),
        ("qabf", "q"),
        ("[qabf, en]", "sd"),
        ("[[Q, qabf, {}]]", "en"),
    ],
)
def test_refit_is_one_of_the_metrics(tmp_path, metrics, refit):
    with pytest.raises(ValueError, match=f"'{refit}'"):
        read(tmp_path, f"{BASE}metrics: {metrics}\nrefit: {refit}\n")


def test_refit_without_metrics_is_the_metric(tmp_path):
    assert read(tmp_path, BASE + "refit: vif\n").objective == "vif"


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("[1e-6, 1E3, -2.5e+1, .5e0]", [1e-6, 1000.0, -25.0, 0.5]),
        ("[0.001, 1.0e-3, 3]", [0.001, 0.001, 3]),
        ("['1e-6', e5, 1e, 1-2]", ["1e-6", "e5", "1e", "1-2"]),
    ],
)
@pytest.mark.parametrize("name", ["space.yaml", "space.yml"])
def test_numbers_with_an_exponent_are_numbers(tmp_path, written, numbers, name):
    text = f"pipeline: average\nparams: {{fuse__visible_weight: {written}}}\n"
    (values,) = read(tmp_path, text, name).grid.values()
    assert values == numbers and list(map(type, values)) == list(map(type, numbers))


def test_numbers_with_an_exponent_inside_of_steps_and_distributions(tmp_path):
    text = """
pipeline: {class: GFF, params: {eps_base: 1e-6}}
params: {eps_detail: {loguniform: [1e-7, 1e-3]}}
color: gray
"""
    space = read(tmp_path, text)
    assert space.estimator.estimator.eps_base == 1e-6
    drawn = space.grid["estimator__eps_detail"].rvs(50, random_state=0)
    assert 1e-7 <= drawn.min() < 1e-5 < drawn.max() <= 1e-3


def test_the_mark_of_windows_before_the_text_is_no_text(tmp_path):
    for name, text in (("a.yaml", BASE), ("a.json", '{"pipeline": "tif"}')):
        (tmp_path / name).write_text("\ufeff" + text, encoding="utf-8")
    assert read_space(tmp_path / "a.yaml").grid
    with pytest.raises(ValueError, match="it lacks the key 'params'"):
        read_space(tmp_path / "a.json")


def test_a_metric_may_not_be_called_like_a_parameter(small_pairs):
    grid = {"visible_weight": [0.2]}
    space = SearchSpace(AverageFuser(), grid, [("visible_weight", "qabf", {})])
    with pytest.raises(ValueError, match="'visible_weight' is a column of its para"):
        run_search(small_pairs, space)


def test_the_looks_can_be_searched(tmp_path):
    from skfusion.datasets import make_scene_pairs
    from skfusion.metrics import metric_set, registry

    space = read(tmp_path, BASE + "metrics: looks\nrefit: marred_heat\n")
    X = make_scene_pairs(2, size=(96, 128), random_state=0)
    table, _ = run_search(X, space)
    keys = [entry.column for entry in metric_set("looks")]
    assert table.attrs["metrics"] == keys and table[keys].notna().all(axis=None)
    better = table["marred_heat"].map(registry["marred_heat"].better)
    assert better.is_monotonic_decreasing
    for key in keys:
        values = [
            registry[key](ir, vis, AverageFuser(0.8).transform([(ir, vis)])[0])
            for ir, vis in X
        ]
        row = table[table["fuse__visible_weight"] == 0.8]
        assert row[key].item() == pytest.approx(sum(values) / 2, rel=1e-4, abs=1e-4)
