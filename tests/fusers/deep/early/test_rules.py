"""How the earlier networks join their maps: rules, windows, pooling."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch
from torch.nn import functional

from skfusion.fusers import FusionGAN
from skfusion.fusers.deep.autoencoders._join import join_maps

from ..outputs import unstretched
from .cases import drawn, make, with_network


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
