"""The parts: published folders, records, order of the work, cost, environment."""

import copy
import json
import math
import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import torch

from skfusion import fingerprints
from skfusion._text import number
from skfusion.bad_pairs import sentence
from skfusion.fingerprints import method_state
from skfusion.fusers import AverageFuser, MMDRFuse, ModuleFuser
from skfusion.images import write_image
from skfusion.leaderboard import cost, environment, run_bench, work
from skfusion.leaderboard.published import find_published
from skfusion.leaderboard.records import Record, RecordFile
from skfusion.leaderboard.report.text import direction
from skfusion.leaderboard.work import Schedule, do_units
from skfusion.metrics import registry

from ..common.foreign import Mean
from .conftest import NAMES, write_published

# ---- published results


def test_published_folders_of_both_layouts(bench, pairs, tmp_path):
    old = tmp_path / "old"
    write_published(old, "Flat", pairs)
    write_published(old, "Deep", pairs, dataset="scenes", flip=True)
    write_published(old, "Deep", pairs, dataset="elsewhere")
    board = bench(published=old)
    sources = board.table["source"].to_dict()
    assert sources["Flat"] == sources["Deep"] == "published"
    assert np.isnan(board.table.loc["Flat", "seconds"])
    assert np.isnan(board.table.loc["Flat", "memory_mib"])
    found = {method.name: method for method in find_published(old, "scenes", NAMES)}
    assert found["Deep"].files["first"].parent == old / "Deep" / "scenes"


def test_published_folders_below_a_data_set(pairs, tmp_path):
    zoo = tmp_path / "zoo"
    write_published(zoo / "scenes", "A", pairs)
    write_published(zoo / "scenes", "B", pairs, names=["first"])
    write_published(zoo / "elsewhere", "C", pairs)
    methods = find_published(zoo, "scenes", NAMES)
    assert [method.name for method in methods] == ["A", "B"]
    assert methods[0].files["second"].parent == zoo / "scenes" / "A"
    assert methods[1].missing == ["second", "third"]


def test_a_method_called_like_the_data_set_stays_a_method(pairs, tmp_path):
    old = write_published(tmp_path / "old", "scenes", pairs)
    write_published(old, "Other", pairs)
    names = [method.name for method in find_published(old, "scenes", NAMES)]
    assert names == ["Other", "scenes"]


def test_incomplete_published_methods_are_not_ranked(bench, pairs, tmp_path):
    old = write_published(tmp_path / "old", "Whole", pairs)
    write_published(old, "Part", pairs, names=["first", "third"])
    write_published(old, "Elsewhere", pairs, dataset="other")
    (old / "tables").mkdir()
    (old / "tables" / "metrics.csv").touch()
    (old / "readme.txt").touch()
    board = bench(published=old)
    assert "Part" not in board.table.index and "Whole" in board.table.index
    assert [(i["method"], i["pairs"], i["of"]) for i in board.incomplete] == [
        ("Elsewhere", 0, 3),
        ("Part", 2, 3),
    ]
    assert board.incomplete[1]["missing"] == ["second"]
    assert board.sentences() == [
        "Part (published) is not ranked: it has 2 of 3 pairs.",
        "not ranked, for they have no pair: Elsewhere.",
    ]
    assert not board.failures


def test_published_image_of_another_size_is_one_sentence(bench, pairs, tmp_path):
    old = write_published(tmp_path / "old", "Other", pairs)
    write_image(old / "Other" / "second.png", np.zeros((20, 28)))
    board = bench(published=old)
    assert "Other" not in board.table.index
    assert [item["method"] for item in board.failures] == ["Other"]
    assert "20x28, its sources 40x56" in board.failures[0]["error"]
    assert "Other (published) is not ranked: it has 2 of 3 pairs." in board.sentences()


def test_published_method_called_like_one_of_ours(bench, pairs, tmp_path):
    old = write_published(tmp_path / "old", "average", pairs)
    board = bench(published=old)
    assert board.table.loc["average (published)", "source"] == "published"
    assert board.table.loc["average", "source"] == "pipeline"
    text = (tmp_path / "report" / "leaderboard.md").read_text(encoding="utf-8")
    assert "(published) (published)" not in text


def test_only_published_methods(bench, pairs, tmp_path):
    old = write_published(tmp_path / "old", "A", pairs)
    assert bench(methods=[], published=old).table.index.tolist() == ["A"]


def test_published_folder_with_nothing_for_these_pairs(bench, tmp_path):
    (tmp_path / "old" / "A").mkdir(parents=True)
    (tmp_path / "old" / "A" / "zebra.png").touch()
    with pytest.raises(ValueError, match="no fused image of these pairs: expected"):
        bench(published=tmp_path / "old")


def test_published_image_of_a_pair_with_a_folder(tmp_path):
    (tmp_path / "A" / "day").mkdir(parents=True)
    (tmp_path / "A" / "day" / "1.v2.JPG").touch()
    method = find_published(tmp_path, "set", ["day/1.v2", "night/1"])[0]
    assert method.files["day/1.v2"].name == "1.v2.JPG"
    assert method.missing == ["night/1"]


