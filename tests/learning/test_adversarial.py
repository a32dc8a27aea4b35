import pytest
import torch
from torch import nn
from torch.nn import functional

from skfusion.learning.adversarial import AdversarialSteps, train_adversarially
from skfusion.networks.adversarial.fusiongan import StridedCritic


class Mix(nn.Module):
    """One number: the weight of the visible image."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.2))

    def forward(self, infrared, visible):
        return infrared + self.weight * (visible - infrared)


class Mean(nn.Module):
    """A critic that sees nothing but the mean."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.1))
        self.shift = nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return self.scale * x.mean((1, 2, 3)) + self.shift


def nothing(fused, infrared, visible):
    return 0 * fused.sum()


@pytest.fixture
def pairs():
    generator = torch.Generator().manual_seed(0)
    pairs = torch.rand(4, 2, 8, 8, generator=generator) / 4
    pairs[:, 1] += 0.7  # the visible images are the brighter ones
    return pairs


def make(kind="least_squares", column=1, content=nothing, **params):
    network, critic = Mix(), Mean()
    params = {"learning_rate": 0.02, "critic_learning_rate": 0.05, **params}
    steps = AdversarialSteps(
        network,
        [(critic, column)],
        content,
        torch.Generator().manual_seed(0),
        kind=kind,
        **params,
    )
    return steps, network, critic


@pytest.mark.parametrize("kind", ["least_squares", "log"])
@pytest.mark.parametrize(("column", "sign"), [(0, -1), (1, 1)])
def test_the_network_moves_to_what_is_real_to_the_critic(pairs, kind, column, sign):
    steps, network, critic = make(kind, column)
    with torch.no_grad():
        network.weight.fill_(0.5)
    for _ in range(40):
        steps(pairs)
    judged = [critic(pairs[:, i : i + 1]).mean() for i in range(2)]
    assert sign * (judged[1] - judged[0]) > 0
    assert sign * (network.weight - 0.5) > 0.05


def test_content_alone_decides_without_the_adversary(pairs):
    steps, network, _ = make(
        content=lambda fused, ir, vis: functional.mse_loss(fused, vis),
        adversarial_weight=0.0,
    )
    for _ in range(150):
        loss = steps(pairs)
    assert network.weight > 0.9
    assert not loss.requires_grad
    assert loss < 0.01


def test_the_critic_steps_as_often_as_it_is_told(pairs):
    moved = []
    for critic_steps in (1, 3):
        steps, _, critic = make(critic_steps=critic_steps, adversarial_weight=0.0)
        steps(pairs)
        moved.append((critic.scale - 0.1).abs())
    assert moved[1] > 2 * moved[0]


def test_least_squares_is_the_distance_to_drawn_labels(pairs):
    steps, network, critic = make()
    judged = torch.tensor([0.3, 0.4])
    drawn = torch.rand(2, generator=torch.Generator().manual_seed(0))
    found = steps._distance(judged, steps.real_labels)
    torch.testing.assert_close(found, (judged - (0.7 + 0.5 * drawn)).square().mean())


def test_log_is_the_cross_entropy():
    steps, _, _ = make("log")
    judged = torch.tensor([0.3, -2.0])
    for labels, answer in ((steps.real_labels, 1.0), (steps.fake_labels, 0.0)):
        expected = functional.binary_cross_entropy_with_logits(
            judged, torch.full((2,), answer)
        )
        torch.testing.assert_close(steps._distance(judged, labels), expected)


def run(pairs, **params):
    steps, network, _ = make()
    settings = {"max_epochs": 3, "factor": lambda progress: 1.0, **params}
    curve = train_adversarially(steps, lambda: iter([pairs, pairs[:2]]), **settings)
    return curve, network


def test_training_returns_the_mean_loss_of_each_epoch(pairs):
    curve, network = run(pairs)
    assert len(curve) == 3
    assert not network.training
    assert run(pairs)[0] == curve
    assert run(pairs, factor=lambda progress: 1e-6)[0] != curve


def test_training_stops_by_time(pairs):
    curve, _ = run(pairs, max_epochs=10**6, max_seconds=0.05)
    assert 1 <= len(curve) < 10**5


def test_progress_runs_from_none_to_all(pairs):
    seen = []

    def factor(progress):
        seen.append(progress)
        return 1.0

    run(pairs, factor=factor)
    assert seen == [0, 0, 0.5, 0.5, 1, 1]  # the generator, the critics


def test_a_loss_that_is_no_number_ends_the_training(pairs):
    steps, _, _ = make(content=lambda fused, ir, vis: fused.sum() * torch.nan)
    with pytest.raises(FloatingPointError, match="loss is nan after epoch 1"):
        train_adversarially(
            steps, lambda: iter([pairs]), max_epochs=2, factor=lambda progress: 1.0
        )


def test_the_critic_judges_each_image_by_one_number():
    critic = StridedCritic(36, 2).initialize(torch.Generator().manual_seed(0))
    images = torch.rand(3, 1, 36, 36)
    assert critic(images).shape == (3,)
    assert StridedCritic(120).linear.in_features == 256 * 6 * 6
