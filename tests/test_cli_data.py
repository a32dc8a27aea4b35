"""The command line on the data that users bring: folders, sizes, ranges, mistakes."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skfusion
from skfusion.cli import main
from skfusion.cli._advice import SPELLED, in_options
from skfusion.fusers import AverageFuser
from skfusion.images import read_image, write_image
from skfusion.model_files import save_pipeline

RNG = np.random.default_rng(0)
SPACE = "pipeline: average\nparams: {fuse__visible_weight: [0.3, 0.6]}\nmetrics: [en]\n"


def put(root, *names, shape=(12, 16), dtype=np.uint8, top=256):
    for name in names:
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        image = RNG.integers(0, top, shape).astype(dtype)
        write_image(path, image, bit_depth=8 * image.itemsize)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("data", *(f"{side}/{k}.png" for side in ("ir", "vis") for k in "abc"))
    Path("space.yaml").write_text(SPACE)
    return tmp_path


def run(line):
    return main(line.split())


@pytest.fixture
def unknown(tmp_path, monkeypatch):
    """Two folders whose names say nothing, and files whose names do not pair."""
    monkeypatch.chdir(tmp_path)
    put(".", *(f"{side}/{k}.png" for side in ("heat", "day") for k in "ab"))
    put(".", "train/ir/1.png", "train/vis/1.png", "test/ir/2.png", "test/vis/2.png")
    Path("space.yaml").write_text(SPACE)


def test_every_command_takes_two_folders(unknown, capsys):
    assert run("fuse heat day -o fused --method average --quiet") == 0
    assert run("evaluate heat day fused --metrics en") == 0
    assert "b" in capsys.readouterr().out
    assert run("bench heat day --methods average --metrics en -o b --quiet") == 0
    assert run("search heat day space.yaml -o s --no-plot") == 0
    capsys.readouterr()
    assert run("info heat day") == 0
    assert re.search(r"pairs: 2\n  a: .*a\.png with .*a\.png", capsys.readouterr().out)


def test_split_and_position(unknown, capsys):
    assert run("fuse . -o f --split test --method average --quiet") == 0
    assert [path.stem for path in Path("f").glob("*.png")] == ["2"]
    assert run("info . --split test") == 0
    assert "pairs: 1\n" in capsys.readouterr().out
    put(".", "x/left.png", "y/right.png")
    assert run("fuse x y -o g --method average") == 2
    advice = re.search(r"--by-position", capsys.readouterr().err)[0]
    assert run(f"fuse x y -o g --method average --quiet {advice}") == 0


def test_two_readings_are_told_in_the_words_of_the_command_line(data, capsys):
    put("data", "thermal/a.png")
    assert run("fuse data -o f") == 2
    error = capsys.readouterr().err
    assert "two ways" in error and "INFRARED VISIBLE" in error
    assert "infrared=" not in error
    assert run("fuse data/ir data/vis -o f --method average --quiet") == 0


def test_the_library_says_what_the_command_line_translates(root):
    source = "".join(
        path.read_text() for path in sorted((root / "skfusion").rglob("*.py"))
        if path.name != "_advice.py"
    )  # fmt: skip
    joined = re.sub(r'"\s*\n\s*f?"', "", source)
    for python, option in SPELLED:
        assert python.rstrip("'") in joined, python
        assert in_options(f"x {python} y") == f"x {option} y"


@pytest.fixture
def two_sizes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("data/ir", "a.png", "b.png", shape=(12, 16))
    put("data/vis", "a.png", "b.png", shape=(24, 32, 3))
    Path("space.yaml").write_text(SPACE)


@pytest.mark.parametrize(
    ("to", "size"), [("visible", (24, 32)), ("infrared", (12, 16))]
)
def test_resize_everywhere(two_sizes, to, size, capsys):
    assert run("fuse data/ir/a.png data/vis/a.png -o one.png") == 2
    assert "--resize visible" in capsys.readouterr().err
    how = f"--method average --resize {to}"
    assert run(f"fuse data/ir/a.png data/vis/a.png -o one.png {how}") == 0
    assert read_image("one.png").shape == (*size, 3)
    assert run(f"fuse data -o fused --quiet {how}") == 0
    np.testing.assert_array_equal(read_image("fused/a.png"), read_image("one.png"))
    assert run(f"evaluate data fused --metrics en --resize {to}") == 0
    bench = "bench data --methods average --metrics en -o b --quiet"
    assert run(f"{bench} --resize {to}") == 0
    assert run(f"search data space.yaml -o s --no-plot --resize {to}") == 0


def test_relative_clarity_as_its_authors_in_colour(two_sizes):
    how = "--method relative_clarity --param compat=true --resize visible"
    assert run(f"fuse data/ir/a.png data/vis/a.png -o one.png {how}") == 0
    assert read_image("one.png").shape == (456, 456, 3)


@pytest.fixture
def counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("data/ir", "a.tif", dtype=np.uint16, top=1000)
    put("data/vis", "a.png")
    Path("space.yaml").write_text(SPACE)


@pytest.mark.filterwarnings("default::skfusion.images.NarrowRangeWarning")
def test_stretch_everywhere_and_the_warning_names_it(counts, capsys):
    assert run("fuse data -o raw --method average --quiet") == 0
    assert "--stretch" in capsys.readouterr().err
    assert run("fuse data -o fused --method average --quiet --stretch") == 0
    assert run("evaluate data fused --metrics en --stretch") == 0
    bench = "bench data --methods average --metrics en -o b --quiet --stretch"
    assert run(bench) == 0
    assert run("search data space.yaml -o s --no-plot --stretch") == 0
    assert "warning" not in capsys.readouterr().err
    pair = "fuse data/ir/a.tif data/vis/a.png --method average"
    assert run(f"{pair} -o x.png --stretch 0 100") == 0
    ir = np.asarray(read_image("data/ir/a.tif"), float)
    vis = read_image("data/vis/a.png") / 255
    expected = ((ir - ir.min()) / np.ptp(ir) + vis) / 2
    np.testing.assert_allclose(read_image("x.png") / 255, expected, atol=0.003)


@pytest.mark.parametrize("words", ["1", "1 2 3", "low high"])
def test_stretch_takes_two_numbers_or_none(counts, words, capsys):
    with pytest.raises(SystemExit):
        run(f"fuse data -o f --stretch {words}")
    assert "give two percentiles or none" in capsys.readouterr().err
    assert run("fuse data -o f --stretch 60 40") == 2
    assert "low=60" in capsys.readouterr().err


def test_no_result_replaces_a_source(data, capsys):
    before = Path("data/vis/a.png").read_bytes()
    for line in (
        "fuse data -o data/vis --force",
        "fuse data/ir/a.png data/vis/a.png -o data/vis/a.png --force",
    ):
        assert run(f"{line} --method average") == 2
        assert "is a source, which would be lost" in capsys.readouterr().err
    assert Path("data/vis/a.png").read_bytes() == before


def test_another_method_in_the_folder_is_told_with_force(data, capsys):
    assert run("fuse data -o f --method average --quiet") == 0
    assert run("fuse data -o f --method gff --quiet") == 2
    error = capsys.readouterr().err
    assert "made by PreserveChroma(estimator=" in error and "--force" in error
    assert run("fuse data -o f --method gff --quiet --force") == 0


def test_evaluate_goes_on_past_a_bad_pair(data, capsys):
    assert run("fuse data -o f --method average --quiet") == 0
    Path("data/vis/c.png").write_bytes(b"nothing")
    Path("f/a.png").unlink()
    assert run("evaluate data f --metrics sd -o t.csv") == 1
    told = capsys.readouterr()
    assert "not measured: c: " in told.err and "not measured: a: " in told.err
    assert pd.read_csv("t.csv", index_col=0).index.tolist() == ["b", "mean"]
    for path in Path("f").glob("*.png"):
        path.unlink()
    assert run("evaluate data f --metrics sd") == 2


def test_evaluate_keeps_a_pair_that_is_called_mean(data):
    put("data", "ir/mean.png", "vis/mean.png")
    assert run("fuse data -o f --method average --quiet") == 0
    assert run("evaluate data f --metrics sd -o t.csv") == 0
    table = pd.read_csv("t.csv", index_col=0)["sd"]
    assert table.index.is_unique and len(table) == 5
    assert table["mean"] == pytest.approx(
        skfusion.metrics.evaluate(skfusion.load_pairs("data"), "f", "sd")["sd"]["mean"]
    )


def test_evaluate_names_a_wrong_word_for_errors():
    with pytest.raises(ValueError, match="on_error='no': use 'raise' or 'skip'"):
        skfusion.metrics.evaluate([], [], on_error="no")


def test_nothing_is_replaced_without_force(data, capsys):
    assert run("fuse data -o f --method average --quiet") == 0
    for line in (
        "evaluate data f --metrics en -o t.csv",
        "search data space.yaml -o s",
    ):
        assert run(line) == 0
        assert run(line) == 2
        assert "--force" in capsys.readouterr().err
        assert run(f"{line} --force") == 0
    Path("w.safetensors").touch()
    assert run("convert-weights auif . -o w.safetensors") == 2
    assert "--force replaces it" in capsys.readouterr().err


MODEL = {"format": "skfusion-pipeline", "estimator": {"class": "AverageFuser"}}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--method laplacian", "Did you mean 'laplacian_pyramid'?"),
        ("--method average --param fuse__visible_wieght=1", "fuse__visible_weight'?"),
        ("--method average --param visible_wieght=1", "visible_weight'?"),
        ("--method average --param visible_weight=word", "visible_weight"),
        ("--method average --param visible_weight=[1]", "visible_weight"),
        ("--method average --param fuse__visible_weight__x=1", "no parameter"),
        ("--method average --param fuse=3", "no parameter"),
        ("--method=", "method=''"),
        ("--model model.json", "visible_weight"),
        ("--model data", "no such file"),
        ("--suffix ./../x.png", "expected one of"),
        ("--method average --n-jobs 0", "n_jobs"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_written(
    data, line, words, capsys
):
    odd = {"class": "AverageFuser", "params": {"visible_weight": {"a": []}}}
    Path("model.json").write_text(json.dumps({**MODEL, "estimator": odd}))
    assert run(f"fuse data -o f {line}") == 2
    told = capsys.readouterr()
    assert words in told.err and "Traceback" not in told.err
    assert not list(Path().glob("f/*.png"))


@pytest.mark.parametrize("text", ["[]", "1", '{"estimator": 3}', '{"params": []}', "{"])
def test_a_model_file_of_wrong_kinds_is_one_sentence(data, text, capsys):
    Path("m.json").write_text(json.dumps({**MODEL, "estimator": json.loads(text)})
                              if text != "{" else text)  # fmt: skip
    assert run("fuse data -o f --model m.json") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_single_file_needs_its_folder_before_it_is_fused(data, monkeypatch, capsys):
    def no(*args):
        raise AssertionError("fused")

    monkeypatch.setattr(AverageFuser, "transform", no)
    pair = "fuse data/ir/a.png data/vis/a.png --method average"
    assert run(f"{pair} -o none/x.png") == 2
    assert "no such folder" in capsys.readouterr().err
    Path("into").mkdir()
    assert run(f"{pair} -o into --suffix ./../x.png") == 2
    assert not list(Path().glob("*.png"))


def test_whatever_happens_is_a_sentence(data, monkeypatch, capsys):
    def no(*args, **kwargs):
        raise TypeError("odd")

    # The door first: it is lazy, and would be given back what the room holds by then.
    monkeypatch.setattr(skfusion.datasets, "load_pairs", no)
    monkeypatch.setattr(skfusion.datasets.folders, "load_pairs", no)
    assert run("evaluate data data") == 2
    assert capsys.readouterr().err == "skfusion evaluate: TypeError: odd\n"


def test_help_says_what_a_parameter_is(capsys):
    with pytest.raises(SystemExit):
        main(["fuse", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "STEP__NAME" in text and "JSON" in text


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "| true"])
def test_closed_streams_are_no_traceback(data, closed):
    save_pipeline(AverageFuser(), "m.json")
    words = f"{sys.executable} -m skfusion fuse data -o f --model m.json"
    done = subprocess.run(f"{words} {closed}", shell=True, capture_output=True)
    assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr
    assert len(list(Path("f").glob("*.png"))) == 3


def test_numbers_that_overflow_are_one_sentence(data, capsys):
    line = "fuse data/ir/a.png data/vis/a.png -o a.png --method laplacian_pyramid"
    assert run(f"{line} --param gain=1e308") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "LaplacianPyramid(gain=1e+308) made" in error
