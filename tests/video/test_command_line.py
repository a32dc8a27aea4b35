"""skfusion fuse-video: options, output, advice."""

# SPDX-License-Identifier: BSD-3-Clause
import sys

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skfusion.cli import main
from skfusion.compose import PreserveChroma
from skfusion.fusers import AverageFuser
from skfusion.images import luma
from skfusion.pipelines import get_pipeline
from skfusion.transforms import Resize
from skfusion.video import fuse_video, iter_video

from .clips import read, times, write
from .fusers import av


def test_command_line(clip, tmp_path, capsys):
    ir, vis = map(str, clip[:2])
    out = tmp_path / "out.mkv"
    words = ["fuse-video", ir, vis, "-o", str(out), "--method", "average"]
    words += ["--param", "fuse__visible_weight=1", "--codec", "ffv1"]
    assert main([*words, "--temporal", "0.5"]) == 0
    captured = capsys.readouterr()
    assert "12 frames of 48x64 at 25 a second (ffv1, bgr0)" in captured.out
    assert "12/12" in captured.err
    assert read(out)[0].shape == (48, 64, 3)
    assert main(words) == 2
    assert "--force" in capsys.readouterr().err
    words += ["--force", "--quiet", "--color", "gray", "--bit-depth", "16"]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    assert read(out)[0].shape == (48, 64)
    assert main(["fuse-video", ir, "none.mp4", "-o", str(out), "--force"]) == 2
    error = capsys.readouterr().err
    assert "visible 'none.mp4': there is no such file" in error
    assert read(out)[0].shape == (48, 64)


def test_command_line_without_pyav(clip, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    words = ["fuse-video", str(clip[0]), str(clip[1]), "-o", str(tmp_path / "o.mp4")]
    assert main(words) == 2
    assert "skfusion[video]" in capsys.readouterr().err


def shorten(path, target, n_frames):
    """Copy the first packets, undecoded."""
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for i, packet in enumerate(source.demux(video=0)):
            if i == n_frames:
                break
            packet.stream = stream
            container.mux(packet)
    return target


def test_a_real_clip(shared, tmp_path):
    folder = shared / "data" / "M3SVD_video"
    ir, vis = (
        shorten(folder / side / "1230_1202.mp4", tmp_path / f"{side}.mp4", 22)
        for side in ("ir", "vis")
    )
    infrared, visible = next(iter_video(ir, vis))
    assert infrared.shape == (480, 640) and visible.shape == (480, 640, 3)
    out = tmp_path / "out.mp4"
    estimator = PreserveChroma(get_pipeline("laplacian_pyramid"))
    report = fuse_video(estimator, ir, vis, out, temporal=1.0)
    assert report.n_frames == 22 and report.rate == 22
    assert times(out) == times(vis)
    expected = luma(estimator.transform([(infrared, visible)])[0])
    assert abs(luma(read(out)[0]).mean() - expected.mean()) < 0.5 / 255


def test_command_line_brings_the_frames_to_one_size(clip, tmp_path, capsys):
    small = write(tmp_path / "small.mkv", [gray[::2, ::2] for gray in clip[2]])
    out = tmp_path / "out.mkv"
    words = ["fuse-video", str(small), str(clip[1]), "-o", str(out), "--codec", "ffv1"]
    words += ["--method", "average", "--quiet", "--force"]
    assert main(words) == 2
    assert "--resize visible" in capsys.readouterr().err
    for side, shape in (("visible", (48, 64, 3)), ("infrared", (24, 32, 3))):
        assert main([*words, "--resize", side]) == 0
        assert read(out)[0].shape == shape
        resized = Pipeline([("size", Resize(to=side)), ("fuse", AverageFuser())])
        estimator = PreserveChroma(resized)
        expected = estimator.transform([(clip[2][3][::2, ::2], clip[3][3])])[0]
        assert np.abs(read(out)[3] / 255 - expected).max() < 1 / 255


@pytest.mark.filterwarnings("always::skfusion.images.notices.NarrowRangeWarning")
def test_command_line_stretches_the_counts_of_a_thermal_camera(clip, tmp_path, capsys):
    counts = np.linspace(7000, 7400, 48 * 64).reshape(48, 64).astype(np.uint16)
    deep = write(tmp_path / "deep.mkv", [counts] * 12)
    out = tmp_path / "out.mkv"
    words = ["fuse-video", str(deep), str(clip[1]), "-o", str(out), "--codec", "ffv1"]
    words += ["--method", "average", "--param", "fuse__visible_weight=0"]
    words += ["--color", "gray", "--quiet", "--force"]
    assert main(words) == 0
    assert "--stretch" in capsys.readouterr().err  # it is told to be all but flat
    assert np.ptp(read(out)[0]) < 4
    for given, low, high in (([], 1, 99), (["10", "80"], 10, 80)):
        assert main([*words, "--stretch", *given]) == 0
        assert capsys.readouterr().err == ""
        frame = read(out)[0].astype(int)
        bounds = np.percentile(counts, (low, high))
        expected = np.clip((counts - bounds[0]) / np.ptp(bounds), 0, 1)
        assert np.abs(frame - 255 * expected).max() <= 1
    assert main([*words, "--stretch", "99", "1"]) == 2
    assert "99" in capsys.readouterr().err
    assert main([*words, "--stretch", "--resize", "visible"]) == 0
