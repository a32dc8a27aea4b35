import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skfusion.fusers import AUIF
from skfusion.fusers.deep.autoencoders._auif_device import DeviceAUIF
from skfusion.fusers.deep.autoencoders._decomposition import (
    are_single_images,
    lifted,
)
from skfusion.fusers.deep.autoencoders._join import join_maps
from skfusion.images import luma, read_image, to_dtype
from skfusion.learning.convert import convert_weights

from ..outputs import planes

TINY = {
    "n_layers": 2,
    "n_channels": 4,
    "weights": None,
    "max_epochs": 2,
    "batch_size": 4,
    "crop_size": 20,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def tiny(small_pairs):
    return AUIF(**TINY).fit(small_pairs)


@pytest.fixture(scope="session")
def published(shared, tmp_path_factory):
    """The published weights, converted."""
    path = tmp_path_factory.mktemp("weights") / "auif.safetensors"
    convert_weights("auif", shared / "data" / "published_weights" / "AUIF", path)
    return path


def states(fuser):
    return fuser.network_.state_dict()


# Reference values --------------------------------------------------------------------


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
@pytest.mark.parametrize(
    ("rule", "name"), [("sum", "Sum"), ("average", "Average"), ("l1", "l1_norm")]
)
def test_published_weights_give_the_published_output(
    shared, published, pair, rule, name
):
    folder = shared / "golden"
    images = [folder / "inputs" / f"{pair}_{kind}.png" for kind in ("ir", "vis")]
    expected = np.load(folder / "fusers" / f"AUIF_{name}_{pair}.npz")["fused"]
    fused = AUIF(rule=rule, weights=published, device="cpu").transform([images])[0]
    assert np.abs(fused - expected).max() <= 1e-5


@pytest.mark.parametrize(
    "name", ["05_bench", "34_Duine_7403", "36_Tree_4915", "37_helicopter"]
)
def test_published_weights_give_the_published_images(shared, published, name):
    data = shared / "data"
    images = [next((data / "TNO" / kind).glob(f"{name}.*")) for kind in ("ir", "vis")]
    expected = read_image(data / "published_results" / "AUIF" / "TNO" / f"{name}.png")
    fused = AUIF(weights=published, device="cpu").transform([images])[0]
    difference = to_dtype(fused, np.uint8).astype(int) - expected
    assert np.abs(difference).max() <= 1
    assert np.mean(difference != 0) < 2e-4


# Fusing ------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["sum", "average", "l1"])
def test_fused_image_is_the_decoded_join_of_the_maps(tiny, small_pairs, rule):
    fuser = AUIF(**TINY, rule=rule)
    fuser.network_ = tiny.network_
    base, detail = fuser.decompose(small_pairs)
    fused = fuser.transform(small_pairs)
    for i in range(len(small_pairs)):
        maps = [torch.from_numpy(np.stack(z[i]))[:, None] for z in (base, detail)]
        joined = [join_maps(z[0], z[1], rule)[None] for z in maps]
        with torch.no_grad():
            expected = tiny.network_.decode(*joined)[0, 0]
        np.testing.assert_allclose(fused[i], expected, rtol=0, atol=1e-6)


def test_sources_may_be_swapped(tiny, small_pairs):
    swapped = [pair[::-1] for pair in small_pairs]
    for one, other in zip(tiny.transform(small_pairs), tiny.transform(swapped)):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_average_of_an_image_with_itself_is_its_reconstruction(tiny, small_pairs):
    fuser = AUIF(**TINY, rule="average")
    fuser.network_ = tiny.network_
    twins = [(pair[1], pair[1]) for pair in small_pairs]
    rebuilt = fuser.reconstruct(twins)
    assert rebuilt.shape == (3, 2)
    for fused, row in zip(fuser.transform(twins), rebuilt):
        np.testing.assert_array_equal(fused, row[0])
        np.testing.assert_array_equal(row[0], row[1])


def test_maps_have_the_size_of_the_images_and_the_columns_of_x(tiny, small_pairs):
    base, detail = tiny.decompose(small_pairs)
    assert base.shape == detail.shape == (3, 2)
    for row, pair in zip(base, small_pairs):
        assert row[0].shape == row[1].shape == pair[0].shape
        assert row[0].dtype == np.float32
    alone, _ = tiny.decompose([(pair[1], pair[1]) for pair in small_pairs])
    np.testing.assert_array_equal(base[0, 1], alone[0, 0])


def test_joining_by_activity_prefers_the_active_map():
    quiet, active = torch.zeros(1, 6, 6), torch.zeros(1, 6, 6)
    active[0, 3, 3] = -2
    joined = join_maps(quiet, active, "l1")
    torch.testing.assert_close(joined, active)
    assert torch.equal(join_maps(quiet, quiet, "l1"), quiet)
    both = join_maps(active, 3 * active, "l1")[0, 3, 3]
    assert float(both) == pytest.approx(-2 * (0.25 + 3 * 0.75))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (2, 3), (9, 10), (10, 9)])
