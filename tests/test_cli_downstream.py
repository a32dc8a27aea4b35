"""``skfusion downstream``: one detector or segmenter on every kind of image."""

# SPDX-License-Identifier: BSD-3-Clause
import json

import numpy as np
import pandas as pd
import pytest

from skfusion.cli import main
from skfusion.images import write_image

PEOPLE = {"a": (30, 20, 50, 70), "b": (60, 10, 80, 60), "c": (10, 30, 30, 80)}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Three pairs as people have them: warm figures on black, and their boxes."""
    monkeypatch.chdir(tmp_path)
    for folder in ("pairs/ir", "pairs/vis", "labels", "classes"):
        (tmp_path / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, (left, top, right, bottom) in PEOPLE.items():
        warm = np.full((96, 128), 20, np.uint8)
        warm[top:bottom, left:right] = 220
        visible = rng.integers(20, 60, (96, 128, 3), np.uint8)
        write_image(tmp_path / "pairs" / "ir" / f"{name}.png", warm)
        write_image(tmp_path / "pairs" / "vis" / f"{name}.png", visible)
        write_image(tmp_path / "classes" / f"{name}.png", (warm > 100).astype("u1"))
        middle = (left + right) / 256, (top + bottom) / 192
        size = (right - left) / 128, (bottom - top) / 96
        words = " ".join(f"{value:.6f}" for value in (*middle, *size))
        (tmp_path / "labels" / f"{name}.txt").write_text(f"0 {words}\n")
    return tmp_path


def run(line):
    return main(["downstream", *line.split()])


BLOBS = "pairs --boxes labels --classes person --detector blobs"


def test_sources_methods_and_folders_are_rows(data, capsys):
    fuse = "fuse pairs -o mine --method average --param visible_weight=0 --quiet"
    assert main(fuse.split()) == 0
    assert run(f"{BLOBS} --methods average,tif --fused mine -o t.csv") == 0
    table = pd.read_csv("t.csv", index_col="images")
    assert list(table.index) == ["visible", "infrared", "average", "tif", "mine"]
    assert table.loc["infrared", ["found", "missed", "false_alarms"]].tolist() == [
        3,
        0,
        0,
    ]
    assert table.loc["visible", ["found", "missed"]].tolist() == [0, 3]
    assert table.loc["mine", "ap50"] == 1.0
    shown = capsys.readouterr().out
    assert "infrared" in shown and "lamr" in shown


def test_the_default_is_hog_and_the_default_method(data, capsys):
    assert run("pairs --boxes labels --classes person") == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown[2:]] == [
        "visible",
        "infrared",
        "balanced",
    ]


def test_two_folders_and_the_names_of_the_classes(data):
    (data / "labels" / "classes.txt").write_text("person\n")
    line = "pairs/ir pairs/vis --boxes labels --detector blobs --methods average"
    assert run(f"{line} --n-jobs 2 --color gray -o t.json") == 0
    assert json.loads((data / "t.json").read_text())["infrared"]["ap"] == 1.0


def test_parameters_of_the_detector(data):
    assert run(f"{BLOBS} --param min_height=60 --methods average -o t.md") == 0
    assert "| infrared | 0.0000 | 3.0000 |" in (data / "t.md").read_text()


def test_masks_and_a_segmenter(data, capsys):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    half = onnx.numpy_helper.from_array(np.array([0.5], np.float32), "half")
    kind = TensorProto.FLOAT
    nodes = [
        helper.make_node("Sub", ["image", "half"], ["warm"]),
        helper.make_node("Neg", ["warm"], ["cold"]),
        helper.make_node("Concat", ["cold", "warm"], ["scores"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "segmenter",
        [helper.make_tensor_value_info("image", kind, (1, 1, "h", "w"))],
        [helper.make_tensor_value_info("scores", kind, None)],
        [half],
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), "net.onnx")
    line = "pairs --masks classes --segmenter net.onnx --methods average"
    assert run(f"{line} -o t.csv") == 0
    table = pd.read_csv("t.csv", index_col="images")
    assert table.loc["infrared"].tolist() == [1, 1, 1]
    assert table.loc["visible", "iou_1"] == 0
    assert "miou" in capsys.readouterr().out


def test_a_bad_pair_is_left_out_and_named(data, capsys):
    (data / "pairs" / "vis" / "b.png").write_bytes(b"nothing")
    assert run(f"{BLOBS} --methods average -o t.csv") == 1
    assert "left out: b: " in capsys.readouterr().err
    assert pd.read_csv("t.csv")["found"].tolist()[1] == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pairs --boxes none --detector blobs", "--boxes 'none' is no folder"),
        ("pairs --boxes pairs", "holds no annotations for --form 'auto'"),
        (f"{BLOBS} --form voc", "holds no annotations for --form 'voc'"),
        (
            f"{BLOBS} --detector dog",
            "--detector 'dog': use hog, blobs or an .onnx file",
        ),
        (f"{BLOBS} --param height=3", "--param: "),
        (f"{BLOBS} --param min_height=3", "min_height=3: expected the height"),
        (f"{BLOBS} --methods magic", "method='magic' is unknown"),
        (f"{BLOBS} --fused nowhere", "--fused 'nowhere' is no folder"),
        (f"{BLOBS} --fused pairs/vis --fused pairs/vis", "a row 'vis' already"),
        (f"{BLOBS} --methods average --fused labels", "lacks 3 of 3 images"),
        (f"{BLOBS} -o t.xls", "use .csv, .md or .json"),
        ("pairs --boxes labels --detector blobs", "e.g. --classes person"),
        ("pairs --masks classes", "--masks needs --segmenter FILE.onnx"),
        ("pairs --masks classes --segmenter no.onnx", "there is no such file"),
        ("pairs --masks none --segmenter labels/a.txt", "--masks 'none' is no folder"),
    ],
)
def test_wrong_requests_are_one_sentence(data, capsys, line, message):
    before = sorted(path.name for path in data.iterdir())
    assert run(line) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error and error.count("\n") == 1
    assert sorted(path.name for path in data.iterdir()) == before


@pytest.mark.parametrize("line", ["pairs", "pairs --boxes labels --masks classes"])
def test_boxes_or_masks(data, capsys, line):
    with pytest.raises(SystemExit):
        run(line)
    assert "--masks" in capsys.readouterr().err
