"""The clarity networks against a plain reading of their description."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from skfusion.networks.sharpness import (
    ResidualBlock,
    SixPathNet,
    ThreePathNet,
    sharpness_planes,
)

NETWORKS = [SixPathNet, ThreePathNet]


def plain_norm(x, norm, training):
    return functional.batch_norm(
        x,
        norm.running_mean,
        norm.running_var,
        norm.weight,
        norm.bias,
        training,
        norm.momentum,
        norm.eps,
    )


def plain_stem(stem, x):
    x = functional.conv2d(x, stem.conv.weight, stem.conv.bias)
    x = functional.leaky_relu(plain_norm(x, stem.norm, stem.training), 0.1)
    return functional.max_pool2d(x, 2) if stem.down else x


def plain_block(block, x):
    y = functional.conv2d(x, block.conv1.weight, block.conv1.bias)
    y = plain_norm(y, block.norm1, block.training)
    y = functional.conv2d(y, block.conv2.weight, block.conv2.bias)
    y = functional.leaky_relu(plain_norm(y, block.norm2, block.training), 0.1)
    if block.shortcut is not None:
        x = functional.conv2d(x, block.shortcut.weight, block.shortcut.bias)
        x = plain_norm(x, block.shortcut_norm, block.training)
        x = functional.leaky_relu(x, 0.1)
    if block.down:
        y, x = functional.max_pool2d(y, 2), functional.max_pool2d(x, 2)
    return y + x


def plain_six_path(net, first, second):
    """Six planes p1..p6 through one trunk, flattened and joined in this order."""
    flat = []
    for plane in range(3):
        for image in (first, second):
            x = plain_stem(net.stem, image[:, plane : plane + 1])
            for block in net.blocks:
                x = plain_block(block, x)
            flat.append(x.flatten(1))
    return plain_head(net, torch.cat(flat, 1))


def plain_three_path(net, first, second):
    """Windows stacked into 64 x 32 behind the stem; gray path first."""
    ends = []
    for plane, (stem, *blocks) in enumerate(net.paths):
        x = torch.cat(
            [
                plain_stem(stem, image[:, plane : plane + 1])
                for image in (first, second)
            ],
            dim=2,
        )
        for block in blocks:
            x = plain_block(block, x)
        ends.append(x)
    gray = plain_block(net.gray_block, ends[0])
    both = plain_block(net.gradient_block, torch.cat(ends[1:], 1))
    return plain_head(net, torch.cat([gray.flatten(1), both.flatten(1)], 1))


def plain_head(net, flat):
    x = net.hidden(flat)
    x = functional.leaky_relu(plain_norm(x, net.hidden_norm, net.training), 0.1)
    return net.output(x)


PLAIN = {SixPathNet: plain_six_path, ThreePathNet: plain_three_path}


def make(cls, width=4, n_steps=2):
    """A network whose normalisations have seen something."""
    net = cls(width=width).initialize(torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    for _ in range(n_steps):
        net(*torch.randn(2, 4, 3, 34, 34, generator=generator))
    return net.eval()


@pytest.mark.parametrize(("cls", "n"), [(SixPathNet, 3159898), (ThreePathNet, 4782850)])
def test_number_of_parameters_is_that_of_the_papers(cls, n):
    assert sum(p.numel() for p in cls().parameters()) == n


def test_residual_block_has_the_published_number_of_parameters():
    for arguments, n in [
        ((64, 64), 8576),
        ((64, 128, True), 33920),
        ((128, 128), 33536),
        ((128, 256, True), 133376),
        ((128, 128, True), 50304),
        ((256, 256, True), 198912),
    ]:
        assert sum(p.numel() for p in ResidualBlock(*arguments).parameters()) == n


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("folded", [False, True])
def test_network_equals_its_plain_form(cls, folded):
    net = make(cls)
    if folded:
        net.fold()
    pair = torch.randn(2, 5, 3, 34, 34, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(net(*pair), PLAIN[cls](net, *pair))


@pytest.mark.parametrize("block", [ResidualBlock(3, 3), ResidualBlock(3, 5, True)])
def test_training_step_of_a_block_equals_batch_normalisation(block):
    block.initialize(torch.Generator().manual_seed(0))
    block.conv1.bias.data += 0.3
    twin = ResidualBlock(3, block.conv1.out_channels, block.down)
    twin.load_state_dict(block.state_dict())
    x = torch.randn(4, 3, 6, 8, generator=torch.Generator().manual_seed(1)) + 2
    got, expected = block.train()(x), plain_block(twin.train(), x)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
    got.square().sum().backward()
    expected.square().sum().backward()
    for a, b in zip(block.parameters(), twin.parameters()):
        # A bias in front of a normalisation has no effect: its gradient is noise.
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=2e-3)
    for (name, a), b in zip(block.named_buffers(), twin.buffers()):
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5, msg=name)
    assert block.norm1.num_batches_tracked == 1


@pytest.mark.parametrize("cls", NETWORKS)
def test_one_run_over_a_region_equals_its_windows(cls):
    net = make(cls)
    pair = torch.randn(2, 1, 3, 50, 42, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        whole = net(*pair)
        assert whole.shape == (1, 2, 3, 2)
        for i, j in np.ndindex(3, 2):
            window = pair[..., 8 * i : 8 * i + 34, 8 * j : 8 * j + 34]
            torch.testing.assert_close(net(*window)[0], whole[0, :, i, j])


@pytest.mark.parametrize("cls", NETWORKS)
def test_parameters_are_drawn_from_the_generator_alone(cls):
    before = torch.get_rng_state()
    nets = [cls(width=2).initialize(torch.Generator().manual_seed(3)) for _ in "ab"]
    for a, b in zip(nets[0].parameters(), nets[1].parameters()):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    other = cls(width=2).initialize(torch.Generator().manual_seed(4))
    assert not torch.equal(other.output.weight, nets[0].output.weight)
    assert torch.equal(torch.get_rng_state(), before)


def test_train_forgets_what_was_folded():
    net = make(SixPathNet).fold()
    assert net.stem.folded is not None
    net.train()
    assert net.stem.folded is None


def test_planes_equal_the_reference_gradients(golden):
    reference = np.load(golden / "seeds" / "training_triple_odd.npz")
    gray = torch.from_numpy(reference["sharp"].astype(np.float32) / 255)[None]
    signed = sharpness_planes(gray, "signed", normalize=False)[0].numpy() * 255
    np.testing.assert_allclose(signed[1], reference["gx"], atol=1e-3)
    np.testing.assert_allclose(signed[2], reference["gy"], atol=1e-3)
    clipped = sharpness_planes(gray, normalize=False)[0].numpy() * 255
    np.testing.assert_allclose(
        np.moveaxis(clipped, 0, -1), reference["triple"], atol=1e-3
    )
    absolute = sharpness_planes(gray, "magnitude", normalize=False)[0].numpy()
    np.testing.assert_array_equal(absolute[1:] * 255, np.abs(signed[1:]))


def test_planes_are_normalised_by_the_constants_of_the_papers():
    planes = sharpness_planes(torch.full((1, 3, 3), 0.44))
    assert planes[0, 0].abs().max() < 1e-6
    np.testing.assert_allclose(planes[0, 1].numpy(), -0.053 / 0.079, rtol=1e-6)
    np.testing.assert_allclose(planes[0, 2].numpy(), -0.062 / 0.085, rtol=1e-6)


def test_unknown_gradients_are_an_error():
    with pytest.raises(ValueError, match="gradients='both'"):
        sharpness_planes(torch.zeros(1, 4, 4), "both")