def test_images_smaller_than_the_filters_are_fused(tiny, shape, rng):
    ir, vis = rng.random((2, *shape))
    fused = tiny.transform([(ir, vis)])[0]
    assert fused.shape == shape
    assert np.isfinite(fused).all()


def test_constant_images_give_a_constant_image(tiny):
    fused = tiny.transform([(np.full((14, 17), 0.3), np.full((14, 17), 0.8))])[0]
    assert np.ptp(fused) < 1e-6


@pytest.mark.parametrize("rule", ["sum", "l1"])
@pytest.mark.parametrize("shape", [(70, 100), (33, 97), (64, 64)])
def test_tiles_join_without_a_seam(tiny, rule, shape, rng):
    pair = [rng.random((2, *shape))]
    whole, tiled = (
        AUIF(**TINY, rule=rule, tile_size=tile_size) for tile_size in (None, 32)
    )
    whole.network_ = tiled.network_ = tiny.network_
    np.testing.assert_allclose(
        whole.transform(pair)[0], tiled.transform(pair)[0], rtol=0, atol=1e-6
    )


class Elsewhere(AUIF):
    """Runs on the CPU in the form for other devices."""

    def _make_form(self, network, device, dtype):
        return DeviceAUIF(network, device, dtype)


@pytest.fixture
def elsewhere(tiny):
    other = Elsewhere(**TINY)
    other.network_ = AUIF(**TINY)._build_network()
    other.network_.load_state_dict(states(tiny))
    return other


def test_the_form_for_other_devices_gives_the_same(tiny, elsewhere, small_pairs):
    elsewhere.set_params(inference_batch_size=2)
    pairs = [*small_pairs, *small_pairs]
    for one, two in zip(tiny.transform(pairs), elsewhere.transform(pairs)):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-5)


def test_torch_takes_over_where_triton_fails(tiny, elsewhere, small_pairs):
    def broken(first, images):
        raise RuntimeError("no compiler here\nand much more")

    elsewhere._form()._run = broken
    with pytest.warns(
        RuntimeWarning, match=r"\(RuntimeError: no compiler here\): torch"
    ):
        first = elsewhere.transform(small_pairs)
    for one, two, three in zip(
        tiny.transform(small_pairs), first, elsewhere.transform(small_pairs)
    ):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(two, three)


def test_layers_of_triton_are_those_of_torch():
    pytest.importorskip("triton")
    code = """
    import numpy as np, torch
    from skfusion.fusers import AUIF
    from skfusion.fusers.deep.autoencoders._auif_device import DeviceAUIF
    from skfusion.fusers.deep.autoencoders._auif_device import _fused_layers
    from skfusion.fusers.deep.autoencoders._auif_collapsed import CollapsedAUIF
    network, cpu = AUIF()._network(), torch.device("cpu")
    run = _fused_layers(CollapsedAUIF(network), cpu)
    graph = DeviceAUIF(network, cpu)._graph
    maps, images = torch.rand(2, 2, 27, 141), torch.rand(2, 1, 27, 141)
    with torch.inference_mode():
        found, expected = run(maps.clone(), images), maps
        for layer in range(graph.n_layers):
            expected = graph._layer(expected, images, layer)
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()
    """
    env = {**os.environ, "TRITON_INTERPRET": "1"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=env, check=True)


