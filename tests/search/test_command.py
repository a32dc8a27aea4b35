"""``skfusion search`` with its options."""

import sys

import numpy as np
import pandas as pd
import pytest

from skfusion import load_pairs
from skfusion.cli import main
from skfusion.images import read_image, to_dtype, write_image
from skfusion.model_files import load_pipeline
from skfusion.search import read_space, run_search
from skfusion.search.candidate import Candidate

SPACE = """
pipeline: laplacian_pyramid
params:
  fuse__n_levels: {integers: [1, 3]}
  fuse__gain: {loguniform: [0.5, 2]}
metrics: [qabf, rmse]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for side, shape in (("ir", (24, 32)), ("vis", (24, 32, 3))):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for i in range(4):
            image = rng.integers(0, 255, shape, np.uint8)
            write_image(tmp_path / "pairs" / side / f"scene{i}.png", image)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.yaml").write_text(SPACE)
    return tmp_path


def search(*words):
    return main(["search", "pairs", "space.yaml", *words])


def test_random_search_writes_table_model_and_picture(folder, capsys):
    words = ["--strategy", "random", "--n-candidates", "5", "--random-state", "3"]
    assert search(*words, "-o", "out") == 0
    table = pd.read_csv("out/search.csv")
    assert len(table) == 5 and table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert table["fuse__n_levels"].isin([1, 2, 3]).all()
    assert (table["seconds"] > 0).all()
    expected, best = run_search(
        load_pairs("pairs"),
        read_space("space.yaml"),
        strategy="random",
        n_candidates=5,
        random_state=3,
    )
    pd.testing.assert_frame_equal(
        table.drop(columns="seconds"), expected.drop(columns="seconds")
    )
    found = load_pipeline("out/best.json").estimator["fuse"]
    assert str(found) == str(best.estimator["fuse"])
    assert read_image("out/search.png").ndim == 3
    assert capsys.readouterr().out.count("written: ") == 3


def test_the_model_fuses_like_the_best_candidate(folder):
    assert search("--strategy", "random", "--n-candidates", "3", "-o", "out") == 0
    words = ["fuse", "pairs", "-o", "fused", "--model", "out/best.json"]
    assert main(words) == 0
    _, best = run_search(
        load_pairs("pairs"), read_space("space.yaml"), strategy="random", n_candidates=3
    )
    expected = best.transform(load_pairs("pairs"))
    for i, image in enumerate(expected):
        written = read_image(f"fused/scene{i}.png")
        np.testing.assert_array_equal(written, to_dtype(image, np.uint8))


@pytest.mark.parametrize("strategy", ["random", "halving"])
def test_mean_rank_against_a_table(folder, strategy, capsys):
    pd.DataFrame(
        {"method": ["A", "B"], "qabf": [0.2, 0.9], "rmse": [200.0, 0.0]}
    ).to_csv("table.csv", index=False)
    words = ["--strategy", strategy, "--n-candidates", "4", "--against", "table.csv"]
    assert search(*words, "--objective", "mean-rank", "-o", "out") == 0
    table = pd.read_csv("out/search.csv")
    assert table["mean_rank"].between(1, 3).all() and len(table) == 4
    assert ("n_pairs" in table) == (strategy == "halving")


def test_the_command_line_wins_over_the_file(folder):
    pd.DataFrame({"method": ["A"], "qabf": [0.2], "rmse": [9.0]}).to_csv("table.csv")
    text = SPACE + "strategy: halving\nn_candidates: 7\nobjective: mean-rank\n"
    (folder / "space.yaml").write_text(text + "random_state: 1\n")
    words = ["--strategy", "random", "--n-candidates", "3", "--objective", "rmse"]
    assert search(*words, "--no-plot", "-o", "out") == 0
    table = pd.read_csv("out/search.csv")
    assert len(table) == 3 and "n_pairs" not in table
    assert table["rmse"].is_monotonic_increasing
    assert not (folder / "out" / "search.png").exists()


def test_the_file_decides_where_the_command_line_is_silent(folder):
    (folder / "space.yaml").write_text(
        SPACE + "strategy: random\nn_candidates: 3\nobjective: mean-rank\n"
        "against: tables/own.csv\n"
    )
    (folder / "tables").mkdir()
    (folder / "tables" / "own.csv").write_text("method,qabf,rmse\nA,0.1,1\n")
    assert search("-o", "out", "--no-plot") == 0
    table = pd.read_csv("out/search.csv")
    assert len(table) == 3 and table["mean_rank"].between(1, 2).all()


def test_without_matplotlib_all_but_the_picture_is_written(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    words = ["--strategy", "random", "--n-candidates", "2"]
    assert search(*words, "-o", "out") == 0
    assert sorted(p.name for p in (folder / "out").iterdir()) == [
        "best.json",
        "search.csv",
    ]
    said = capsys.readouterr().err
    assert "search.png is not drawn: matplotlib is not installed" in said


def test_the_cache_folder_is_made_only_for_slow_steps(folder):
    words = ["--strategy", "random", "--n-candidates", "2", "--cache", "kept"]
    assert search(*words, "--no-plot", "-o", "out") == 0
    assert not (folder / "kept").exists()


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ([], "'fuse__n_levels' is a distribution"),
        (["--n-candidates", "3"], "--strategy 'grid'"),
        (["--strategy", "random", "--n-candidates", "0"], "n_candidates=0"),
        (["--strategy", "random", "--objective", "magic"], "--objective 'magic'"),
        (["--strategy", "random", "--against", "no.csv"], "'no.csv': the table cannot"),
        (["--strategy", "halving", "--objective", "mean-rank"], "give a table with"),
    ],
)
def test_wrong_requests_are_one_sentence_and_write_nothing(
    folder, words, match, capsys
):
    assert search(*words, "-o", "out") == 2
    said = capsys.readouterr().err
    assert match in said and "Traceback" not in said
    assert not (folder / "out").exists()


def test_an_unknown_strategy_is_refused_by_the_parser(folder):
    with pytest.raises(SystemExit) as stop:
        search("--strategy", "best")
    assert stop.value.code == 2


@pytest.mark.parametrize("strategy", ["random", "halving"])
def test_an_interrupt_keeps_the_finished_candidates(
    folder, monkeypatch, capsys, strategy
):
    calls, transform = [], Candidate.transform

    def interrupted(self, X):
        calls.append(len(X))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return transform(self, X)

    monkeypatch.setattr(Candidate, "transform", interrupted)
    words = ["--strategy", strategy, "--n-candidates", "6", "--objective", "mean-rank"]
    (folder / "table.csv").write_text("name,qabf,rmse\nA,0.6,60\n")
    assert search(*words, "--against", "table.csv", "-o", "out") == 130
    assert [path.name for path in (folder / "out").iterdir()] == ["search.csv"]
    table = pd.read_csv("out/search.csv")
    assert len(table) == 3 and table["rank"][0] == 1
    assert table["mean_rank"].is_monotonic_increasing and (table["seconds"] > 0).all()
    assert "3 finished candidates" in capsys.readouterr().out
    # What stands there is what a whole search finds for the same candidates.
    monkeypatch.setattr(Candidate, "transform", transform)
    assert search(*words, "--against", "table.csv", "-o", "all", "--no-plot") == 0
    whole = pd.read_csv("all/search.csv")
    if strategy == "random":
        both = table.merge(whole, on=["fuse__gain", "fuse__n_levels", "qabf", "rmse"])
        assert len(both) == 3
    else:
        assert set(table["fuse__gain"]) <= set(whole["fuse__gain"])
        assert set(table["n_pairs"]) == {calls[0]}


def test_an_interrupt_before_the_first_candidate_is_an_interrupt(folder, monkeypatch):
    def interrupted(self, X):
        raise KeyboardInterrupt

    monkeypatch.setattr(Candidate, "transform", interrupted)
    assert search("--strategy", "random", "-o", "out") == 130
    assert not (folder / "out").exists()
