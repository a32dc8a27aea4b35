import pytest
import torch
from torch import nn
from torch.nn import functional

from skfusion.networks.autoencoders.encoder_decoder import (
    EncoderDecoderNet,
    fold_pool,
    leaky_relu,
    ungrouped,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def lively(channels=1, width=16, activation=None):
    """Return a network whose output uses the range of its tanh and whose biases act."""
    network = EncoderDecoderNet(channels, width, activation)
    network.initialize(generator())
    with torch.no_grad():
        network.out.weight.mul_(10)
        for mix in network.fusion:
            mix.bias.normal_(std=0.2, generator=generator(1))
    return network.eval().requires_grad_(False)


def images(channels=1, height=64, width=96):
    drawn = torch.rand(2, 1 + channels, height, width, generator=generator(2))
    return 2 * drawn[:, :1] - 1, 2 * drawn[:, 1:] - 1


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("channels", "visible", "decoder", "used"),
    [(1, 6_267_456, 438_848, 15_769_216), (3, 6_268_608, 440_000, 15_771_520)],
)
def test_number_of_parameters_is_the_published_one(channels, visible, decoder, used):
    network = EncoderDecoderNet(channels)
    assert count(network.infrared) == 6_267_456
    assert count(network.visible) == visible
    assert count(network.fusion) == 2_795_456
    assert count(network.up) + count(network.out) == decoder
    assert count(network) == used
    # The published code registers one more decoder of one channel, and never runs it.
    unused = 438_848
    assert used + unused == {1: 16_208_064, 3: 16_210_368}[channels]


def test_weights_have_the_published_shapes():
    network = EncoderDecoderNet(3)
    assert [tuple(up.weight.shape) for up in network.up[::-1]] == [
        (1024, 16, 4, 4),
        (1024, 8, 4, 4),
        (512, 4, 4, 4),
        (256, 2, 4, 4),
        (128, 2, 4, 4),
    ]
    assert tuple(network.out.weight.shape) == (3, 64, 3, 3)
    assert [tuple(mix.weight.shape[:2]) for mix in network.fusion] == [
        (64, 128),
        (128, 256),
        (256, 512),
        (512, 1024),
        (1024, 2048),
    ]


def test_forward_is_the_published_graph():
    """The network written out once more, by its description."""
    network = lively(3)
    ir, vis = images(3)
    fused, x, y = [], ir, vis
    for first, second, mix in zip(network.infrared, network.visible, network.fusion):
        x = functional.avg_pool2d(functional.conv2d(x, first.weight, padding=1), 2)
        y = functional.avg_pool2d(functional.conv2d(y, second.weight, padding=1), 2)
        joined = torch.cat([x, y], dim=1)
        fused.append(functional.conv2d(joined, mix.weight, mix.bias))

    def up(z, module):
        return functional.conv_transpose2d(
            z, module.weight, stride=2, padding=1, groups=8
        )

    z = up(fused[4], network.up[4])
    for level in (3, 2, 1, 0):
        z = up(torch.cat([fused[level], z], dim=1), network.up[level])
    expected = torch.tanh(functional.conv2d(z, network.out.weight, padding=1))
    assert expected.std() > 0.05
    torch.testing.assert_close(network(ir, vis), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("activation", [None, leaky_relu])
def test_folded_form_equals_the_plain_one(activation):
    network = lively(activation=activation)
    ir, vis = images()
    folded = network(ir, vis, folded=True)
    torch.testing.assert_close(folded, network(ir, vis), rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", [None, leaky_relu])
def test_dense_form_equals_the_plain_one_and_so_do_its_gradients(activation):
    network = lively(activation=activation).requires_grad_()
    ir, vis = images()
    gradients = []
    for dense in (False, True):
        network.zero_grad()
        out = network(ir, vis, dense=dense)
        out.square().sum().backward()
        gradients.append([up.weight.grad.clone() for up in network.up])
    torch.testing.assert_close(out, network(ir, vis), rtol=0, atol=1e-5)
    for dense, plain in zip(*gradients):
        torch.testing.assert_close(dense, plain, rtol=1e-3, atol=1e-3)


def test_an_ungrouped_weight_is_the_grouped_one_with_zeros_between():
    weight = torch.randn(6, 2, 4, 4, generator=generator())
    x = torch.randn(1, 6, 5, 7, generator=generator(1))
    full = ungrouped(weight, 3)
    assert full.shape == (6, 6, 4, 4) and int((full == 0).sum()) == 6 * 4 * 16
    expected = functional.conv_transpose2d(x, weight, groups=3)
    found = functional.conv_transpose2d(x, full)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_fold_pool_is_convolution_and_mean():
    weight = torch.randn(3, 2, 3, 3, generator=generator())
    x = torch.randn(1, 2, 10, 12, generator=generator(1))
    expected = functional.avg_pool2d(functional.conv2d(x, weight, padding=1), 2)
    folded = functional.conv2d(x, fold_pool(weight), stride=2, padding=1)
    torch.testing.assert_close(folded, expected, rtol=0, atol=1e-5)


def test_without_activation_the_network_is_affine_and_separable():
    network = lively().double()
    ir, vis = (x.double() for x in images())
    zero = torch.zeros_like(ir)
    whole = network.linear_output(ir, vis)
    parts = network.linear_output(ir, zero) + network.linear_output(zero, vis)
    bias = network.linear_output(zero, zero)
    assert (whole - (parts - bias)).abs().max() < 1e-12


def test_with_activation_it_is_not():
    network = lively(activation=leaky_relu)
    ir, vis = images()
    whole = network.linear_output(ir, vis)
    twice = network.linear_output(2 * ir, 2 * vis)
    zero = network.linear_output(0 * ir, 0 * vis)
    assert (whole - (twice + zero) / 2).abs().max() > 1e-2


def test_initialize_is_a_matter_of_the_generator():
    first, second, third = (EncoderDecoderNet(1, 16) for _ in range(3))
    first.initialize(generator(0))
    second.initialize(generator(0))
    third.initialize(generator(1))
    for a, b, c in zip(first.parameters(), second.parameters(), third.parameters()):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)


def test_initial_maps_keep_their_size_over_the_scales():
    network = EncoderDecoderNet(1, 16)
    network.initialize(generator())
    x = functional.interpolate(torch.randn(1, 1, 8, 8, generator=generator()), 128)
    for conv in network.infrared:
        x = functional.avg_pool2d(conv(x), 2)
        assert 0.1 < x.std() < 10


def test_leaky_relu_keeps_a_fifth():
    x = torch.tensor([-1.0, 0.0, 2.0])
    torch.testing.assert_close(leaky_relu(x), torch.tensor([-0.2, 0.0, 2.0]))
    assert not isinstance(leaky_relu, nn.Module)