def test_layers_compile_for_a_card_that_is_not_here():
    pytest.importorskip("triton")
    code = """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource
    from skfusion.fusers.deep.autoencoders._auif_triton import _layer
    pointers = dict.fromkeys(("z", "x", "kernels", "numbers", "out"), "*fp32")
    sizes = {"height": "i32", "width": "i32", "R": "constexpr", "C": "constexpr"}
    source = ASTSource(_layer, {**pointers, **sizes}, {"R": 8, "C": 64})
    made = triton.compile(source, target=GPUTarget("cuda", 80, 32))
    assert "ld.global" in made.asm["ptx"]
    """
    env = {name: x for name, x in os.environ.items() if name != "TRITON_INTERPRET"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=env, check=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_gives_the_same(tiny, small_pairs):
    other = clone(tiny).set_params(device="cuda")
    other.network_ = tiny.network_
    for one, two in zip(tiny.transform(small_pairs), other.transform(small_pairs)):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-5)


# Training ----------------------------------------------------------------------------


def test_training_lowers_the_loss(small_pairs):
    fuser = AUIF(**{**TINY, "max_epochs": 8}).fit(small_pairs)
    assert len(fuser.loss_curve_) == 8
    assert fuser.loss_curve_[-1] < 0.7 * fuser.loss_curve_[0]


def test_training_repeats_bitwise_under_one_seed(tiny, small_pairs):
    again = AUIF(**TINY).fit(small_pairs)
    assert again.loss_curve_ == tiny.loss_curve_
    for key, value in states(again).items():
        assert torch.equal(value, states(tiny)[key]), key


def test_another_seed_gives_another_network(tiny, small_pairs):
    other = AUIF(**{**TINY, "random_state": 1}).fit(small_pairs)
    assert other.loss_curve_ != tiny.loss_curve_


def test_training_leaves_the_global_generators_alone(small_pairs):
    before = np.random.get_state()[1].copy(), torch.get_rng_state().clone()
    AUIF(**{**TINY, "random_state": None, "max_epochs": 1}).fit(small_pairs)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_single_images_train_as_their_pairs_do(tiny, small_pairs):
    images = [image for pair in small_pairs for image in pair]
    fuser = AUIF(**TINY).fit(images)
    assert fuser.loss_curve_ == tiny.loss_curve_


def test_what_counts_as_single_images(rng):
    gray, color = rng.random((8, 9)), rng.random((8, 9, 3))
    assert are_single_images([gray, gray])
    assert are_single_images([color])
    assert are_single_images(["a.png", "b.png"])
    assert are_single_images(np.zeros((4, 8, 9)))
    column = np.empty(2, dtype=object)
    column[:] = [gray, gray]
    assert are_single_images(column)
    assert not are_single_images([(gray, gray)])
    assert not are_single_images([np.stack([gray, gray])])
    assert not are_single_images(np.zeros((4, 2, 8, 9)))
    assert not are_single_images([])
    assert not are_single_images(None)


def test_colour_images_train_by_their_luma(rng):
    images = [rng.random((24, 24, 3)).astype(np.float32) for _ in range(3)]
    gray = AUIF(**TINY).fit([luma(image) for image in images])
    assert AUIF(**TINY).fit(images).loss_curve_ == gray.loss_curve_


def test_schedule_and_weights_of_the_loss_matter(tiny, small_pairs):
    for change in (
        {"learning_rate": 0.02},
        {"detail_learning_rate": 0.02},
        {"milestones": (1,)},
        {"dssim_weight": 0.0},
        {"zero_weight": 1.0},
        {"crop_scale": (0.5, 0.6)},
        {"batch_size": 3},
        {"crop_size": 22},
        {"base_size": 9},
        {"detail_size": 15},
    ):
        other = AUIF(**{**TINY, **change}).fit(small_pairs)
        same = all(
            torch.equal(a, b)
            for a, b in zip(states(other).values(), states(tiny).values())
        )
        assert not same, change


