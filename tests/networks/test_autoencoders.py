"""One tester for the networks of single images, and what else is their own."""

import pytest
import torch
from torch.nn import functional

from skfusion.networks.autoencoders.densefuse import DenseFuseNet
from skfusion.networks.autoencoders.dual_branch import DualBranchNet, SoftRamp
from skfusion.networks.autoencoders.nestfuse import NestFuseNet, RFNNestNet
from skfusion.networks.convolutional.ifcnn import IFCNNNet
from skfusion.networks.convolutional.siamese import SiameseNet

PARAMETERS = {DenseFuseNet: 74_193, NestFuseNet: 2_732_761, DualBranchNet: 281_985}
TINY = {
    DenseFuseNet: {"n_channels": 2},
    NestFuseNet: {"widths": (4, 4, 6)},
    DualBranchNet: {"n_channels": 2},
}
each_network = pytest.mark.parametrize("cls", PARAMETERS, ids=lambda cls: cls.__name__)


def tiny(cls, seed=0):
    network = cls(**TINY[cls])
    return network.initialize(torch.Generator().manual_seed(seed)).eval()


def images(n, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, height, width, generator=generator)


@each_network
def test_parameters_are_as_published(cls):
    assert sum(p.numel() for p in cls().parameters()) == PARAMETERS[cls]


@each_network
@torch.no_grad()
def test_any_size_from_the_least_comes_back_finite(cls):
    network = tiny(cls)
    least = network.min_size
    for shape in ((least, least), (least, 19), (17, least + 1), (23, 18)):
        output = network(images(2, *shape))
        assert output.shape == (2, 1, *shape)
        assert torch.isfinite(output).all()


@each_network
@torch.no_grad()
def test_images_of_a_batch_do_not_see_each_other(cls):
    network, x = tiny(cls), images(2, 17, 22)
    for i in range(2):
        torch.testing.assert_close(network(x)[i : i + 1], network(x[i : i + 1]))


@each_network
def test_parameters_follow_from_the_generator_alone(cls):
    before = torch.get_rng_state().clone()
    first, second, third = (tiny(cls, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    states = [list(network.state_dict().values()) for network in (first, second, third)]
    assert all(map(torch.equal, states[0], states[1]))
    assert not all(map(torch.equal, states[0], states[2]))
    assert all(torch.isfinite(value).all() for value in states[0])


@each_network
@torch.no_grad()
def test_reach_is_how_far_a_pixel_reaches(cls):
    network = tiny(cls).double()
    if network.reach is None:
        pytest.skip("sees the whole image")
    middle = network.reach + network.min_size
    x = images(1, 2 * middle, 2 * middle).double()
    before = network(x)
    x[..., middle, middle] += 0.3
    rows, columns = torch.nonzero((network(x) - before)[0, 0], as_tuple=True)
    assert len(rows)
    assert max((rows - middle).abs().max(), (columns - middle).abs().max()) <= (
        network.reach
    )


@torch.no_grad()
def test_densefuse_encodes_in_four_times_its_channels():
    (maps,) = DenseFuseNet(3).encode(images(2, 9, 12))
    assert maps.shape == (2, 12, 9, 12)


@torch.no_grad()
def test_nestfuse_halves_from_scale_to_scale():
    maps = tiny(NestFuseNet).encode(images(2, 19, 22))
    assert [tuple(x.shape[1:]) for x in maps] == [(4, 19, 22), (4, 9, 11), (6, 4, 5)]


@torch.no_grad()
@pytest.mark.parametrize("seed", range(6))
def test_the_last_activation_of_nestfuse_is_not_dead_from_the_start(seed):
    network = NestFuseNet((8, 8)).initialize(torch.Generator().manual_seed(seed))
    assert network(images(1, 16, 16)).max() > 0
    network = RFNNestNet((8, 8)).initialize(torch.Generator().manual_seed(seed))
    assert network.autoencoder(images(1, 16, 16)).max() > 0


@torch.no_grad()
def test_dual_branch_joins_detail_and_enlarged_semantic_maps():
    network, x = tiny(DualBranchNet), images(1, 24, 33)
    (maps,) = network.encode(x)
    assert maps.shape == (1, 16, 24, 33)
    first = network.first(x)
    torch.testing.assert_close(maps[:, :8], network.detail(first))
    coarse = network.semantic(first)
    assert coarse.shape == (1, 8, 3, 5)
    large = functional.interpolate(
        coarse, (24, 40), mode="bilinear", align_corners=True
    )
    expected = functional.interpolate(
        large, (24, 33), mode="bilinear", align_corners=True
    )
    torch.testing.assert_close(maps[:, 8:], expected)


def test_soft_ramp_is_half_of_log_cosh_of_a_sum():
    x = torch.linspace(-3, 3, 13)
    expected = (torch.log1p(torch.exp(2 * x)) - torch.log(torch.tensor(2.0))) / 2
    torch.testing.assert_close(SoftRamp()(x), expected)
    assert SoftRamp()(torch.zeros(1)) == 0


@torch.no_grad()
def test_siamese_network_judges_patches_two_pixels_apart():
    network = SiameseNet(2).initialize(torch.Generator().manual_seed(0)).eval()
    first, second = images(2, 24, 31).split(1)
    assert network(first, second).shape == (1, 2, 5, 9)  # an odd side gets a zero
    even = network(first[..., :30], second[..., :30])
    # Away from the border a patch decides as if it were alone.
    wide = network(images(1, 64, 64), images(1, 64, 64, seed=1))
    cut = network(
        images(1, 64, 64)[..., 8:56, 8:56], images(1, 64, 64, seed=1)[..., 8:56, 8:56]
    )
    torch.testing.assert_close(wide[..., 8:17, 8:17], cut[..., 4:13, 4:13])
    assert even.shape == (1, 2, 5, 8)
    assert sum(p.numel() for p in SiameseNet().parameters()) == 435_202


@torch.no_grad()
def test_ifcnn_clips_each_channel_but_not_in_training():
    network = IFCNNNet(2).initialize(torch.Generator().manual_seed(0)).eval()
    network.output.conv.bias.copy_(torch.tensor([2.0, 0.5, -3.0]))
    network.output.conv.weight.zero_()
    maps = images(1, 8, 8).expand(-1, 2, -1, -1)
    expected = 0.299 * 1 + 0.587 * 0.5
    torch.testing.assert_close(network.decode(maps), torch.full((1, 1, 8, 8), expected))
    expected = 0.299 * 2 + 0.587 * 0.5 - 0.114 * 3
    torch.testing.assert_close(
        network.train().decode(maps), torch.full((1, 1, 8, 8), expected)
    )
