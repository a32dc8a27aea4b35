"""One tester for the networks that map a pair of images to the fused one."""

import numpy as np
import pytest
import torch

from skfusion.networks.adversarial.ddcgan import DDcGANNet
from skfusion.networks.adversarial.fusiongan import FusionGANNet
from skfusion.networks.adversarial.tardal import TarDALNet
from skfusion.networks.autoencoders.deepfuse import DeepFuseNet
from skfusion.networks.autoencoders.nestfuse import RFNNestNet
from skfusion.networks.blocks import crop, mirror_to_multiple
from skfusion.networks.convolutional.ifcnn import IFCNNNet
from skfusion.networks.convolutional.lrrnet import LRRNet
from skfusion.networks.convolutional.lutfuse import LUTFuseNet
from skfusion.networks.convolutional.mmdrfuse import MMDRFuseNet
from skfusion.networks.convolutional.mufusion import MUFusionNet
from skfusion.networks.convolutional.pmgi import PMGINet
from skfusion.networks.convolutional.reconet import ReCoNet
from skfusion.networks.convolutional.sage import SAGENet
from skfusion.networks.convolutional.sdnet import SDNet
from skfusion.networks.convolutional.seafusion import SeAFusionNet
from skfusion.networks.convolutional.sfdfusion import SFDFusionNet
from skfusion.networks.convolutional.stdfusionnet import STDFusionNet
from skfusion.networks.convolutional.u2fusion import U2FusionNet
from skfusion.networks.transformers.datfuse import DATFuseNet, YDTRNet

# Parameters as published, less those that the published programs never use: queries
# and keys of one-token windows (DATFuse, YDTR), normalisation that is skipped
# (SeAFusion).
PARAMETERS = {
    SeAFusionNet: 166_883 - 226,
    MMDRFuseNet: 113,
    SDNet: 67_091,
    STDFusionNet: 282_513,
    SFDFusionNet: 139_695,
    LUTFuseNet: 65_536 + 7_825,
    DATFuseNet: 10_568 - 1_104,
    LRRNet: 49_204,
    MUFusionNet: 554_721,
    SAGENet: 135_617,
    ReCoNet: 7_527,
    TarDALNet: 296_577,
    YDTRNet: 106_602 - 16_656,
    IFCNNNet: 83_587,
    U2FusionNet: 659_217,
    PMGINet: 42_017,
    FusionGANNet: 925_633,
    DDcGANNet: 1_096_257,
    DeepFuseNet: 88_961,
    RFNNestNet: 2_732_761 + 4_791_488,
}
TINY = {
    SeAFusionNet: {"n_channels": 2},
    MMDRFuseNet: {},
    SDNet: {"n_channels": 2},
    STDFusionNet: {"n_channels": 2},
    SFDFusionNet: {"n_channels": 2},
    LUTFuseNet: {"n_nodes": 4, "n_channels": 2},
    DATFuseNet: {"n_channels": 4},
    LRRNet: {"n_channels": 3, "n_steps": 2},
    MUFusionNet: {"n_channels": 2},
    SAGENet: {"n_channels": 2},
    ReCoNet: {"n_channels": 2, "n_steps": 2},
    TarDALNet: {"n_channels": 2},
    YDTRNet: {"n_channels": 8},
    IFCNNNet: {"n_channels": 2},
    U2FusionNet: {"n_channels": 3},
    PMGINet: {"n_channels": 2},
    FusionGANNet: {"n_channels": 1},
    DDcGANNet: {"n_channels": 2},
    DeepFuseNet: {"n_channels": 2},
    RFNNestNet: {"widths": (4, 4), "n_first": 4},
}
each_network = pytest.mark.parametrize("cls", PARAMETERS, ids=lambda cls: cls.__name__)


def tiny(cls, seed=0, **params):
    network = cls(**TINY[cls], **params)
    return network.initialize(torch.Generator().manual_seed(seed)).eval()


def pair(height, width, n=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.rand(2, n, 1, height, width, generator=generator))


@each_network
def test_parameters_are_as_published(cls):
    assert sum(p.numel() for p in cls().parameters()) == PARAMETERS[cls]


@each_network
@torch.no_grad()
def test_any_size_from_the_least_gives_a_finite_image_of_it(cls):
    network = tiny(cls)
    least = network.min_size
    for shape in ((least, least), (least, 11), (13, least + 1), (15, 18)):
        fused = network(*pair(*shape))
        assert fused.shape == (1, 1, *shape)
        assert torch.isfinite(fused).all()


