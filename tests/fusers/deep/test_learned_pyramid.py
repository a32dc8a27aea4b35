"""The learned pyramid as an estimator: forms, parameters, training."""

# SPDX-License-Identifier: BSD-3-Clause
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional

from skfusion._kernels import pyramid_decisions as kernels
from skfusion._kernels.pyramid_convolution import (
    planes_of,
    repeat_ends,
    rooms_for,
    run_level,
    tiling,
)
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import AverageFuser, LaplacianPyramid, LearnedPyramid
from skfusion.fusers.deep.pyramid._pyramid_form import KernelForm, Rooms, transformed
from skfusion.fusers.deep.pyramid._pyramid_form import (
    missing_light as missing_light_arrays,
)
from skfusion.fusers.deep.pyramid._pyramid_graph import PyramidGraph
from skfusion.fusers.deep.pyramid._pyramid_opponents import (
    default_opponents,
    opponent_table,
)
from skfusion.fusers.deep.pyramid._pyramid_torch import TorchForm
from skfusion.fusers.deep.pyramid._pyramid_training import halo
from skfusion.images import luma
from skfusion.metrics import dark_ring, sky_level
from skfusion.networks.pyramid_decisions import PyramidDecisions
from skfusion.networks.pyramid_guard import missing_light
from skfusion.weights import WeightsError

METRICS = ("AG", "RMSE", "SD")
SHORT = {
    "n_channels": 4,
    "n_levels": 2,
    "n_hidden": 0,
    "matching": False,
    "weights": None,
    "metrics": METRICS,
    "crop_size": 64,
    "max_epochs": 2,
    "batch_size": 2,
    "random_state": 0,
    "device": "cpu",
}
NETWORKS = {
    "plain": {"n_channels": 4, "n_levels": 3, "matching": False, "n_hidden": 0},
    "odd": {"n_channels": 5, "n_levels": 2, "matching": True, "n_hidden": 3},
    "one level": {"n_channels": 8, "n_levels": 1, "tone": False, "max_gain": 4.0},
}


def made(name):
    network = PyramidDecisions(**NETWORKS[name])
    generator = torch.Generator().manual_seed(1)
    network.initialize(generator)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    return network.eval().requires_grad_(False)


