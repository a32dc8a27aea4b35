"""
Search at random and decide by mean rank
========================================

One metric can be flattered: a candidate wins here by its mean rank over several, among
the methods of a table. Continuous parameters are drawn, and the enhancement before the
fusion is searched together with it.
"""

import matplotlib.pyplot as plt
import pandas as pd
from scipy.stats import loguniform, randint
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline

from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.metrics import FusionScorer, evaluate, single_split
from skfusion.pipelines import fuse, get_pipeline
from skfusion.search import MeanRank
from skfusion.transforms import HDRC

X = make_scene_pairs(3, size=(96, 128), night="mixed", random_state=0).pack()
metrics = ["qabf", "ssim", "en", "sf", "rmse"]

# %%
# The table: what other methods reach on the same pairs. A file of published numbers
# does as well.
rows = {}
for method in ("average", "tif", "ratio_pyramid", "wavelet", "msvd", "gff"):
    fused = [fuse(*X.read(i), method) for i in range(len(X))]
    rows[method] = evaluate(X, fused, metrics).mean()
table = pd.DataFrame(rows).T.rename_axis("method")
print(table.round(3))

# %%
# ``MeanRank`` is a ``refit`` of scikit-learn's searches.
pipeline = Pipeline(
    [
        ("enhance", EnhanceByModality(visible=HDRC())),
        *get_pipeline("laplacian_pyramid").steps,
    ]
)
best = MeanRank(metrics, against=table)
search = RandomizedSearchCV(
    PreserveChroma(pipeline),
    {
        "estimator__enhance__visible__target_contrast": loguniform(1.5, 30),
        "estimator__fuse__n_levels": randint(1, 6),
        "estimator__fuse__gain": loguniform(0.5, 2),
    },
    n_iter=40,
    scoring=FusionScorer(metrics),
    refit=best,
    cv=single_split(X),
    random_state=0,
).fit(X)
print(search.best_params_)

# %%
# ``skfusion search folder space.yaml --strategy random --against table.csv`` does this
# from files and draws all parameters at once; here are two of them.
drawn = pd.DataFrame(search.cv_results_["params"])
contrast = drawn["estimator__enhance__visible__target_contrast"]
gain = drawn["estimator__fuse__gain"]
plt.scatter(contrast, gain, c=best.ranks(search.cv_results_), cmap="viridis_r")
plt.colorbar(label=f"mean rank among {len(table)} methods")
i = search.best_index_
plt.scatter(contrast[i], gain[i], s=150, facecolors="none", edgecolors="r")
plt.xlabel("target_contrast of HDRC")
plt.ylabel("gain of the pyramid")
plt.show()
