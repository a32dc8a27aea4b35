"""What the bench measures, and in which order it ranks."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from skfusion.cli import main
from skfusion.datasets import load_pairs, make_scene_pairs
from skfusion.fusers import AverageFuser
from skfusion.images import read_image, write_image
from skfusion.leaderboard import Leaderboard, run_bench
from skfusion.leaderboard.records import Record, RecordFile
from skfusion.metrics import evaluate
from skfusion.pipelines import pipeline_names
from skfusion.ranking import mean_ranks

from .conftest import METRICS, NAMES, write_pairs, write_published


class Failing(AverageFuser):
    """Fails as it is told."""

    def __init__(self, error=None, color="luma"):
        self.error, self.color = error, color

    def transform(self, X):
        raise self.error


class SometimesFailing(AverageFuser):
    """Fails on images of other heights than 40."""

    def _fuse(self, ir, vis):
        if ir.shape[0] != 40:
            raise RuntimeError
        return super()._fuse(ir, vis)


def test_values_are_those_of_the_written_files(bench, pairs, tmp_path):
    board = bench()
    for method in ("average", "tif"):
        folder = tmp_path / "report" / "fused" / method
        assert sorted(p.name for p in folder.iterdir()) == [f"{n}.png" for n in NAMES]
        assert read_image(folder / "first.png").dtype == np.uint8
        expected = evaluate(pairs, folder, metrics=METRICS)
        own = board.values[board.values["method"] == method]
        own = own.pivot(index="pair", columns="metric", values="value")
        np.testing.assert_array_equal(own.loc[list(NAMES), METRICS], expected)
        means = board.table.loc[method, METRICS].astype(float)
        np.testing.assert_allclose(means, expected.mean(), rtol=1e-14)
    assert len(board.values) == 2 * 3 * len(METRICS)
    assert not board.failures and not board.incomplete


def test_table_is_ranked_best_first(bench):
    board = bench(methods=["average", "tif", "laplacian_pyramid"])
    expected = mean_ranks(board.table[METRICS])
    np.testing.assert_array_equal(board.table["mean_rank"], expected)
    assert board.table["mean_rank"].is_monotonic_increasing
    assert board.table["rank"].iloc[0] == 1
    assert board.metrics == METRICS
    assert board.table.columns.tolist() == [
        *("source", "rank", "mean_rank"),
        *METRICS,
        *("seconds", "memory_mib"),
    ]
    assert (board.table["seconds"] > 0).all()
    assert board.table["seconds"].max() < 60


def test_estimators_and_names_together(bench):
    methods = {"average": None, "mine": AverageFuser(0.5), "other": AverageFuser(0.9)}
    board = bench(methods=methods)
    assert board.table.loc["mine", "source"] == "estimator"
    assert board.table.loc["average", "source"] == "pipeline"
    average, mine = board.table.loc["average"], board.table.loc["mine"]
    assert average[METRICS].tolist() == mine[METRICS].tolist()
    assert average["rank"] == mine["rank"]  # equal methods share the best place
    assert average["mean_rank"] == mine["mean_rank"]


def test_sources_in_the_records_are_the_documented_ones(bench, pairs, tmp_path):
    old = write_published(tmp_path / "old", "A", pairs)
    bench(methods={"average": None, "mine": AverageFuser(0.9)}, published=old)
    records = RecordFile(tmp_path / "report" / "records.jsonl").load()
    written = {source for source, _, _ in records}
    for documented in (Record.__doc__, Leaderboard.__doc__):
        assert written == set(re.findall(r'``"(\w+)"``', documented))


@pytest.mark.parametrize(
    ("color", "shape"),
    [("luma", (40, 56, 3)), ("gray", (40, 56)), ("per_channel", (40, 56, 3))],
)
def test_color(bench, tmp_path, color, shape):
    board = bench(methods=["average"], color=color)
    path = tmp_path / "report" / "fused" / "average" / "second.png"
    assert read_image(path).shape == shape
    assert board.settings["color"] == color


@pytest.mark.parametrize("color", ["luma", "gray", "per_channel"])
def test_an_estimator_is_left_as_it_is(bench, color):
    mine = AverageFuser(color="per_channel" if color == "gray" else "gray")
    before = dict(vars(mine))
    assert not bench(methods={"mine": mine}, color=color).failures
    assert vars(mine) == before


def test_in_memory_pairs_without_a_report():
    scenes = make_scene_pairs(2, size=(32, 40), random_state=0)
    board = run_bench(scenes, methods=["average"], metrics="vifb", dataset="drawn")
    assert board.settings["dataset"] == "drawn"
    assert board.metrics[0] == "AG" and len(board.metrics) == 13
    twice = run_bench(scenes, methods="average", metrics="vifb", n_jobs=2)
    pd.testing.assert_frame_equal(board.values, twice.values)


def test_all_is_every_pipeline(monkeypatch, bench):
    from skfusion.leaderboard import request

    monkeypatch.setattr(request, "pipeline_names", lambda: ["average", "msvd"])
    assert bench(methods="all").settings["methods"] == ["average", "msvd"]
    assert pipeline_names() != ["average", "msvd"]


def test_the_report(bench, tmp_path):
    board = bench()
    out = tmp_path / "report"
    table = pd.read_csv(out / "leaderboard.csv", index_col="method")
    pd.testing.assert_frame_equal(table, board.table, check_dtype=False)
    values = pd.read_csv(out / "values.csv")
    pd.testing.assert_frame_equal(values, board.values, check_dtype=False)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = (out / "leaderboard.json").read_text()
    content = json.loads(text, parse_constant=refuse)
    assert content["settings"]["pairs"] == list(NAMES)
    assert content["environment"]["versions"]["skfusion"]
    best = content["methods"][0]
    assert best["method"] == board.table.index[0] and best["rank"] == 1
    assert best["metrics"]["en"] == board.table["en"].iloc[0]
    text = (out / "leaderboard.md").read_text(encoding="utf-8")
    assert "| rank | method | mean rank | en ↑ |" in text and "rmse ↓" in text
    assert f"{board.table['en'].iloc[0]:.4g}"[:4] in text


def test_an_undefined_value_ranks_last_and_is_null(bench, folder, tmp_path):
    flat = np.full((40, 56), 0.5)
    write_published(tmp_path / "old", "ir", load_pairs(folder))
    for name in NAMES:
        (tmp_path / "old" / "flat").mkdir(exist_ok=True)
        write_image(tmp_path / "old" / "flat" / f"{name}.png", flat)
    board = bench(published=tmp_path / "old", metrics=["cc", "en"])
    assert np.isnan(board.table.loc["flat", "cc"])
    assert board.ranks.loc["flat", "cc"] == 4
    content = json.loads((tmp_path / "report" / "leaderboard.json").read_text())
    flat = next(item for item in content["methods"] if item["method"] == "flat")
    assert flat["metrics"]["cc"] is None
    assert "–" in (tmp_path / "report" / "leaderboard.md").read_text(encoding="utf-8")


def test_a_failing_method_costs_nobody_else(bench, tmp_path):
    methods = {
        "average": None,
        "wrong": Failing(ValueError("this\nwill not do")),
        "odd": Failing(KeyError("x")),
    }
    board = bench(methods=methods)
    assert board.table.index.tolist() == ["average"]
    assert {(item["method"], item["error"]) for item in board.failures} == {
        ("wrong", "this will not do"),
        ("odd", "KeyError: 'x'"),
    }
    assert len(board.failures) == 6
    assert "wrong, first: this will not do" in board.sentences()
    assert "not ranked, for they have no pair: wrong, odd." in board.sentences()
    for name in ("index.html", "leaderboard.md", "leaderboard.json"):
        text = (tmp_path / "report" / name).read_text(encoding="utf-8")
        assert "this will not do" in text


def test_a_method_that_fails_on_one_pair_is_not_ranked(folder, tmp_path):
    infrared = np.zeros((48, 56))
    write_image(folder / "ir" / "other.png", infrared)
    write_image(folder / "vis" / "other.png", infrared + 0.5)
    methods = {"average": None, "picky": SometimesFailing()}
    board = run_bench(folder, methods=methods, metrics=["en"], out=tmp_path / "r")
    assert board.table.index.tolist() == ["average"]
    assert board.incomplete == [
        {
            "method": "picky",
            "source": "estimator",
            "pairs": 3,
            "of": 4,
            "missing": ["other"],
        }
    ]
    assert "picky, other: RuntimeError" in board.sentences()
    assert "picky (estimator) is not ranked: it has 3 of 4 pairs." in board.sentences()
    assert set(board.values["method"]) == {"average", "picky"}


def test_nothing_but_failures_still_makes_a_report(bench, tmp_path):
    board = bench(methods={"wrong": Failing(ValueError("no"))})
    assert board.table.empty and len(board.failures) == 3
    assert (tmp_path / "report" / "index.html").is_file()


def test_a_pair_that_cannot_be_read_is_left_out_for_all(bench, folder):
    (folder / "vis" / "second.png").write_bytes(b"nothing")
    board = bench()
    assert board.settings["pairs"] == ["first", "third"]
    assert len(board.table) == 2
    assert [item["pair"] for item in board.failures] == ["second"]
    assert "second.png" in board.sentences()[0]


def test_failed_work_is_tried_again(bench):
    assert len(bench(methods={"a": Failing(ValueError("no"))}).failures) == 3
    assert len(bench(methods={"a": Failing(ValueError("no"))}).failures) == 3
    assert not bench(methods={"a": AverageFuser()}).failures


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"methods": ["magic"]}, "method='magic' is unknown"),
        ({"methods": []}, "nothing to do"),
        ({"methods": {"a/b": None}}, "'a/b' names no folder"),
        ({"methods": {"..": None}}, "names no folder"),
        ({"methods": {3: None}}, "names no folder"),
        ({"methods": {"A": AverageFuser(), "a": AverageFuser()}}, "'A' comes twice"),
        ({"methods": {"a": Failing(lambda: 0)}}, "'a' cannot be sent to a worker"),
        ({"metrics": "beauty"}, "'beauty' is no set of metrics"),
        ({"metrics": ["en", "beauty"]}, "'beauty' is no metric"),
        ({"metrics": []}, "at least one column"),
        ({"color": "pink"}, "color='pink'"),
        ({"published": "nowhere"}, "published='nowhere' is no folder"),
    ],
)
def test_wrong_requests_write_nothing(bench, tmp_path, options, match):
    with pytest.raises(ValueError, match=match):
        bench(**options)
    assert not (tmp_path / "report").exists()


def test_wrong_folders(bench, folder, tmp_path):
    (tmp_path / "report").touch()
    with pytest.raises(ValueError, match="is a file"):
        bench()
    (tmp_path / "report").unlink()
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").touch()
    with pytest.raises(ValueError, match="holds other files"):
        bench()
    (tmp_path / "report" / "index.html").unlink()
    assert len(bench().table) == 2  # an empty folder will do
    with pytest.raises(ValueError, match="no pair"):
        run_bench([], methods=["average"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty"):
        run_bench(tmp_path / "empty", methods=["average"])
    for path in folder.rglob("*.png"):
        path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="none of the 3 pairs can be read"):
        bench()


def test_command(folder, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["bench", str(folder), "-o", str(out), "--methods", "average,tif"]
    words += ["--metrics", "en,rmse", "--color", "per-channel", "--n-jobs", "1"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "mean_rank" in said.out and "index.html" in said.out
    assert "6/6" in said.err
    assert main([*words, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    write_published(tmp_path / "old", "A", load_pairs(folder), dataset="scenes")
    write_image(tmp_path / "old" / "A" / "scenes" / "third.png", np.zeros((20, 30)))
    assert main([*words, "--published", str(tmp_path / "old"), "--force"]) == 1
    said = capsys.readouterr()
    assert "A, third: pair 'third': the fused image is 20x30" in said.err
    assert " 0/9 " in said.err  # force: nothing is used again


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--methods", "magic"], "magic"),
        (["--metrics", "en,beauty"], "beauty"),
        (["-o", "scenes/ir/first.png"], "is a file"),
        (["--published", "nowhere"], "nowhere"),
    ],
)
def test_wrong_commands_are_one_sentence(folder, monkeypatch, capsys, words, match):
    monkeypatch.chdir(folder.parent)
    assert main(["bench", "scenes", "--methods", "average", *words]) == 2
    error = capsys.readouterr().err
    assert match in error and "Traceback" not in error
    assert [path.name for path in folder.parent.iterdir()] == ["scenes"]


def test_names_with_folders(tmp_path):
    scenes = make_scene_pairs(2, size=(24, 32), random_state=0)
    scenes.names[:] = ["a/x", "b/x"]
    board = run_bench(scenes, methods=["average"], metrics=["en"], out=tmp_path / "r")
    assert (tmp_path / "r" / "fused" / "average" / "b" / "x.png").is_file()
    assert set(board.values["pair"]) == {"a/x", "b/x"}
    scenes.names[:] = ["../x", "b"]
    with pytest.raises(ValueError, match="leads outside"):
        run_bench(scenes, methods=["average"], out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_pairs_of_one_folder_written_twice_are_equal(tmp_path):
    write_pairs(tmp_path / "a")
    write_pairs(tmp_path / "b")
    boards = [
        run_bench(tmp_path / name, methods=["tif"], metrics=["en"]) for name in "ab"
    ]
    pd.testing.assert_frame_equal(boards[0].values, boards[1].values)
