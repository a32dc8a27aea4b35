"""What the earlier networks learn from: samples and objectives."""

# SPDX-License-Identifier: BSD-3-Clause

import pytest
import torch
from torch.nn import functional

from skfusion.learning.objectives import (
    gradient_distance,
    proportional_loss,
    reconstruction_loss,
    similarity_loss,
    source_shares,
)
from skfusion.losses import dssim

from .cases import crops, drawn, make


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