@pytest.mark.parametrize("frozen_epochs", [0, 20])
@pytest.mark.parametrize("level", [0.3, 0.7])
def test_zero_map_decodes_to_the_grey_asked_for(small_pairs, level, frozen_epochs):
    settings = {**TINY, "max_epochs": 40, "zero_weight": 10.0, "zero_level": level}
    settings["frozen_epochs"] = frozen_epochs
    norm = AUIF(**settings).fit(small_pairs).network_.decoder_norm
    zero = norm.bias - norm.weight * norm.running_mean / norm.running_var.sqrt()
    assert torch.sigmoid(zero).item() == pytest.approx(level, abs=0.1)


def test_training_may_start_from_weights(tiny, small_pairs, tmp_path):
    path = tmp_path / "start.safetensors"
    tiny.save_weights(path)
    still = {**TINY, "learning_rate": 1e-12, "detail_learning_rate": 1e-12}
    further = AUIF(**still, initial_weights=path).fit(small_pairs)
    for key, value in tiny.network_.named_parameters():
        torch.testing.assert_close(further.network_.get_parameter(key), value)
    with pytest.raises(ValueError, match="made for another network"):
        AUIF(**{**TINY, "n_layers": 3}, initial_weights=path).fit(small_pairs)


def test_training_may_start_from_the_pretrained_weights(small_pairs):
    settings = {**TINY, "n_layers": 10, "n_channels": 64, "max_epochs": 1}
    settings |= {"learning_rate": 1e-12, "detail_learning_rate": 1e-12}
    further = AUIF(**settings, initial_weights="pretrained").fit(small_pairs)
    expected = AUIF()._network().base[3].kernel
    torch.testing.assert_close(further.network_.base[3].kernel, expected)


def test_progress_is_shown_on_request(small_pairs, capsys):
    AUIF(**{**TINY, "verbose": True, "max_epochs": 1}).fit(small_pairs)
    assert "loss=" in capsys.readouterr().err
    AUIF(**{**TINY, "max_epochs": 1}).fit(small_pairs)
    assert capsys.readouterr().err == ""


# Weights -----------------------------------------------------------------------------


def test_saved_weights_fuse_alike(tiny, small_pairs, tmp_path):
    path = tmp_path / "own.safetensors"
    tiny.save_weights(path)
    loaded = AUIF(2, 4, weights=path, device="cpu")
    for one, two in zip(loaded.transform(small_pairs), tiny.transform(small_pairs)):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="n_layers='2', not '3'"):
        AUIF(3, 4, weights=path).transform(small_pairs)
    with pytest.raises(ValueError, match="n_channels='4', not '5'"):
        AUIF(2, 5, weights=path).transform(small_pairs)
    with pytest.raises(ValueError, match="base_size='11', not '9'"):
        AUIF(2, 4, base_size=9, weights=path).transform(small_pairs)


def test_pretrained_weights_make_a_fused_image_of_more_contrast(small_pairs):
    for fused, pair in zip(AUIF().transform(small_pairs), small_pairs):
        assert fused.std() > np.mean(pair, axis=0).std()


# Errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"n_layers": 0},
        {"n_channels": 0},
        {"rule": "max"},
        {"base_size": 0},
        {"detail_size": 1},
        {"max_epochs": 0},
        {"batch_size": 0},
        {"crop_size": 2},
        {"learning_rate": 0},
        {"detail_learning_rate": -1.0},
        {"milestones": 5},
        {"dssim_weight": -1},
        {"zero_weight": -1},
        {"zero_level": 1.0},
        {"frozen_epochs": -1},
        {"initial_weights": 1},
        {"crop_scale": 1},
        {"weights": 3},
        {"tile_size": 8},
        {"device": 0},
        {"random_state": "x"},
        {"verbose": "loud"},
        {"color": "hsv"},
    ],
)
def test_parameters_out_of_range_are_named(small_pairs, change):
    (name,) = change
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        AUIF(**{**TINY, **change}).fit(small_pairs)