def pair(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((2, *shape), dtype=np.float32)


@torch.inference_mode()
def fused(form, *planes, strength=0.9, tone=0.7, guard=0.0):
    """Return the fused image, then those of further planes."""
    stack = torch.from_numpy(np.stack(planes))[None]
    return form.fuse(stack, strength, tone, guard, (None, 0))[0].numpy()


@pytest.fixture(scope="module")
def scenes():
    return make_scene_pairs(3, (80, 100), random_state=0, color=False)


@pytest.fixture(scope="module")
def opponents():
    rng = np.random.default_rng(0)
    return rng.normal([5, 0.1, 40], [1, 0.02, 5], (3, 4, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def fitted(scenes, opponents):
    return LearnedPyramid(**SHORT, opponents=opponents).fit(scenes)


# Forms ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (7, 2), (33, 50), (64, 61)])
def test_kernels_give_the_numbers_of_the_network(name, shape):
    network, (ir, vis) = made(name), pair(shape)
    tensors = [torch.from_numpy(image)[None, None] for image in (ir, vis)]
    expected = network(*tensors, 0.9, 0.7)[0, 0].numpy()
    built = fused(KernelForm(network), ir, vis)[0]
    np.testing.assert_allclose(built, expected, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_both_forms_decide_alike(name):
    network, (ir, vis) = made(name), pair((45, 38))
    forms = KernelForm(network), TorchForm(network, torch.device("cpu"))
    stack = torch.from_numpy(np.stack([ir, vis]))[None]
    with torch.inference_mode():
        decided = [form.maps(stack, 0.6, (None, 0)) for form in forms]
    for own, other in zip(*decided):
        if own is not None:
            for x, y in zip(own, other):
                np.testing.assert_allclose(x, y, atol=1e-5)
    planes = ir, vis, vis, pair((45, 38), 1)[0]
    built = [fused(form, *planes, tone=0) for form in forms]
    np.testing.assert_allclose(*built, atol=1e-5)
    np.testing.assert_array_equal(built[0][0], built[0][1])
    for guard in (0.0, 0.7):
        both = [fused(form, *planes, guard=guard) for form in forms]
        np.testing.assert_allclose(*both, atol=1e-5)


def test_pretrained_kernels_give_the_numbers_of_the_pretrained_network(scenes):
    for fuser in (
        LearnedPyramid(device="cpu"),
        LearnedPyramid(12, n_hidden=0, device="cpu"),
    ):
        ir, vis = scenes.read(0)
        tensors = [torch.from_numpy(image)[None, None] for image in (ir, vis)]
        expected = fuser._network()(*tensors)[0, 0].clamp(0, 1).numpy()
        given = fuser.set_params(guard=0.0).transform(scenes)[0]
        np.testing.assert_allclose(given, expected, atol=1e-5)


def test_what_a_thread_keeps_changes_nothing():
    form, first, other = KernelForm(made("odd")), pair((40, 61)), pair((61, 40))
    expected = fused(form, *first)
    for images in (other, first, pair((40, 61), seed=1), first):
        given = fused(form, *images)
    np.testing.assert_array_equal(given, expected)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: fused(form, *first), range(9)))
    for image in found:
        np.testing.assert_array_equal(image, expected)


def test_nothing_is_kept_for_images_beyond_memory():
    rooms = Rooms()
    rooms.make_ready((3, 5))
    kept = rooms.kept(1, np.zeros, 4)
    assert rooms.kept(1, np.zeros, 4) is kept
    assert rooms.kept(2, np.zeros, 4) is not kept
    rooms.make_ready((5, 3))
    assert rooms.kept(1, np.zeros, 4) is not kept
    rooms.make_ready((3000, 4000))
    assert rooms.kept(1, np.zeros, 4) is not rooms.kept(1, np.zeros, 4)


def test_tiles_join_without_a_seam():
    X = make_scene_pairs(1, (150, 190), random_state=1)
    params = {**SHORT, "weights": None, "n_levels": 2, "color": "per_channel"}
    fuser = LearnedPyramid(**params)
    fuser.network_ = made("odd")
    fuser.set_params(n_channels=5, matching=True, n_hidden=3)
    whole = fuser.transform(X)[0]
    tiled = fuser.set_params(tile_size=33).transform(X)[0]
    np.testing.assert_allclose(tiled, whole, atol=2e-6)


# Light ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (7, 2), (33, 50), (64, 61)])
def test_both_forms_give_the_same_light_back(shape):
    images = [0.5 * pair(shape, 3)[0], pair(shape)[0] ** 3, pair(shape, 1)[0]]
    tensors = [torch.from_numpy(image)[None] for image in images]
    given = missing_light(*tensors)[0].numpy()
    np.testing.assert_allclose(missing_light_arrays(*images), given, atol=1e-6)
    assert given.shape == shape and given.min() >= 0


def test_even_places_get_the_light_that_the_equation_says():
    f, a, b = (torch.full((1, 40, 40), x) for x in (0.2, 0.1, 0.45))
    # Steps of 1/2 (0.45 of 0.2 to 0.7) and 1; coarse to fine, the finest adds nothing.
    light = 0.5 * (0.93 * 0.45 - 0.2)
    light += 0.5 * max(0.86 * 0.45 - 0.2 - light, 0)
    light += 0.5 * max(0.76 * 0.45 - 0.2 - light, 0)
    given = missing_light(f, a, b)
    torch.testing.assert_close(given, torch.full_like(given, light))
    # Dark where neither is: as bright as the darker one.
    given = missing_light(f, 2 * b, b)
    torch.testing.assert_close(given, torch.full_like(given, 0.25))
    assert missing_light(b, a, b).abs().max() == 0


def test_no_light_leaks_over_the_edge_of_a_sky():
    a, b = torch.full((1, 64, 64), 0.5), torch.full((1, 64, 64), 0.55)
    a[:, :32], b[:, :32] = 0.0, 0.9
    f = torch.where(a == 0, 0.3, 0.55)
    given = missing_light(f, a, b)
    assert given[:, 32:].max() < 1e-6
    assert (f + given)[:, :30].min() > 0.6 * 0.9 - 1e-6
    assert (f + given <= torch.maximum(torch.maximum(a, b), f) + 1e-6).all()


def test_the_guard_keeps_the_sky_and_leaves_no_ring():
    shape = 96, 128
    vis = np.full(shape, 0.3, np.float32)
    vis[:48] = 0.85
    ir = np.full(shape, 0.35, np.float32)
    ir[:48], ir[60:80, 60:68] = 0.02, 1.0
    X = [(ir, vis)]
    fuser = LearnedPyramid(device="cpu")
    with_guard = fuser.transform(X)[0]
    half = fuser.set_params(guard=0.5).transform(X)[0]
    without = fuser.set_params(guard=0.0).transform(X)[0]
    assert sky_level(ir, vis, with_guard) > max(0.9, sky_level(ir, vis, without) + 0.01)
    assert dark_ring(ir, vis, with_guard) <= dark_ring(ir, vis, without)
    inside = (with_guard < 1) & (without > 0)
    middle = (with_guard + without) / 2
    np.testing.assert_allclose(half[inside], middle[inside], atol=1e-6)


# Parameters -------------------------------------------------------------------------


def test_without_strength_tone_and_guard_it_is_the_average(scenes):
    plain = {"strength": 0.0, "tone": 0.0, "guard": 0.0}
    fuser = LearnedPyramid(12, n_hidden=0, **plain, device="cpu")
    expected = AverageFuser().transform(scenes)
    for image, other in zip(fuser.transform(scenes), expected):
        np.testing.assert_allclose(image, other, atol=2e-6)


def test_channels_shift_in_tone_as_luma_does():
    X = make_scene_pairs(1, (64, 80), random_state=0)
    gray = LearnedPyramid(12, n_hidden=0, device="cpu").transform(X)[0]
    colour = LearnedPyramid(
        12, n_hidden=0, color="per_channel", device="cpu"
    ).transform(X)[0]
    inside = ((colour > 0) & (colour < 1)).all(axis=2) & (gray > 0) & (gray < 1)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(luma(colour)[inside], gray[inside], atol=1e-5)


def test_decisions_rebuild_the_image_and_follow_the_strength(scenes):
    fuser = LearnedPyramid(12, n_hidden=0, device="cpu")
    whole, half = (fuser.set_params(strength=s).decisions(scenes) for s in (1.0, 0.5))
    assert len(whole) == len(scenes)
    assert [len(x) for x in whole[0][:2]] == [5, 5]
    assert whole[0].weights[1].shape == (40, 50)
    assert whole[0].base.shape == (3, 4)
    assert whole[0].curve.shape == (65,)
    np.testing.assert_allclose(half[0].base, 0.25 + whole[0].base / 2, atol=1e-6)
    assert (
        LearnedPyramid(**SHORT, tone_curve=False)
        .set_params(n_levels=1)
        ._build_network()
        .settings()["tone"]
        is False
    )


def test_without_a_curve_there_is_none_to_return(scenes, opponents):
    fuser = LearnedPyramid(**SHORT, tone_curve=False, opponents=opponents).fit(scenes)
    assert fuser.decisions(scenes)[0].curve is None
    assert np.isfinite(fuser.transform(scenes)[0]).all()


def test_other_widths_have_no_shipped_weights(scenes):
    with pytest.raises(
        ValueError, match=r"n_channels=7, n_hidden=16: .*\(12, 0\).* fit"
    ):
        LearnedPyramid(7).transform(scenes)


def test_weights_of_another_form_are_refused(scenes):
    with pytest.raises(WeightsError):
        LearnedPyramid(12, n_hidden=0, max_gain=0.5).transform(scenes)
    with pytest.raises(WeightsError):
        LearnedPyramid(12, n_hidden=0, n_levels=4).transform(scenes)


@pytest.mark.parametrize("value", [(0.1,), (0.5, 0.0), ("a", 1), (1, 2, 3)])
def test_softness_is_two_positive_numbers(value, scenes):
    with pytest.raises(ValueError, match="softness=.* two numbers above 0"):
        LearnedPyramid(softness=value).transform(scenes)


def test_weights_survive_saving(fitted, scenes, tmp_path):
    path = tmp_path / "pyramid.safetensors"
    fitted.save_weights(path)
    again = LearnedPyramid(**{**SHORT, "weights": path})
    for own, other in zip(fitted.transform(scenes), again.transform(scenes)):
        np.testing.assert_array_equal(own, other)


# Training ---------------------------------------------------------------------------


def test_training_repeats_bit_by_bit(fitted, scenes, opponents):
    again = LearnedPyramid(**SHORT, opponents=opponents).fit(scenes)
    assert again.loss_curve_ == fitted.loss_curve_
    other = LearnedPyramid(**{**SHORT, "random_state": 1}, opponents=opponents)
    other.fit(scenes)
    assert other.loss_curve_ != fitted.loss_curve_
    for name, value in fitted.network_.state_dict().items():
        assert torch.equal(value, again.network_.state_dict()[name])


def test_training_leaves_the_global_generators_alone(scenes, opponents):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    LearnedPyramid(**{**SHORT, "max_epochs": 1}, opponents=opponents).fit(scenes)
    assert torch.equal(torch.get_rng_state(), before)


def test_training_lowers_the_loss(scenes, opponents):
    params = {**SHORT, "max_epochs": 25, "batch_size": 3, "histogram_noise": 0.0}
    curve = LearnedPyramid(**params, opponents=opponents).fit(scenes).loss_curve_
    assert len(curve) == 25
    assert np.mean(curve[-3:]) < np.mean(curve[:3])


def test_fit_measures_the_opponents_it_is_given(scenes):
    rivals = [AverageFuser(), LaplacianPyramid(2)]
    fuser = LearnedPyramid(**SHORT, opponents=rivals, crops_per_pair=2).fit(scenes)
    table = fuser.opponent_values_
    assert table.shape == (6, 2, 3)
    again = LearnedPyramid(**SHORT, opponents=table, crops_per_pair=2).fit(scenes)
    assert again.loss_curve_ == fuser.loss_curve_


def test_opponents_are_measured_in_eight_bits():
    ir, vis = np.rint(pair((64, 64)) * 255) / 255
    images = ir[None].astype(np.float32), vis[None].astype(np.float32)
    table = opponent_table([AverageFuser()], *images, ("SD", "RMSE"))
    image = np.rint((ir + vis) / 2 * 255)
    np.testing.assert_allclose(table[0, 0, 0], image.std(), rtol=1e-6)


def test_a_fitted_opponent_is_used_as_it_is(fitted):
    ir, vis = (image[None] for image in pair((64, 64)))
    table = opponent_table([fitted], ir, vis, METRICS)
    assert np.isfinite(table).all()


def test_default_opponents_are_many_methods_that_need_no_training():
    opponents = default_opponents()
    assert len({type(opponent).__name__ for opponent in opponents}) == 19
    assert not any(opponent.__sklearn_tags__().requires_fit for opponent in opponents)


def test_a_table_for_other_crops_is_refused(scenes, opponents):
    with pytest.raises(ValueError, match=r"opponents has shape \(2, 4, 3\).*3 crops"):
        LearnedPyramid(**SHORT, opponents=opponents[:2]).fit(scenes)


@pytest.mark.parametrize("weights", [(1, 2), (1, 1, -1)])
def test_metric_weights_fit_the_metrics(weights, scenes, opponents):
    fuser = LearnedPyramid(**SHORT, opponents=opponents, metric_weights=weights)
    with pytest.raises(ValueError, match="metric_weights=.*each of the 3 metrics"):
        fuser.fit(scenes)


def test_metric_weights_choose_what_is_trained_for(scenes, opponents):
    params = {**SHORT, "looks_weight": 0.0, "halo_weight": 0.0}
    flat = LearnedPyramid(**params, opponents=opponents, metric_weights=(0, 0, 0))
    assert np.allclose(flat.fit(scenes).loss_curve_, 0, atol=0.5)
    ranked = LearnedPyramid(**params, opponents=opponents, metric_weights=(0, 1, 0))
    assert ranked.fit(scenes).loss_curve_[0] >= 1


def test_values_that_are_no_numbers_end_in_one_sentence(scenes, opponents):
    fuser = LearnedPyramid(**SHORT, opponents=opponents, metric_weights=(1, 1, 1e38))
    fuser.set_params(metric_weights=(np.inf, 1, 1))
    with pytest.raises(FloatingPointError, match="the loss is .* lower the"):
        fuser.fit(scenes)


def test_training_starts_from_given_weights(fitted, scenes, opponents, tmp_path):
    path = tmp_path / "start.safetensors"
    fitted.save_weights(path)
    params = {**SHORT, "max_epochs": 1, "learning_rate": 1e-12}
    fuser = LearnedPyramid(**params, opponents=opponents, initial_weights=path)
    fuser.fit(scenes)
    for name, value in fitted.network_.state_dict().items():
        torch.testing.assert_close(value, fuser.network_.state_dict()[name])


def test_a_halo_is_what_leaves_both_sources():
    flat = torch.full((1, 64, 64), 0.5)
    assert halo(flat, flat, flat).item() == 0
    rim = flat.clone()
    rim[:, 20:28] = 0.3
    dark = halo(rim, flat, flat).item()
    bright = halo(1 - rim, flat, flat).item()
    assert dark > bright > 0
    assert halo(rim, rim, flat).item() == pytest.approx(0, abs=1e-3)


# Export -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_the_form_for_export_is_the_network(name):
    network = made(name)
    graph = PyramidGraph(network, 0.8, 0.6, 0.9, 0.0)
    for shape in ((9, 40), (50, 37)):
        images = [torch.from_numpy(image)[None, None] for image in pair(shape)]
        images[0] = 0.1 * images[0]
        expected = network(*images, 0.8, 0.6)
        light = missing_light(*(x[:, 0] for x in (expected, *images)))
        expected = (expected + 0.9 * light[:, None]).clamp(0, 1)
        assert light.max() > 0.01
        torch.testing.assert_close(graph(*images), expected, atol=2e-6, rtol=0)


def test_onnx_gives_the_numbers_of_the_fuser(tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    settings = {"n_channels": 4, "n_levels": 1, "matching": True, "n_hidden": 2}
    network = PyramidDecisions(**settings)
    network.initialize(torch.Generator().manual_seed(0))
    fuser = LearnedPyramid(**{**SHORT, **settings}, strength=0.8, denoise=0.7)
    fuser.network_ = network.eval()
    path = tmp_path / "pyramid.onnx"
    fuser.export_onnx(path)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for shape in ((9, 40), (50, 37)):
        ir, vis = pair(shape)
        inputs = {"infrared": ir[None, None], "visible": vis[None, None]}
        image = session.run(None, inputs)[0][0, 0]
        np.testing.assert_allclose(image, fuser.transform([(ir, vis)])[0], atol=1e-4)
    even = np.full((1, 1, 30, 40), 0.5, np.float32)  # no grain, and nothing in its band
    image = session.run(None, {"infrared": even, "visible": even})[0][0, 0]
    expected = fuser.transform([(even[0, 0], even[0, 0])])[0]
    np.testing.assert_allclose(image, expected, atol=1e-4)


# Kernels ----------------------------------------------------------------------------


def as_planes(maps, side, height, width):
    """Maps, with a border of the outer pixels, as planes for a level of that size."""
    planes, step = planes_of(len(maps), side, height, width), tiling(height, width)[0]
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="edge")
    for i in range(padded.shape[1]):
        for q in range(side):
            row, start = padded[:, i, q::side], i // side * step
            planes[i % side, :, q, start : start + row.shape[1]] = row
    return planes


@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 3), (7, 10), (24, 61), (5, 1300), (43, 166)]
)
@pytest.mark.parametrize(
    ("first", "k", "m"), [(True, 5, 0), (False, 4, 0), (False, 4, 5)]
)
def test_a_level_is_two_convolutions_and_a_head(shape, first, k, m):
    """Of planar maps: 3x3, the edge repeated, rectified, behind maps twice as large."""
    generator = torch.Generator().manual_seed(0)
    draw = partial(torch.randn, generator=generator)
    (h, w), c = shape, 6
    maps, weights = draw(8, h, w), (draw(c, 8, 3, 3), draw(c, 2 * c, 3, 3))
    read_bias, mix_bias = draw(c), draw(c)
    coarse = draw(c, (h + 1) // 2, (w + 1) // 2)
    padded = functional.pad(maps, (1, 1, 1, 1), mode="replicate")
    read = functional.conv2d(padded[None], weights[0], read_bias).relu()
    large = torch.zeros_like(read)
    if not first:
        large[0] = coarse.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, :h, :w]
    both = functional.pad(torch.cat([read, large], 1), (1,) * 4, mode="replicate")
    expected = functional.conv2d(both, weights[1], mix_bias).relu()[0]
    head, head_bias, hidden = draw(k + m, c), draw(k + m), draw(k, m)
    said = torch.einsum("oc,chw->ohw", head, expected) + head_bias[:, None, None]
    said = said[:k] + torch.einsum("om,mhw->ohw", hidden, said[k:].relu())
    nothing = np.zeros((2, 0, 2, 0), np.float32)
    carried = nothing if first else as_planes(coarse.numpy(), 2, h, w)
    own = transformed(weights[1][:, :c].numpy())
    there = transformed(weights[1][:, c:].numpy(), doubled=True)
    arrays = (
        transformed(weights[0].numpy()),
        read_bias.numpy(),
        own,
        np.concatenate([own, there], 2),
        mix_bias.numpy(),
        head[k:].numpy(),
        head_bias[k:].numpy(),
        np.hstack([head[:k], hidden]),
        head_bias[:k].numpy(),
    )
    finer = 2 * h - 1, 2 * w
    new, out = planes_of(c, 2, *finer), np.full((k, h, w), np.nan, np.float32)
    there = as_planes(expected.numpy(), 2, *finer)
    planes, sizes = as_planes(maps.numpy(), 4, h, w), (h, w, *tiling(h, w))
    step = tiling(*finer)[0]
    rooms = rooms_for(sizes, c, m, k)
    run_level(planes, carried, arrays, sizes, rooms, new, step, out)
    repeat_ends(new, h, step)
    held = as_planes(np.ones((c, h, w)), 2, *finer) > 0
    atol = 1e-4 * float(expected.max())
    np.testing.assert_allclose(new[held], there[held], atol=atol)
    np.testing.assert_allclose(out, said, atol=1e-4 * float(said.abs().max()))
    again = np.full_like(out, np.nan)
    run_level(planes, carried, arrays, sizes, rooms, nothing, 0, again)
    np.testing.assert_array_equal(again, out)


def test_functions_of_the_decisions_are_exact_to_single_precision():
    x = np.linspace(-12, 12, 4801, dtype=np.float32)[None]
    out, zero = np.empty_like(x), np.zeros_like(x)
    kernels.gains(x, np.float32(0.3), np.float32(3.5), out)
    expected = np.exp(3.5 * np.tanh(x.astype(float) + np.float32(0.3)))
    np.testing.assert_allclose(out, expected, rtol=2e-6)
    bands = np.zeros((2, *x.shape), np.float32)
    weight, factor = np.empty_like(x), np.empty_like(x)
    numbers = tuple(np.float32(v) for v in (0.0, 0.7, 0.5, 1.0))
    kernels.decide(x, zero + 2, bands, numbers, weight, factor)
    np.testing.assert_allclose(weight, 1 / (1 + np.exp(-x.astype(float))), atol=3e-7)
    np.testing.assert_allclose(factor, 2 * (1 - 0.5 * 0.4), rtol=1e-6)
