"""Fused videos are measured frame by frame, and memory does not grow with them."""

# SPDX-License-Identifier: BSD-3-Clause
import functools
import json
import warnings
import weakref
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from skfusion.cli import main
from skfusion.compose import PreserveChroma
from skfusion.fusers import AverageFuser
from skfusion.images import write_image
from skfusion.images.notices import NarrowRangeWarning
from skfusion.metrics import UndefinedMetricWarning, evaluate
from skfusion.pairs import stretch_infrared
from skfusion.sizes import resize_pairs
from skfusion.video import VideoError, evaluate_video, fuse_video, iter_video
from skfusion.video.reading import FrameReader

from .clips import av, damage, scene, write

METRICS = ["en", "qabf", "psnr"]


@pytest.fixture
def clip(tmp_path):
    """Twelve lossless frames of each source and their fused frames."""
    images = [scene(i) for i in range(12)]
    ir = write(tmp_path / "ir.mkv", [255 - image[..., 0] for image in images])
    vis = write(tmp_path / "vis.mkv", images)
    out = tmp_path / "fused.mkv"
    fuse_video(PreserveChroma(AverageFuser()), ir, vis, out, codec="ffv1")
    return ir, vis, out


def by_hand(ir, vis, fused):
    """Measure frames that are all held in memory."""
    pairs = list(iter_video(ir, vis))
    frames = [frame for _, frame in iter_video(fused, fused)]
    return evaluate(pairs, frames, METRICS).to_numpy()


def test_each_frame_gets_the_scores_of_its_images(clip):
    table = evaluate_video(*clip, METRICS)
    np.testing.assert_array_equal(table.to_numpy(), by_hand(*clip))
    assert table.index.tolist() == list(range(12)) and table.index.name == "frame"
    assert table.columns.tolist() == METRICS


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_one_of_several_frames(clip, n_jobs):
    table = evaluate_video(*clip, METRICS, every=5, n_jobs=n_jobs)
    assert table.index.tolist() == [0, 5, 10]
    np.testing.assert_array_equal(table.to_numpy(), by_hand(*clip)[::5])


def test_memory_does_not_grow_with_the_frames(clip, monkeypatch):
    alive, most = weakref.WeakValueDictionary(), []
    image = FrameReader._image

    def counted(self, frame):
        made = image(self, frame)
        alive[len(most)] = made
        most.append(len(alive))
        return made

    monkeypatch.setattr(FrameReader, "_image", counted)
    for match in ("number", "time"):
        evaluate_video(*clip, ["en"], match=match)
        assert len(most) == 36 and max(most) <= 9
        alive.clear(), most.clear()


def test_frames_of_three_rates_are_paired_by_time(clip, tmp_path):
    ir, vis, _ = clip
    grays = [frame for frame, _ in iter_video(ir, ir)]
    slow = write(tmp_path / "slow.mkv", grays[::2], rate=Fraction(25, 2))
    fused = tmp_path / "f.mkv"
    fuse_video(AverageFuser(), slow, vis, fused, codec="ffv1", match="time")
    table = evaluate_video(slow, vis, fused, ["mse"], match="time")
    assert len(table) == 12
    halves = write(
        tmp_path / "halves.mkv",
        [frame for frame, _ in iter_video(fused, fused)][::2],
        rate=Fraction(25, 2),
    )
    coarse = evaluate_video(slow, vis, halves, ["mse"], match="time", every=2)
    np.testing.assert_allclose(coarse, table[::2])
    with pytest.warns(UserWarning) as told:
        evaluate_video(ir, vis, halves, ["mse"])
    assert "the fused video has 12.5 frames a second" in str(told[0].message)
    assert "ends first: 6 frames of visible" in str(told[1].message)


def test_a_fused_video_that_ends_first_is_told(clip, tmp_path):
    ir, vis, fused = clip
    frames = [frame for _, frame in iter_video(fused, fused)]
    short = write(tmp_path / "short.mkv", frames[:7])
    with pytest.warns(UserWarning, match="short.mkv' ends first: 5 frames of visible"):
        assert len(evaluate_video(ir, vis, short, ["en"])) == 7
    long = write(tmp_path / "long.mkv", frames + frames[:2])
    with pytest.warns(UserWarning, match="ends first: 2 frames of fused"):
        assert len(evaluate_video(ir, vis, long, ["en"])) == 12


def test_sizes_that_differ_are_named_or_prepared(clip, tmp_path):
    ir, vis, fused = clip
    small = write(
        tmp_path / "small.mkv", [frame[::2, ::2] for frame, _ in iter_video(ir, ir)]
    )
    with pytest.raises(ValueError, match="48x64"):
        evaluate_video(small, vis, fused, ["en"])
    to_visible = functools.partial(resize_pairs, to="visible")
    assert len(evaluate_video(small, vis, fused, METRICS, prepare=to_visible)) == 12
    with pytest.raises(
        ValueError, match=r"the fused image is 24x32, its sources 48x64"
    ):
        evaluate_video(ir, vis, small, ["en"])


