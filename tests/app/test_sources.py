"""Pairs from drawn scenes, uploads and paths; what is refused."""

import io

import numpy as np
import pytest

from skfusion.app import sources
from skfusion.app.sources import (
    Source,
    check_pixels,
    drawn_source,
    frame_pair,
    paths_source,
    state,
    uploaded_source,
)
from skfusion.images import ImageReadError, write_image
from skfusion.pairs import ImagePairs


class Upload(io.BytesIO):
    """What an upload has."""

    def __init__(self, name, data):
        super().__init__(data)
        self.name, self.file_id = name, name


@pytest.fixture
def png(tmp_path):
    path = tmp_path / "image.png"
    write_image(path, np.linspace(0, 1, 48).reshape(6, 8))
    return path.read_bytes()


def upload(tmp_path, infrared, visible, **how):
    place = tmp_path / "uploads"
    place.mkdir()
    files = ([Upload(*each) for each in column] for column in (infrared, visible))
    return uploaded_source(*files, place, **how)


def test_drawn_scenes_are_files_that_can_be_named(tmp_path):
    source = drawn_source(tmp_path)
    assert source.names == ["night", "day"]
    assert all(path.is_file() for path in source.pairs.paths(0))
    assert source.pairs.read(1)[1].shape == (384, 512, 3)


def test_one_of_each_is_a_pair_whatever_their_names(tmp_path, png):
    source = upload(tmp_path, [("x.png", png)], [("y 2.PNG", png)])
    assert source.names == ["y 2"]
    assert [path.name for path in source.pairs.paths(0)] == ["x.png", "y 2.png"]
    assert source.pairs.paths(0)[0].read_bytes() == png


def test_several_are_paired_by_name_or_by_order(tmp_path, png):
    names = [("a.png", png), ("b.png", png)]
    source = upload(tmp_path, names[::-1], names)
    assert source.names == ["a", "b"]


def test_several_of_other_names_are_paired_by_their_order(tmp_path, png):
    left, right = ([(f"{i}{k}.png", png) for i in "12"] for k in ("p", "q"))
    source = upload(tmp_path, left, right, by_position=True)
    assert [p.name for p in source.pairs.paths(1)] == ["2p.png", "2q.png"]


@pytest.mark.parametrize("name", ["../../evil.png", "C:\\folder\\evil.png"])
def test_a_name_leads_nowhere_else(tmp_path, png, name):
    source = upload(tmp_path, [(name, png)], [("v.png", png)])
    path = source.pairs.paths(0)[0]
    assert path.parent == tmp_path / "uploads" / "infrared"
    assert path.name == "evil.png"


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ([("a.gif", b"GIF89a")], "a.gif.*PNG, JPEG, TIFF and BMP"),
        ([("a.png", b"1"), ("a.png", b"2")], "is there twice"),
        ([(f"{i}.png", b"1") for i in range(65)], "65 files: at most 64"),
    ],
)
def test_what_is_refused(tmp_path, png, files, match):
    with pytest.raises(ValueError, match=match):
        upload(tmp_path, files, [("v.png", png)])


def test_a_large_upload_is_refused(tmp_path, png, monkeypatch):
    monkeypatch.setattr(sources, "MAX_UPLOAD_MB", 0)
    with pytest.raises(ValueError, match="at most 0 are taken; type its path"):
        upload(tmp_path, [("a.png", png)], [("v.png", png)])


def test_an_image_is_measured_before_it_is_decoded(tmp_path, png, monkeypatch):
    path = tmp_path / "image.png"
    check_pixels(path)
    monkeypatch.setattr(sources, "MAX_PIXELS", 47)
    with pytest.raises(ImageReadError, match="image.png .*8 x 6.*47"):
        check_pixels(path)
    (tmp_path / "pipe.png").symlink_to("/dev/null")
    with pytest.raises(ImageReadError, match="no regular file"):
        check_pixels(tmp_path / "pipe.png")


def test_a_typed_folder_holds_pairs(tmp_path, png):
    for name in ("ir/1.png", "vis/1.png", "ir/2.png", "vis/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(png)
    assert paths_source(f' "{tmp_path}" ').names == ["1", "2"]
    two = paths_source(tmp_path / "vis", tmp_path / "ir")
    assert two.pairs.paths(0)[0] == tmp_path / "vis" / "1.png"
    files = paths_source(tmp_path / "ir" / "1.png", tmp_path / "vis" / "2.png")
    assert files.names == ["2"]


@pytest.mark.parametrize(
    ("paths", "match"),
    [
        (("", ""), "type the path"),
        (("nosuch", ""), "infrared path 'nosuch': there is no such"),
        ((".", "nosuch"), "visible path 'nosuch': there is no such"),
        (("a.png", ""), "one folder of pairs, two folders, or two files"),
        (("a.png", "."), "one folder of pairs, two folders, or two files"),
        (("a.png", "a.mp4"), "one is a video and one is not"),
    ],
)
def test_what_is_no_pair_is_said(paths, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "a.mp4"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=match):
        paths_source(*paths)


def test_a_frame_of_two_videos(tmp_path):
    pytest.importorskip("av")
    from tests.video.clips import scene, write

    paths = [write(tmp_path / f"{k}.mkv", [scene(i) for i in range(3)]) for k in "ab"]
    source = paths_source(*paths)
    assert source.videos == tuple(paths) and source.names == []
    pair = frame_pair(source.videos, 2)
    assert np.array_equal(pair[0][1], scene(2))
    with pytest.raises(ValueError, match="frame 3: the videos end before it"):
        frame_pair(source.videos, 3)


def test_the_state_of_a_pair_follows_its_files_and_pixels(tmp_path, png):
    path = tmp_path / "image.png"
    pairs = ImagePairs([path], [path])
    before = state(pairs)
    assert before == state(ImagePairs([path], [path]))
    write_image(path, np.zeros((7, 9)))
    assert state(pairs) != before
    zeros = state(ImagePairs([np.zeros((2, 2))], [np.zeros((2, 2))]))
    assert zeros != state(ImagePairs([np.zeros((2, 2))], [np.ones((2, 2))]))


def test_names_are_harmless():
    pairs = ImagePairs([np.zeros((2, 2))], [np.zeros((2, 2))], names=["a\x1b[2J"])
    assert Source(pairs).names == ["a\\x1b[2J"]
