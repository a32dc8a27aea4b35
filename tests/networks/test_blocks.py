import pytest
import torch
from torch import nn
from torch.nn import functional

from skfusion.networks.blocks import (
    Conv,
    Dense,
    DilatedTrio,
    FusionNetwork,
    ImageNorm,
    NestedDecoder,
    Sobel,
    UnitTanh,
    initialize,
    make_activation,
)


def drawn(module, seed=0):
    return initialize(module, torch.Generator().manual_seed(seed)).eval()


@pytest.fixture
def x():
    return torch.rand(2, 3, 9, 12, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("pad", ["reflect", "zeros", "replicate"])
@pytest.mark.parametrize("dilation", [1, 2])
def test_conv_pads_as_it_says(x, pad, dilation):
    conv = drawn(Conv(3, 4, 5, pad=pad, dilation=dilation))
    mode = {"zeros": "constant"}.get(pad, pad)
    padded = functional.pad(x, [2 * dilation] * 4, mode=mode)
    expected = functional.conv2d(padded, conv.conv.weight, dilation=dilation)
    torch.testing.assert_close(conv(x), expected)


def test_conv_without_padding_loses_its_border(x):
    assert drawn(Conv(3, 4, 5, pad=None))(x).shape == (2, 4, 5, 8)


def test_conv_normalises_before_its_activation(x):
    conv = Conv(3, 4, norm="batch", activation="relu", bias=False)
    drawn(conv).norm.running_mean.fill_(0.3)
    expected = functional.relu(conv.norm(conv.conv(x)))
    torch.testing.assert_close(conv(x), expected)
    assert conv.conv.bias is None


@pytest.mark.parametrize("activation", ["relu", "leaky"])
def test_drawn_weights_keep_the_variance_of_activations(activation):
    x = torch.randn(1, 256, 40, 40, generator=torch.Generator().manual_seed(0))
    for seed in range(3):
        x = drawn(Conv(256, 256, activation=activation, pad="reflect"), seed)(x)
    assert 0.5 < x.square().mean() < 2


def test_activations_by_name():
    x = torch.linspace(-2, 2, 9)
    torch.testing.assert_close(make_activation("unit_tanh")(x), torch.sigmoid(2 * x))
    torch.testing.assert_close(
        make_activation("leaky")(x), functional.leaky_relu(x, 0.2)
    )
    assert make_activation(None)(x) is x
    module = UnitTanh()
    assert make_activation(module) is module
    with pytest.raises(KeyError):
        make_activation("step")


def test_image_norm_takes_each_image_alone_after_training(x):
    norm = ImageNorm(3)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2, 3]))
        norm.bias.fill_(0.5)
    norm.eval()
    expected = functional.instance_norm(x, weight=norm.weight, bias=norm.bias)
    torch.testing.assert_close(norm(x), expected)
    norm.train()
    expected = functional.batch_norm(
        x, None, None, weight=norm.weight, bias=norm.bias, training=True
    )
    torch.testing.assert_close(norm(x), expected)


def test_dense_layers_see_all_maps_before_them(x):
    old, new = Dense(3, 2, 2), Dense(3, 2, 2, newest_first=True)
    assert old.n_out == 7
    drawn(old), drawn(new)
    first = old.layers[0](x)
    both = torch.cat([x, first], 1)
    expected = torch.cat([both, old.layers[1](both)], 1)
    torch.testing.assert_close(old(x), expected)
    first = new.layers[0](x)
    both = torch.cat([first, x], 1)
    expected = torch.cat([new.layers[1](both), both], 1)
    torch.testing.assert_close(new(x), expected)


def test_sobel_starts_with_the_sum_of_both_differences():
    ramp = torch.arange(6.0).expand(1, 2, 5, 6).clone()
    ramp[:, 1] = 3
    magnitude = drawn(Sobel(2))(ramp)[:, :, 1:-1, 1:-1]
    assert torch.equal(magnitude[:, 0], torch.full((1, 3, 4), 8.0))
    assert torch.equal(magnitude[:, 1], torch.zeros(1, 3, 4))


def test_trio_has_three_dilations(x):
    trio = drawn(DilatedTrio(3, 2, activation="relu"))
    out = trio(x)
    assert out.shape == (2, 6, 9, 12)
    for i, branch in enumerate(trio.branches):
        assert branch.conv.dilation == (i + 1, i + 1)
        torch.testing.assert_close(out[:, 2 * i : 2 * i + 2], branch(x))


def test_nested_decoder_joins_as_unet_plus_plus():
    decoder = drawn(NestedDecoder((2, 3, 4, 5), Conv))
    generator = torch.Generator().manual_seed(0)
    e1, e2, e3, e4 = (
        torch.rand(1, n, 24 // 2**i, 16 // 2**i, generator=generator)
        for i, n in enumerate((2, 3, 4, 5))
    )

    def block(name, *maps):
        up = functional.interpolate(maps[-1], scale_factor=2)
        return decoder.blocks[name](torch.cat([*maps[:-1], up], 1))

    b11, b21, b31 = block("0_1", e1, e2), block("1_1", e2, e3), block("2_1", e3, e4)
    b12, b22 = block("0_2", e1, b11, b21), block("1_2", e2, b21, b31)
    expected = block("0_3", e1, b11, b12, b22)
    torch.testing.assert_close(decoder([e1, e2, e3, e4]), expected)
    torch.testing.assert_close(decoder.train()([e1, e2, e3, e4]), expected)


def test_nested_decoder_mirrors_what_an_odd_size_lacks():
    decoder = NestedDecoder((1, 1), lambda n_in, n_out: nn.Identity())
    coarse = torch.arange(6.0).reshape(1, 1, 2, 3)
    fine = torch.zeros(1, 1, 5, 7)
    found = decoder.eval()([fine, coarse])[:, 1:]
    doubled = functional.interpolate(coarse, scale_factor=2)
    expected = functional.pad(doubled, (0, 1, 0, 1), mode="reflect")
    assert torch.equal(found, expected)


def test_parameters_come_from_the_generator_alone():
    class Network(FusionNetwork):
        def __init__(self):
            super().__init__()
            self.conv, self.dense = Conv(1, 2), Dense(2, 2, 2)
            self.sobel = Sobel(2)
            self.last = nn.utils.skip_init(nn.Linear, 3, 1)

    before = torch.get_rng_state().clone()
    first, second, third = (
        Network().initialize(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), before)
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key])
        assert torch.isfinite(value).all()
    assert not torch.equal(first.conv.conv.weight, third.conv.conv.weight)
    assert not torch.equal(first.last.bias, third.last.bias)
