"""The smooth mean rank: its limit is the search's, its gradient goes the right way."""

import numpy as np
import pandas as pd
import pytest
import torch

from skfusion.losses import MeanRankLoss, Sources, metric_values
from skfusion.search import MeanRank

METRICS = ["Qabf", "RMSE", "en"]


def table(n_images=4, n_methods=9, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 8, (n_images, n_methods, len(METRICS))) / 8.0


def ranks_of_the_search(values, others):
    """Mean rank of each row of values among the methods, one image at a time."""
    entries = [("Qabf", "qabf", {}), ("RMSE", "rmse", {}), ("en", "en", {})]
    signs = {"Qabf": 1, "RMSE": -1, "en": 1}
    ranks = []
    for row, methods in zip(values, others):
        frame = pd.DataFrame(methods, columns=METRICS)
        frame.insert(0, "method", [f"m{k}" for k in range(len(frame))])
        scores = {c: signs[c] * x for c, x in zip(METRICS, row)}
        ranks.append(MeanRank(entries, against=frame).rank(scores))
    return ranks


@pytest.mark.parametrize("softness", [0.0, 1e-5])
def test_without_softness_it_is_the_mean_rank_of_the_search(softness):
    others = table()
    others[0, 3, 1] = others[2, :4, 0] = np.nan
    values = others[:, 2].copy()  # level with one method, by chance with more
    values[3] += 0.05
    loss = MeanRankLoss(others, METRICS, softness=softness)
    found = loss.ranks(torch.tensor(values)).mean(dim=1)
    assert found.tolist() == pytest.approx(
        ranks_of_the_search(values, others), abs=1e-5
    )


def test_a_missing_value_ranks_last():
    others = table()
    others[:, 0] = np.nan
    values = torch.full((4, 3), torch.nan)
    for softness in (0, 0.2):
        ranks = MeanRankLoss(others, METRICS, softness=softness).ranks(values)
        assert (ranks == others.shape[1]).all()  # 8 methods with values, and 1


def test_a_soft_rank_has_a_gradient_towards_better_values():
    others = table()
    values = torch.tensor(others.mean(axis=1), requires_grad=True)
    loss = MeanRankLoss(others, METRICS, softness=0.3)
    loss.ranks(values).sum().backward()
    assert (values.grad[:, [0, 2]] < 0).all() and (values.grad[:, 1] > 0).all()
    with torch.no_grad():
        better = values + torch.tensor([0.1, -0.1, 0.1])
        assert (loss.ranks(better) < loss.ranks(values)).all()


def test_a_lead_counts_in_spreads_of_the_methods():
    """Another unit of a metric changes nothing, and softness is that of the spread."""
    others = np.linspace(0, 1, 21)[None, :, None] * np.ones(3)
    values = torch.full((1, 3), 0.5)
    ranks = MeanRankLoss(others, METRICS, softness=0.2).ranks(values)
    scaled = MeanRankLoss(1000 * others, METRICS, softness=0.2).ranks(1000 * values)
    torch.testing.assert_close(ranks, scaled)
    spread = 0.7 / 2.07  # of the middle seven tenths
    shares = 1 / (1 + np.exp(-(others[0, :, 0] - 0.5) / (0.2 * spread)))
    assert ranks[0, 0] == pytest.approx(1 + shares.sum(), rel=1e-5)


def test_methods_that_agree_give_a_narrow_step_and_no_nan():
    for level in (0.0, 7.0):
        others = np.full((2, 4, 3), level)
        loss = MeanRankLoss(others, METRICS, softness=0.2)
        values = torch.tensor([[level] * 3, [level + 1] * 3], requires_grad=True)
        ranks = loss.ranks(values)
        assert ranks.tolist() == [[3.0] * 3, [1.0, 5.0, 1.0]]
        ranks.sum().backward()
        assert torch.isfinite(values.grad).all()


def test_weights_say_how_many_methods_one_stands_for():
    others = table(2, 3)
    twice = np.concatenate([others, others[:, :1]], axis=1)
    values = torch.tensor(others.mean(axis=1))
    weighted = MeanRankLoss(others, METRICS, softness=0, method_weights=[2, 1, 1])
    expected = MeanRankLoss(twice, METRICS, softness=0)
    assert torch.equal(weighted.ranks(values), expected.ranks(values))


def test_ranks_of_means_are_those_of_a_table_of_means():
    others = table(5)
    others[1, 2, 0] = np.nan  # no mean over all images: it does not take part there
    values = torch.tensor(table(5, 1, seed=1)[:, 0])
    loss = MeanRankLoss(others, METRICS, softness=0)
    means = others.mean(axis=0, keepdims=True)
    alone = MeanRankLoss(means, METRICS, softness=0)
    expected = alone.ranks(values.mean(dim=0, keepdim=True))[0]
    assert torch.equal(loss.ranks_of_means(values), expected)
    some = torch.tensor([0, 3])
    expected = MeanRankLoss(others[[0, 3]].mean(0)[None], METRICS, softness=0)
    expected = expected.ranks(values[some].mean(dim=0, keepdim=True))[0]
    assert torch.equal(loss.ranks_of_means(values[some], some), expected)


def test_images_are_ranked_by_their_rows():
    a, b = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    sources, fused = Sources(a, b), ((a + b) / 2).requires_grad_()
    others = torch.stack([metric_values(x, sources, METRICS) for x in (a, b)], dim=1)
    loss = MeanRankLoss(others, METRICS)
    ranks = loss(fused, sources)
    assert ranks.shape == (3,)
    ranks.sum().backward()
    assert torch.isfinite(fused.grad).all() and fused.grad.abs().max() > 0
    index = torch.tensor([2, 0])
    found = loss(fused[index], sources[index], index)
    torch.testing.assert_close(found, ranks[index])
    with pytest.raises(ValueError, match="2 images and 3 rows"):
        loss(fused[index], sources[index])


def test_it_moves_as_a_module_and_its_softness_may_change():
    loss = MeanRankLoss(table(), METRICS, softness=0.5)
    assert {"scores", "spread", "signs", "weights"} <= set(loss.state_dict())
    values = torch.tensor(table()[:, 0] + 0.01)
    before = loss.ranks(values)
    loss.softness = 0
    assert loss.softness == 0
    assert not torch.allclose(before, loss.ranks(values))
    with pytest.raises(ValueError, match="softness=-1"):
        loss.softness = -1


@pytest.mark.parametrize("softness", [-0.1, float("nan"), float("inf")])
def test_softness_is_checked(softness):
    with pytest.raises(ValueError, match="softness="):
        MeanRankLoss(table(), METRICS, softness=softness)


def test_the_table_is_checked():
    for wrong in (table()[0], table()[..., :2], table()[:, :0]):
        with pytest.raises(ValueError, match=r"table has shape .* \['Qabf', 'RMSE'"):
            MeanRankLoss(wrong, METRICS)
    for weights in ([1, 1], [-1] * 9):
        with pytest.raises(ValueError, match="method_weights has shape"):
            MeanRankLoss(table(), METRICS, method_weights=weights)
