"""The fusers around the earlier networks: what their parameters do."""

import inspect
import re

import cv2
import numpy as np
import pytest
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn import functional

from skfusion import fusers
from skfusion.fusers import FusionGAN, LiuCNN, SharpnessClassifier
from skfusion.fusers.deep.autoencoders._join import join_maps
from skfusion.learning.objectives import (
    gradient_distance,
    proportional_loss,
    reconstruction_loss,
    similarity_loss,
    source_shares,
)
from skfusion.losses import dssim

from ...common.estimators import CHEAP
from .outputs import unstretched

SINGLE = ("DenseFuse", "NestFuse", "IFCNN", "DualBranch", "DeepFuse", "LiuCNN")
NAMES = (*SINGLE, "RFNNest", "U2Fusion", "PMGI", "FusionGAN", "DDcGAN")
each = pytest.mark.parametrize("name", NAMES)
# Parameters that sum or shape the loss, with another value.
LOSS = {
    "DenseFuse": {"ssim_weight": 1e6},
    "NestFuse": {"ssim_weight": 1e6},
    "IFCNN": {
        "ssim_weight": 9.0,
        "gradient_weight": 9.0,
        "max_blur": 1.0,
        "max_dimming": 0.9,
    },
    "DualBranch": {"ssim_weight": 9.0, "gradient_weight": 9.0},
    "DeepFuse": {"ssim_weight": 9.0},
    "LiuCNN": {"max_blur": 1.0},
    "RFNNest": {
        "ssim_weight": 1e7,
        "detail_weight": 1e7,
        "scale_weights": (10.0, 1.0),
        "map_weights": (3.0, 6.0),
    },
    "U2Fusion": {"mse_weight": 1.0, "share_scale": 1.0},
    "PMGI": {"intensity_weights": (0.3, 1.0), "gradient_weights": (5.0, 4.0)},
    "FusionGAN": {
        "content_weight": 1.0,
        "gradient_weight": 1.0,
        "adversarial_weight": 1e3,
        "critic_steps": 1,
        "critic_channels": 2,
    },
    "DDcGAN": {
        "content_weight": 1.0,
        "gradient_weight": 5.0,
        "adversarial_weight": 1e3,
        "critic_steps": 2,
        "critic_channels": 2,
    },
}


def make(name, **params):
    cheap = {**CHEAP[name], "weights": None, "device": "cpu"}
    return getattr(fusers, name)(**{**cheap, **params})


def states(fuser):
    return fuser.network_.state_dict()


def alike(first, second):
    return all(map(torch.equal, states(first).values(), states(second).values()))


def with_network(fuser, network):
    fuser.network_ = network
    return fuser


@pytest.fixture(scope="module")
def trained(small_pairs):
    """Return ``trained(name)``: a fuser after its cheap training."""
    found = {}

    def get(name):
        if name not in found:
            found[name] = make(name).fit(small_pairs)
        return found[name]

    return get


# Training ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"FusionGAN", "DDcGAN"}))
def test_training_lowers_the_loss(name, small_pairs):
    rates = {"learning_rate": 1e-2, "final_learning_rate": 1e-3, "decay": "cosine"}
    wide = {
        "n_channels": {"U2Fusion": 6}.get(name, 3),
        "widths": (6, 6),
    }
    known = inspect.signature(getattr(fusers, name)).parameters
    wide = {key: value for key, value in wide.items() if key in known}
    curve = make(name, **rates, **wide, max_epochs=40).fit(small_pairs).loss_curve_
    if name == "RFNNest":  # both stages
        assert len(curve) == 80
        assert np.mean(curve[70:]) < 0.9 * np.mean(curve[40:42])
    assert np.mean(curve[30:40]) < 0.95 * np.mean(curve[:2])


@each
def test_training_repeats_bitwise_and_leaves_the_global_generators(
    name, small_pairs, trained
):
    before = np.random.get_state()[1].copy(), torch.get_rng_state().clone()
    again = make(name).fit(small_pairs)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert again.loss_curve_ == trained(name).loss_curve_
    assert alike(again, trained(name))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(name, {key: value}, id=f"{name}-{key}")
        for name in NAMES
        for key, value in {
            **LOSS[name],
            "batch_size": 1,
            "crop_size": 48,
            "learning_rate": 0.02,
            "random_state": 1,
            "max_epochs": 2,
        }.items()
    ],
)
def test_every_parameter_of_the_training_matters(name, change, small_pairs, trained):
    assert not alike(make(name, **change).fit(small_pairs), trained(name))


