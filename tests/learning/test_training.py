import numpy as np
import pytest
import torch
from torch import nn

from skfusion.learning.crops import center_crop, random_crop, random_resized_crop
from skfusion.learning.epochs import Validation
from skfusion.learning.tiling import map_tiles
from skfusion.learning.training import (
    DECAYS,
    generator_on,
    make_generator,
    rate_factor,
    train_network,
)


def draw(generator):
    return torch.rand(3, generator=generator).tolist()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Generator and device ----------------------------------------------------------------


def test_generator_repeats_under_an_integer_and_differs_without():
    assert draw(make_generator(3)) == draw(make_generator(3))
    assert draw(make_generator(3)) == draw(make_generator(np.int64(3)))
    assert draw(make_generator(3)) != draw(make_generator(4))
    assert draw(make_generator(None)) != draw(make_generator(None))


def test_generator_advances_a_random_state():
    state = np.random.RandomState(0)
    first, second = draw(make_generator(state)), draw(make_generator(state))
    assert first != second
    assert first == draw(make_generator(np.random.RandomState(0)))


def test_generator_leaves_the_global_ones_alone():
    before = np.random.get_state()[1].copy(), torch.get_rng_state().clone()
    for random_state in (None, 0, np.random.RandomState(0)):
        make_generator(random_state)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_a_generator_for_another_device_is_seeded_by_that_of_the_cpu(monkeypatch):
    first = make_generator(0)
    assert generator_on(torch.device("cpu"), first) is first
    starts, made = [make_generator(seed) for seed in (0, 0, 1)], torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device: made())
    seeds = [generator_on(torch.device("cuda"), x).initial_seed() for x in starts]
    assert seeds[0] == seeds[1] != seeds[2]


# Loop --------------------------------------------------------------------------------


def fit_line(max_epochs=3, target=2.0, **kwargs):
    network = nn.Linear(1, 1)
    with torch.no_grad():
        network.weight.zero_()
        network.bias.zero_()
    seen = []

    def batches():
        yield torch.tensor([[1.0], [2.0]])
        yield torch.tensor([[3.0]])

    def loss(network, batch):
        assert network.training
        seen.append(len(batch))
        return (network(batch) - target * batch).square().mean()

    curve = train_network(
        network,
        batches,
        loss,
        [{"params": network.parameters(), "lr": 0.1}],
        max_epochs=max_epochs,
        **kwargs,
    )
    return network, curve, seen


def test_loop_returns_the_mean_loss_of_each_epoch_weighted_by_images():
    network, curve, seen = fit_line(1)
    assert seen == [2, 1]
    assert not network.training
    # The first loss is that of the zero network; Adam's first step is its rate.
    first = (4 + 16) / 2
    second = (0.1 * 3 + 0.1 - 6) ** 2
    assert curve == pytest.approx([(2 * first + second) / 3], rel=1e-5)


def test_loop_converges():
    network, curve, _ = fit_line(200)
    assert curve[-1] < 1e-3 * curve[0]
    assert network.weight.item() == pytest.approx(2, abs=0.05)


def test_milestones_scale_the_rate():
    frozen, _, _ = fit_line(3, milestones=(1,), gamma=0.0)
    once, _, _ = fit_line(1)
    assert torch.equal(frozen.weight, once.weight)


def test_frozen_epochs_fix_the_normalisation():
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    training = []

    def loss(network, batch):
        training.append((network[0].training, network[1].training))
        return network(batch).square().mean()

    train_network(
        network,
        lambda: [torch.rand(2, 1, 4, 4, generator=generator())],
        loss,
        network.parameters(),
        max_epochs=3,
        frozen_epochs=2,
    )
    assert training == [(True, True), (True, False), (True, False)]
    assert network[1].num_batches_tracked == 1


def test_a_loss_that_is_not_finite_is_an_error():
    with pytest.raises(FloatingPointError, match="loss is nan after epoch 1"):
        fit_line(target=float("nan"))


def test_progress_is_shown_on_request(capsys):
    fit_line(verbose=True)
    assert "loss=" in capsys.readouterr().err
    fit_line()
    assert capsys.readouterr().err == ""


# Crops -------------------------------------------------------------------------------


def ramp(height, width):
    return torch.arange(height * width, dtype=torch.float32).reshape(1, height, width)


def test_center_crop_is_the_middle():
    image = ramp(5, 7)
    assert torch.equal(center_crop(image, 3, 3), image[:, 1:4, 2:5])


