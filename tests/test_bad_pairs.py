"""A pair that cannot be read is named and left out; the others are not harmed."""

# SPDX-License-Identifier: BSD-3-Clause
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from skfusion import ImagePairs
from skfusion._text import sentence
from skfusion.bad_pairs import readable
from skfusion.cli import main
from skfusion.fusers import AverageFuser
from skfusion.images import write_image
from skfusion.search import SearchSpace, run_search

SPACE = """
pipeline: average
params: {fuse__visible_weight: [1e-6, 0.75]}
metrics: [sd]
"""


@pytest.fixture
def pairs(small_pairs):
    (ir, vis), *_ = small_pairs
    return ImagePairs([ir, ir, ir], [vis, "no.png", vis.T], names=["a", "b", "c"])


def test_what_can_be_read_is_left(pairs):
    good, sizes, failures = readable(pairs)
    assert good.names.tolist() == ["a"] and sizes == [pairs.read(0)[0].size]
    assert [failure["pair"] for failure in failures] == ["b", "c"]
    assert "no.png" in failures[0]["error"] and "bring them to" in failures[1]["error"]


def test_nothing_is_left(pairs):
    with pytest.raises(ValueError, match=r"none of the 2 pairs.*no\.png"):
        readable(pairs[1:])
    assert len(readable(pairs[:0])[0]) == 0


def test_errors_are_sentences():
    assert sentence(ValueError("two\n lines")) == "two lines"
    assert sentence(KeyError("a")) == "KeyError: 'a'"
    assert sentence(ValueError()) == "ValueError"


def test_a_search_goes_on_without_it(pairs):
    space = SearchSpace(AverageFuser(), {"visible_weight": [0.2, 0.7]}, ["sd", "en"])
    with pytest.warns(UserWarning, match="2 of 3 pairs are left out: 'b': .*; 'c': "):
        table, _ = run_search(pairs, space)
    expected, _ = run_search(pairs[:1], space)
    pd.testing.assert_frame_equal(
        table.drop(columns="seconds"), expected.drop(columns="seconds")
    )
    assert [failure["pair"] for failure in table.attrs["failures"]] == ["b", "c"]
    assert expected.attrs["failures"] == []


def write_pairs(folder, names):
    rng = np.random.default_rng(0)
    for side in ("ir", "vis"):
        (folder / "data" / side).mkdir(parents=True)
        for name in names:
            image = rng.integers(0, 256, (24, 32), dtype=np.uint8)
            write_image(folder / "plain.png", image)
            os.rename(folder / "plain.png", folder / "data" / side / f"{name}.png")
    (folder / "s.yaml").write_text(SPACE)


@pytest.mark.filterwarnings("always")
def test_the_command_names_it_and_writes_the_rest(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path, "abc")
    (tmp_path / "data" / "vis" / "b.png").write_bytes(b"no image")
    assert main(["search", "data", "s.yaml", "-o", "out", "--no-plot"]) == 1
    said = capsys.readouterr()
    assert "1 of 3 pairs are left out: 'b': data/vis/b.png" in said.err
    assert " 1e-06 " in said.out  # not rounded away
    assert len(pd.read_csv("out/search.csv")) == 2
    (tmp_path / "data" / "vis" / "b.png").unlink()
    (tmp_path / "data" / "ir" / "b.png").unlink()
    again = ["search", "data", "s.yaml", "-o", "out", "--no-plot"]
    assert main(again) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert main([*again, "--force"]) == 0


@pytest.mark.parametrize("suffix", [".csv", ".json", ".md"])
def test_a_pair_called_mean_keeps_its_row(tmp_path, suffix, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path, ["a", "mean"])
    words = ["evaluate", "data", "data/ir", "--metrics", "sd", "-o", f"t{suffix}"]
    assert main(words) == 0
    text = (tmp_path / f"t{suffix}").read_text()
    assert text.count("mean") == 2 and text.count("mean of all") == 1
    if suffix == ".csv":
        sd = pd.read_csv("t.csv", index_col="pair")["sd"]
        assert sd["mean of all"] == pytest.approx((sd["a"] + sd["mean"]) / 2)


@pytest.mark.skipif(sys.platform != "linux", reason="names are not bytes elsewhere")
def test_no_name_and_no_stream_costs_the_table(tmp_path):
    names = ["=cmd", "\x1b[31m", "caf\u00e9", "\udcff\udce9", "<b>", "a|b"]
    write_pairs(tmp_path, names)
    env = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    code = "import sys; from skfusion.cli import main; " + "; ".join(
        f"assert main({words.split()!r}) == 0, {words!r}"
        for words in (
            "search data s.yaml -o s --no-plot",
            "evaluate data data/ir --metrics sd -o t.csv",
            "evaluate data data/ir --metrics sd -o t.md",
            "evaluate data data/ir --metrics sd -o t.json",
            "bench data --methods average --metrics sd -o b",
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    said = (done.stdout + done.stderr).decode("ascii")
    assert "caf\\xe9" in said and "\\xff\\xe9" in said and "\x1b[31m" not in said
    for name in ("t.csv", "b/values.csv"):
        pair = pd.read_csv(tmp_path / name)["pair"]
        assert {"'=cmd", "\\x1b[31m", "café", "\\xff\\xe9", "<b>"} <= set(pair)
    assert "a\\|b" in (tmp_path / "t.md").read_text()
    page = (tmp_path / "b" / "index.html").read_text(encoding="utf-8")
    assert "\x1b" not in page and "<b>" not in page