@pytest.mark.parametrize("name", SINGLE)
def test_single_images_train_too(name, small_pairs):
    images = [image for pair in small_pairs for image in pair]
    fuser = make(name, batch_size=3).fit(images)
    fused = fuser.transform(small_pairs)
    assert [image.shape for image in fused] == [ir.shape for ir, _ in small_pairs]


def test_the_halves_of_rfn_nest_share_the_time(small_pairs):
    params = {"max_epochs": 10**7, "max_seconds": 0.4, "autoencoder_share": 0.9}
    curve = make("RFNNest", **params).fit(small_pairs).loss_curve_
    assert 2 <= len(curve) < 10**6


def test_rfn_nest_leaves_the_autoencoder_alone_while_it_learns_to_fuse(small_pairs):
    first, second = (
        make("RFNNest", detail_weight=weight).fit(small_pairs) for weight in (1, 1e6)
    )
    parts = [fuser.network_.autoencoder.state_dict() for fuser in (first, second)]
    assert all(map(torch.equal, parts[0].values(), parts[1].values()))
    parts = [fuser.network_.fusion.state_dict() for fuser in (first, second)]
    assert not all(map(torch.equal, parts[0].values(), parts[1].values()))
    assert all(p.requires_grad for p in first.network_.autoencoder.parameters())


@each
def test_parameters_out_of_range_are_named(name, small_pairs):
    for parameter, constraint in make(name)._parameter_constraints.items():
        for part in constraint:
            if isinstance(part, Interval) and part.left is not None:
                wrong = make(name, **{parameter: part.left - 1})
            elif isinstance(part, StrOptions) and "weights" not in parameter:
                wrong = make(name, **{parameter: "nonsense"})
            else:
                continue
            with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
                wrong.fit(small_pairs)


@each
def test_defaults_are_said_in_the_docstring(name):
    cls = getattr(fusers, name)
    for parameter in inspect.signature(cls).parameters.values():
        text = str(parameter.default).strip("'")
        if parameter.name == "tile_size":
            continue
        entry = rf"{parameter.name}( : |, )"
        found = re.search(rf"^    (\w+, )?{entry}.*(\n.*)?", cls.__doc__, re.M)
        assert found, parameter.name
        said = found.group().replace('"', "").replace("0.0001", "1e-04")
        text = text.replace("0.0001", "1e-04")
        assert text in said, (parameter.name, text, said)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("DenseFuse", {"activity_window": 2}, "activity_window=2: the window needs a"),
        ("NestFuse", {"widths": (4,)}, r"widths=\(4,\): expected the channels of two"),
        ("NestFuse", {"widths": (4, 1)}, r"widths=\(4, 1\): expected"),
        ("NestFuse", {"crop_size": 17}, "crop_size=17: crops for 2 scales are multip"),
        ("RFNNest", {"widths": (4,)}, r"widths=\(4,\): expected the channels of two"),
        ("RFNNest", {"scale_weights": (1.0,)}, "expected one for each of the 2 scales"),
        ("RFNNest", {"map_weights": (1.0,)}, "map_weights=.*expected two"),
        ("PMGI", {"intensity_weights": (1.0,)}, "intensity_weights=.*expected two"),
        ("PMGI", {"gradient_weights": (1.0,)}, "gradient_weights=.*expected two"),
        ("FusionGAN", {"crop_size": 46}, "crop_size=46.*use 47 pixels or more"),
        ("DDcGAN", {"crop_size": 46}, "crop_size=46.*use 47 pixels or more"),
        ("LiuCNN", {"crop_size": 15}, "crop_size=15.*patches of 16 pixels"),
    ],
)
def test_what_does_not_fit_together_is_named(name, params, message, small_pairs):
    with pytest.raises(ValueError, match=message):
        make(name, **params).fit(small_pairs)


def test_weights_that_do_not_ship_are_named(small_pairs, monkeypatch):
    monkeypatch.setattr(fusers.DenseFuse, "_weights_name", "nothing")
    with pytest.raises(ValueError, match="weights='pretrained'.*weights=None and fit"):
        fusers.DenseFuse().transform(small_pairs)


