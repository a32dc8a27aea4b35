import numpy as np
import pytest
import torch

from skfusion.fusers import EncoderDecoderFuser
from skfusion.fusers.deep.autoencoders import _encoder_decoder_form
from skfusion.fusers.deep.autoencoders._encoder_decoder_form import InferenceForm
from skfusion.fusers.deep.autoencoders.encoder_decoder import (
    _REACH,
    _degraded,
    _to_multiple,
)
from skfusion.images import luma
from skfusion.losses import fusion_quality_loss
from skfusion.networks.autoencoders.encoder_decoder import EncoderDecoderNet
from skfusion.weights import WeightsError
from tests.networks.test_encoder_decoder import generator, lively

TINY = {
    "activation": "leaky_relu",
    "base_channels": 16,
    "weights": None,
    "max_epochs": 2,
    "batch_size": 2,
    "crop_size": 32,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def tiny(small_pairs):
    return EncoderDecoderFuser(**TINY).fit(small_pairs)


def around(network, **params):
    """Return a fuser around a given network."""
    width = network.fusion[0].out_channels
    activation = None if network.activation is None else "leaky_relu"
    fuser = EncoderDecoderFuser(activation, width, weights=None, device="cpu", **params)
    fuser.network_ = network
    return fuser


def plain(network, planes):
    x = 2 * torch.from_numpy(planes)[None] - 1
    with torch.no_grad():
        return (network(x[:, :1], x[:, 1:])[0].numpy() + 1) / 2


def drawn(channels, height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((1 + channels, height, width), dtype=np.float32)


# The inference form ------------------------------------------------------------------


@torch.inference_mode()
def run(form, planes):
    """Return what a form makes of planes of one pair."""
    return form(torch.from_numpy(planes)[None])[0].numpy()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("activation", [None, "leaky_relu"])
@pytest.mark.parametrize("composed", [False, True])
@pytest.mark.parametrize("size", [(32, 32), (32, 96), (64, 64), (160, 128)])
def test_inference_form_equals_the_plain_network(
    monkeypatch, channels, activation, composed, size
):
    monkeypatch.setattr(
        _encoder_decoder_form, "_SMALLEST_COMPOSED", 0 if composed else 10**9
    )
    from skfusion.networks.autoencoders.encoder_decoder import leaky_relu

    network = lively(channels, activation=activation and leaky_relu)
    form = InferenceForm(network, torch.device("cpu"))
    planes = drawn(channels, *size)
    expected = plain(network, planes)
    assert expected.std() > 0.02
    np.testing.assert_allclose(run(form, planes), expected, rtol=0, atol=1e-5)
    assert (form._direct is not None) == (composed and activation is None)


@pytest.mark.parametrize("channels", [1, 3])
def test_dense_kernels_give_the_same_numbers(channels):
    network, planes = lively(channels), drawn(channels, 64, 96)
    form = InferenceForm(network, torch.device("cpu"), dense=True)
    assert form._groups == 1 and form._up[1].is_contiguous(
        memory_format=torch.channels_last
    )
    expected = plain(network, planes)
    np.testing.assert_allclose(run(form, planes), expected, rtol=0, atol=1e-5)


def test_larger_images_take_the_composed_form():
    form = InferenceForm(lively(), torch.device("cpu"))
    run(form, drawn(1, 224, 256))
    assert form._direct is None
    run(form, drawn(1, 256, 256))
    assert form._direct is not None


# Sizes and colour --------------------------------------------------------------------


@pytest.mark.parametrize("pad", ["reflect", "zero"])
def test_padding_is_cut_off_again(pad):
    network = lively()
    ir, vis = drawn(1, 45, 70)
    mode = (
        {"mode": "reflect"}
        if pad == "reflect"
        else {"mode": "constant", "constant_values": 0.5}
    )
    padded = np.pad(np.stack([ir, vis]), [(0, 0), (0, 19), (0, 26)], **mode)
    expected = plain(network, padded)[0, :45, :70]
    fused = around(network, pad=pad).transform([(ir, vis)])[0]
    np.testing.assert_allclose(fused, np.clip(expected, 0, 1), rtol=0, atol=1e-5)


def test_resize_is_what_the_published_code_does():
    import cv2

    network = lively()
    ir, vis = drawn(1, 45, 70)
    small = np.stack([cv2.resize(x, (64, 32), interpolation=2) for x in (ir, vis)])
    expected = cv2.resize(plain(network, small)[0], (70, 45), interpolation=2)
    fused = around(network, pad="resize").transform([(ir, vis)])[0]
    np.testing.assert_allclose(fused, np.clip(expected, 0, 1), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (40, 2)])
def test_tiny_images_are_enlarged(size):
    planes = drawn(1, *size)
    for pad in ("reflect", "zero", "resize"):
        shape = _to_multiple(torch.from_numpy(planes)[None], pad).shape
        assert shape[2] % 32 == shape[3] % 32 == 0
        fused = around(lively(), pad=pad).transform([tuple(planes)])[0]
        assert fused.shape == size


def test_hsv_keeps_hue_and_saturation():
    network = lively()
    ir, *rgb = drawn(3, 40, 33)
    vis = np.stack(rgb, axis=2)
    vis[:2] = 0
    fused = around(network, color="hsv").transform([(ir, vis)])[0]
    value = around(network).transform([(ir, vis.max(axis=2))])[0]
    np.testing.assert_allclose(fused.max(axis=2), value, rtol=0, atol=1e-6)
    ratio = vis[2:] / vis[2:].max(axis=2, keepdims=True)
    expected = ratio * value[2:][..., None]
    np.testing.assert_allclose(fused[2:], expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(fused[:2], value[:2, :, None].repeat(3, axis=2))


def test_rgb_takes_and_returns_three_channels():
    network = lively(3)
    ir, *rgb = drawn(3, 32, 64)
    vis = np.stack(rgb, axis=2)
    fuser = around(network, color="rgb")
    fused = fuser.transform([(ir, vis)])[0]
    expected = np.clip(plain(network, np.stack([ir, *rgb])), 0, 1)
    np.testing.assert_allclose(np.moveaxis(fused, 2, 0), expected, rtol=0, atol=1e-5)
    gray = fuser.transform([(ir, rgb[0])])[0]
    expected = np.clip(plain(network, np.stack([ir, *[rgb[0]] * 3])), 0, 1)
    expected = luma(np.moveaxis(expected, 0, 2))
    np.testing.assert_allclose(gray, expected, rtol=0, atol=1e-5)


def test_per_channel_and_luma():
    network = lively()
    ir, *rgb = drawn(3, 32, 40)
    vis = np.stack(rgb, axis=2)
    fused = around(network, color="per_channel").transform([(ir, vis)])[0]
    single = around(network)
    for c in range(3):
        expected = single.transform([(ir, rgb[c])])[0]
        np.testing.assert_allclose(fused[..., c], expected, rtol=0, atol=1e-6)
    expected = single.transform([(ir, luma(vis))])[0]
    np.testing.assert_allclose(single.transform([(ir, vis)])[0], expected, atol=1e-6)


def test_tiles_join_without_a_seam():
    network = lively()
    pair = tuple(drawn(1, 290, 420))
    whole = around(network).transform([pair])[0]
    for tile_size in (50, 200):
        tiled = around(network, tile_size=tile_size).transform([pair])[0]
        np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5)


def test_reach_is_as_far_as_a_pixel_is_felt():
    network = lively().double()
    zero = torch.zeros(1, 1, 640, 32, dtype=torch.float64)
    base = network.linear_output(zero, zero)
    furthest = 0
    for row in (300, 310, 319, 320, 331):
        spot = zero.clone()
        spot[0, 0, row, 16] = 1
        rows = torch.where((network.linear_output(spot, zero) - base).abs() > 1e-14)[2]
        furthest = max(furthest, row - int(rows.min()), int(rows.max()) - row)
    assert furthest <= _REACH < furthest + 32


# Training ----------------------------------------------------------------------------


def test_training_repeats(tiny, small_pairs):
    again = EncoderDecoderFuser(**TINY).fit(small_pairs)
    assert again.loss_curve_ == tiny.loss_curve_
    for a, b in zip(tiny.network_.parameters(), again.network_.parameters()):
        assert torch.equal(a, b)
    other = EncoderDecoderFuser(**{**TINY, "random_state": 1}).fit(small_pairs)
    assert other.loss_curve_ != tiny.loss_curve_


def test_training_lowers_the_loss(small_pairs):
    fuser = EncoderDecoderFuser(**{**TINY, "max_epochs": 25, "learning_rate": 3e-3})
    curve = fuser.fit(small_pairs).loss_curve_
    assert len(curve) == 25
    assert np.mean(curve[-3:]) < 0.8 * curve[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"activation": None},
        {"optimizer": "sgd"},
        {"milestones": (1,)},
        {"noise": 0.1},
        {"noise": 0},
        {"blur": 2.0},
        {"blur": 0},
        {"flip": False},
        {"variant": "ssim"},
        {"quality_weight": 0},
        {"edge_weight": 2.0},
        {"error_weight": 1.0},
        {"error_weight": 1.0, "error_target": "brighter"},
        {"mixed_precision": True},
        {"learning_rate": 1e-2},
        {"batch_size": 1},
        {"crop_size": 64},
    ],
    ids=str,
)
def test_every_training_parameter_matters(tiny, small_pairs, changed):
    fuser = EncoderDecoderFuser(**{**TINY, **changed}).fit(small_pairs)
    assert np.isfinite(fuser.loss_curve_).all()
    a, b = (f.network_.out.weight for f in (tiny, fuser))
    assert not torch.equal(a, b)


