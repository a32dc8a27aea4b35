"""The tone of fused videos over time."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np

from skfusion.compose import PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import AverageFuser, LearnedPyramid
from skfusion.images import luma
from skfusion.video import fuse_video

from .clips import read, scene


def pumping(t):
    """A still scene and its fused frame under a gain that jumps."""
    ir, vis = luma(scene(0)), luma(scene(3))
    gain, offset = ((1.0, 0.0), (0.8, 0.1))[t % 4 == 0]
    return ir, vis, (gain * (0.5 * ir + 0.4 * vis) + offset).astype(np.float32)


def test_temporal_removes_jumps_of_the_tone():
    from skfusion.video.tone import ToneSmoother

    smoother = ToneSmoother(1.0)
    plain, steady = [], []
    for t in range(40):
        ir, vis, fused = pumping(t)
        kept = fused.copy()
        out = smoother(ir, vis, fused, 0.04)
        np.testing.assert_array_equal(fused, kept)
        plain.append(fused)
        steady.append(out)
    jumps = [np.abs(np.diff(frames, axis=0)).mean() for frames in (plain, steady)]
    assert jumps[1] < 0.15 * jumps[0]
    assert out.dtype == np.float32 and 0 <= out.min() and out.max() <= 1


def test_temporal_leaves_a_steady_fuser_alone(rng):
    from skfusion.video.tone import ToneSmoother

    smoother = ToneSmoother(1.0)
    for t in range(10):
        ir, vis = luma(scene(t)), luma(scene(t + 2))
        fused = 0.3 * ir + 0.7 * vis
        out = smoother(ir, vis, fused, 0.04)
        np.testing.assert_allclose(out, fused, atol=1e-3)


def test_temporal_lets_the_flicker_of_a_source_be():
    """Where the fuser makes up for a source, its frames are not made to follow."""
    from skfusion.video.tone import ToneSmoother

    smoother = ToneSmoother(1.0)
    ir, vis = luma(scene(0)), luma(scene(3))
    for t in range(30):
        gain = np.float32(1 - 0.1 * (t % 3 == 0))
        out = smoother(gain * ir, gain * vis, vis, 0.04)
        np.testing.assert_allclose(out, vis, atol=0.01)


def test_temporal_starts_afresh_at_a_cut():
    from skfusion.video.tone import ToneSmoother

    smoother = ToneSmoother(1.0)
    ir, vis, fused = pumping(1)
    for _ in range(5):
        smoother(ir, vis, fused, 0.04)
    dark = np.full_like(ir, 0.02)
    np.testing.assert_array_equal(smoother(dark, dark, dark, 0.04), dark)


def test_temporal_with_few_pixels():
    from skfusion.video.tone import ToneSmoother

    smoother = ToneSmoother(0.5)
    for value in (0.2, 0.4, 0.4):
        image = np.full((1, 2), value, np.float32)
        np.testing.assert_array_equal(smoother(image, image, image, 0.1), image)


def test_temporal_in_colour_moves_luma_and_keeps_the_hue(clip, tmp_path):
    ir, vis, _, images = clip

    class Pumping(AverageFuser):
        seen = 0

        def transform(self, X):
            self.seen += 1
            gain = 0.8 if self.seen % 3 == 0 else 1.0
            return [gain * frame for frame in super().transform(X)]

    means = []
    for temporal in (0.0, 1.0):
        out = tmp_path / f"{temporal}.mkv"
        pumping = PreserveChroma(Pumping(visible_weight=1.0))
        pumping.estimator_ = pumping.estimator
        fuse_video(pumping, ir, vis, out, codec="ffv1", temporal=temporal)
        frames = read(out)
        assert frames[0].shape == (48, 64, 3)
        means.append([luma(frame).mean() for frame in frames])
    plain, steady = (np.abs(np.diff(mean)).mean() for mean in means)
    assert steady < 0.3 * plain


def test_a_learned_pyramid_keeps_its_tone_while_something_hot_enters():
    """It looks at histograms of the whole frame: what stands still stays in tone."""
    from skfusion.video.tone import ToneSmoother

    shape = 120, 160
    images = make_scene_pairs(1, shape, random_state=0).read(0)
    infrared, visible = (luma(image).astype(np.float32) for image in images)
    rows, columns = np.indices(shape)
    fuser = LearnedPyramid(12, n_hidden=0, denoise=1.0, device="cpu")
    smoother, before, changes = ToneSmoother(1.0), None, []
    for t in range(16):
        hot = np.hypot(rows - 60, columns - (8 * t - 10)) < 9
        ir = np.where(hot, np.float32(1), 0.5 * infrared)
        plain = fuser.transform([(ir, visible)])[0]
        steady = smoother(ir, visible, plain, 0.04)
        if before is not None:
            still = ~(hot | before[2])
            pairs = zip((plain, steady), before)
            changes.append([abs((x - y)[still].mean()) for x, y in pairs])
        before = plain, steady, hot
    plain, steady = 255 * np.max(changes, axis=0)
    assert plain < 1
    assert steady < 0.2 * plain