@each
def test_shipped_weights_show_both_images(name, golden):
    ir, vis = (
        cv2.imread(str(golden / "inputs" / f"odd_{kind}.png"), 0)[30:94, 40:120] / 255
        for kind in ("ir", "vis")
    )
    fused = getattr(fusers, name)(device="cpu").transform([(ir, vis)])[0]
    for image, least in ((ir + vis, 0.7), (ir, 0.1), (vis, 0.1)):
        assert np.corrcoef(fused.ravel(), image.ravel())[0, 1] > least
    assert 0.5 < fused.mean() / (ir + vis).mean() * 2 < 1.6


# Losses ------------------------------------------------------------------------------


def crops(n=2, side=16, channels=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, side, side, generator=generator)


def drawn(fuser):
    network = fuser._build_network().initialize(torch.Generator().manual_seed(1))
    return network.eval()


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "settings", "levels"),
    [
        ("DenseFuse", {}, 255.0),
        ("NestFuse", {}, 255.0),
        ("DualBranch", {"gradient_weight": 3.0}, 1.0),
    ],
)
def test_autoencoders_learn_to_reconstruct(name, settings, levels):
    fuser = make(name, ssim_weight=2.0, **settings)
    network, pairs = drawn(fuser), crops()
    images = torch.cat([pairs[:, :1], pairs[:, 1:]])
    expected = reconstruction_loss(
        network(images), images, levels=levels, ssim_weight=2.0, **settings
    )
    torch.testing.assert_close(fuser._loss(network, pairs), expected)
    single = fuser._loss(network, images)  # images, one by one
    torch.testing.assert_close(single, expected)


@torch.no_grad()
def test_deepfuse_learns_to_give_back_two_copies():
    fuser = make("DeepFuse", ssim_weight=2.0)
    network, images = drawn(fuser), crops(channels=1)
    expected = reconstruction_loss(network(images, images), images, ssim_weight=2.0)
    torch.testing.assert_close(fuser._loss(network, images), expected)


@torch.no_grad()
def test_ifcnn_learns_from_complementary_blur():
    fuser = make("IFCNN", ssim_weight=2.0, gradient_weight=3.0)
    copies = fuser._prepare(crops(3), torch.Generator().manual_seed(0))
    assert copies.shape == (6, 3, 16, 16)
    first, second, sharp = copies.split(1, 1)
    for copy in (first, second):
        assert 0 < (copy - sharp).abs().mean() < 0.3
    network = drawn(fuser)
    expected = reconstruction_loss(
        fuser._paired(network)(first, second),
        sharp,
        ssim_weight=2.0,
        gradient_weight=3.0,
    )
    torch.testing.assert_close(fuser._loss(network, copies), expected)


def test_the_blurred_places_may_also_lose_light():
    flat = torch.full((4, 1, 16, 16), 0.8)
    copies = []
    for dimming in (0.0, 1.0):
        fuser = make("IFCNN", max_dimming=dimming)
        copies.append(fuser._prepare(flat, torch.Generator().manual_seed(0)))
    torch.testing.assert_close(copies[0], torch.full((4, 3, 16, 16), 0.8))
    first, second, sharp = copies[1].split(1, 1)
    light = (first + second - sharp) / sharp  # of the other copy, complementary
    assert 0 <= light.min() < 0.9
    torch.testing.assert_close(light, light.mean().expand_as(light))
    torch.testing.assert_close(sharp, flat)


@torch.no_grad()
def test_liu_cnn_learns_which_copy_is_blurred():
    fuser = make("LiuCNN")
    copies = fuser._prepare(crops(6, 32), torch.Generator().manual_seed(0))
    first, second, answer = copies.split(1, 1)
    sharper = (first.var((1, 2, 3)) > second.var((1, 2, 3))).float()
    assert torch.equal(answer[:, 0, 0, 0], sharper)
    assert 0 < sharper.sum() < 12
    network = drawn(fuser)
    logits = network(first, second)
    assert logits.shape == (12, 2, 9, 9)
    expected = torch.stack(
        [
            functional.cross_entropy(z[None], a.long().expand(1, 9, 9))
            for z, a in zip(logits, sharper)
        ]
    ).mean()
    torch.testing.assert_close(fuser._loss(network, copies), expected)


