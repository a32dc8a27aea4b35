"""Nothing is made twice, nothing is left behind."""

import numpy as np
import pytest

from skfusion.app import session as module
from skfusion.app.choices import Choices
from skfusion.app.session import Session
from skfusion.app.words import in_words
from skfusion.images import write_image

from .test_sources import Upload


@pytest.fixture
def session():
    session = Session()
    yield session
    session.close()


def test_the_folder_goes_with_the_session():
    first, second = Session(), Session()
    folders = [first.folder, second.folder]
    assert all(folder.is_dir() for folder in folders)
    first.drawn()
    first.close()
    del second
    assert not any(folder.exists() for folder in folders)


def test_the_same_question_is_answered_once(session, pair):
    choices = Choices("average")
    assert session.fused(choices, pair) is session.fused(choices, pair)
    other = Choices("average", {"visible_weight": 0.2})
    assert session.fused(other, pair) is not session.fused(choices, pair)
    assert session.maps(choices, pair) is session.maps(choices, pair)
    table = session.metrics(choices, pair, "qwqe")
    assert list(table.index) == ["Qw", "Qe"]
    assert session.metrics(choices, pair, "qwqe") is table
    assert session.drawn() is session.drawn()


def test_old_results_go_when_they_are_large(session, pair, monkeypatch):
    monkeypatch.setattr(module, "_KEPT", 3 * pair.read(0)[1].nbytes)
    first, second = Choices("average"), Choices("tif")
    kept = session.fused(first, pair)
    session.fused(second, pair)
    assert session.fused(first, pair) is not kept


def test_the_size_of_results_is_that_of_their_arrays():
    array = np.zeros(10)
    assert module._size({"a": [array, (array,)], "b": b"1234", "c": "text"}) == 164


def test_uploads_are_replaced_by_the_next(session, tmp_path):
    write_image(tmp_path / "a.png", np.zeros((4, 5)))
    data = (tmp_path / "a.png").read_bytes()
    first = session.uploaded([Upload("a.png", data)], [Upload("b.png", data)])
    assert session.uploaded([Upload("a.png", data)], [Upload("b.png", data)]) is first
    second = session.uploaded([Upload("c.png", data)], [Upload("b.png", data)])
    assert not first.pairs.paths(0)[0].exists()
    assert second.pairs.paths(0)[0].is_file()


def test_the_gallery_tells_how_far_it_is(session, pair, monkeypatch):
    monkeypatch.setattr("skfusion.app.results.FAST", ["average", "tif"])
    heard, choices = [], Choices("gff")
    assert not session.has_gallery(choices, pair)
    found = session.gallery(choices, pair, lambda *told: heard.append(told))
    assert heard == [(1, "average"), (2, "tif")]
    assert session.has_gallery(Choices("average"), pair)  # whatever the method
    assert session.gallery(choices, pair) is found
    assert not session.has_gallery(Choices(color="gray"), pair)


def test_videos_are_fused_once(session, tmp_path):
    pytest.importorskip("av")
    from tests.video.clips import read, scene, write

    paths = [write(tmp_path / f"{k}.mkv", [scene(i) for i in range(2)]) for k in "ab"]
    choices = Choices("average")
    assert not session.has_video(choices, paths)
    data = session.video(choices, paths)
    assert session.has_video(choices, paths)
    assert session.video(choices, paths) is data
    (tmp_path / "out.mp4").write_bytes(data)
    assert len(read(tmp_path / "out.mp4")) == 2
    assert session.frame(paths, 1) is session.frame(paths, 1)


def test_advice_is_in_the_words_of_the_page(two_sizes, session):
    with pytest.raises(ValueError) as error:
        session.fused(Choices("average"), two_sizes)
    said = in_words(str(error.value))
    assert "choose Size and place" in said and "skfusion." not in said
