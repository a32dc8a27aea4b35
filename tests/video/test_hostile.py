"""Files that are no videos, that name others, or that lie about what they hold."""

# SPDX-License-Identifier: BSD-3-Clause
import os

import numpy as np
import pytest

from skfusion.cli import main
from skfusion.fusers import AverageFuser
from skfusion.video import VideoError, evaluate_video, fuse_video, iter_video
from skfusion.video.containers import most_pixels
from skfusion.video.reading import FrameReader
from tests.fuzz.videos import hostile, intact, read

from .clips import av, scene, write

LISTS = {
    "m3u8, local": "an HLS playlist",
    "m3u8, remote": "an HLS playlist",
    "m3u8, behind a mark": "an HLS playlist",
    "ffconcat": "an FFmpeg list of files",
    "concat": "an FFmpeg list of files",
    "sdp": "an SDP description",
    "dash": "a DASH manifest",
    "pls": "a playlist",
    "address": "a playlist",
}
SUFFIXES = {"m3u8": ".m3u8", "ffconcat": ".ffconcat", "sdp": ".sdp", "dash": ".mpd"}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", hostile())
def test_a_hostile_file_is_read_as_it_is_or_refused_by_name(name, tmp_path):
    path = tmp_path / "case.mp4"
    path.write_bytes(hostile()[name])
    try:
        assert read(path) is None
    except VideoError as error:
        assert "case.mp4" in str(error)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("disguised", [False, True])
def test_a_file_that_names_others_is_refused(name, disguised, tmp_path):
    suffix = ".mkv" if disguised else SUFFIXES.get(name.split(",")[0], ".txt")
    path = tmp_path / f"list{suffix}"
    path.write_bytes(hostile()[name])
    with pytest.raises(VideoError, match=f"{LISTS[name]}.*, which names other files"):
        iter_video(path, path)


