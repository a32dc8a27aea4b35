"""A second run does what is missing or has changed, and nothing else."""

import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from skfusion.datasets import load_pairs
from skfusion.fusers import AverageFuser
from skfusion.images import write_image
from skfusion.leaderboard import plan
from skfusion.leaderboard import work as working
from skfusion.leaderboard.records import RecordFile

from .conftest import NAMES, write_published


@pytest.fixture
def work(monkeypatch):
    """Note each unit that is fused and each that is measured."""
    done = {"fused": [], "measured": []}
    fuse, measure = working._fuse, working._measure

    def noting(key, function):
        def call(item):
            done[key].append((item.record.method, item.record.pair))
            return function(item)

        return call

    monkeypatch.setattr(working, "_fuse", noting("fused", fuse))
    monkeypatch.setattr(working, "_measure", noting("measured", measure))

    def since_last():
        counts = {key: sorted(items) for key, items in done.items()}
        for items in done.values():
            items.clear()
        return counts["fused"], counts["measured"]

    return since_last


ALL = sorted((method, name) for method in ("average", "tif") for name in NAMES)


def test_nothing_is_done_twice(bench, work):
    first = bench()
    assert work() == (ALL, ALL)
    second = bench()
    assert work() == ([], [])
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_frame_equal(first.values, second.values)
    bench(force=True)
    assert work() == (ALL, ALL)


def test_a_new_method_and_a_left_out_one(bench, work):
    bench()
    work()
    assert bench(methods=["tif"]).table.index.tolist() == ["tif"]
    assert work() == ([], [])
    bench(methods=["average", "tif", "msvd"])
    added = [("msvd", name) for name in sorted(NAMES)]
    assert work() == (added, added)


def test_other_metrics_measure_the_same_images_again(bench, work):
    first = bench()
    work()
    second = bench(metrics=["en", "mi"])
    assert work() == ([], ALL)
    assert second.table["seconds"].tolist() == first.table["seconds"].tolist()
    bench(metrics=[("en", "en"), ("mi", "mi", {"variant": "vifb"})])
    assert work() == ([], ALL)


def test_a_changed_source_is_fused_again(bench, folder, work):
    bench()
    work()
    infrared = np.linspace(0, 1, 40 * 56).reshape(40, 56)
    write_image(folder / "ir" / "second.png", infrared)
    bench()
    changed = [("average", "second"), ("tif", "second")]
    assert work() == (changed, changed)


def test_a_changed_or_lost_result_is_fused_again(bench, tmp_path, work):
    bench()
    work()
    fused = tmp_path / "report" / "fused"
    write_image(fused / "average" / "first.png", np.zeros((40, 56)))
    (fused / "tif" / "third.png").unlink()
    bench()
    changed = [("average", "first"), ("tif", "third")]
    assert work() == (changed, changed)


def test_changed_parameters_and_colour(bench, work):
    bench(methods={"mine": AverageFuser(0.4)})
    work()
    mine = [("mine", name) for name in sorted(NAMES)]
    bench(methods={"mine": AverageFuser(0.4)})
    assert work() == ([], [])
    bench(methods={"mine": AverageFuser(0.3)})
    assert work() == (mine, mine)
    bench(methods={"mine": AverageFuser(0.3)}, color="gray")
    assert work() == (mine, mine)


def test_changed_code(bench, work, monkeypatch):
    bench()
    work()
    monkeypatch.setattr(plan, "measure_code", lambda: "new")
    bench()
    assert work() == ([], ALL)
    monkeypatch.setattr(plan, "fuse_code", lambda: "new")
    bench()
    assert work() == (ALL, ALL)


def test_published_images_are_measured_once(bench, folder, tmp_path, work):
    pairs = load_pairs(folder)
    old = write_published(tmp_path / "old", "A", pairs)
    bench(published=old)
    work()
    bench(published=old)
    assert work() == ([], [])
    write_image(old / "A" / "first.png", np.zeros((40, 56)))
    bench(published=old)
    assert work() == ([], [("A", "first")])


def test_the_largest_pair_tells_the_memory(bench, folder, work):
    bench()
    work()
    write_image(folder / "ir" / "big.png", np.zeros((50, 60)))
    write_image(folder / "vis" / "big.png", np.ones((50, 60)))
    bench()
    # The one that was the largest is no longer; it is fused again without the count.
    fused, _ = work()
    assert ("average", "big") in fused and len(fused) <= 4


def test_a_worker_that_is_gone_is_one_sentence(monkeypatch, bench):
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    def ended(unit):
        raise TerminatedWorkerError("gone")

    monkeypatch.setattr(working, "do_unit", ended)
    with pytest.raises(OSError, match="the system ended a worker"):
        bench()


SCRIPT = """
import os, signal, sys
from skfusion.fusers import AverageFuser
from skfusion.leaderboard import run_bench, work

done = 0
measure = work._measure

def measure_or_die(item):
    global done
    done += 1
    if done > int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return measure(item)

work._measure = measure_or_die
methods = ["average", "msvd"]
run_bench(sys.argv[1], methods=methods, metrics=["en", "rmse"], out=sys.argv[2])
print(done)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_goes_on_where_it_was(folder, tmp_path):
    def start(out, limit):
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder), str(out), str(limit)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    out = tmp_path / "killed"
    assert start(out, 4).returncode == -signal.SIGKILL
    assert not (out / "leaderboard.csv").exists()
    assert len(RecordFile(out / "records.jsonl").load()) == 4
    with open(out / "records.jsonl", "a") as file:
        file.write('{"method": "msvd", "pai')  # as if in the middle of a line
    again = start(out, 99)
    assert again.returncode == 0, again.stderr
    assert again.stdout.split() == ["2"]
    whole = start(tmp_path / "whole", 99)
    assert whole.stdout.split() == ["6"]
    for name in ("values.csv", *(f"fused/msvd/{name}.png" for name in NAMES)):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    tables = [
        pd.read_csv(folder / "leaderboard.csv").drop(columns=["seconds", "memory_mib"])
        for folder in (out, tmp_path / "whole")
    ]
    pd.testing.assert_frame_equal(*tables)
