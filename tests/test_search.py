"""A search from a file: whole steps, parameters, the table and the best pipeline."""

import json

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skfusion import ImagePairs
from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.fusers import AverageFuser, LaplacianPyramid
from skfusion.metrics import FusionScorer, registry, single_split
from skfusion.model_files import load_pipeline
from skfusion.search import read_space, run_search, write_search
from skfusion.transforms import HDRC, SSR, GuidedFilter, LinearStretch

YAML = """
pipeline: average
params:
  fuse__visible_weight: [0.0, 0.5, 1.0]
metrics: [qabf, mse]
refit: qabf
"""


def write(tmp_path, text, name="grid.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.fixture
def pairs(small_pairs):
    return ImagePairs(*zip(*small_pairs))


def test_a_search_ranks_every_candidate(tmp_path, pairs):
    space = read_space(write(tmp_path, YAML))
    table, best = run_search(pairs, space)
    assert table["fuse__visible_weight"].nunique() == 3
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["qabf"].is_monotonic_decreasing
    assert (table["mse"] > 0).all()
    weight = table["fuse__visible_weight"][0]
    assert best.estimator_["fuse"].visible_weight == weight
    for name in ("qabf", "mse"):
        values = [
            registry[name](ir, vis, AverageFuser(weight).transform([(ir, vis)])[0])
            for ir, vis in map(pairs.read, range(len(pairs)))
        ]
        np.testing.assert_allclose(table[name][0], np.mean(values), rtol=1e-5)


def test_what_is_written_is_the_best_pipeline(tmp_path, pairs):
    table, best = run_search(pairs, read_space(write(tmp_path, YAML)))
    csv, model = write_search(table, best, tmp_path / "out")
    assert csv.read_text().count("\n") == 4
    for a, b in zip(load_pipeline(model).transform(pairs), best.transform(pairs)):
        np.testing.assert_array_equal(a, b)


def test_whole_steps_and_a_list_of_grids_in_json(tmp_path, pairs):
    grid = {
        "pipeline": {
            "class": "Pipeline",
            "params": {
                "steps": [
                    ["enhance", {"class": "EnhanceByModality"}],
                    ["fuse", {"class": "LaplacianPyramid"}],
                ]
            },
        },
        "params": [
            {
                "enhance__visible": [
                    "passthrough",
                    {"class": "HDRC", "params": {"target_contrast": 3.0}},
                ]
            },
            {"fuse": [{"class": "AverageFuser"}], "fuse__visible_weight": [0.2]},
        ],
        "metrics": "qabf",
        "color": "gray",
    }
    space = read_space(write(tmp_path, json.dumps(grid), "grid.json"))
    table, best = run_search(pairs, space, n_jobs=1)
    assert len(table) == 3 and isinstance(best, Pipeline)
    assert table["enhance__visible"].astype(str).str.contains("HDRC").sum() == 1


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: [", "is malformed"),
        ("- 1", "is no mapping"),
        ("pipeline: average", "lacks the key 'params'"),
        ("params: {}", "lacks the key 'pipeline'"),
        ("pipeline: averrage\nparams: {}", "method='averrage' is unknown"),
        ("pipeline: {class: os.system}\nparams: {}", "is unknown"),
        ("pipeline: average\nparams: {}\ngird: 1", "unknown key 'gird'"),
        ("pipeline: average\nparams: {fuze__x: [1]}", "'fuze__x' names no step"),
        ("pipeline: average\nparams: {fuse__visible_weight: 3}", "params: "),
        (
            "pipeline: average\nparams: {}\nmetrics: [qabf]\nrefit: vif",
            "refit='vif' is none of its metrics",
        ),
        ("pipeline: average\nparams: {}\ncolor: red", "color='red'"),
        ("pipeline: !!python/object/apply:os.system [ls]\nparams: {}", "malformed"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, text, match):
    with pytest.raises(ValueError, match=match):
        read_space(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.yaml.*cannot be read"):
        read_space(tmp_path / "none.yaml")


def full_pipeline():
    hdrc = HDRC(base_filter=GuidedFilter(radius=4, eps=0.01))
    return PreserveChroma(
        Pipeline(
            [
                (
                    "enhance",
                    EnhanceByModality(
                        infrared=LinearStretch(), visible=Pipeline([("hdrc", hdrc)])
                    ),
                ),
                ("fuse", LaplacianPyramid()),
                ("ssr", SSR(sigma=20)),
            ]
        )
    )


GRID = [
    {
        "estimator__enhance__visible__hdrc__base_filter__radius": [2, 6],
        "estimator__fuse__n_levels": [2, 3],
        "estimator__ssr": ["passthrough", SSR(sigma=5)],
    },
    {"estimator__fuse": [AverageFuser()], "estimator__enhance": ["passthrough"]},
]


def search(X, n_jobs):
    return GridSearchCV(
        full_pipeline(),
        GRID,
        scoring=FusionScorer(["qabf", "sd", "en"]),
        refit="qabf",
        cv=single_split(X),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(X)


def test_one_grid_search_over_enhancement_fusion_retinex_and_whole_steps(pairs):
    X = pairs.pack()
    one, two = search(X, 1), search(X, 2)
    assert len(one.cv_results_["params"]) == 9
    for name in ("qabf", "sd", "en"):
        np.testing.assert_array_equal(
            one.cv_results_[f"mean_test_{name}"], two.cv_results_[f"mean_test_{name}"]
        )
    assert one.best_index_ == two.best_index_


def test_grid_search_on_real_colour_pairs_of_many_sizes(shared):
    from skfusion import load_pairs

    X = load_pairs(shared / "data" / "RoadScene")[:4].pack()
    one, two = search(X, 1), search(X, 2)
    scores = one.cv_results_["mean_test_qabf"]
    np.testing.assert_array_equal(scores, two.cv_results_["mean_test_qabf"])
    assert 0 < scores.min() < 0.45 < scores.max() < 0.9
    assert one.best_estimator_.transform(X)[0].shape == X.read(0)[1].shape
