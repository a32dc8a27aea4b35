"""Videos: what is read, what is written, what is said when it cannot be done."""

# SPDX-License-Identifier: BSD-3-Clause
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skfusion.compose import PreserveChroma
from skfusion.fusers import AverageFuser
from skfusion.transforms import Resize
from skfusion.video import VideoError, fuse_video, iter_video

from .clips import damage, read, scene, times, write
from .fusers import INFRARED, VISIBLE, av


def test_iter_video_yields_the_frames(clip):
    ir, vis, grays, images = clip
    pairs = list(iter_video(ir, str(vis)))
    assert len(pairs) == 12
    for (first, second), gray, image in zip(pairs, grays, images):
        np.testing.assert_array_equal(first, gray)
        np.testing.assert_array_equal(second, image)


def test_a_gray_visible_video_stays_gray(clip):
    ir, _, grays, _ = clip
    np.testing.assert_array_equal(read(ir)[3], grays[3])


def test_lossless_output_is_what_the_fuser_made(clip, tmp_path):
    ir, vis, grays, images = clip
    out = tmp_path / "out.mkv"
    report = fuse_video(INFRARED, ir, vis, out, codec="ffv1")
    assert (report.n_frames, report.shape) == (12, (48, 64))
    assert (report.codec, report.pixel_format) == ("ffv1", "gray")
    for frame, gray in zip(read(out), grays):
        np.testing.assert_array_equal(frame, gray)
    fuse_video(PreserveChroma(VISIBLE), ir, vis, out, codec="ffv1", overwrite=True)
    for frame, image in zip(read(out), images):
        assert np.abs(frame.astype(int) - image).max() <= 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "ir.mkv",
        "out.mkv",
        "vis.mkv",
    ]


@pytest.mark.parametrize("bits", [10, 16])
def test_deep_thermal_video_keeps_its_bits(tmp_path, bits):
    top = 2**bits - 1
    counts = np.linspace(0, top, 48 * 64).astype(np.uint16).reshape(48, 64)
    if bits == 16:
        path = write(tmp_path / "ir.mkv", [counts] * 3)
    else:
        path = tmp_path / "ir.mkv"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("ffv1", rate=25)
            stream.height, stream.width, stream.pix_fmt = 48, 64, "gray10le"
            frame = av.VideoFrame.from_ndarray(counts, "gray10le")
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    infrared = next(iter_video(path, path))[0]
    assert infrared.dtype == np.uint16
    if bits == 16:
        np.testing.assert_array_equal(infrared, counts)
    np.testing.assert_allclose(infrared / 65535, counts / top, atol=1 / top)
    out = tmp_path / "out.mkv"
    report = fuse_video(INFRARED, path, path, out, codec="ffv1", bit_depth=16)
    assert report.pixel_format == "gray16le"
    np.testing.assert_array_equal(read(out)[0], infrared)


def test_deep_colour(tmp_path):
    image = np.random.default_rng(0).integers(0, 65536, (8, 10, 3), np.uint16)
    path = write(tmp_path / "vis.mkv", [image] * 2)
    out = tmp_path / "out.mkv"
    average = AverageFuser(visible_weight=1.0, color="per_channel")
    fuse_video(average, path, path, out, codec="ffv1", bit_depth=16)
    assert np.abs(read(out)[1].astype(int) - image).max() <= 1


COLOURS = [(200, 30, 40), (10, 200, 90), (255, 255, 255), (0, 0, 0), (128, 128, 128)]


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("height", [48, 720])
def test_flat_colours_come_back(tmp_path, codec, height):
    vis = tmp_path / "vis.mkv"
    images = [np.full((height, 32, 3), colour, np.uint8) for colour in COLOURS]
    write(vis, images, g="1")
    out = tmp_path / "out.mp4"
    fuse_video(PreserveChroma(VISIBLE), vis, vis, out, codec=codec, crf=4)
    for frame, colour in zip(read(out), COLOURS):
        assert np.abs(frame.astype(int) - colour).max() <= 3
    with av.open(str(out)) as container:
        context = container.streams.video[0].codec_context
        assert context.pix_fmt == "yuv420p"
        if codec == "libx264":
            assert context.color_range == 1
            assert context.colorspace == (6 if height == 48 else 1)


