"""The network that decides on Laplacian pyramids."""

# SPDX-License-Identifier: BSD-3-Clause
import cv2
import numpy as np
import pytest
import torch

from skfusion.networks import pyramid_decisions as module
from skfusion.networks.pyramid_decisions import PyramidDecisions

SIZES = ((1, 1), (1, 4), (3, 1), (2, 2), (2, 5), (17, 33), (24, 32))


def network(seed=0, **params):
    """A network whose every output depends on every parameter."""
    params = {"n_channels": 5, "n_levels": 3, "matching": True, "n_hidden": 3, **params}
    made = PyramidDecisions(**params)
    generator = torch.Generator().manual_seed(seed)
    made.initialize(generator)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    return made


def images(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, *shape, generator=generator)


@pytest.mark.parametrize("shape", SIZES)
def test_pyramids_are_those_of_opencv(shape):
    image = images(1, *shape)[0]
    small = module.reduce(image)[0].numpy()
    np.testing.assert_allclose(small, cv2.pyrDown(image[0].numpy()), atol=3e-7)
    large = module.expand(torch.from_numpy(small)[None], shape)[0].numpy()
    expected = cv2.pyrUp(small, dstsize=shape[::-1])
    np.testing.assert_allclose(large, expected, atol=3e-7)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("n_levels", [1, 3])
def test_any_size_gives_a_finite_image_of_it(shape, n_levels):
    infrared, visible = images(2, 1, *shape)
    fused = network(n_levels=n_levels)(infrared, visible)
    assert fused.shape == infrared.shape
    assert torch.isfinite(fused).all()


def test_images_of_a_batch_do_not_see_each_other():
    made = network().eval()
    infrared, visible = images(3, 1, 20, 27)
    together = made(infrared, visible)
    for i in range(3):
        alone = made(infrared[i : i + 1], visible[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-6, rtol=0)


def test_a_new_network_returns_what_both_images_show():
    made = PyramidDecisions(4)
    made.initialize(torch.Generator().manual_seed(0))
    image = images(1, 1, 40, 50)[0]
    torch.testing.assert_close(made(image, image), image, atol=2e-6, rtol=0)


def test_strength_zero_is_the_average():
    infrared, visible = images(1, 1, 33, 40)
    fused = network()(infrared, visible, strength=0, tone=0)
    torch.testing.assert_close(fused, (infrared + visible) / 2, atol=1e-6, rtol=0)


def test_strength_and_tone_lie_between_their_ends():
    made = network()
    infrared, visible = images(1, 1, 33, 40)
    pyramids = made.decompose(infrared[:, 0], visible[:, 0])
    whole = made.decide(pyramids)
    half = module.soften(whole, 0.5)
    torch.testing.assert_close(half.gains[1], 0.5 + whole.gains[1] / 2)
    torch.testing.assert_close(half.weights[0], 0.25 + whole.weights[0] / 2)
    torch.testing.assert_close(half.base, 0.25 + whole.base / 2)
    ends = [made(infrared, visible, tone=tone) for tone in (0, 1)]
    middle = made(infrared, visible, tone=0.5)
    torch.testing.assert_close(middle, (ends[0] + ends[1]) / 2, atol=1e-6, rtol=0)


def test_decisions_are_shares_and_bounded_gains():
    made = network(max_gain=0.5)
    infrared, visible = images(2, 30, 41)
    decided = made.decide(made.decompose(infrared, visible))
    growth = 1 + 0.6 * torch.tanh(made.growth.abs()).max()
    for weight, gain in zip(decided.weights, decided.gains):
        assert 0 <= weight.min() <= weight.max() <= 1
        assert gain.max() <= np.exp(0.5) * growth
        assert gain.min() > 0
    assert [len(maps) for maps in decided[:2]] == [3, 3]
    assert decided.base.shape == (2, 4, 6)


def test_equal_images_are_sharpened_but_not_moved():
    """Whatever the shares: bands of equal images are only multiplied."""
    made = network(tone=False)
    image = images(1, 1, 32, 32)[0]
    pyramids = made.decompose(image[:, 0], image[:, 0])
    decided = made.decide(pyramids)
    ones = module.Decisions(decided.weights, [torch.ones(())] * 3, decided.base)
    torch.testing.assert_close(
        made.rebuild(pyramids, ones), image[:, 0], atol=1e-6, rtol=0
    )


def test_another_plane_is_fused_by_the_same_decisions():
    made = network(tone=False)
    infrared, visible = images(1, 25, 30)
    pyramids = made.decompose(infrared, visible)
    decided = made.decide(pyramids)
    again = made.rebuild(pyramids, decided, *made.planes(visible))
    torch.testing.assert_close(again, made.rebuild(pyramids, decided))
    brighter = made.rebuild(pyramids, decided, *made.planes(visible + 0.1))
    assert (brighter > again).all()


def test_histogram_counts_a_pixel_at_both_levels_around():
    image = torch.tensor([[[0.0, 0.125, 1.0, 2.0]]])
    shares = module.histogram(image, 4)
    torch.testing.assert_close(shares, torch.tensor([[1.5, 0.5, 0, 0, 2]]) / 4)


def test_curve_is_linear_between_knots_and_flat_beyond():
    knots = torch.tensor([[0.0, 0.8, 1.0]])
    image = torch.tensor([[[-0.4, 0.25, 0.5, 0.75, 1.4]]])
    expected = torch.tensor([[[-0.1, 0.4, 0.8, 0.9, 1.1]]])
    torch.testing.assert_close(module.apply_curve(image, knots), expected)


def test_matching_gives_one_image_the_histogram_of_another():
    rng = np.random.default_rng(0)
    given = torch.from_numpy(rng.random((1, 200, 200)) ** 2).float()
    wanted = torch.from_numpy(0.2 + 0.6 * rng.random((1, 200, 200))).float()
    shares = [module.histogram(x, module.N_FINE) for x in (given, wanted)]
    moved = module.apply_curve(given, module.match(*shares))
    inner = torch.linspace(0.1, 0.9, 9)
    off = torch.quantile(moved, inner) - torch.quantile(wanted, inner)
    assert off.abs().max() < 0.02


def test_curves_rise_from_black():
    made = network()
    infrared, visible = images(3, 32, 32)
    pyramids = made.decompose(infrared, visible)
    fused = made.rebuild(pyramids, made.decide(pyramids))
    few = fused[:, ::4, ::4]
    knots = made.curve_of(
        pyramids.shares,
        module.histogram(few, module.N_KNOTS),
        module.histogram(few, module.N_FINE),
        pyramids.fine_shares,
    )
    assert knots.shape == (3, module.N_FINE + 1)
    assert (knots.diff(dim=1) >= 0).all()
    assert knots.min() >= 0
    assert knots.max() <= 1 + 1e-6


def test_parameters_follow_from_the_generator_alone():
    states = []
    for seed in (3, 3, 4):
        made = PyramidDecisions(4, 2, matching=True, n_hidden=2)
        made.initialize(torch.Generator().manual_seed(seed))
        states.append(torch.cat([p.flatten() for p in made.parameters()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_every_parameter_can_learn():
    made = network()
    infrared, visible = images(2, 1, 32, 40)
    made(infrared, visible).square().mean().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_settings_build_the_network_again():
    made = network(max_gain=1.5, tone=True)
    again = PyramidDecisions(**made.settings())
    again.load_state_dict(made.state_dict())
    infrared, visible = images(1, 1, 20, 20)
    assert torch.equal(made(infrared, visible), again(infrared, visible))