@torch.no_grad()
def test_rfn_nest_draws_the_fused_maps_to_a_sum():
    fuser = make(
        "RFNNest", detail_weight=2.0, scale_weights=(3.0, 4.0), map_weights=(0.5, 0.7)
    )
    network, pairs = drawn(fuser), crops()
    ir, vis = pairs.split(1, 1)
    first, second = network.autoencoder.encode(ir), network.autoencoder.encode(vis)
    joined = network.fuse(first, second)
    expected = 2 * 2 * dssim(network(ir, vis), vis)
    for weight, f, i, v in zip((3, 4), joined, first, second):
        expected = expected + weight * (f - 0.5 * i - 0.7 * v).square().mean()
    torch.testing.assert_close(fuser._loss(network, pairs), expected)


@torch.no_grad()
def test_u2fusion_and_pmgi_losses_are_those_of_their_objectives():
    pairs = crops()
    ir, vis = pairs.split(1, 1)
    fuser = make("U2Fusion", mse_weight=3.0, share_scale=2e4)
    network = drawn(fuser)
    shares = source_shares(ir, vis, 2e4)
    expected = similarity_loss(network(ir, vis), ir, vis, shares, 3.0)
    torch.testing.assert_close(fuser._loss(network, pairs), expected)
    weights = {"intensity_weights": (2.0, 3.0), "gradient_weights": (4.0, 5.0)}
    fuser = make("PMGI", **weights)
    network = drawn(fuser)
    expected = proportional_loss(network(ir, vis), ir, vis, **weights)
    torch.testing.assert_close(fuser._loss(network, pairs), expected)


def test_adversarial_content_is_infrared_intensity_and_visible_gradient():
    fused, ir, vis = crops(channels=3).split(1, 1)
    error = functional.mse_loss(fused, ir) + 3 * gradient_distance(fused, vis)
    fuser = make("DDcGAN", content_weight=2.0, gradient_weight=3.0)
    torch.testing.assert_close(fuser._content(fused, ir, vis), 2 * error)
    # FusionGAN's images lie in [-1, 1].
    fuser = make("FusionGAN", content_weight=2.0, gradient_weight=3.0)
    torch.testing.assert_close(fuser._content(fused, ir, vis), 8 * error)


# Rules -------------------------------------------------------------------------------


def maps(n=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 1, n, 9, 11, generator=generator)


@pytest.mark.parametrize("rule", ["sum", "average", "l1"])
def test_densefuse_joins_by_its_rule(rule):
    first, second = maps()
    fuser = make("DenseFuse", rule=rule, activity_window=5)
    expected = join_maps(first, second, rule, 5)
    torch.testing.assert_close(fuser._join(first, second), expected)


def test_the_window_of_activity_is_a_mean():
    first, second = maps()
    activity = [
        functional.avg_pool2d(z.abs().sum(1, keepdim=True), 5, 1, 2)
        for z in (first, second)
    ]
    expected = (activity[0] * first + activity[1] * second) / sum(activity)
    torch.testing.assert_close(join_maps(first, second, "l1", 5), expected)


def test_parity_of_densefuse_sums_for_an_average():
    first, second = maps()
    found = make("DenseFuse", parity=True)._join(first, second)
    torch.testing.assert_close(found, first + second)
    found = make("DenseFuse", rule="l1", parity=True)._join(first, second)
    torch.testing.assert_close(found, join_maps(first, second, "l1"))