def test_a_list_of_good_videos_is_refused_too(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.mkv", [scene(i)[..., 0] for i in range(3)])
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile a.mkv\n")
    for line in (
        "fuse-video list.ffconcat a.mkv -o o.mp4",
        "fuse-video a.mkv list.ffconcat -o o.mp4",
        "evaluate a.mkv a.mkv list.ffconcat",
    ):
        assert main(line.split()) == 2
        error = capsys.readouterr().err
        assert "is an FFmpeg list of files" in error and error.count("\n") == 1
    assert sorted(os.listdir()) == ["a.mkv", "list.ffconcat"]


def test_a_movie_does_not_read_the_files_that_it_refers_to(tmp_path):
    """A QuickTime file may hold its track in another file (``dref``)."""
    other = write(tmp_path / "other.mov", [scene(i) for i in range(3)], "mpeg4",
                  form="yuv420p")  # fmt: skip
    data = other.read_bytes()
    place = data.index(b"url ", data.index(b"dref")) - 4
    size = int.from_bytes(data[place : place + 4], "big")
    name = b"file://" + str(other).encode() + b"\0"
    entry = (12 + len(name)).to_bytes(4, "big") + b"url \0\0\0\0" + name
    grown = bytearray(data[:place] + entry + data[place + size :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = grown.index(box) - 4
        old = int.from_bytes(grown[start : start + 4], "big")
        grown[start : start + 4] = (old + len(entry) - size).to_bytes(4, "big")
    start, end = grown.index(b"mdat") + 4, grown.index(b"moov") - 4
    grown[start:end] = bytes(end - start)  # what is shown would come from the other
    path = tmp_path / "refers.mov"
    path.write_bytes(grown)
    with pytest.raises(VideoError, match="refers.mov"):
        list(iter_video(path, path))


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    loop, gone = tmp_path / "loop.mp4", tmp_path / "gone.mp4"
    loop.symlink_to(loop)
    gone.symlink_to(tmp_path / "nothing")
    for path, match in (
        (pipe, "is no regular file"),
        (tmp_path, "is no regular file"),
        ("/dev/zero", "is no regular file"),
        (loop, "no such file"),
        (gone, "no such file"),
    ):
        with pytest.raises(VideoError, match=match):
            iter_video(path, path)
        with pytest.raises(VideoError, match=match):
            fuse_video(AverageFuser(), path, path, tmp_path / "out.mp4")


def test_metadata_that_is_not_utf_8_costs_nothing(tmp_path):
    for i, data in enumerate(intact()):
        path = tmp_path / f"{i}.mkv"
        path.write_bytes(data)
        assert i > 7 or b"caf\xe9" in data or b"mpegts" not in data
        out = tmp_path / "out.mkv"
        report = fuse_video(AverageFuser(), path, path, out, overwrite=True)
        assert report.n_frames in (6, 60)
    assert len(evaluate_video(path, path, out, ["en"])) == 6


def test_a_name_that_is_not_utf_8(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.mkv"
    write(tmp_path / "a.mkv", [scene(i)[..., 0] for i in range(3)])
    os.rename(tmp_path / "a.mkv", path)
    name = os.fsdecode(path)
    assert len(list(iter_video(name, name))) == 3
    with pytest.raises(VideoError, match=r"caf\\udce9.mkv.x': there is no"):
        iter_video(name + ".x", name)


def test_a_small_file_is_not_believed_to_hold_large_frames(tmp_path):
    path = tmp_path / "large.mkv"
    path.write_bytes(bytes(10))
    assert most_pixels(path) == 2**22 + 10 * 1024
    with open(path, "r+b") as file:
        file.truncate(2**30)
    assert most_pixels(path) == 2**26
    gif = hostile()["gif of 65535 x 65535"]
    path.write_bytes(gif)
    with pytest.raises(VideoError, match=r"claims more than \d+ pixels a frame"):
        iter_video(path, path)


class Stumbling:
    """A container whose demuxer fails after some packets, as often as told."""

    def __init__(self, container, after, failures, error):
        self._container, self._packets = container, None
        self._after, self._failures, self._error = after, failures, error

    def demux(self, stream):
        if self._packets is None:
            self._packets = self._container.demux(stream)
            for _ in range(self._after):
                yield next(self._packets)
        if self._failures:
            self._failures -= 1
            raise self._error
        yield from self._packets

    def close(self):
        self._container.close()


ERRORS = (
    av.error.InvalidDataError(1094995529, "invalid data", "x"),
    IndexError("stream index out of range"),
)


def stumbling(path, on_error, *how):
    reader = FrameReader(path, "visible", on_error)
    reader._container = Stumbling(reader._container, *how)
    return reader


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("codec", ["ffv1", "libx264"])
def test_damage_of_the_container_is_the_affair_of_on_error(tmp_path, codec, error):
    images = [scene(i)[..., 0] for i in range(10)]
    form = "gray" if codec == "ffv1" else "yuv420p"
    path = write(tmp_path / "a.mkv", images, codec, form=form)
    with pytest.raises(VideoError, match=r"frame \d the data is damaged"):
        list(stumbling(path, "raise", 5, 1, error))
    reader = stumbling(path, "repeat", 5, 3, error)
    assert len(list(reader)) == 10 and reader.n_damaged == 1
    reader = stumbling(path, "repeat", 5, 10**9, error)
    assert len(list(reader)) == 5 and reader.n_damaged == 1  # what came is not lost
    assert reader.count_left() == 0
    reader = stumbling(path, "raise", 5, 1, error)
    assert [next(iter(reader))[0]] == [0] and reader.count_left() >= 1


class Noise:
    """A packet that cannot be decoded."""

    size, pts, time_base = 1, None, None

    def decode(self):
        raise ERRORS[0]


def test_a_video_of_which_nothing_can_be_decoded(tmp_path):
    path = write(tmp_path / "a.mkv", [scene(0)[..., 0]])
    reader = FrameReader(path, "visible", "repeat")
    reader._packets = iter([Noise(), Noise()])
    with pytest.raises(VideoError, match="none of its frames can be decoded"):
        next(iter(reader))


def test_rates_that_no_camera_has_are_not_believed(tmp_path):
    head = b"YUV4MPEG2 W8 H8 F%s Ip A1:1 C420jpeg\n"
    for rate in (b"0:0", b"1:2000000000", b"2000000000:1"):
        path = tmp_path / "a.y4m"
        path.write_bytes(head % rate + (b"FRAME\n" + bytes(96)) * 3)
        assert FrameReader(path, "visible").rate == 25
        out = tmp_path / "out.mkv"
        report = fuse_video(AverageFuser(), path, path, out, overwrite=True)
        assert report.n_frames == 3
    path.write_bytes(head % b"30:1" + (b"FRAME\n" + bytes(96)) * 3)
    assert FrameReader(path, "visible").rate == 30


def test_a_frame_of_another_size_is_named(tmp_path):
    parts = [
        write(tmp_path / f"{k}.mkv", [np.zeros(shape, np.uint8)] * 2, "mjpeg",
              form="yuvj420p")
        for k, shape in enumerate(((16, 16), (16, 24)))
    ]  # fmt: skip
    joined = b""
    for part in parts:
        with av.open(str(part)) as container:
            joined += b"".join(bytes(p) for p in container.demux(video=0) if p.size)
    path = tmp_path / "joined.mjpeg"
    path.write_bytes(joined)
    with pytest.raises(VideoError, match="frame 2 is 16x24, those before it 16x16"):
        list(iter_video(path, path))