@pytest.mark.parametrize("name", ["base_size", "detail_size"])
def test_even_filters_are_an_error(small_pairs, name):
    with pytest.raises(ValueError, match=f"{name}=8.*odd"):
        AUIF(**{**TINY, name: 8}).fit(small_pairs)


def test_training_without_pairs_is_an_error():
    with pytest.raises(ValueError, match="X=None with weights=None"):
        AUIF(**TINY).fit()
    with pytest.raises(ValueError, match="X holds no pair"):
        AUIF(**TINY).fit([])


@pytest.mark.parametrize("scale", [(0.5,), (0.0, 1.0), (0.6, 0.5), (0.5, 1.5)])
def test_crop_scales_that_are_no_shares_are_an_error(small_pairs, scale):
    with pytest.raises(ValueError, match="crop_scale=.*0 < smallest <= largest <= 1"):
        AUIF(**{**TINY, "crop_scale": scale}).fit(small_pairs)


def test_crops_smaller_than_the_filters_are_an_error(small_pairs):
    with pytest.raises(ValueError, match="crop_size=9.*use at least 10"):
        AUIF(**{**TINY, "crop_size": 9}).fit(small_pairs)


def test_an_unknown_device_is_an_error(small_pairs):
    with pytest.raises(ValueError, match="device='abacus'.*'cpu'"):
        AUIF(**{**TINY, "device": "abacus"}).fit(small_pairs)


def test_read_only_images_train(small_pairs):
    """Packed images are views that nobody may write to."""
    from skfusion.pairs import as_pairs

    data = as_pairs([[x.astype(np.float32) for x in pair] for pair in small_pairs])
    params = {**TINY, "max_epochs": 1}
    fuser = AUIF(**params).fit(data.pack())
    again = AUIF(**params).fit(data)
    assert fuser.loss_curve_ == again.loss_curve_


# Level --------------------------------------------------------------------------------


def lift(*images):
    """Lift a gray image to another one."""
    return lifted(*planes(*images))[0, 0].numpy()


def test_lifted_reaches_the_brighter_image_by_one_rising_curve():
    rng = np.random.default_rng(0)
    brighter = rng.random((60, 80)).astype(np.float32)
    dark = brighter**3
    out = lift(dark, brighter)
    np.testing.assert_allclose(out, brighter, atol=0.02)
    order = np.argsort(dark, axis=None)
    assert (np.diff(out.ravel()[order]) >= 0).all()


def test_lifted_never_darkens_and_leaves_flat_images():
    rng = np.random.default_rng(0)
    bright = rng.random((40, 40)).astype(np.float32)
    np.testing.assert_allclose(lift(bright, bright / 2), bright, atol=1e-5)
    flat = np.full((5, 7), 0.25, np.float32)
    np.testing.assert_allclose(lift(flat, flat), flat, atol=1e-5)


def test_every_image_of_a_batch_is_lifted_by_its_own_curve(rng):
    dark, bright = torch.from_numpy(rng.random((2, 3, 1, 20, 30), dtype=np.float32))
    together = lifted(dark**2, bright)
    alone = [lifted(x[None] ** 2, y[None]) for x, y in zip(dark, bright)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-7)


def test_level_lifts_what_the_sum_darkens(tiny, small_pairs):
    plain = tiny.transform(small_pairs)[0]
    ir, vis = (luma(image) for image in small_pairs[0])
    fuser = clone(tiny).set_params(level="sources").fit(small_pairs)
    expected = np.clip(lift(plain, (np.maximum(ir, vis) + (ir + vis) / 2) / 2), 0, 1)
    np.testing.assert_allclose(fuser.transform(small_pairs)[0], expected, atol=1e-5)
    with pytest.raises(ValueError, match="level='sources'.*use level=None"):
        fuser.export_onnx("fused.onnx")
