"""Lines, file and command give the picture that was shown."""

import shlex

import numpy as np
import pytest

from skfusion.app.choices import Choices, StepChoice, build
from skfusion.app.downloads import model_bytes, picture_bytes, video_bytes
from skfusion.app.script import command_line, expression, python_lines
from skfusion.base import ImageTransformer
from skfusion.cli import main
from skfusion.fusers import RFNNest
from skfusion.images import read_image
from skfusion.model_files import load_pipeline
from skfusion.pipelines import registry

CASES = {
    "default": Choices(),
    "gray": Choices("average", {"visible_weight": 0.3}, color="gray"),
    "per channel": Choices("tif", color="per_channel"),
    "everything": Choices(
        "laplacian_pyramid",
        {"n_levels": 3, "base_rule": "max", "base_selectivity": 2.5},
        StepChoice("LinearStretch", {"low": 1.0, "high": 99.0}),
        StepChoice("HDRC", {"subsample": None, "noise_floor": 3.0}),
        StepChoice("SSR", {"sigma": 80.0, "mode": "jobson"}),
        align=StepChoice("Resize", {"to": "visible"}),
    ),
    "own steps": Choices("targets"),
    "registered": Choices(
        "average", align=StepChoice("Register", {"on_failure": "identity"})
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_lines_file_and_command_repeat_the_picture(
    name, pair, pair_files, tmp_path, monkeypatch
):
    choices, (infrared, visible) = CASES[name], pair_files
    estimator = build(choices)
    shown = estimator.transform(pair)[0]
    (tmp_path / "shown.png").write_bytes(picture_bytes(shown))
    expected = read_image(tmp_path / "shown.png")

    (tmp_path / "pipeline.json").write_bytes(model_bytes(estimator))
    again = load_pipeline(tmp_path / "pipeline.json").transform(pair)[0]
    assert np.array_equal(again, shown)

    space = {}
    lines = python_lines(estimator, infrared, visible)
    lines = lines.replace("'fused.png'", repr(str(tmp_path / "fused.png")))
    exec(compile(lines, "fuse.py", "exec"), space)
    assert np.array_equal(space["fused"], shown)
    assert np.array_equal(read_image(tmp_path / "fused.png"), expected)
    (tmp_path / "fused.png").unlink()

    words = shlex.split(command_line(infrared, visible, choices.color))
    monkeypatch.chdir(tmp_path)
    assert main(words[1:]) == 0
    assert np.array_equal(read_image(tmp_path / "fused.png"), expected)


@pytest.mark.parametrize("method", registry)
def test_every_method_can_be_written_as_lines(method):
    estimator = build(Choices(method))
    homes = {}
    text = expression(estimator, homes)
    imports = "\n".join(f"from {m} import {', '.join(n)}" for m, n in homes.items())
    space = {}
    exec(f"{imports}\nrepeated = {text}", space)
    assert repr(space["repeated"]) == repr(estimator)


def test_lines_are_broken_where_they_are_long():
    assert all(
        len(line) <= 88
        for line in python_lines(build(CASES["everything"]), "a", "b").split("\n")
    )


def test_tuples_lists_and_defaults():
    assert expression((1,), {}) == "(1,)"
    assert expression([], {}) == "[]"
    homes = {}
    assert expression(RFNNest(widths=(8, 16, 24, 32)), homes) == (
        "RFNNest(widths=(8, 16, 24, 32))"
    )
    assert homes == {"skfusion.fusers": {"RFNNest"}}


def test_a_value_of_another_type_is_not_the_default():
    from skfusion.transforms import LinearStretch

    assert expression(LinearStretch(low=0), {}) == "LinearStretch(low=0)"


def test_classes_of_others_are_refused():
    class Own(ImageTransformer):
        pass

    with pytest.raises(ValueError, match="Own is no public class"):
        expression(Own(), {})


def test_sixteen_bits_are_kept(tmp_path):
    ramp = np.linspace(0, 1, 4096).reshape(64, 64)
    path = tmp_path / "ramp.tif"
    path.write_bytes(picture_bytes(ramp, suffix=".tif", bit_depth=16))
    assert read_image(path).dtype == np.uint16
    assert len(np.unique(read_image(path))) == 4096


def test_a_video_is_fused_as_the_lines_and_the_command_say(tmp_path, monkeypatch):
    pytest.importorskip("av")
    from tests.video.clips import read, scene, write

    for name in ("ir.mkv", "vis.mkv"):
        write(tmp_path / name, [scene(i) for i in range(3)])
    monkeypatch.chdir(tmp_path)
    estimator = build(Choices("average"))
    (tmp_path / "shown.mp4").write_bytes(video_bytes(estimator, ("ir.mkv", "vis.mkv")))
    exec(python_lines(estimator, "ir.mkv", "vis.mkv", video=True), {})
    shown, repeated = read("shown.mp4"), read("fused.mp4")
    assert len(shown) == 3 and np.array_equal(shown, repeated)
    assert command_line("ir.mkv", "vis.mkv", "per_channel", video=True) == (
        "skfusion fuse-video ir.mkv vis.mkv --model pipeline.json "
        "--color per-channel -o fused.mp4"
    )
