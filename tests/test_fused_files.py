"""Where fused images lie: what is written is found, and nothing else."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.fused_files import check_not_input, find_fused, output_paths
from skfusion.images import read_image, write_image
from skfusion.images.files import READABLE_SUFFIXES

IMAGE = np.zeros((4, 5))


def pairs(*names):
    return ImagePairs([IMAGE] * len(names), [IMAGE] * len(names), names=names)


@pytest.mark.parametrize("suffix", sorted(READABLE_SUFFIXES))
@pytest.mark.parametrize("name", ["scene", "day/1", "a\\b", "1.v2", "x.png", "a b/ü"])
def test_what_is_written_is_found_by_its_name(tmp_path, name, suffix):
    (path,) = output_paths(pairs(name), tmp_path / "fused", suffix)
    assert not path.parent.exists()  # nothing is made
    path.parent.mkdir(parents=True)
    write_image(path, IMAGE)
    assert find_fused([name, "other"], tmp_path / "fused") == {name: path}
    assert read_image(path).shape == IMAGE.shape


def test_names_of_two_folders_are_told_apart(tmp_path):
    found = output_paths(pairs("test/0", "train/0"), tmp_path)
    assert found == [tmp_path / "test" / "0.png", tmp_path / "train" / "0.png"]
    (tmp_path / "train").mkdir()
    write_image(found[1], IMAGE)
    assert find_fused(["test/0", "train/0"], tmp_path) == {"train/0": found[1]}
    assert find_fused(["0"], tmp_path) == {}


def test_only_what_can_be_read_is_found(tmp_path):
    for name in ("a.webp", "a.txt", "a.mat", "a"):
        (tmp_path / name).touch()
    assert find_fused(["a"], tmp_path) == {}
    (tmp_path / "a.JPG").touch()
    assert find_fused(["a"], tmp_path) == {"a": tmp_path / "a.JPG"}
    assert find_fused(["a"], tmp_path / "none") == {}


def test_two_files_for_one_pair_are_named(tmp_path):
    for name in ("a.jpg", "a.png", "b.png", "b.tif"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"pair 'a' has 2 .*: a\.jpg and a\.png; keep"):
        find_fused(["a"], tmp_path)
    assert find_fused(["c"], tmp_path) == {}  # b, which nobody asks for, may be there


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/x", "..\\up", "", "."])
def test_nothing_outside_of_the_folder_is_written_or_found(tmp_path, name):
    with pytest.raises(ValueError, match="leads outside of the folder"):
        output_paths(pairs(name), tmp_path)
    with pytest.raises(ValueError, match="leads outside of the folder"):
        find_fused([name], tmp_path)


@pytest.mark.parametrize("names", [("a", "a"), ("Day", "day"), ("a/b", "a\\b")])
def test_two_pairs_for_one_file_are_refused(names):
    with pytest.raises(ValueError, match="would both be written to"):
        output_paths(pairs(*names), "fused")


@pytest.mark.parametrize(
    ("suffix", "bit_depth", "match"),
    [
        (".xyz", 8, r"suffix='\.xyz' ends in '\.xyz': expected one of \.png"),
        ("png", 8, "suffix='png'"),
        ("", 8, "suffix=''"),
        (None, 8, "suffix=None"),
        (".webp", 8, "suffix='.webp'"),
        (".jpg", 16, r"bit_depth=16 with suffix='\.jpg': \.jpg holds 8 bits"),
        (".BMP", 16, "bit_depth=16 with suffix"),
        (".png", 12, "bit_depth=12: expected 8 or 16"),
    ],
)
def test_formats_that_cannot_be_written_are_refused(suffix, bit_depth, match):
    with pytest.raises(ValueError, match=match):
        output_paths(pairs("a"), "fused", suffix, bit_depth)


def test_a_source_is_known_behind_links_and_other_spellings(tmp_path):
    (tmp_path / "ir").mkdir()
    source = tmp_path / "ir" / "1.png"
    source.touch()
    (tmp_path / "link.png").symlink_to(source)
    (tmp_path / "hard.png").hardlink_to(source)
    outputs = ("link.png", "hard.png", "vis/../ir/1.png", "ir/./1.png")
    for output in outputs:
        with pytest.raises(ValueError, match="a source, which would be lost"):
            check_not_input([tmp_path / "new.png", tmp_path / output], [None, source])
    check_not_input([tmp_path / "new.png"], [source, tmp_path / "none.png"])
