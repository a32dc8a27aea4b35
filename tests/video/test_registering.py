"""Videos of two cameras that are not aligned."""

import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.cli import main
from skfusion.fusers import AverageFuser
from skfusion.registration.failures import RegistrationWarning
from skfusion.registration.models import displacement
from skfusion.transforms import Register
from skfusion.video import fuse_video
from skfusion.video.registering import FrameRegister, spread_frames

from ..registration.scenes import MATRICES, case, moved, scene
from .clips import read, write

SHIFT = np.array(MATRICES["translation"], float)
SHAPE = (150, 190)


def shaken(n=4):
    """Yield pairs whose infrared image is shifted and shakes by a pixel."""
    ir, vis = scene(0)
    for i in range(n):
        matrix = SHIFT.copy()
        matrix[0, 2] += (-1) ** i
        yield moved(ir, matrix), vis, matrix


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_frames_are_followed_and_smoothed(seconds):
    follow = FrameRegister(Register("translation"), seconds)
    for i, (ir, vis, _) in enumerate(shaken()):
        pair = follow(ir, vis, i / 10)
        assert pair[0].shape == pair[1].shape == SHAPE
    steps = [
        displacement(*pair, SHAPE)
        for pair in zip(follow.transforms[:-1], follow.transforms[1:])
    ]
    if seconds:
        assert max(steps) < 0.3
    else:
        np.testing.assert_allclose(steps, 2, atol=0.3)


def test_models_with_scale_are_smoothed_by_their_corners():
    ir, vis, matrix = case("affine")
    follow = FrameRegister(Register("affine"), 1.0)
    for i in range(2):
        follow(ir, vis, i)
    assert displacement(follow.transforms[1], matrix, SHAPE) < 0.5


def test_a_frame_that_fails_keeps_the_transform():
    ir, vis, _ = case("translation")
    follow = FrameRegister(Register("translation"), 0.0)
    follow(ir, vis, 0)
    follow(scene(9)[0], vis, 1)
    np.testing.assert_allclose(follow.transforms[1], follow.transforms[0])


def test_frames_before_the_first_that_succeeds_stay_as_they_are():
    follow = FrameRegister(Register("translation"), 0.0)
    with pytest.warns(RegistrationWarning, match="the first frame could not be"):
        ir, _ = follow(scene(9)[0], scene(0)[1], 0)
    np.testing.assert_allclose(ir, scene(9)[0], atol=1e-6)


@pytest.mark.parametrize("n, kept", [(0, 0), (3, 3), (40, 10)])
def test_frames_from_all_over_a_video(n, kept):
    frames = [(i, np.full((2, 2), i), np.zeros((2, 2))) for i in range(n)]
    found = spread_frames(frames)
    assert isinstance(found, ImagePairs) and len(found) == kept
    if n == 40:
        assert [image[0, 0] for image in found.infrared] == list(range(0, 40, 4))


def levels(image):
    return np.rint(image * 255).astype(np.uint8)


@pytest.fixture
def clip(tmp_path):
    """Two lossless videos of three scenes, the infrared one shifted."""
    views = [scene(seed) for seed in range(3)]
    write(tmp_path / "ir.mkv", [levels(moved(ir, SHIFT)) for ir, _ in views])
    write(tmp_path / "vis.mkv", [levels(vis) for _, vis in views])
    return tmp_path / "ir.mkv", tmp_path / "vis.mkv"


@pytest.mark.parametrize(
    "params", [{"matrix": SHIFT.tolist()}, {"scope": "rig"}, {"scope": "pair"}]
)
def test_fused_frames_are_registered(clip, tmp_path, params):
    register = Register("translation", **params)
    out = tmp_path / "out.mkv"
    how = {"codec": "ffv1", "register": register, "register_smoothing": 0}
    fuse_video(AverageFuser(), *clip, out, **how)
    for i, fused in enumerate(read(out)):
        ir, vis = scene(i)
        error = np.abs(fused / 255.0 - (ir + vis) / 2)[8:-8, 10:-10]
        assert error.mean() < 0.02


def test_what_cannot_be_is_refused(clip, tmp_path):
    out = tmp_path / "out.mkv"
    for options, message in (
        ({"register": "rig"}, "register='rig': expected a Register"),
        ({"register": Register(), "register_smoothing": -1}, "register_smoothing=-1"),
        ({"register": Register(crop="valid")}, "gives each frame another size"),
    ):
        with pytest.raises(ValueError, match=message):
            fuse_video(AverageFuser(), *clip, out, **options)


def test_the_command_line_registers_too(clip, tmp_path, capsys):
    out = tmp_path / "out.mkv"
    words = ["fuse-video", *map(str, clip), "-o", str(out), "--codec", "ffv1"]
    words += ["--method", "average", "--register", "rig", "--crop", "valid"]
    assert main(words) == 0
    assert read(out)[0].shape[1] < SHAPE[1]
    words = ["evaluate", *map(str, [*clip, out]), "--register", "rig"]
    assert main(words) == 2
    assert "--register rig: name the file" in capsys.readouterr().err
