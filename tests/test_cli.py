"""The command line: what it writes, says and returns."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from skfusion import __version__
from skfusion.cli import main
from skfusion.fusers import AverageFuser
from skfusion.images import read_image, to_dtype, write_image
from skfusion.model_files import save_pipeline


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for side, shape in (("ir", (40, 48)), ("vis", (40, 48, 3))):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for i in range(3):
            image = rng.integers(0, 255, shape, np.uint8)
            write_image(tmp_path / "pairs" / side / f"scene{i}.png", image)
    return tmp_path / "pairs"


def test_fuse_a_folder_of_pairs(folder, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["fuse", str(folder), "-o", str(out), "--method", "average"]
    assert main(words) == 0
    assert "3 written, 0 skipped, 0 failed" in capsys.readouterr().out
    assert sorted(p.name for p in out.glob("*.png")) == [
        f"scene{i}.png" for i in range(3)
    ]
    assert read_image(out / "scene0.png").shape == (40, 48, 3)
    assert main([*words, "--quiet"]) == 0
    assert "--force" in capsys.readouterr().out
    assert main([*words, "--force", "--color", "gray", "--n-jobs", "2"]) == 0
    assert read_image(out / "scene0.png").shape == (40, 48)


def test_fuse_two_folders_with_parameters(folder, tmp_path):
    words = ["fuse", str(folder / "ir"), str(folder / "vis"), "-o", str(tmp_path / "o")]
    words += ["--method", "average", "--param", "fuse__visible_weight=1"]
    words += ["--color", "per-channel", "--bit-depth", "16", "--suffix", ".tif"]
    assert main(words) == 0
    fused = read_image(tmp_path / "o" / "scene1.tif")
    assert fused.dtype == np.uint16
    visible = read_image(folder / "vis" / "scene1.png")
    np.testing.assert_array_equal(fused // 257, visible)


def test_fuse_two_files(folder, tmp_path, capsys):
    ir, vis = str(folder / "ir" / "scene0.png"), str(folder / "vis" / "scene0.png")
    target = tmp_path / "fused.png"
    assert main(["fuse", ir, vis, "-o", str(target), "--method", "average"]) == 0
    assert read_image(target).shape == (40, 48, 3)
    assert main(["fuse", ir, vis, "-o", str(target)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["fuse", ir, vis, "-o", str(target), "--force"]) == 0
    (tmp_path / "into").mkdir()
    assert main(["fuse", ir, vis, "-o", str(tmp_path / "into")]) == 0
    assert (tmp_path / "into" / "scene0.png").is_file()


def test_fuse_with_a_model_file(folder, tmp_path):
    save_pipeline(AverageFuser(1.0), tmp_path / "best.json")
    words = ["fuse", str(folder), "-o", str(tmp_path / "o"), "--color", "gray"]
    assert main([*words, "--model", str(tmp_path / "best.json")]) == 0
    expected = AverageFuser(1.0).transform(
        [(folder / "ir" / "scene2.png", folder / "vis" / "scene2.png")]
    )[0]
    written = read_image(tmp_path / "o" / "scene2.png")
    np.testing.assert_array_equal(written, to_dtype(expected, np.uint8))


def test_one_bad_pair_is_named_and_the_exit_code_is_one(folder, tmp_path, capsys):
    (folder / "vis" / "scene1.png").write_bytes(b"nothing")
    words = ["fuse", str(folder), "-o", str(tmp_path / "o"), "--method", "average"]
    assert main(words) == 1
    assert "2 written, 0 skipped, 1 failed\n  scene1: " in capsys.readouterr().err
    assert len(list((tmp_path / "o").glob("*.png"))) == 2


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["fuse", "none.png", "-o", "x"], "one file"),
        (["fuse", "none.png", "none2.png", "-o", "x.png"], "none"),
        (["fuse", ".", "-o", "x", "--method", "magic"], "method='magic' is unknown"),
        (["fuse", ".", "-o", "x", "--param", "sigma"], "NAME=VALUE"),
        (["fuse", ".", "-o", "x", "--param", "a__b=1"], "a"),
        (["fuse", ".", "-o", "x", "--model", "no.json"], "no such file"),
        (["evaluate", ".", ".", "-o", "table.xls"], ".csv, .md or .json"),
        (["fuse", "a", "b", "-o", "x.xyz"], "--output 'x.xyz' ends in '.xyz'"),
        (["fuse", "a", "b", "-o", "x.jpg", "--bit-depth", "16"], "holds 8 bits"),
        (["search", ".", "none.yaml"], "cannot be read"),
        (["make-patches", ".", "-o", "x"], "holds no image"),
    ],
)
def test_wrong_requests_are_one_sentence_and_exit_code_two(
    words, match, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert match in error and "Traceback" not in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [[], ["nothing"], ["fuse", "a"], ["--help"]])
def test_usage(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == (0 if words == ["--help"] else 2)


def test_the_words_for_colour_are_those_of_the_library(folder, tmp_path, capsys):
    from skfusion.cli._options import COLORS
    from skfusion.compose.colour import check_color

    for color in COLORS:
        check_color(color)
    with pytest.raises(ValueError, match=f"use one of {', '.join(COLORS)}\\."):
        check_color("other")
    with pytest.raises(SystemExit):
        main(["fuse", str(folder), "-o", "x", "--color", "rgb"])
    assert "'rgb'" in capsys.readouterr().err
    ir, vis = folder / "ir" / "scene0.png", folder / "vis" / "scene0.png"
    for color in ("per-channel", "per_channel"):
        out = str(tmp_path / f"{color}.png")
        words = ["fuse", str(ir), str(vis), "-o", out, "--method", "average"]
        assert main([*words, "--color", color]) == 0
        assert read_image(out).shape == (40, 48, 3)


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith(__version__)


@pytest.mark.parametrize("suffix", [".csv", ".md", ".json"])
def test_evaluate(folder, tmp_path, suffix, capsys):
    out = tmp_path / "fused"
    main(["fuse", str(folder), "-o", str(out), "--method", "average", "--quiet"])
    table = tmp_path / f"table{suffix}"
    words = ["evaluate", str(folder), str(out), "--metrics", "en,qabf"]
    assert main([*words, "-o", str(table)]) == 0
    printed = capsys.readouterr().out
    assert "qabf" in printed and "mean" in printed
    text = table.read_text()
    assert "scene2" in text and "qabf" in text
    if suffix == ".csv":
        frame = pd.read_csv(table, index_col=0)
        np.testing.assert_allclose(frame.loc["mean"], frame.iloc[:3].mean())
    if suffix == ".json":
        assert set(json.loads(text)["scene0"]) == {"en", "qabf"}


def test_fuse_then_evaluate_pairs_of_one_name_in_two_folders(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for part in ("test", "train"):
        for side in ("ir", "vis"):
            folder = tmp_path / "pairs" / part / side
            folder.mkdir(parents=True)
            for name in ("0", "1"):
                image = rng.integers(0, 255, (24, 32), np.uint8)
                write_image(folder / f"{name}.png", image)
    pairs, fused = str(tmp_path / "pairs"), str(tmp_path / "fused")
    assert main(["fuse", pairs, "-o", fused, "--method", "average", "--quiet"]) == 0
    table = tmp_path / "table.csv"
    assert main(["evaluate", pairs, fused, "--metrics", "en", "-o", str(table)]) == 0
    names = pd.read_csv(table, index_col=0).index.tolist()
    assert names == ["test/0", "test/1", "train/0", "train/1", "mean"]


def test_evaluate_without_a_fused_image_names_it(folder, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["evaluate", str(folder), str(tmp_path / "empty")]) == 2
    assert "scene0" in capsys.readouterr().err


def test_search(folder, tmp_path, capsys):
    grid = tmp_path / "grid.yaml"
    grid.write_text(
        "pipeline: average\nparams: {fuse__visible_weight: [0.1, 0.9]}\n"
        "metrics: [qabf]\n"
    )
    out = tmp_path / "out"
    assert main(["search", str(folder), str(grid), "-o", str(out)]) == 0
    assert "best.json" in capsys.readouterr().out
    written = sorted(p.name for p in out.iterdir())
    assert written == ["best.json", "search.csv", "search.png"]
    fused = tmp_path / "fused"
    model = str(out / "best.json")
    assert main(["fuse", str(folder), "-o", str(fused), "--model", model]) == 0


def test_make_patches(folder, tmp_path, capsys):
    out = tmp_path / "patches"
    words = ["make-patches", str(folder / "vis"), "-o", str(out), "--n-patches", "4"]
    assert main(words) == 0
    assert capsys.readouterr().out == f"4 samples written to {out}\n"
    assert len(list(out.rglob("*.png"))) == 4


def test_info(capsys):
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    for word in ("skfusion", "numpy", "torch", "cores", "laplacian_pyramid"):
        assert word in text


def test_demo(folder, tmp_path, capsys):
    out = tmp_path / "demo"
    words = ["demo", str(folder), "-o", str(out), "--method", "average"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "qabf" in text and "contact_sheet.png" in text
    assert text.index("pairs: 3 pairs") < text.index("drawn: 4 pairs")
    for name in ("drawn", "pairs"):
        assert read_image(out / name / "contact_sheet.png").ndim == 3
        assert pd.read_csv(out / name / "metrics.csv").shape[0] in (3, 4)
    assert len(list((out / "pairs" / "average").glob("*.png"))) == 3


def test_a_folder_called_drawn_is_not_replaced_by_drawn_pairs(folder, tmp_path):
    own = folder.rename(folder.with_name("drawn"))
    out = tmp_path / "demo"
    assert main(["demo", str(own), "-o", str(out), "--method", "average"]) == 0
    assert len(list((out / "drawn" / "average").glob("*.png"))) == 3


def test_demo_names_a_bad_pair_and_goes_on(folder, tmp_path, capsys):
    (folder / "vis" / "scene1.png").write_bytes(b"nothing")
    words = ["demo", str(folder), "-o", str(tmp_path / "d"), "--method", "average"]
    assert main(words) == 1
    assert "not fused: scene1" in capsys.readouterr().out


def test_an_interrupt_is_no_traceback(monkeypatch, folder, capsys):
    import skfusion.demo

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(skfusion.demo, "run_demo", interrupted)
    assert main(["demo"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_module_runs_and_loads_nothing_heavy_for_help():
    code = "import sys; from skfusion.cli import main\n"
    code += "try: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in ('torch', 'numba', 'cv2') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("[]")
    done = subprocess.run(
        [sys.executable, "-m", "skfusion", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0


def test_evaluate_names_an_unknown_metric(folder, tmp_path, capsys):
    words = ["evaluate", str(folder), str(folder / "vis"), "--metrics", "en,beauty"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("skfusion evaluate: 'beauty' is no metric: choose from en")