def test_crops_of_small_images_are_reflected_first():
    image = ramp(2, 3)
    cut = center_crop(image, 5, 3)
    assert torch.equal(cut[0, :, 0], torch.tensor([0.0, 3, 3, 0, 0]))
    assert random_crop(image, 9, generator()).shape == (1, 9, 9)


def test_random_crops_are_parts_and_reach_every_corner():
    image = ramp(6, 8)
    corners = set()
    g = generator()
    for _ in range(200):
        cut = random_crop(image, 5, g)
        top, left = divmod(int(cut[0, 0, 0]), 8)
        assert torch.equal(cut, image[:, top : top + 5, left : left + 5])
        corners.add((top, left))
    assert corners == {(i, j) for i in range(2) for j in range(4)}


def test_random_resized_crops_keep_range_and_size():
    image = torch.rand(2, 30, 50, generator=generator())
    g = generator(1)
    for _ in range(20):
        cut = random_resized_crop(image, 16, g)
        assert cut.shape == (2, 16, 16)
        assert image.min() <= cut.min() <= cut.max() <= image.max()


def test_resized_crop_of_the_whole_image_is_the_image():
    image = torch.rand(1, 16, 16, generator=generator())
    cut = random_resized_crop(image, 16, generator(), (1, 1), (1, 1))
    torch.testing.assert_close(cut, image)


def test_resized_crops_follow_scale_and_ratio():
    rows, cols = torch.meshgrid(torch.arange(100.0), torch.arange(100.0), indexing="ij")
    image = torch.stack([rows, cols]) / 100
    g = generator(2)
    for _ in range(20):
        cut = random_resized_crop(image, 10, g, (0.09, 0.25), (1, 1))
        height, width = (float(z.max() - z.min()) for z in cut)
        assert 0.25 < height < 0.5
        assert height == pytest.approx(width, abs=0.02)


@pytest.mark.parametrize("shape", [(2, 300), (300, 2), (1, 1)])
def test_resized_crop_of_a_strip_takes_its_middle(shape):
    image = torch.rand(1, *shape, generator=generator())
    cut = random_resized_crop(image, 8, generator(1))
    assert cut.shape == (1, 8, 8)


def test_crops_depend_on_the_generator_alone():
    image = torch.rand(1, 30, 50, generator=generator())
    first, second = (random_resized_crop(image, 8, generator(1)) for _ in "12")
    assert torch.equal(first, second)


# Tiles -------------------------------------------------------------------------------


def blur(stack):
    padded = np.pad(stack[0], 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5))
    return windows.mean(axis=(2, 3), dtype=np.float32)


@pytest.mark.parametrize("shape", [(20, 30), (16, 16), (17, 33), (7, 50)])
@pytest.mark.parametrize("tile_size", [None, 5, 16, 64])
def test_tiles_equal_the_whole(shape, tile_size, rng):
    stack = rng.random((1, *shape), dtype=np.float32)
    found = map_tiles(blur, stack, tile_size, 2)
    np.testing.assert_allclose(found, blur(stack), rtol=0, atol=1e-6)


def test_no_tile_is_larger_than_asked_for(rng):
    sizes = []

    def record(tile):
        sizes.append(tile.shape[1:])
        return tile[0]

    map_tiles(record, rng.random((1, 40, 25), dtype=np.float32), 10, 3)
    assert len(sizes) == 12
    assert max(map(max, sizes)) <= 16


@pytest.mark.parametrize("decay", DECAYS)
def test_rates_go_from_the_first_to_the_last(decay):
    factors = [rate_factor(decay, 0.1, i / 10) for i in range(11)]
    assert factors[0] == 1
    assert factors[-1] == pytest.approx(1 if decay == "constant" else 0.1)
    assert sorted(factors, reverse=True) == factors
    half = {"constant": 1, "linear": 0.55, "late": 1, "cosine": 0.55}
    assert factors[5] == pytest.approx(half.get(decay, 0.1**0.5))