def test_attention_is_the_mean_of_both_rules():
    first, second = maps().abs()
    spatial, channel, both, average = (
        make("NestFuse", rule=rule)._join(first, second)
        for rule in ("spatial", "channel", "attention", "average")
    )
    torch.testing.assert_close(both, (spatial + channel) / 2)
    torch.testing.assert_close(average, (first + second) / 2)
    means = [z.mean(1, keepdim=True).exp() for z in (first, second)]
    expected = (means[0] * first + means[1] * second) / sum(means)
    torch.testing.assert_close(spatial, expected)
    means = [z.mean((2, 3), keepdim=True) for z in (first, second)]
    expected = (means[0] * first + means[1] * second) / sum(means)
    torch.testing.assert_close(channel, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("pooling", ["max", "nuclear"])
def test_channels_are_pooled_otherwise(pooling):
    first, second = maps().abs()
    found = make("NestFuse", rule="channel", pooling=pooling)._join(first, second)
    for c in range(3):
        if pooling == "max":
            norms = [z[0, c].max() for z in (first, second)]
        else:
            norms = [torch.linalg.matrix_norm(z[0, c], "nuc") for z in (first, second)]
        share = norms[0] / sum(norms)
        expected = share * first[0, c] + (1 - share) * second[0, c]
        torch.testing.assert_close(found[0, c], expected, rtol=1e-4, atol=1e-4)


def test_channels_of_the_dual_branch_count_by_their_means():
    first, second = maps()
    first[0, 1] = 1.0
    second[0, 1] = -1.0  # the means cancel
    found = make("DualBranch")._join(first, second)
    torch.testing.assert_close(found[0, 1], torch.zeros(9, 11))
    means = [z.mean((2, 3), keepdim=True) for z in (first, second)]
    expected = (means[0] * first + means[1] * second) / sum(means)
    torch.testing.assert_close(found[0, 2], expected[0, 2])


@pytest.mark.parametrize("rule", ["max", "average", "sum"])
def test_ifcnn_joins_by_its_rule(rule):
    first, second = maps()
    expected = {
        "max": torch.maximum(first, second),
        "average": (first + second) / 2,
        "sum": first + second,
    }
    found = make("IFCNN", rule=rule)._join(first, second)
    torch.testing.assert_close(found, expected[rule])


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("DenseFuse", "rule", ["average", "sum", "l1"]),
        ("NestFuse", "rule", ["attention", "spatial"]),
        ("NestFuse", "pooling", ["mean", "max"]),
        ("IFCNN", "rule", ["max", "average"]),
        ("PMGI", "statistics", ["running", "image"]),
        ("FusionGAN", "statistics", ["running", "image"]),
    ],
)
def test_one_network_serves_every_rule(name, parameter, values, rng, small_pairs):
    images = {value: [] for value in values}
    wide = {"n_channels": 4} if name != "NestFuse" else {"widths": (8, 8)}
    network = drawn(make(name, **wide))
    if name in ("PMGI", "FusionGAN"):
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean += 0.1
    for _ in range(2):
        for value in values:
            fuser = with_network(make(name, **wide, **{parameter: value}), network)
            images[value].append(unstretched(fuser, *np.float32(small_pairs[0])))
    for first, second in images.values():
        np.testing.assert_array_equal(first, second)
    for value in values[1:]:
        assert np.abs(images[value][0] - images[values[0]][0]).max() > 1e-6


def test_bare_statistics_ignore_the_trained_scale(small_pairs):
    network = drawn(make("FusionGAN", n_channels=2))
    pair = np.float32(small_pairs[0])
    before = with_network(make("FusionGAN", n_channels=2, parity=True), network)
    before = unstretched(before, *pair)
    changed = drawn(FusionGAN(n_channels=2))
    for module in changed.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.constant_(module.weight, 3.0)
            torch.nn.init.constant_(module.bias, 0.4)
            module.running_mean += 1
    after = with_network(make("FusionGAN", n_channels=2, parity=True), changed)
    np.testing.assert_array_equal(before, unstretched(after, *pair))


@pytest.mark.parametrize("name", ["DenseFuse", "U2Fusion", "PMGI", "FusionGAN"])
def test_parity_stretches_the_fused_image(name, small_pairs):
    wide = {"U2Fusion": 6}.get(name, 3)
    network = drawn(make(name, n_channels=wide))
    fuser = with_network(make(name, n_channels=wide, parity=True), network)
    fused = fuser.transform(small_pairs)[0]
    assert fused.min() == 0 and fused.max() == 1