def test_gray_through_h264_has_the_full_range(tmp_path):
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 48, axis=0)
    path = write(tmp_path / "ir.mkv", [ramp] * 3)
    out = tmp_path / "out.mp4"
    fuse_video(INFRARED, path, path, out, crf=0)
    infrared, visible = next(iter_video(out, out))
    assert np.abs(infrared.astype(int) - ramp).max() <= 1
    assert np.abs(visible.astype(int) - ramp[..., None]).max() <= 2


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("rate", [22, Fraction(30000, 1001)])
def test_the_frame_rate_is_kept(clip, tmp_path, rate, codec):
    vis = write(tmp_path / "v.mp4", clip[3], "libx264", rate, form="yuv420p", bf="2")
    out = tmp_path / "out.mp4"
    report = fuse_video(PreserveChroma(VISIBLE), vis, vis, out, codec=codec)
    assert report.rate == rate
    assert times(out) == times(vis) == [i / Fraction(rate) for i in range(12)]
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == rate
        # Behind delayed frames the container keeps its length in milliseconds.
        length = stream.duration * stream.time_base
        assert abs(length - 12 / Fraction(rate)) <= Fraction(1, 1000)


@pytest.mark.parametrize("base", [Fraction(1, 1000), Fraction(1, 90000)])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_variable_rate_is_kept(clip, tmp_path, codec, base):
    pts = (
        np.cumsum([7, 1, 1, 4, 1, 1, 1, 1, 9, 1, 1, 1]) * 40 * base.denominator // 1000
    )
    vis = write(
        tmp_path / "v.mp4", clip[3], "libx264", 25, pts.tolist(), base, "yuv420p"
    )
    out = tmp_path / "out.mp4"
    fuse_video(VISIBLE, vis, vis, out, codec=codec)
    wanted = [(p - pts[0]).item() * base for p in pts]
    assert max(abs(a - b) for a, b in zip(times(out), wanted)) < Fraction(1, 10000)


def test_the_shorter_video_ends_it_with_a_warning(clip, tmp_path):
    ir, vis, grays, _ = clip
    short = write(tmp_path / "short.mkv", grays[:7])
    with pytest.warns(UserWarning, match="short.mkv' ends first: 5 frames of visible"):
        report = fuse_video(VISIBLE, short, vis, tmp_path / "a.mp4")
    assert report.n_frames == 7
    assert report.left_over == {"infrared": 0, "visible": 5}
    with pytest.warns(UserWarning, match="visible .*ends first: 5 frames of infrared"):
        assert len(list(iter_video(ir, short))) == 7


def test_pairs_by_time(clip, tmp_path):
    _, vis, grays, _ = clip
    slow = write(tmp_path / "slow.mkv", grays[:5], rate=10)
    with pytest.warns(UserWarning) as told:
        assert len(list(iter_video(slow, vis))) == 5
    assert "10 frames a second, the visible one 25" in str(told[0].message)
    pairs = list(iter_video(slow, vis, match="time"))
    assert len(pairs) == 12
    # 25 and 10 frames a second: frame i is nearest to 0.4 i, halves go on.
    nearest = [min(4, int(np.floor(0.4 * i + 0.5 + 0.02))) for i in range(12)]
    for (ir, _), k in zip(pairs, nearest):
        np.testing.assert_array_equal(ir, grays[k])
    shorter = write(tmp_path / "shorter.mkv", grays[:2], rate=10)
    with pytest.warns(UserWarning, match="ends first: 4 frames of visible"):
        assert len(list(iter_video(shorter, vis, match="time"))) == 8


def test_sizes_that_differ_are_named(clip, tmp_path):
    other = write(tmp_path / "other.mkv", [scene(0, (40, 64))])
    with pytest.raises(ValueError, match=r"frames of 40x64 and visible .* of 48x64"):
        fuse_video(VISIBLE, other, clip[1], tmp_path / "out.mp4")
    assert not list(tmp_path.glob("*out*")) and not list(tmp_path.glob("*.tmp*"))


def test_odd_sizes_keep_their_size(tmp_path):
    vis = write(tmp_path / "v.mkv", [scene(i, (47, 63)) for i in range(3)])
    for codec, form in (("libx264", "yuv444p"), ("mpeg4", "yuv420p")):
        out = tmp_path / f"{codec}.mp4"
        report = fuse_video(PreserveChroma(VISIBLE), vis, vis, out, codec=codec)
        assert report.pixel_format == form
        assert read(out)[2].shape == (47, 63, 3)