def test_training_starts_from_initial_weights(tiny, small_pairs, tmp_path):
    path = tmp_path / "start.safetensors"
    tiny.save_weights(path)
    params = {**TINY, "max_epochs": 1, "learning_rate": 1e-9}
    fuser = EncoderDecoderFuser(**params, initial_weights=path).fit(small_pairs)
    for a, b in zip(tiny.network_.parameters(), fuser.network_.parameters()):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-7)


@pytest.mark.parametrize(("color", "channels"), [("hsv", 1), ("rgb", 3)])
def test_colour_networks_train(color, channels):
    rng = np.random.default_rng(0)
    pairs = [
        (rng.random((40, 36)), rng.random((40, 36, 3))),
        (rng.random((33, 40)),) * 2,
    ]
    fuser = EncoderDecoderFuser(**TINY, color=color).fit(pairs)
    assert fuser.network_.out.out_channels == channels
    shapes = [image.shape for image in fuser.transform(pairs)]
    assert shapes == [(40, 36, 3), (33, 40)]


def test_loss_has_gradients_for_gray_and_colour():
    for channels in (1, 3):
        network = EncoderDecoderNet(channels, 16)
        network.initialize(generator())
        ir, vis = (
            torch.rand(2, c, 32, 32, generator=generator(3)) for c in (1, channels)
        )
        fused = (network(2 * ir - 1, 2 * vis - 1) + 1) / 2
        fusion_quality_loss(ir, vis, fused).backward()
        for parameter in network.parameters():
            assert parameter.grad.abs().max() > 0


