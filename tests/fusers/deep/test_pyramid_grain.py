"""Grain: how strong it is, and images without it."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
import torch

from skfusion.datasets import make_scene_pairs
from skfusion.fusers import LearnedPyramid
from skfusion.fusers.deep.pyramid._pyramid_form import KernelForm
from skfusion.fusers.deep.pyramid._pyramid_form import without_grain as array_without
from skfusion.fusers.deep.pyramid._pyramid_graph import PyramidGraph
from skfusion.fusers.deep.pyramid._pyramid_torch import TorchForm
from skfusion.images import luma
from skfusion.metrics import raised_noise
from skfusion.networks.pyramid_grain import LEAST, grain, without_grain


def noisy(shape, deviation, seed=0, image=0.5):
    """An image with noise of so many levels, in the 256 levels of a file."""
    noise = np.random.default_rng(seed).normal(0, deviation / 255, shape)
    return (np.rint(255 * np.clip(image + noise, 0, 1)) / 255).astype(np.float32)


def steps(shape=(120, 160)):
    """Even areas with edges of 100 levels, ten pixels apart."""
    rows, columns = np.indices(shape) // 10
    return (0.3 + 100 / 255 * ((rows + columns) % 2)).astype(np.float32)


@pytest.mark.parametrize("deviation", [1, 2, 3.3, 6, 12])
def test_grain_is_the_deviation_of_the_noise(deviation):
    images = torch.from_numpy(
        np.stack([noisy((300, 400), deviation, i) for i in (0, 1)])
    )
    found = 255 * grain(images)
    assert found.shape == (2,)
    np.testing.assert_allclose(found, deviation, rtol=0.08)


def test_edges_are_no_grain():
    both = np.stack([steps(), noisy((120, 160), 4, image=steps())])
    found = 255 * grain(torch.from_numpy(both))
    assert found[0] == 0
    assert found[1] == pytest.approx(4, rel=0.1)


def test_grain_follows_the_noise_without_jumps():
    """Medians of whole levels would jump by three quarters of a level."""
    image = np.random.default_rng(0).normal(0, 1, (240, 320))
    levels = np.arange(1, 4, 0.05)
    frames = [np.rint(100 + s * image).astype(np.float32) / 255 for s in levels]
    found = 255 * grain(torch.from_numpy(np.stack(frames)))
    assert np.abs(np.diff(found)).max() < 0.3


def test_grain_goes_and_edges_stay():
    clean = steps()
    given = noisy(clean.shape, 5, image=clean)
    better = array_without(given, 1.0)
    flat = np.zeros(clean.shape, bool)
    for i in range(4, 7):
        for j in range(4, 7):
            flat[i::10, j::10] = True
    assert (better - clean)[flat].std() < 0.65 * (given - clean)[flat].std()
    near = np.abs(np.diff(clean, axis=1)) > 0
    kept = np.abs(np.diff(better, axis=1))[near].mean()
    assert kept > 0.95 * np.abs(np.diff(given, axis=1))[near].mean()


def test_images_with_little_grain_stay_as_they_are():
    image = noisy((60, 80), 255 * LEAST - 0.3)
    assert array_without(image, 1.0) is image
    tensor = torch.from_numpy(image)[None]
    torch.testing.assert_close(without_grain(tensor), tensor, atol=0, rtol=0)
    ramp = torch.linspace(0, 1, 400).repeat(1, 300, 1)
    assert torch.equal(without_grain(ramp), ramp)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (7, 2), (33, 50), (64, 61)])
@pytest.mark.parametrize("deviation", [0.5, 4, 20])
def test_both_forms_take_the_same_grain(shape, deviation):
    images = [noisy(shape, deviation, i, image) for i, image in enumerate((0.02, 0.6))]
    expected = without_grain(torch.from_numpy(np.stack(images)), 0.8).numpy()
    given = np.stack([array_without(image, 0.8) for image in images])
    np.testing.assert_allclose(given, expected, atol=2e-6)
    assert given.min() >= 0 and given.max() <= 1


def test_a_share_takes_a_share():
    image = noisy((60, 80), 5)
    whole, half = (array_without(image, share) for share in (1.0, 0.5))
    np.testing.assert_allclose(half, (image + whole) / 2, atol=1e-6)
    assert np.abs(whole - image).max() > 0.01


def test_both_fusers_and_the_graph_see_images_without_grain():
    ir, vis = noisy((64, 80), 3), noisy((64, 80), 6, 1, steps((64, 80)))
    fuser = LearnedPyramid(12, n_hidden=0, device="cpu", denoise=0.7)
    calm = [tuple(array_without(image, 0.7) for image in (ir, vis))]
    given, plain = fuser.transform([(ir, vis)])[0], fuser.transform([(ir, vis)])[0]
    decided = fuser.decisions([(ir, vis)])[0]
    fuser.set_params(denoise=0.0)
    expected = fuser.transform(calm)[0]
    np.testing.assert_array_equal(given, plain)
    np.testing.assert_array_equal(given, expected)
    np.testing.assert_array_equal(decided.base, fuser.decisions(calm)[0].base)
    assert np.abs(given - fuser.transform([(ir, vis)])[0]).max() > 0.01
    network = fuser._network()
    stack = torch.from_numpy(np.stack([ir, vis]))[None]
    forms = KernelForm(network), TorchForm(network, torch.device("cpu"))
    planes = [form.denoised(stack, 0.7) for form in forms]
    torch.testing.assert_close(*planes, atol=2e-6, rtol=0)
    graph = PyramidGraph(network, 1.0, 1.0, 1.0, 0.7)
    images = (torch.from_numpy(image)[None, None] for image in (ir, vis))
    np.testing.assert_allclose(graph(*images)[0, 0], expected, atol=1e-5)


def test_a_noisy_night_looks_calmer_without_grain():
    scenes = make_scene_pairs(1, (160, 200), night=True, random_state=0)
    pair = tuple(luma(image) for image in scenes.read(0))
    noise = []
    for denoise in (0.0, 1.0):
        fused = LearnedPyramid(device="cpu", denoise=denoise).transform([pair])[0]
        noise.append(raised_noise(*pair, fused))
    assert noise[1] < 0.5 * noise[0]