def test_what_is_no_video_is_named(clip, tmp_path):
    ir, vis = clip[:2]
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n#EXT-X-ENDLIST\n")
    sound = tmp_path / "sound.mkv"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    for path, match in (
        (tmp_path / "none.mp4", "there is no such file"),
        (text, "is no video that can be read"),
        (playlist, "no video"),
        (sound, "has no video stream"),
    ):
        with pytest.raises(VideoError, match=match) as caught:
            iter_video(ir, path)
        assert str(path) in str(caught.value) and "visible" in str(caught.value)


def test_a_video_without_a_frame(tmp_path):
    path = tmp_path / "empty.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "gray"
        container.start_encoding()
    with pytest.raises(VideoError, match="empty.mkv"):
        fuse_video(VISIBLE, path, path, tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["empty.mkv"]


def test_a_damaged_frame(clip, tmp_path):
    ir, vis, _, images = clip
    jpeg = write(tmp_path / "j.avi", images, "mjpeg", form="yuvj420p")
    bad = damage(jpeg, tmp_path / "bad.avi", 5)
    ir_short = write(tmp_path / "i.mkv", clip[2][:12])
    with pytest.raises(VideoError, match="visible .*after frame 5 the data is damaged"):
        fuse_video(VISIBLE, ir_short, bad, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    with pytest.warns(UserWarning, match="1 of its frames are damaged"):
        report = fuse_video(
            VISIBLE, ir_short, bad, tmp_path / "out.mp4", on_error="repeat"
        )
    assert report.n_frames == 12 and report.damaged == {"infrared": 0, "visible": 1}
    good = read(jpeg)
    with pytest.warns(UserWarning, match="damaged"):
        frames = [vis for _, vis in iter_video(ir_short, bad, on_error="repeat")]
    np.testing.assert_array_equal(frames[5], good[4])
    np.testing.assert_array_equal(frames[6], good[6])


def test_damage_at_the_start(clip, tmp_path):
    jpeg = write(tmp_path / "j.avi", clip[3], "mjpeg", form="yuvj420p")
    bad = damage(damage(jpeg, tmp_path / "b.avi", 0), tmp_path / "bad.avi", 1)
    with pytest.raises(VideoError, match="after frame 0 the data is damaged"):
        read(bad)
    with pytest.warns(UserWarning, match="2 of its frames are damaged"):
        frames = [vis for _, vis in iter_video(clip[0], bad, on_error="repeat")]
    assert len(frames) == 12
    np.testing.assert_array_equal(frames[0], frames[2])
    np.testing.assert_array_equal(frames[3], read(jpeg)[3])


def test_a_file_cut_short_is_as_long_as_it_is(clip, tmp_path):
    ir, vis = clip[:2]
    data = vis.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) // 2])
    with pytest.warns(UserWarning):
        n = len(list(iter_video(ir, cut, on_error="repeat")))
    assert 2 < n < 12


class Failing(AverageFuser):
    """Interrupted at the fifth frame."""

    seen = 0

    def transform(self, X):
        self.seen += 1
        if self.seen == 5:
            raise KeyboardInterrupt
        return super().transform(X)


def test_an_interrupted_run_leaves_nothing(clip, tmp_path):
    ir, vis = clip[:2]
    with pytest.raises(KeyboardInterrupt):
        fuse_video(Failing(), ir, vis, tmp_path / "out.mp4")
    old = tmp_path / "old.mp4"
    old.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        fuse_video(Failing(), ir, vis, old, overwrite=True)
    assert old.read_bytes() == b"before"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"ir.mkv", "vis.mkv", "old.mp4"}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"out": "out.avi"}, "ends in .mp4"),
        ({"codec": "vp9"}, "codec='vp9'"),
        ({"codec": "ffv1"}, r"codec='ffv1' goes into a file ending in .mkv"),
        ({"bit_depth": 16}, "only codec='ffv1' keeps 16 bits"),
        ({"bit_depth": 12}, "bit_depth=12"),
        ({"crf": 60}, "crf=60"),
        ({"temporal": -1}, "temporal=-1"),
        ({"temporal": "a"}, "temporal='a'"),
        ({"match": "name"}, "match='name'"),
        ({"on_error": "skip"}, "on_error='skip'"),
        ({"out": "nowhere/out.mp4"}, "there is no such folder"),
    ],
)
def test_wrong_parameters(clip, tmp_path, options, match):
    out = tmp_path / options.pop("out", "out.mp4")
    with pytest.raises(ValueError, match=match):
        fuse_video(VISIBLE, clip[0], clip[1], out, **options)
    assert {path.name for path in tmp_path.iterdir()} == {"ir.mkv", "vis.mkv"}


