"""
Metrics contradict each other
=============================

Five ways to fuse the same pairs, ranked by six metrics: 1 is best. Sharpening wins
contrast and sharpness, the plain average wins likeness, and noise looks like detail.
A mean rank shows who is good at most things; which things count, you decide.
"""

# SPDX-License-Identifier: BSD-3-Clause
import matplotlib.pyplot as plt
import pandas as pd

from skfusion.datasets import make_scene_pairs
from skfusion.metrics import evaluate
from skfusion.pipelines import get_pipeline
from skfusion.ranking import metric_ranks

pairs = make_scene_pairs(2, night="mixed", random_state=0)
metrics = ["qabf", "nabf", "ssim", "en", "sf", "psnr"]

rows = {}
for name in ("balanced", "natural", "average", "laplacian_pyramid", "gtf"):
    fused = get_pipeline(name).fit_transform(pairs)
    rows[name] = evaluate(pairs, fused, metrics).mean()
values = pd.DataFrame(rows).T
ranks = metric_ranks(values)
print(values.round(3))

# %%
# Each line is a method; where lines cross, two metrics disagree.
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for name, row in ranks.iterrows():
    axes.plot(row, "o-", label=f"{name}, mean {row.mean():.1f}")
axes.set(ylabel="rank", yticks=range(1, len(ranks) + 1))
axes.invert_yaxis()
figure.legend(loc="outside right upper")
plt.show()