@each_network
@torch.no_grad()
def test_images_of_a_batch_do_not_see_each_other(cls):
    network = tiny(cls)
    ir, vis = pair(13, 18, n=2)
    together = network(ir, vis)
    for i in range(2):
        alone = network(ir[i : i + 1], vis[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone)


@each_network
@torch.no_grad()
def test_reach_is_how_far_a_pixel_reaches(cls):
    network = tiny(cls)
    if network.reach is None:
        pytest.skip("sees the whole image")
    middle = network.reach + 8
    side = 2 * middle
    images = [image.double() for image in pair(side, side)]
    network.double()
    for module in network.modules():  # so few maps could all be zero
        if getattr(module, "bias", None) is not None:
            module.bias += 0.3
    before = network(*images)
    for image in images:
        image[..., middle, middle] += 0.3
    changed = (network(*images) - before).abs().amax((0, 1)) > 0
    assert changed.any()
    rows, columns = torch.nonzero(changed, as_tuple=True)
    assert (rows - middle).abs().max() <= network.reach
    assert (columns - middle).abs().max() <= network.reach


@each_network
def test_parameters_follow_from_the_generator_alone(cls):
    torch.manual_seed(1)
    first = tiny(cls).state_dict()
    state = torch.get_rng_state()
    second, other = tiny(cls).state_dict(), tiny(cls, seed=1).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@each_network
def test_every_parameter_can_learn(cls):
    network = tiny(cls).train()
    ir, vis = pair(20, 20, n=2)
    fused = network(ir, vis)
    loss = fused.square().mean()
    if isinstance(network, SDNet):
        loss = loss + sum(part.square().mean() for part in network.decompose(fused))
    loss.backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize("cls", [DATFuseNet, YDTRNet], ids=lambda cls: cls.__name__)
@torch.no_grad()
def test_tokens_are_pixels_or_runs_of_the_flattened_maps(cls):
    pixels, runs = tiny(cls), tiny(cls, runs=True)
    maps = torch.rand(1, pixels.tokens.n, 5, 6)
    n = pixels.tokens.n
    expected = pixels.tokens.blocks(maps[0].flatten(1).T).T.reshape(maps.shape)
    torch.testing.assert_close(pixels.tokens(maps), expected)
    expected = runs.tokens.blocks(maps.reshape(-1, n)).reshape(maps.shape)
    torch.testing.assert_close(runs.tokens(maps), expected)
    assert not torch.allclose(pixels.tokens(maps), runs.tokens(maps))


@torch.no_grad()
def test_sage_pads_so_that_its_scales_lie_on_each_other():
    plain, padded = tiny(SAGENet, pad=False), tiny(SAGENet)
    images = pair(16, 20)
    assert torch.equal(plain(*images), padded(*images))
    images = pair(15, 18)
    assert not torch.allclose(plain(*images), padded(*images), atol=1e-3)
    whole = [mirror_to_multiple(image, 4) for image in images]
    torch.testing.assert_close(padded(*images), plain(*whole)[..., :15, :18])
    assert plain.reach is None


@torch.no_grad()
def test_tardal_by_image_does_not_ask_for_the_training_statistics():
    network = tiny(TarDALNet, norm="image")
    images = pair(9, 12)
    expected = network(*images)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean += 1
    torch.testing.assert_close(network(*images), expected)
    assert network.reach is None


@torch.no_grad()
def test_sfdfusion_stretches_or_not():
    ir, vis = pair(9, 11)
    stretched, plain = tiny(SFDFusionNet), tiny(SFDFusionNet, stretch=False)
    fused = plain(ir, vis)
    expected = (fused - fused.min()) / (fused.max() - fused.min())
    torch.testing.assert_close(stretched(ir, vis), expected)


@torch.no_grad()
def test_a_flat_sfdfusion_output_stays_finite():
    network = tiny(SFDFusionNet)
    for parameter in network.decoder.parameters():
        parameter.zero_()
    assert torch.isfinite(network(*pair(4, 4))).all()


@torch.no_grad()
def test_lrrnet_may_stretch_its_images():
    plain, stretched = tiny(LRRNet), tiny(LRRNet, normalize=True)
    ir, vis = pair(9, 11)
    ir, vis = 0.2 + 0.5 * ir, 0.1 + 0.3 * vis
    images = [(x - x.min()) / (x.max() - x.min() + 1e-5 / 255) for x in (ir, vis)]
    torch.testing.assert_close(stretched(ir, vis), plain(*images))
    assert stretched.reach is None


@torch.no_grad()
def test_lut_looks_up_what_the_table_says():
    network = tiny(LUTFuseNet)
    grid = torch.arange(4) / 4 * 256 / 255
    y, g, c, i = torch.meshgrid(grid, grid, grid, grid, indexing="ij")
    network.table.copy_(0.1 + 0.2 * y - 0.3 * g + 0.4 * c + 0.5 * i)
    # Within the nodes, interpolation of a linear table is that function.
    points = 0.7 * torch.rand(1, 4, 6, 7)
    expected = 0.1 + (points * torch.tensor([0.2, -0.3, 0.4, 0.5])[:, None, None]).sum(
        1, keepdim=True
    )
    torch.testing.assert_close(network.look_up(points), expected)


@torch.no_grad()
def test_a_new_lut_gives_the_larger_image():
    network = LUTFuseNet(n_channels=2).initialize(torch.Generator().manual_seed(0))
    ir, vis = pair(9, 11)
    fused = network.eval()(0.9 * ir, 0.9 * vis)
    larger = torch.maximum(0.9 * ir, 0.9 * vis)
    assert (fused - larger).abs().max() < 1 / 32


@torch.no_grad()
def test_lut_context_sees_colour():
    network = tiny(LUTFuseNet)
    ir, vis = pair(9, 11)
    color = torch.cat([vis, vis, vis], 1)
    torch.testing.assert_close(network(ir, vis, color), network(ir, vis))
    color = torch.cat([vis, 1 - vis, vis], 1)
    assert not torch.allclose(network.context(ir, color), network.context(ir, vis))


def test_mirror_to_multiple_is_a_reflection():
    image = torch.arange(35.0).reshape(1, 1, 5, 7)
    expected = torch.nn.functional.pad(image, (0, 1, 0, 3), mode="reflect")
    mirrored = mirror_to_multiple(image, 8)
    assert torch.equal(mirrored, expected)
    assert torch.equal(crop(mirrored, 5, 7), image)
    assert mirror_to_multiple(image, 8, dims=(3,)).shape == (1, 1, 5, 8)
    repeated = mirror_to_multiple(image, 8, repeat_edge=True)[0, 0]
    expected = np.pad(image[0, 0].numpy(), ((0, 3), (0, 1)), "symmetric")
    np.testing.assert_array_equal(repeated, expected)
    larger = crop(image, 9, 14, scale=2)[0, 0]
    assert torch.equal(
        larger, image[0, 0].repeat_interleave(2, 0).repeat_interleave(2, 1)[:9]
    )