def test_an_existing_file_is_kept(clip, tmp_path):
    out = tmp_path / "out.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        fuse_video(VISIBLE, clip[0], clip[1], out)
    assert out.read_bytes() == b"mine"


def test_fused_frames_must_agree(clip, tmp_path):
    class Growing(AverageFuser):
        seen = 0

        def transform(self, X):
            self.seen += 1
            return [np.zeros((8, 8 + 2 * (self.seen > 3)), np.float32)]

    with pytest.raises(VideoError, match=r"\(8, 10\), those before it \(8, 8\)"):
        fuse_video(Growing(), clip[0], clip[1], tmp_path / "out.mp4")
    with pytest.raises(ValueError, match="keeps the size"):
        fuse_video(Growing(), clip[0], clip[1], tmp_path / "out.mp4", temporal=1)


def test_a_missing_package_is_named(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r'pip install "skfusion\[video\]"'):
        iter_video(clip[0], clip[1])


def test_a_turned_phone_video_is_turned_back(clip, tmp_path):
    path = write(tmp_path / "v.mp4", clip[3], "libx264", form="yuv420p", crf="4")
    upright = read(path)[2]
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 4 + 20 + 16
    matrix = np.array([0, 65536, 0, -65536, 0, 0, 48 * 65536, 0, 2**30], ">i4")
    data[place : place + 36] = matrix.tobytes()
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data)
    np.testing.assert_array_equal(read(turned)[2], np.rot90(upright, -1))


def test_videos_of_two_sizes_are_fused_where_the_estimator_settles_it(clip, tmp_path):
    small = write(tmp_path / "s.mkv", [gray[::2, ::2] for gray in clip[2]])
    resized = Pipeline([("size", Resize(to="visible")), ("fuse", AverageFuser())])
    out = tmp_path / "out.mkv"
    report = fuse_video(PreserveChroma(resized), small, clip[1], out, temporal=1.0)
    assert report.shape == (48, 64, 3)
    with pytest.raises(ValueError, match=r"Resize\(to='visible'\)"):
        fuse_video(AverageFuser(), small, clip[1], tmp_path / "no.mkv")


@pytest.mark.parametrize("link", [False, True])
def test_a_video_never_replaces_its_source(clip, tmp_path, link):
    out = Path(clip[1])
    before = out.read_bytes()
    if link:
        out = tmp_path / "link.mkv"
        out.symlink_to(clip[1])
    with pytest.raises(ValueError, match="is a source, which would be lost"):
        fuse_video(AverageFuser(), clip[0], clip[1], out, overwrite=True)
    assert Path(clip[1]).read_bytes() == before


def test_cameras_that_drift_apart_are_named_and_the_advice_pairs_them(tmp_path):
    images = [np.full((16, 16), 5 * i, np.uint8) for i in range(40)]
    # 0.8 % apart: half a frame after sixty-two frames, a third of one after forty.
    fine = write(tmp_path / "fine.mkv", images, rate=Fraction(2520, 100))
    vis = write(tmp_path / "vis.mkv", images, rate=25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(iter_video(fine, vis))) == 40
    long = [image for image in images for _ in range(2)]
    fine = write(tmp_path / "long.mkv", long, rate=Fraction(2520, 100))
    vis = write(tmp_path / "vis2.mkv", long, rate=25)
    with pytest.warns(UserWarning, match=r"0\.025 s earlier .* match='time'"):
        list(iter_video(fine, vis))
    # A camera that lost a frame for a while and caught up again.
    pts = [*range(5), *range(6, 12), 11.1, *range(12, 40)][:40]
    late = write(
        tmp_path / "late.mkv", images, pts=[round(40 * t) for t in pts],
        base=Fraction(1, 1000),
    )  # fmt: skip
    with pytest.warns(UserWarning, match=r"infrared ones are up to 0\.04 s later"):
        list(iter_video(late, tmp_path / "vis.mkv"))