def test_what_is_wrong_with_the_frames_is_said_once(clip, tmp_path):
    _, vis, fused = clip
    counts = np.linspace(7000, 7400, 48 * 64).reshape(48, 64).astype(np.uint16)
    deep = write(tmp_path / "deep.mkv", [counts] * 12)
    with pytest.warns() as told:
        evaluate_video(deep, vis, fused, ["psnr"])
    assert [entry.category for entry in told] == [NarrowRangeWarning]
    stretched = functools.partial(stretch_infrared, low=1, high=99)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate_video(deep, vis, fused, ["psnr"], prepare=stretched)
    flat = write(tmp_path / "flat.mkv", [np.full((48, 64), 9, np.uint8)] * 12)
    with pytest.warns(UndefinedMetricWarning, match=r"12 frames: cc \(12\)"):
        assert evaluate_video(flat, vis, fused, ["cc"]).isna().all(axis=None)


def test_a_damaged_frame(clip, tmp_path):
    ir, vis, fused = clip
    frames = [frame for _, frame in iter_video(fused, fused)]
    jpeg = write(tmp_path / "j.avi", frames, "mjpeg", form="yuvj420p")
    bad = damage(jpeg, tmp_path / "bad.avi", 5)
    with pytest.raises(VideoError, match="fused .*bad.avi': after frame 5 the data is"):
        evaluate_video(ir, vis, bad, ["en"])
    with pytest.warns(UserWarning, match="fused .*: 1 of its frames are damaged"):
        table = evaluate_video(ir, vis, bad, ["en"], on_error="repeat")
    assert table["en"][5] == table["en"][4] != table["en"][6]


@pytest.mark.parametrize("every", [0, -2, 1.5, "a"])
def test_wrong_parameters(clip, every):
    with pytest.raises(ValueError, match=f"every={every!r}"):
        evaluate_video(*clip, every=every)


def test_files_that_are_none_are_named_and_all_are_closed(clip, monkeypatch):
    closed = []
    close = FrameReader.close
    monkeypatch.setattr(
        FrameReader, "close", lambda self: (closed.append(self.role), close(self))
    )
    with pytest.raises(VideoError, match="fused 'none.mp4': there is no such file"):
        evaluate_video(clip[0], clip[1], "none.mp4")
    assert sorted(closed) == ["infrared", "visible"]


def test_nothing_in_common(clip, tmp_path):
    empty = tmp_path / "empty.mkv"
    with av.open(str(empty), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "gray"
        container.start_encoding()
    with pytest.raises(VideoError, match="no frame in common to measure|no video"):
        evaluate_video(clip[0], clip[1], empty)


def test_command_line(clip, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main("evaluate ir.mkv vis.mkv fused.mkv --metrics en,psnr".split()) == 0
    said = capsys.readouterr().out
    assert "mean" in said and "frames measured: 12; -o writes them" in said
    words = "evaluate ir.mkv vis.mkv fused.mkv --metrics en --every 3 -o"
    assert main([*words.split(), "t.csv"]) == 0
    table = pd.read_csv("t.csv", index_col="frame")
    assert table.index.tolist() == ["0", "3", "6", "9", "mean"]
    assert table["en"]["mean"] == pytest.approx(table["en"][:-1].mean())
    assert main([*words.split(), "t.json", "--n-jobs", "2"]) == 0
    assert json.loads((tmp_path / "t.json").read_text()).keys() == set(table.index)
    assert main([*words.split(), "t.json"]) == 2  # it is not replaced
    assert main([*words.split(), "t.md", "--match", "time"]) == 0
    assert "| mean |" in (tmp_path / "t.md").read_text()


def test_command_line_prepares_the_frames(clip, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = [frame[::2, ::2] for frame, _ in iter_video(clip[0], clip[0])]
    write(tmp_path / "small.mkv", small)
    words = "evaluate small.mkv vis.mkv fused.mkv --metrics psnr"
    assert main(words.split()) == 2
    assert "--resize visible" in capsys.readouterr().err
    assert main([*words.split(), "--resize", "visible"]) == 0
    capsys.readouterr()
    assert main([*words.split(), "--resize", "visible", "--stretch"]) == 0


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("evaluate ir.mkv fused.mkv", "three videos, INFRARED VISIBLE FUSED"),
        (
            "evaluate ir.mkv vis.mkv fused.mkv --split x",
            "--split is for the evaluation",
        ),
        ("evaluate ir.mkv vis.mkv fused.mkv --by-position", "--by-position is for"),
        ("evaluate . fused.mkv --every 3", "--every is for the evaluation of videos"),
        ("evaluate . . f --offset -2", "--offset is for the evaluation of videos"),
        ("evaluate ir.mkv vis.mkv fused.mkv --every 0", "--every 0: expected"),
        ("evaluate ir.mkv vis.mkv fused.mkv --offset 99", "--offset 99: infrared"),
        ("evaluate i.png v.png", "three images"),
        (
            "evaluate none.mkv vis.mkv fused.mkv",
            "infrared 'none.mkv': there is no such",
        ),
        ("evaluate ir.mkv none.mkv fused.mkv", "visible 'none.mkv': there is no such"),
        ("evaluate . vis.mkv fused.mkv", "is no folder"),
    ],
)
def test_command_line_says_what_is_wrong(
    clip, tmp_path, capsys, monkeypatch, line, what
):
    monkeypatch.chdir(tmp_path)
    write_image("i.png", np.zeros((4, 4)))
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert what in error and error.count("\n") == 1


def test_command_line_measures_three_images(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("i.png", "v.png", "f.png"):
        write_image(name, scene(3)[..., 0] / 255)
    assert main("evaluate i.png v.png f.png --metrics qabf,en".split()) == 0
    assert "mean" in capsys.readouterr().out