def test_only_the_inputs_are_degraded_and_both_images_flip_alike(small_pairs):
    from skfusion.pairs import as_pairs

    rng = np.random.default_rng(0)
    image = rng.random((32, 32), dtype=np.float32)
    fuser = EncoderDecoderFuser(**TINY)
    data = as_pairs([(image, image)])
    seen = set()
    for seed in range(20):
        ir, vis = fuser._crop(data, 0, generator(seed)).numpy()
        np.testing.assert_array_equal(ir, vis)
        seen.add(ir.tobytes())
    flips = {np.flip(image, axes).tobytes() for axes in ((), 0, 1, (0, 1))}
    assert seen == flips


def test_degraded_adds_the_noise_and_blur_asked_for():
    images = torch.zeros(2, 2, 40, 40)
    images[..., 20, 20] = 1
    noisy = _degraded(images, 0, 0.05, generator())
    assert abs((noisy - images).std() / 0.05 - 1) < 0.05
    blurred = _degraded(images, 1.5, 0, generator())
    torch.testing.assert_close(blurred.sum((2, 3)), torch.ones(2, 2))
    rows = torch.arange(40.0)[:, None] - 20
    variance = (blurred * rows**2).sum((2, 3))
    torch.testing.assert_close(variance, torch.full((2, 2), 2.25), rtol=0.02, atol=0)
    assert torch.equal(_degraded(images, 0, 0, generator()), images)


# Errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"base_channels": 24}, "base_channels=24: .* multiple of 16"),
        ({"crop_size": 100}, "crop_size=100: .* multiple of 32"),
        ({"quality_weight": 0, "edge_weight": 0}, "needs one of them"),
        ({"activation": "relu"}, "activation"),
        ({"pad": "wrap"}, "pad"),
        ({"color": "lab"}, "color"),
        ({"optimizer": "rmsprop"}, "optimizer"),
        ({"variant": "uiqi"}, "variant"),
        ({"error_target": "mean"}, "error_target"),
    ],
)
def test_parameters_are_checked(params, message):
    with pytest.raises(ValueError, match=message):
        EncoderDecoderFuser(**params).fit()


@pytest.mark.parametrize(
    "params",
    [
        {"base_channels": 48},
        {"color": "rgb"},
        {"activation": "leaky_relu", "base_channels": 48},
    ],
)
def test_weights_that_do_not_ship_are_named(params):
    with pytest.raises(WeightsError, match="none are shipped; there are"):
        EncoderDecoderFuser(**params).fit()


def test_weights_of_another_width_are_refused(tiny, tmp_path):
    path = tmp_path / "w.safetensors"
    tiny.save_weights(path)
    with pytest.raises(WeightsError, match="base_channels='16', not '32'"):
        EncoderDecoderFuser("leaky_relu", 32, weights=path).fit()
    same = EncoderDecoderFuser("leaky_relu", 16, weights=path, device="cpu")
    pair = tuple(drawn(1, 32, 32))
    expected = tiny.transform([pair])[0]
    np.testing.assert_allclose(same.transform([pair])[0], expected, rtol=0, atol=1e-6)


def test_weights_of_another_activation_are_refused(tiny, tmp_path):
    path = tmp_path / "w.safetensors"
    tiny.save_weights(path)
    with pytest.raises(WeightsError, match="activation"):
        EncoderDecoderFuser(None, 16, weights=path).fit().transform(
            [tuple(drawn(1, 32, 32))]
        )


def test_read_only_images_train(small_pairs):
    """Packed images are views that nobody may write to."""
    from skfusion.pairs import as_pairs

    data = as_pairs([[x.astype(np.float32) for x in pair] for pair in small_pairs])
    params = {**TINY, "max_epochs": 1}
    fuser = EncoderDecoderFuser(**params).fit(data.pack())
    again = EncoderDecoderFuser(**params).fit(data)
    assert fuser.loss_curve_ == again.loss_curve_


def test_weights_are_written_in_the_form_that_they_were_learned_in(
    small_pairs, tmp_path
):
    fuser = EncoderDecoderFuser(**{**TINY, "max_epochs": 1}).fit(small_pairs)
    expected = fuser.transform(small_pairs)[0]
    fuser.set_params(base_channels=32)
    path = tmp_path / "w.safetensors"
    fuser.save_weights(path)
    again = EncoderDecoderFuser("leaky_relu", 16, weights=path, device="cpu")
    np.testing.assert_allclose(again.transform(small_pairs)[0], expected, atol=1e-6)
    with pytest.raises(WeightsError, match="base_channels='16', not '32': set base_ch"):
        again.set_params(base_channels=32).transform(small_pairs)
    # Of a file, it is the form that the parameters ask for.
    fuser.set_params(activation=None, base_channels=64, weights="pretrained")
    fuser.save_weights(path)
    EncoderDecoderFuser(weights=path, device="cpu").transform(small_pairs)
