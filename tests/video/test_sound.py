"""The sound of a source is in the fused video, or its loss is said."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.fusers import AverageFuser
from skfusion.video import VideoError, fuse_video
from skfusion.video.sound import Sound
from skfusion.video.writing import FrameWriter

from .clips import add_sound, av, heard, read, scene, times, write

VISIBLE = AverageFuser(visible_weight=1.0)


@pytest.fixture
def clip(tmp_path):
    """Twenty-five lossless frames a second, for a second."""
    images = [scene(i % 12) for i in range(25)]
    return (
        write(tmp_path / "ir.mkv", [255 - image[..., 0] for image in images]),
        write(tmp_path / "vis.mkv", images),
    )


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("aac", ".mp4"), ("aac", ".mkv"), ("aac", ".mov"), ("pcm_s16le", ".mkv")],
)
def test_the_sound_of_the_visible_video_is_copied(clip, tmp_path, codec, suffix):
    ir, vis = clip
    loud = add_sound(vis, tmp_path / "loud.mkv", codec, seconds=1.0)
    out = tmp_path / f"out{suffix}"
    report = fuse_video(VISIBLE, ir, loud, out)
    assert report.sound == (codec,) and f"{codec})" in str(report)
    name, packets, stamps = heard(out)
    kept, wanted, expected = heard(loud)
    assert name == kept
    early = len(wanted) - len(packets)  # what lies before the first frame
    assert early <= 1 and packets == wanted[early:]
    np.testing.assert_allclose(stamps, expected[early:], atol=0.0015)
    assert times(out) == times(vis) and len(read(out)) == 25


def test_the_sound_of_the_infrared_video_stands_in(clip, tmp_path):
    ir, vis = clip
    loud = add_sound(ir, tmp_path / "loud.mkv", seconds=1.0)
    assert fuse_video(VISIBLE, loud, vis, tmp_path / "a.mp4").sound == ("aac",)
    both = add_sound(vis, tmp_path / "both.mkv", "pcm_s16le", seconds=1.0)
    assert fuse_video(VISIBLE, loud, both, tmp_path / "b.mkv").sound == ("pcm_s16le",)


def test_silence_stays_silence(clip, tmp_path):
    out = tmp_path / "out.mp4"
    assert fuse_video(VISIBLE, *clip, out).sound == ()
    with av.open(str(out)) as container:
        assert not container.streams.audio


@pytest.mark.parametrize("offset", [0.2, -0.2])
@pytest.mark.parametrize("side", ["visible", "infrared"])
def test_the_sound_keeps_to_its_frames_at_an_offset(clip, tmp_path, side, offset):
    ir, vis = clip
    source = vis if side == "visible" else ir
    loud = add_sound(source, tmp_path / "loud.mkv", "pcm_s16le", 0.3, at=0.5)
    sources = (ir, loud) if side == "visible" else (loud, vis)
    out = tmp_path / "out.mkv"
    with pytest.warns(UserWarning, match="5 frames of"):
        report = fuse_video(VISIBLE, *sources, out, offset=offset)
    assert report.n_frames == 20
    before = heard(loud)[2][0]
    # The first 0.2 s of that video are cut which began earlier.
    cut = {"visible": max(offset, 0), "infrared": max(-offset, 0)}[side]
    assert abs(heard(out)[2][0] - (before - cut)) < 0.002


def test_the_sound_ends_with_the_frames(clip, tmp_path):
    ir, vis = clip
    loud = add_sound(vis, tmp_path / "loud.mkv", "pcm_s16le", seconds=5.0)
    out = tmp_path / "out.mkv"
    fuse_video(VISIBLE, ir, loud, out)
    assert 0.9 < max(heard(out)[2]) < 1.0


def test_a_sound_that_the_file_does_not_take_is_said_to_be_lost(clip, tmp_path):
    ir, vis = clip
    loud = add_sound(vis, tmp_path / "loud.mkv", "tta", seconds=1.0)
    out = tmp_path / "out.mp4"
    with pytest.warns(UserWarning, match=r"loud.mkv' \(tta\) is lost: .*\.mkv takes"):
        report = fuse_video(VISIBLE, ir, loud, out)
    assert report.sound == () and report.n_frames == len(read(out)) == 25


def test_a_header_that_fails_with_the_sound_is_written_without(
    clip, tmp_path, monkeypatch
):
    ir, vis = clip
    loud = add_sound(vis, tmp_path / "loud.mkv", seconds=1.0)
    begin = FrameWriter._begin

    def refused(self, suffix):
        begin(self, suffix)
        if self._sound.codecs:
            raise av.error.ArgumentError(22, "no")

    monkeypatch.setattr(FrameWriter, "_begin", refused)
    out = tmp_path / "out.mp4"
    with pytest.warns(UserWarning, match=r"\(aac\) is lost: the \.mp4 file cannot be"):
        report = fuse_video(VISIBLE, ir, loud, out)
    assert report.sound == () and len(read(out)) == 25
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"ir.mkv", "vis.mkv", "loud.mkv", "out.mp4"}


def going_back(packets):
    packets[10].pts = packets[10].dts = 5
    yield from packets


def shown_before_it_is_decoded(packets):
    packets[10].pts = packets[10].dts - 50
    yield from packets


def unreadable(packets):
    yield from packets[:10]
    raise av.error.InvalidDataError(1094995529, "invalid data", "x")


@pytest.mark.parametrize(
    ("damaged", "match"),
    [
        (going_back, r"ends after 0\.0 s: the data is damaged \(its times go back\)"),
        (shown_before_it_is_decoded, r"ends after 0\.6 s: .*Invalid argument"),
        (unreadable, r"ends early: the data is damaged \(invalid data\)"),
    ],
)
def test_damage_of_the_sound_costs_the_sound_behind_it(
    clip, tmp_path, monkeypatch, damaged, match
):
    ir, vis = clip
    loud = add_sound(vis, tmp_path / "loud.mkv", "pcm_s16le", seconds=1.0)
    plain = Sound.add_to

    def add_to(self, output, suffix):
        plain(self, output, suffix)
        packets = [p for p in self._container.demux(audio=0) if p.size]
        self._packets = damaged([self._ahead, *packets])
        self._ahead = self._next()

    monkeypatch.setattr(Sound, "add_to", add_to)
    out = tmp_path / "out.mkv"
    with pytest.warns(UserWarning, match=match):
        report = fuse_video(VISIBLE, ir, loud, out)
    assert report.n_frames == len(read(out)) == 25
    assert len(heard(out)[1]) == 10


def test_a_sound_that_fails_late_is_found_early(clip, tmp_path):
    """Without its description, AAC breaks a Matroska file only when it is closed."""
    ir, vis = clip
    film = write(tmp_path / "film.mp4", [scene(0)] * 25, "libx264", form="yuv420p")
    loud = add_sound(film, tmp_path / "loud.mp4", seconds=1.0)
    path = tmp_path / "lacking.mp4"
    path.write_bytes(loud.read_bytes().replace(b"esds", b"free"))
    out = tmp_path / "out.mkv"
    with pytest.warns(UserWarning, match=r"\(aac\) is lost: a \.mkv file does"):
        report = fuse_video(VISIBLE, ir, path, out)
    assert report.sound == () and len(read(out)) == 25


def test_a_file_that_cannot_be_finished_is_told_in_a_sentence(
    clip, tmp_path, monkeypatch
):
    ir, vis = clip
    opened = FrameWriter._open

    class Unfinished:
        def __init__(self, container):
            self.container = container

        def __getattr__(self, name):
            return getattr(self.container, name)

        def close(self):
            self.container.close()
            raise av.error.ArgumentError(22, "no room")

    def open_(self, shape):
        opened(self, shape)
        self._container = Unfinished(self._container)

    monkeypatch.setattr(FrameWriter, "_open", open_)
    with pytest.raises(VideoError, match=r"out=.*cannot be written \(no room\)"):
        fuse_video(VISIBLE, ir, vis, tmp_path / "out.mkv")
    assert {path.name for path in tmp_path.iterdir()} == {"ir.mkv", "vis.mkv"}