def test_two_published_files_for_one_pair_are_refused(bench, pairs, tmp_path):
    old = write_published(tmp_path / "old", "A", pairs)
    write_image(old / "A" / "first.tif", np.zeros((40, 56)))
    with pytest.raises(ValueError, match=r"'first' has 2 .*first\.png and first\.tif"):
        bench(published=old)
    assert not (tmp_path / "report").exists()


# ---- records


def test_records_come_back_exactly(tmp_path):
    values = {"a": 0.1 + 0.2, "b": math.inf, "c": -math.inf, "d": math.nan}
    record = Record("m", "pipeline", "p", "f", "k", values, 1 / 3, 2.0, [1, 2], "", 3.0)
    file = RecordFile(tmp_path / "records.jsonl")
    assert file.load() == {}
    file.append(record)
    back = file.load()["pipeline", "m", "p"]
    assert repr(back) == repr(record)
    json.loads(file.path.read_text(), parse_constant=pytest.fail)


def test_later_records_win_and_torn_lines_are_left_out(tmp_path):
    file = RecordFile(tmp_path / "records.jsonl")
    file.append(Record("m", "pipeline", "p", error="no"))
    with open(file.path, "ab") as stream:
        stream.write(b'{"method": "m", "sou')
    file.append(Record("m", "pipeline", "p", elapsed=2.0))
    for line in (b"[]\n", b'"text"\n', b"{}\n", b"\xff\n", b'{"values": 3}\n'):
        with open(file.path, "ab") as stream:
            stream.write(line)
    records = file.load()
    assert list(records) == [("pipeline", "m", "p")]
    assert records["pipeline", "m", "p"].elapsed == 2.0
    file.append(Record("m", "published", "p"))
    assert len(file.load()) == 2


# ---- order of the work


def units(methods, n_pairs=3):
    return [
        SimpleNamespace(record=Record(method, source, str(i)), n_pixels=i)
        for method, source in methods
        for i in range(n_pairs)
    ]


def test_largest_pair_of_each_method_first_then_the_slowest_method():
    seconds = {"fast": 1.0, "slow": 9.0, "old": 0.5}
    schedule = Schedule(
        units([("old", "published"), ("fast", "pipeline"), ("slow", "pipeline")])
    )
    order = []
    for unit in schedule:
        order.append(unit.record.method + unit.record.pair)
        unit.record.elapsed = seconds[unit.record.method]
        schedule.learn(unit.record)
    assert order == "fast2 slow2 slow1 slow0 fast1 fast0 old2 old1 old0".split()


def test_a_method_whose_first_unit_is_under_way_counts_as_the_longest():
    schedule = Schedule(units([("a", "pipeline"), ("b", "pipeline")], 2))
    taken = iter(schedule)
    first = next(taken)
    next(taken)
    first.record.elapsed = 100.0
    schedule.learn(first.record)
    assert next(taken).record.method == "b"


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_unit_is_done_once(monkeypatch, n_jobs):
    monkeypatch.setattr(work, "do_unit", _only_record)
    every = units([("a", "pipeline"), ("b", "published")], 5)
    with joblib.parallel_config(backend="threading"):
        done = list(do_units(every, n_jobs))
    expected = {unit.record.identity for unit in every}
    assert {record.identity for record in done} == expected and len(done) == 10


def _only_record(unit):
    return unit.record


# ---- cost


@pytest.mark.skipif(not cost.can_measure_memory(), reason="the system cannot tell")
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_peak_memory_sees_what_was_freed_again(library):
    with cost.peak_memory() as growth:
        if library == "numpy":
            np.ones(2**25, dtype=np.uint8).sum()
        else:
            torch.ones(2**25, dtype=torch.uint8).max()
    assert 0.9 * 2**25 < growth["bytes"] < 2 * 2**25


def test_peak_memory_where_it_cannot_be_told(monkeypatch, tmp_path):
    monkeypatch.setattr(cost, "_CLEAR", str(tmp_path / "none" / "none"))
    monkeypatch.setattr(sys, "platform", "other")
    with cost.peak_memory() as growth:
        pass
    assert math.isnan(growth["bytes"])


def test_a_status_without_the_line(monkeypatch, tmp_path):
    (tmp_path / "status").write_text("Name: x\n")
    monkeypatch.setattr(cost, "_STATUS", str(tmp_path / "status"))
    assert math.isnan(cost._status("VmHWM"))


# ---- keys


def test_file_state_sees_pixels_shape_dtype_and_time(tmp_path):
    state = fingerprints.file_state
    image = np.zeros((2, 3))
    assert state(image) == state(image.copy())
    for other in (image.reshape(3, 2), image.astype(np.float32), image + 1):
        assert state(other) != state(image)
    path = tmp_path / "x.png"
    path.write_bytes(b"one")
    before = state(path)
    os.utime(path, ns=(1, 1))
    assert state(path) != before


