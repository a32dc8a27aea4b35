"""Videos fused around devices."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest

from skfusion.compose import PreserveChroma
from skfusion.fusers import EncoderDecoderFuser
from skfusion.video import fuse_video

from .clips import read, times, write


def small_network(device, **params):
    fuser = EncoderDecoderFuser("leaky_relu", 16, device=device, **params)
    return PreserveChroma(fuser)


@pytest.mark.parametrize("temporal", [0.0, 1.0])
def test_frames_around_devices_are_those_of_one_cpu_in_their_order(
    clip, tmp_path, temporal
):
    ir, vis, *_ = clip
    outs = []
    for name, estimator in (
        ("one", small_network("cpu")),
        ("two", small_network("cpu,cpu", inference_batch_size=5)),
    ):
        outs.append(tmp_path / f"{name}.mkv")
        report = fuse_video(
            estimator, ir, vis, outs[-1], codec="ffv1", temporal=temporal
        )
        assert report.n_frames == 12
    assert times(outs[0]) == times(outs[1])
    for one, two in zip(*map(read, outs), strict=True):
        assert np.abs(one.astype(int) - two).max() <= 1


def test_an_error_around_devices_leaves_nothing(clip, tmp_path):
    ir, vis, *_ = clip
    out = tmp_path / "out.mkv"
    fuser = small_network("cpu,cpu")
    small = write(tmp_path / "small.mkv", [np.zeros((20, 30, 3), np.uint8)] * 3)
    with pytest.raises(ValueError, match="frames of 48x64 and visible .* of 20x30"):
        fuse_video(fuser, ir, small, out)
    assert not out.exists()