# Tiles and weights -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DenseFuse", {"n_channels": 2}),
        ("DenseFuse", {"n_channels": 2, "rule": "l1", "activity_window": 5}),
        ("NestFuse", {"widths": (4, 4, 4), "rule": "spatial"}),
        ("RFNNest", {"widths": (4, 4)}),
        ("IFCNN", {}),
        ("U2Fusion", {}),
        ("PMGI", {}),
        ("DeepFuse", {"n_channels": 2}),
        ("FusionGAN", {}),
        ("DDcGAN", {}),
    ],
)
def test_tiles_join_without_a_seam(name, params, rng):
    network = drawn(make(name, **params))
    ir, vis = rng.random((2, 70, 100), dtype=np.float32)
    whole, tiled = (
        with_network(make(name, **params, tile_size=size), network)
        for size in (None, 32)
    )
    expected = unstretched(whole, ir, vis)
    assert np.ptp(expected) > 0
    scale = max(np.abs(expected).max(), 1)
    np.testing.assert_allclose(
        unstretched(tiled, ir, vis), expected, rtol=0, atol=2e-6 * scale
    )


@pytest.mark.parametrize(
    ("name", "params", "why"),
    [
        ("NestFuse", {}, "weights channels by the whole image"),
        ("PMGI", {"statistics": "image"}, "normalises its maps by the whole image"),
        ("FusionGAN", {"parity": True}, "normalises its maps by the whole image"),
        ("DualBranch", {}, "stretches its coarse maps over the whole image"),
        ("LiuCNN", {}, "builds pyramids down to a pixel"),
    ],
)
def test_what_sees_the_whole_image_refuses_tiles(name, params, why, trained):
    fuser = with_network(make(name, **params, tile_size=32), trained(name).network_)
    with pytest.raises(ValueError, match=f"tile_size=32: {name} {why}.*tile_size=None"):
        fuser.transform([np.zeros((2, 40, 40))])


def test_tiles_begin_at_multiples_of_the_coarsest_scale(trained):
    fuser = make("NestFuse", rule="average", tile_size=33)
    fuser.network_ = trained("NestFuse").network_
    with pytest.raises(ValueError, match="tile_size=33: .*use a multiple of 2"):
        fuser.transform([np.zeros((2, 40, 40))])


@each
def test_saved_weights_fuse_alike(name, trained, small_pairs, tmp_path):
    path = tmp_path / "own.safetensors"
    trained(name).save_weights(path)
    loaded = make(name, weights=path)
    for one, two in zip(
        loaded.transform(small_pairs), trained(name).transform(small_pairs)
    ):
        np.testing.assert_array_equal(one, two)
    other = {"widths": (6, 4)} if hasattr(loaded, "widths") else {"n_channels": 9}
    with pytest.raises(ValueError, match="made with"):
        make(name, weights=path, **other).transform(small_pairs)
    further = make(name, initial_weights=path, learning_rate=1e-12).fit(small_pairs)
    for key, value in trained(name).network_.named_parameters():
        torch.testing.assert_close(further.network_.get_parameter(key), value)


# Liu's network -----------------------------------------------------------------------


def test_another_classifier_decides(small_pairs):
    fuser = LiuCNN(classifier="six-path", device="cpu")
    assert fuser.fit(small_pairs) is fuser
    (weight,) = fuser.weight_map(small_pairs[:1])
    expected = SharpnessClassifier("six-path", device="cpu").score_map(*small_pairs[0])
    np.testing.assert_allclose(weight, expected, atol=1e-6)
    given = LiuCNN(classifier=SharpnessClassifier("six-path", device="cpu"))
    for one, two in zip(fuser.transform(small_pairs), given.transform(small_pairs)):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="X"):
        fuser.fit(np.zeros((3, 4)))


def test_weights_are_spread_over_their_patches(trained):
    fuser, network = trained("LiuCNN"), trained("LiuCNN").network_
    ir, vis = crops(1, 21)[0].numpy()
    (weight,) = fuser.weight_map([(ir, vis)])
    with torch.no_grad():
        tensors = [torch.from_numpy(x)[None, None] for x in (ir, vis)]
        share = torch.softmax(network(*tensors), 1)[0, 1].numpy()
    total, count = np.zeros((22, 22)), np.zeros((22, 22))
    for row in range(share.shape[0]):
        for column in range(share.shape[1]):
            patch = np.s_[2 * row : 2 * row + 16, 2 * column : 2 * column + 16]
            total[patch] += share[row, column]
            count[patch] += 1
    np.testing.assert_allclose(weight, 1 - (total / count)[:21, :21], atol=1e-5)


