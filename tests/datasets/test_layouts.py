"""Layouts of public sets and cameras, each read as its makers mean it."""

# SPDX-License-Identifier: BSD-3-Clause
import pytest

from skfusion.datasets import find_pairs

from .layouts import DOUBTS, LAYOUTS, build, write


def read(root, **options):
    found = find_pairs(root, **options)
    below = [[p.relative_to(root).as_posix() for p in (ir, vis)]
             for ir, vis in zip(found.infrared, found.visible)]  # fmt: skip
    return dict(below)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_pairs_as_its_makers_mean_it(tmp_path, layout):
    root, pairs = build(tmp_path, layout)
    assert read(root) == pairs
    found = find_pairs(root)
    assert len(set(found.names)) == len(pairs)


@pytest.mark.parametrize("doubt", DOUBTS)
def test_two_readings_are_refused_and_both_shown(tmp_path, doubt):
    files, shown = DOUBTS[doubt]
    write(tmp_path, files)
    with pytest.raises(ValueError, match="can be read in two ways") as refused:
        find_pairs(tmp_path)
    for words in shown:
        assert words in str(refused.value)


def test_the_way_out_of_two_readings_works(tmp_path):
    write(tmp_path, DOUBTS["two infrared folders"][0])
    found = find_pairs(tmp_path, infrared="thermal", visible="vis")
    assert found.infrared[0].parent.name == "thermal"


def test_a_doubt_in_another_split_is_no_hindrance(tmp_path):
    files = DOUBTS["two infrared folders"][0]
    write(tmp_path, [f"train/{name}" for name in files])
    write(tmp_path, ["test/ir/2.png", "test/vis/2.png"])
    assert read(tmp_path, split="test") == {"test/ir/2.png": "test/vis/2.png"}
    with pytest.raises(ValueError, match="two ways"):
        find_pairs(tmp_path)


@pytest.mark.parametrize(
    ("split", "name"), [("test", "testir/1.png"), ("train", "irtrain/2.png")]
)
def test_split_that_is_glued_to_the_modality(tmp_path, split, name):
    root, pairs = build(tmp_path, "glued to a split")
    assert read(root, split=split) == {name: pairs[name]}


@pytest.mark.parametrize(
    "files",
    [
        # Two releases of one number, hours apart.
        ["DJI_20240501101530_0001_T.JPG", "DJI_20240501191530_0001_W.JPG"],
        # A result beside its sources, one of which is lost.
        ["1.png", "1_ir.png", "1_vis.png", "2.png", "2_vis.png"],
        ["images_thermal_train/data/video-a-1.jpg", "images_rgb_train/video-b-1.jpg"],
        ["ir_vis/1.png", "vis/1.png"],
        ["trainA/1.png", "trainB/1.png"],
        ["ir/1R.jpg", "vis/2.jpg"],
    ],
)
def test_no_pair_on_a_guess(tmp_path, files):
    write(tmp_path, files)
    try:
        pairs = read(tmp_path)
    except ValueError as error:
        assert "no infrared-visible pair" in str(error)
    else:
        assert pairs == {"1_ir.png": "1_vis.png"}


def test_a_damaged_list_of_frames_lists_nothing(tmp_path):
    write(tmp_path, ["ir/1.png", "vis/1.png", "ir/2.png", "vis/3.png"])
    for text in ("nothing", "[1]", '{"3.png": ["2.png"]}'):
        (tmp_path / "rgb_to_thermal_vid_map.json").write_text(text)
        assert read(tmp_path) == {"ir/1.png": "vis/1.png"}
    (tmp_path / "rgb_to_thermal_vid_map.json").write_text('{"3.png": "2.png"}')
    assert len(read(tmp_path)) == 2
