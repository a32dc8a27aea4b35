"""The smooth mean rank: its limit is the search's, its gradient goes the right way."""

import numpy as np
import pandas as pd
import pytest
import torch

from skfusion.losses import MeanRankLoss
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