class Scalar(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.x = torch.nn.Parameter(torch.zeros(()))


def train_scalar(**params):
    """Train one number by plain steps of 1 times the factor."""
    network, seen = Scalar(), []

    def loss(network, batch):
        seen.append(float(network.x.detach()))
        return -network.x

    curve = train_network(
        network,
        lambda: [torch.zeros(1)],
        loss,
        [{"params": network.parameters(), "lr": 1.0}],
        optimizer=torch.optim.SGD,
        **params,
    )
    return curve, [b - a for a, b in zip(seen, [*seen[1:], float(network.x.detach())])]


def test_a_factor_of_the_progress_sets_the_rate_of_each_epoch():
    curve, steps = train_scalar(max_epochs=5, factor=lambda p: 1 - p)
    assert len(curve) == 5
    assert steps == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert train_scalar(max_epochs=1, factor=lambda p: 1 - p)[1] == [1]


def test_training_stops_after_its_time():
    curve, _ = train_scalar(max_epochs=10**9, factor=lambda p: 1 - p, max_seconds=0.05)
    assert 1 <= len(curve) < 10**6


# Validation --------------------------------------------------------------------------


def watched(patience, steps=60, **kwargs):
    """Train a line whose best is passed by: the samples set aside want slope 1."""
    validation = Validation(
        lambda: [torch.tensor([[1.0], [2.0]]), torch.tensor([[4.0]])],
        patience=patience,
        **kwargs,
    )
    states = []

    def loss(network, batch):
        if not network.training:
            assert not torch.is_grad_enabled()
            states.append(network.weight.item())
            return (network(batch) - batch).square().mean()
        return (network(batch) - 2 * batch).square().mean()

    network = nn.Linear(1, 1)
    with torch.no_grad():
        network.weight.zero_()
        network.bias.zero_()
    curve = train_network(
        network,
        lambda: [torch.tensor([[1.0], [2.0]])],
        loss,
        [{"params": network.parameters(), "lr": 0.1}],
        max_epochs=steps,
        validation=validation,
    )
    return network, curve, validation, states[::2]


def test_validation_stops_when_it_has_not_fallen_and_the_best_is_kept():
    network, curve, validation, slopes = watched(3)
    best = int(np.argmin(validation.curve))
    assert len(curve) == len(validation.curve) == best + 4 < 60
    assert network.weight.item() == slopes[best] != slopes[-1]
    assert not network.training


def test_validation_without_patience_only_keeps_the_best():
    network, curve, validation, slopes = watched(None, 30)
    assert len(curve) == len(validation.curve) == 30
    assert network.weight.item() == slopes[int(np.argmin(validation.curve))]


def test_validation_curve_is_the_mean_over_the_samples():
    network, _, validation, _ = watched(None, 1)
    samples = torch.tensor([[1.0], [2.0], [4.0]])
    with torch.no_grad():
        expected = (network(samples) - samples).square().mean().item()
    assert validation.curve == pytest.approx([expected])


def test_validation_may_have_a_loss_of_its_own():
    def total(network, batch):
        return (network(batch) - 5 * batch).abs().sum()

    network, _, validation, _ = watched(None, 1, total_loss=total)
    samples = torch.tensor([[1.0], [2.0], [4.0]])
    with torch.no_grad():
        expected = (network(samples) - 5 * samples).abs().mean().item()
    assert validation.curve == pytest.approx([expected])


def test_validation_does_not_touch_the_training():
    plain, curve, _ = fit_line(4)
    validation = Validation(lambda: [torch.ones(1, 1)], total_loss=lambda n, b: b.sum())
    # Equal values: the first is the best, so that the network of epoch 1 comes back.
    watched_, with_validation, _ = fit_line(4, validation=validation)
    assert with_validation == curve
    assert validation.curve == [1.0] * 4
    assert torch.equal(watched_.weight, fit_line(1)[0].weight)


def test_validation_refuses_a_loss_that_is_not_finite():
    with pytest.raises(FloatingPointError, match="validation samples is nan after"):
        watched(None, 2, total_loss=lambda network, batch: batch.sum() * np.nan)


def test_batches_may_be_tuples():
    sizes = []

    def loss(network, batch):
        inputs, target = batch
        sizes.append(len(inputs))
        return (network(inputs) - target).square().mean()

    network = nn.Linear(1, 1)
    curve = train_network(
        network,
        lambda: [(torch.ones(3, 1), torch.zeros(3, 1)), (torch.ones(1, 1),) * 2],
        loss,
        network.parameters(),
        max_epochs=2,
    )
    assert sizes == [3, 1, 3, 1] and len(curve) == 2


@pytest.mark.parametrize(("share", "trained"), [(0.0, 5), (0.5, 3), (1.0, 1)])
def test_a_share_of_the_training_has_its_normalisation_fixed(share, trained):
    network, modes = nn.BatchNorm2d(1), []

    def loss(network, batch):
        modes.append(network.training)
        return network(batch).square().mean()

    train_network(
        network,
        lambda: [torch.rand(2, 1, 4, 4)],
        loss,
        [{"params": network.parameters(), "lr": 0.1}],
        max_epochs=5,
        frozen_share=share,
    )
    assert modes == [True] * trained + [False] * (5 - trained)