def test_method_state_sees_parameters_and_what_was_fitted():
    state = fingerprints.method_state
    assert state("a", AverageFuser(0.3)) == state("a", AverageFuser(0.3))
    assert state("a", AverageFuser(0.3)) != state("a", AverageFuser(0.4))
    fitted = AverageFuser(0.3)
    fitted.something_ = np.ones(3)
    assert state("a", fitted) != state("a", AverageFuser(0.3))


def loaded_by(script):
    """Return the parts of the package that a script loads in a fresh process."""
    script += "; import sys; print(*(n for n in sys.modules if 'skfusion.' in n))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.split(".")[1] for name in done.stdout.split()}


def test_code_of_the_measures_holds_all_that_they_import():
    loaded = loaded_by(
        "from skfusion.metrics import evaluate, registry; "
        "all(registry[name] for name in registry)"
    )
    assert "metrics" in loaded
    assert loaded <= fingerprints._MEASURING


def test_code_that_fuses_is_all_that_pipelines_import():
    loaded = loaded_by(
        "from skfusion.pipelines import fuse, pipeline_names; import numpy as np; "
        "ir, vis = np.zeros((24, 24)), np.ones((24, 24)); "
        "slow = {'convsr', 'mdlatlrr'}; "
        "all(fuse(ir, vis, n).size for n in pipeline_names() if n not in slow)"
    )
    assert {"fusers", "networks", "transforms"} <= loaded
    assert not loaded & fingerprints._NOT_FUSING


# ---- environment and words


def test_commit_is_that_of_tracked_files_only(tmp_path):
    def git(*words):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    assert environment.commit(tmp_path) is None
    assert environment.commit(tmp_path / "nowhere") is None
    git("init")
    (tmp_path / "__init__.py").touch()
    assert environment.commit(tmp_path) is None  # there, but not tracked
    git("add", ".")
    assert environment.commit(tmp_path) is None  # tracked, but never committed
    git("commit", "-m", "x")
    found = environment.commit(tmp_path)
    assert len(found) == 40
    (tmp_path / "__init__.py").write_text("x = 1\n")
    assert environment.commit(tmp_path) == found + "+changes"


def test_environment_without_git_cpuinfo_or_a_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "_PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setattr(environment, "_CPU_INFO", str(tmp_path / "none"))
    monkeypatch.delattr(os, "getloadavg")
    found = environment.describe_environment()
    assert found["commit"] is None
    assert found["machine"]["load before"] == "unknown"
    assert found["versions"]["no-such-package"] == "unknown"
    assert found["machine"]["processor"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        (58.5, "58.50"),
        (1586.2, "1586"),
        (123456.7, "123457"),
        (0.0, "0.000"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
    ],
)
def test_numbers_for_people(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("metric", "arrow"), [("en", "↑"), ("rmse", "↓"), ("qsf", "→0")]
)
def test_arrows(metric, arrow):
    assert direction(registry[metric]) == arrow


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("a\n  b"), "a b"),
        (ValueError(), "ValueError"),
        (KeyError("x"), "KeyError: 'x'"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_sentences(error, text):
    assert sentence(error) == text


def test_a_network_in_memory_has_one_state_in_every_copy(small_pairs):
    module = Mean()
    fitted = MMDRFuse(weights=None, max_epochs=1, crop_size=16, random_state=0)
    fitted.fit(small_pairs)
    for estimator in (ModuleFuser(module), fitted):
        state = method_state("mine", estimator)
        for copied in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
            assert method_state("mine", copied) == state
    before = method_state("mine", ModuleFuser(module))
    half = ModuleFuser(copy.deepcopy(module).bfloat16())
    assert method_state("mine", half) != before
    with torch.no_grad():
        module.shares += 1
    assert method_state("mine", ModuleFuser(module)) != before


@pytest.mark.parametrize(
    "change",
    [
        {"pair": ["a"]},
        {"method": None},
        {"error": 3},
        {"values": [1]},
        {"values": {"en": 10**400}},
        {"values": {"en": {}}},
        {"seconds": "soon"},
        {"elapsed": []},
        {"magic": 1},
    ],
)
def test_records_of_strangers_are_no_records(tmp_path, change):
    file = RecordFile(tmp_path / "records.jsonl")
    file.append(Record("tif", "pipeline", "a", values={"en": 7.0}))
    good = json.loads(file.path.read_text())
    lines = [json.dumps({**good, **change}), "[" * 100_000, "3", "null", "\udcff"]
    file.path.write_text("\n".join(lines), errors="surrogateescape")
    assert file.load() == {}


def test_values_of_other_metrics_do_not_hold(tmp_path):
    image = np.arange(600, dtype=np.float32).reshape(20, 30) / 600
    options = {"methods": ["average"], "metrics": ["en"], "out": tmp_path / "out"}
    first = run_bench([(image, image.copy())], **options)
    path = tmp_path / "out" / "records.jsonl"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "values": {"sd": 1.0}}) + "\n")
    again = run_bench([(image, image.copy())], **options)
    assert again.values.equals(first.values)