def test_bands_that_differ_are_chosen_and_those_alike_averaged(trained, rng):
    ir, vis = rng.random((2, 20, 24))
    weight = rng.random((20, 24))
    choose = make("LiuCNN", match_threshold=1.0)._joined(ir, vis, weight)
    average = make("LiuCNN", match_threshold=-1.0)._joined(ir, vis, weight)
    np.testing.assert_allclose(average, weight * ir + (1 - weight) * vis)
    assert ((choose == ir) | (choose == vis)).all()
    energy = [x[4:7, 7:10].__pow__(2).sum() for x in (ir, vis)]
    assert choose[5, 8] == (ir if energy[0] > energy[1] else vis)[5, 8]
    middle = make("LiuCNN")._joined(ir, vis, weight)
    assert ((middle == choose) | (middle == average)).all()
    assert (middle != choose).any() and (middle != average).any()


def test_channels_share_the_weights_of_luma(trained, rng):
    fuser = with_network(
        make("LiuCNN", color="per_channel"), trained("LiuCNN").network_
    )
    ir, vis = rng.random((20, 24)), rng.random((20, 24, 3))
    fused = fuser.transform([(ir, vis)])[0]
    ir, vis = ir.astype(np.float32), vis.astype(np.float32)
    weight = 1 - fuser.weight_map([(ir, vis)])[0]
    for c in range(3):
        expected = fuser._blended(ir, vis[..., c], weight).clip(0, 1)
        np.testing.assert_allclose(fused[..., c], expected, atol=1e-6)


def test_levels_matter_and_parity_rounds(trained, small_pairs):
    network = trained("LiuCNN").network_
    default, two, rounded = (
        with_network(make("LiuCNN", **params), network).transform(small_pairs)[0]
        for params in ({}, {"n_levels": 1}, {"parity": True})
    )
    assert not np.allclose(default, two, atol=1e-3)
    levels = 255 * rounded.astype(float)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
    np.testing.assert_allclose(rounded, default, atol=0.51 / 255)


def test_what_does_not_export_says_why(trained, tmp_path):
    with pytest.raises(ValueError, match="LiuCNN cannot be exported: how many levels"):
        trained("LiuCNN").export_onnx(tmp_path / "a.onnx")
    fuser = with_network(make("NestFuse", pooling="nuclear"), None)
    with pytest.raises(ValueError, match="pooling='nuclear' cannot be exported"):
        fuser.export_onnx(tmp_path / "a.onnx")


# Export ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DenseFuse", {}),
        ("DenseFuse", {"rule": "l1", "parity": True}),
        ("NestFuse", {}),
        ("RFNNest", {}),
        ("IFCNN", {}),
        ("U2Fusion", {"parity": True}),
        ("PMGI", {}),
        ("PMGI", {"parity": True}),
        ("DualBranch", {}),
        ("DeepFuse", {}),
        ("FusionGAN", {"statistics": "image"}),
        ("DDcGAN", {}),
    ],
)
def test_the_graph_that_is_exported_fuses_alike(name, params, trained, rng):
    """Still in torch: exporting takes long; both ways are tested for some."""
    fuser = with_network(make(name, **params), trained(name).network_)
    graph = fuser._onnx_module()
    ir, vis = rng.random((2, 2, 1, 23, 26), dtype=np.float32)
    with torch.no_grad():
        fused = graph(torch.from_numpy(ir), torch.from_numpy(vis)).numpy()
    for i in range(2):
        expected = fuser.transform([(ir[i, 0], vis[i, 0])])[0]
        np.testing.assert_allclose(fused[i, 0], expected, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NestFuse", "DualBranch", "FusionGAN"])
def test_an_onnx_file_fuses_alike_at_any_size(name, trained, rng, tmp_path):
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    params = {"statistics": "image"} if name == "FusionGAN" else {}
    fuser = with_network(make(name, **params), trained(name).network_)
    fuser.export_onnx(tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(
        str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"]
    )
    for shape in ((64, 80), (45, 37)):
        ir, vis = rng.random((2, 1, 1, *shape), dtype=np.float32)
        (fused,) = session.run(None, {"infrared": ir, "visible": vis})
        expected = fuser.transform([(ir[0, 0], vis[0, 0])])[0]
        np.testing.assert_allclose(fused[0, 0], expected, atol=1e-4)
