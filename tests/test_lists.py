"""Lists whose members are made when they are asked for."""

import pickle

import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.batch import FuseRecord, fuse_folder
from skfusion.fused_files import output_paths
from skfusion.fusers import AverageFuser

NAMES = ["a", "day/b", "c"]


@pytest.fixture
def pairs():
    image = np.full((4, 5), 0.5)
    return ImagePairs([image] * 3, [image, image[1:], image], names=NAMES)


def test_paths_are_read_as_a_list(pairs, tmp_path):
    paths = output_paths(pairs, tmp_path)
    expected = [tmp_path / f"{name}.png" for name in NAMES]
    assert paths == expected and expected == paths and list(paths) == expected
    assert paths[-1] == expected[-1] and paths[1:] == expected[1:]
    assert len(paths) == 3 and expected[1] in paths and repr(paths) == repr(expected)
    assert paths != expected[:2] and paths != "abc"
    with pytest.raises(IndexError):
        paths[3]


def test_records_of_a_report_are_those_of_a_list(pairs, tmp_path):
    with pytest.warns(UserWarning, match="1 failed"):
        report = fuse_folder(AverageFuser(), pairs, tmp_path, on_error="warn")
    first, second, third = report.records
    assert report.failed == [second] == report.records[1:2]
    assert (second.name, second.status) == ("day/b", "failed")
    assert second.output == str(tmp_path / "day" / "b.png") and "4x5" in second.error
    assert first == FuseRecord("a", str(tmp_path / "a.png"), "written", first.seconds)
    assert report.with_status("written") == [first, third] and first.seconds > 0
    assert pickle.loads(pickle.dumps(report)) == report
    assert str(report).startswith("2 written, 0 skipped, 1 failed\n  day/b: ")
