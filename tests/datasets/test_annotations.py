"""Boxes in the forms of YOLO, VOC, LLVIP and M3FD; maps of classes."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.datasets import load_pairs, read_boxes, read_class_maps
from skfusion.images import write_image
from skfusion.pairs import ImagePairs

VOC = """<annotation>
  <filename>{name}.jpg</filename>
  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>
  {objects}
</annotation>
"""
OBJECT = """<object>
    <name>{}</name><difficult>{}</difficult>
    <bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>
  </object>"""


def voc(path, *objects, size=(80, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = VOC.format(
        name=path.stem,
        width=size[0],
        height=size[1],
        objects="\n".join(OBJECT.format(*o) for o in objects),
    )
    path.write_text(text)


def pairs(*names, shape=(40, 80)):
    images = [np.zeros(shape)] * len(names)
    return ImagePairs(images, images, names=list(names))


def test_voc_counts_pixels_from_one(tmp_path):
    voc(tmp_path / "a.xml", ("dog", 0, 1, 1, 80, 40), ("cat", 1, 11, 5, 20, 10))
    voc(tmp_path / "b.xml")
    found = read_boxes(tmp_path, pairs("a", "b"))
    assert list(found) == ["a", "b"]
    assert found["a"]["boxes"].tolist() == [[0, 0, 80, 40], [10, 4, 20, 10]]
    assert found["a"]["boxes"].dtype == np.float32
    assert found["a"]["labels"].tolist() == ["dog", "cat"]
    assert found["a"]["iscrowd"].tolist() == [False, True]
    assert found["b"]["boxes"].shape == (0, 4)


def llvip(root):
    for name in ("010001", "190001"):
        voc(root / "Annotations" / f"{name}.xml", ("person", 0, 11, 6, 20, 30))
        for side in ("infrared", "visible"):
            part = "train" if name < "1" else "test"
            (root / side / part).mkdir(parents=True, exist_ok=True)
            write_image(root / side / part / f"{name}.jpg", np.zeros((40, 80), "u1"))


@pytest.mark.parametrize("form", ["auto", "llvip", "voc"])
@pytest.mark.parametrize("inner", ["", "Annotations"])
def test_llvip_as_it_is_laid_out(tmp_path, form, inner):
    llvip(tmp_path)
    X = load_pairs(tmp_path, split="test")
    found = read_boxes(tmp_path / inner, X, form)
    (target,) = found.values()
    assert list(found) == list(X.names)
    assert target["boxes"].tolist() == [[10, 5, 20, 30]]
    assert target["labels"].tolist() == ["person"]


@pytest.mark.parametrize("form", ["auto", "m3fd"])
def test_m3fd_names_its_classes_anew(tmp_path, form):
    voc(tmp_path / "Annotation" / "00001.xml", ("People", 0, 1, 1, 9, 9))
    voc(tmp_path / "Annotation" / "00002.xml", ("Car", 0, 1, 1, 9, 9))
    found = read_boxes(tmp_path, pairs("00001", "00002"), form)
    assert [t["labels"].tolist() for t in found.values()] == [["person"], ["car"]]
    plain = read_boxes(tmp_path, pairs("00001"), "voc")
    assert plain["00001"]["labels"].tolist() == ["People"]


def test_m3fd_in_the_text_files_of_its_authors(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "1.txt").write_text("0 0.5 0.5 0.1 0.5\n4 0.5 0.5 0.1 0.1\n")
    found = read_boxes(tmp_path, pairs("1"), "m3fd")
    assert found["1"]["labels"].tolist() == ["person", "motorcycle"]


def yolo(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)


def test_yolo_is_shares_of_the_image(tmp_path):
    yolo(tmp_path, a="0 0.5 0.5 0.25 0.5\n\n1 0.05 0.5 0.2 1.0\n")
    found = read_boxes(tmp_path, pairs("a", "b"))
    # What leaves the image is cut off; an image without a file is empty.
    assert found["a"]["boxes"].tolist() == [[30, 10, 50, 30], [0, 0, 12, 40]]
    assert found["a"]["labels"].tolist() == ["0", "1"]
    assert found["b"]["boxes"].shape == (0, 4) and len(found["b"]["labels"]) == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels/classes.txt", "person\n car \n\n"),
        ("classes.txt", "person\ncar"),
        ("data.yaml", "names: [person, car]"),
        ("dataset.yaml", "names:\n  1: car\n  0: person\n"),
    ],
)
def test_yolo_finds_the_names_of_its_classes(tmp_path, name, text):
    yolo(tmp_path / "labels", a="1 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1 0.1")
    (tmp_path / name).write_text(text)
    for folder in (tmp_path, tmp_path / "labels"):
        found = read_boxes(folder, pairs("a"))["a"]
        assert found["labels"].tolist() == ["car", "person"]
    given = read_boxes(tmp_path, pairs("a"), classes=["x", "y"])["a"]
    assert given["labels"].tolist() == ["y", "x"]


def test_names_with_folders_are_found_exactly_or_by_their_last_part(tmp_path):
    for name in ("day/1", "night/1", "night/2"):
        voc(tmp_path / f"{name}.xml", (name, 0, 1, 1, 2, 2))
    found = read_boxes(tmp_path, pairs("day/1", "night/1", "test/2"))
    labels = [target["labels"][0] for target in found.values()]
    assert labels == ["day/1", "night/1", "night/2"]
    with pytest.raises(ValueError, match="pair 'test/1' has 2 annotations"):
        read_boxes(tmp_path, pairs("test/1"))


def test_folders_that_hold_something_else(tmp_path):
    with pytest.raises(ValueError, match="boxes=.*none' is no folder"):
        read_boxes(tmp_path / "none", pairs("a"))
    with pytest.raises(ValueError, match="holds no annotations for form='auto'"):
        read_boxes(tmp_path, pairs("a"))
    with pytest.raises(ValueError, match="form='coco': use one of 'auto', 'voc'"):
        read_boxes(tmp_path, pairs("a"), "coco")
    yolo(tmp_path, a="")
    with pytest.raises(ValueError, match="holds no annotations for form='voc'"):
        read_boxes(tmp_path, pairs("a"), "voc")
    with pytest.raises(ValueError, match="lacks 2 of 2 pairs, first 'x': name each .t"):
        read_boxes(tmp_path, pairs("x", "y"))
    voc(tmp_path / "a.xml")
    with pytest.raises(ValueError, match="both .xml and .txt files"):
        read_boxes(tmp_path, pairs("a"))
    with pytest.raises(ValueError, match="lacks 1 of 2 pairs, first 'b': name each .x"):
        read_boxes(tmp_path, pairs("a", "b"), "voc")


BOMB = '<!DOCTYPE x [<!ENTITY a "b">]><annotation/>'
NO_BOX = "<annotation><object><name>a</name></object></annotation>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no annotation in VOC's form"),
        ("<annotation>", "no annotation in VOC's form"),
        (BOMB, "it declares entities or a document type"),
        (NO_BOX, "an object lacks bndbox/xmin"),
        (VOC.format(name="", width=0, height=0, objects=OBJECT.format("a", 0, *"9911")),
         "a box ends before it begins"),
        (VOC.format(name="", width=0, height=0, objects=OBJECT.format("a", 0, *"11x1")),
         "could not convert"),
        (VOC.format(name="", width=0, height=0,
                    objects=OBJECT.format("a", 0, 1, 1, "inf", 1)),
         "bndbox/xmax is 'inf'"),
        (VOC.format(name="", width=640, height=512, objects=""),
         "made for an image of 512x640, its pair has 40x80"),
    ],
)  # fmt: skip
def test_broken_xml_is_named(tmp_path, text, message):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        read_boxes(tmp_path, pairs("a"))
    assert "a.xml" in str(raised.value)


@pytest.mark.parametrize(
    "line",
    [
        "person 0.5 0.5 0.1 0.1",
        "0 0.5 0.5 0.1",
        "0 0.5 0.5 0.1 0.1 0.9",
        "0 50 50 10 10",
        "-1 0.5 0.5 0.1 0.1",
        "2 0.5 0.5 0.1 0.1",
        "0 nan 0.5 0.1 0.1",
    ],
)
def test_broken_lines_are_named(tmp_path, line):
    yolo(tmp_path, a=f"0 0.5 0.5 0.1 0.1\n{line}")
    with pytest.raises(ValueError, match=r"a.txt', line 2, .*number below 2 and four"):
        read_boxes(tmp_path, pairs("a"), classes=["x", "y"])


@pytest.mark.parametrize("text", ["classes: [a]", "names: 3", "names: [[a]]", "[", ""])
def test_a_yaml_without_names_is_told(tmp_path, text):
    yolo(tmp_path, a="0 0.5 0.5 0.1 0.1")
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(ValueError, match="data.yaml' has no list of class names"):
        read_boxes(tmp_path, pairs("a"))


def test_a_file_beyond_all_bounds_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text(" " * (2**23 + 1))
    with pytest.raises(ValueError, match="a.txt' is larger than"):
        read_boxes(tmp_path, pairs("a"))


def test_class_maps_are_levels(tmp_path):
    first = np.array([[0, 3], [255, 1]], np.uint8)
    (tmp_path / "day").mkdir()
    write_image(tmp_path / "day" / "a.png", first)
    write_image(tmp_path / "b.png", np.repeat(first[..., None], 3, axis=2))
    found = read_class_maps(tmp_path, pairs("day/a", "b"))
    for classes in found.values():
        assert classes.tolist() == first.tolist() and classes.dtype == np.int64


def test_class_maps_that_are_missing_or_pictures(tmp_path):
    with pytest.raises(ValueError, match="masks=.*none' is no folder"):
        read_class_maps(tmp_path / "none", pairs("a"))
    with pytest.raises(ValueError, match="lacks 1 of 1 maps, first 'a'"):
        read_class_maps(tmp_path, pairs("a"))
    colours = np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8)
    write_image(tmp_path / "a.png", colours)
    with pytest.raises(ValueError, match="a.png' is in colour"):
        read_class_maps(tmp_path, pairs("a"))
