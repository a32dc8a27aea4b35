"""Two cameras that start at different times."""

# SPDX-License-Identifier: BSD-3-Clause
import math
from fractions import Fraction

import numpy as np
import pytest

from skfusion.cli import main
from skfusion.fusers import AverageFuser
from skfusion.video import VideoError, evaluate_video, fuse_video, iter_video

from .clips import read, times, write

INFRARED = AverageFuser(visible_weight=0.0)


def clock(start, n_frames, rate=25):
    """Frames whose grey tells the moment in the world: 200 levels a second."""
    moments = start + np.arange(n_frames) / rate
    return [np.full((16, 16), round(200 * t), np.uint8) for t in moments]


@pytest.fixture
def clip(tmp_path):
    """A visible video that starts at 0.2 s and an infrared one from 0.44 s on."""
    return (
        write(tmp_path / "ir.mkv", clock(0.44, 20)),
        write(tmp_path / "vis.mkv", clock(0.2, 20)),
    )


def greys(pairs):
    return [(int(ir[0, 0]), int(vis[0, 0])) for ir, vis in pairs]


@pytest.mark.filterwarnings("ignore:.*left over:UserWarning")
@pytest.mark.parametrize("match", ["number", "time"])
def test_the_infrared_video_started_later(clip, match):
    ir, vis = clip
    pairs = greys(iter_video(ir, vis, match=match, offset=0.24))
    assert len(pairs) == 14 and all(a == b for a, b in pairs)
    assert pairs[0] == (88, 88)


@pytest.mark.filterwarnings("ignore:.*left over:UserWarning")
@pytest.mark.parametrize("match", ["number", "time"])
def test_the_infrared_video_started_earlier(clip, match):
    late, early = clip
    pairs = greys(iter_video(early, late, match=match, offset=-0.24))
    # By time, the last infrared frame stands for two more.
    assert len(pairs) == (14 if match == "number" else 16)
    assert all(a == b for a, b in pairs[:14]) and pairs[0] == (88, 88)


@pytest.mark.filterwarnings("ignore:.*left over:UserWarning")
@pytest.mark.parametrize("match", ["number", "time"])
@pytest.mark.parametrize("offset", [0.23, 0.25])
def test_an_offset_is_rounded_to_frames(clip, match, offset):
    pairs = greys(iter_video(*clip, match=match, offset=offset))
    assert all(a == b for a, b in pairs)


@pytest.mark.filterwarnings("ignore:.*left over:UserWarning")
def test_cameras_of_two_rates(tmp_path):
    slow = write(tmp_path / "slow.mkv", clock(0.5, 8, rate=10), rate=10)
    vis = write(tmp_path / "vis.mkv", clock(0.1, 20))
    pairs = greys(iter_video(slow, vis, match="time", offset=0.4))
    # 200 levels a second: half of a slow frame is 10 of them.
    assert len(pairs) == 10 and max(abs(a - b) for a, b in pairs) <= 10
    pairs = greys(iter_video(vis, slow, match="time", offset=-0.4))
    assert len(pairs) == 5 and max(abs(a - b) for a, b in pairs[:4]) <= 4


def test_what_is_left_over_is_counted(clip, tmp_path):
    with pytest.warns(UserWarning, match="vis.mkv' ends first: 6 frames of infrared"):
        report = fuse_video(INFRARED, *clip, tmp_path / "out.mkv", offset=0.24)
    assert report.n_frames == 14 and report.left_over == {"infrared": 6, "visible": 0}


@pytest.mark.filterwarnings("ignore:.*left over:UserWarning")
@pytest.mark.parametrize("match", ["number", "time"])
def test_the_fused_video_begins_with_the_first_pair(clip, tmp_path, match):
    ir, vis = clip
    out = tmp_path / "out.mkv"
    how = {"match": match, "offset": 0.24}
    fuse_video(INFRARED, ir, vis, out, codec="ffv1", **how)
    assert times(out) == [Fraction(i, 25) for i in range(14)]
    assert [int(frame[0, 0]) for frame in read(out)] == [88 + 8 * i for i in range(14)]
    # All three say the same moment: no error is left.
    table = evaluate_video(ir, vis, out, ["mse"], **how)
    assert len(table) == 14 and (table == 0).all(axis=None)
    assert (evaluate_video(ir, vis, out, ["mse"], match=match) > 0).all(axis=None)


@pytest.mark.parametrize("offset", [-9, 9.5])
def test_no_moment_in_common(clip, tmp_path, offset):
    with pytest.raises(VideoError, match=f"offset={offset}: .* no moment in common"):
        fuse_video(INFRARED, *clip, tmp_path / "out.mkv", offset=offset)
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize("offset", ["1", None, math.nan, math.inf, 1j])
def test_an_offset_is_a_number(clip, offset):
    with pytest.raises(ValueError, match=r"offset=.*seconds by which the infrared"):
        iter_video(*clip, offset=offset)


def test_the_bar_knows_how_many_pairs_there_are(clip, tmp_path, capsys):
    with pytest.warns(UserWarning, match="left over"):
        fuse_video(INFRARED, *clip, tmp_path / "o.mkv", offset=0.24, verbose=1)
    assert "14/14" in capsys.readouterr().err


@pytest.mark.filterwarnings("always:.*left over:UserWarning")
@pytest.mark.parametrize("offset", ["0.24", "-0.24"])
def test_command_line(clip, tmp_path, capsys, monkeypatch, offset):
    monkeypatch.chdir(tmp_path)
    sources = "ir.mkv vis.mkv" if offset == "0.24" else "vis.mkv ir.mkv"
    words = f"fuse-video {sources} -o out.mkv --method average --codec ffv1 --quiet"
    assert main([*words.split(), "--offset", offset]) == 0
    assert "6 frames of" in capsys.readouterr().err
    assert len(read(tmp_path / "out.mkv")) == 14
    words = f"evaluate {sources} out.mkv --metrics mse --offset {offset} -o t.csv"
    assert main(words.split()) == 0
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[1] == "0,0.0" and lines[-1] == "mean,0.0" and len(lines) == 16
    assert main([*words.split()[:4], "--offset", "nan", "--metrics", "mse"]) == 2
    assert "--offset nan" in capsys.readouterr().err
