"""The sound of a source is in the fused video, or its loss is said."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.fusers import AverageFuser
from skfusion.video import fuse_video
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


def test_damage_of_the_sound_costs_the_sound_behind_it(clip, tmp_path, monkeypatch):
    from skfusion.video.sound import Sound

    ir, vis = clip
    loud = add_sound(vis, tmp_path / "loud.mkv", "pcm_s16le", seconds=1.0)
    begin = Sound.begin

    def backwards(self, offsets):
        """Make the times of the packets go back after the tenth."""
        begin(self, offsets)
        packets = list(self._container.demux(audio=0))[:12]
        packets[10].pts = packets[10].dts = 5
        self._demuxed = packets

    def add_to(self, output, suffix, plain=Sound.add_to):
        plain(self, output, suffix)
        self._packets = iter(self._demuxed)
        self._ahead = self._next()

    monkeypatch.setattr(Sound, "begin", backwards)
    monkeypatch.setattr(Sound, "add_to", add_to)
    out = tmp_path / "out.mkv"
    with pytest.warns(UserWarning, match=r"ends after 0\.0 s: the data is damaged"):
        report = fuse_video(VISIBLE, ir, loud, out)
    assert report.n_frames == len(read(out)) == 25
    assert len(heard(out)[1]) == 10
