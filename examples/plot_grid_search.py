"""
Search enhancement and fusion together
======================================

``FusionScorer`` compares the fused images with the images as they came, so that
enhancement cannot flatter itself. Whole steps are parameters too.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import TIF, LaplacianPyramid
from skfusion.metrics import FusionScorer, single_split
from skfusion.transforms import HDRC

X = make_scene_pairs(3, night="mixed", random_state=0).pack()

pipeline = PreserveChroma(
    Pipeline([("enhance", EnhanceByModality()), ("fuse", LaplacianPyramid())])
)
enhancement = ["passthrough", HDRC(target_contrast=8)]
search = GridSearchCV(
    pipeline,
    [
        {
            "estimator__enhance__visible": enhancement,
            "estimator__fuse__n_levels": [2, 4, 6],
        },
        {
            "estimator__enhance__visible": enhancement,
            "estimator__fuse": [TIF()],
        },
    ],
    scoring=FusionScorer(["qabf", "en"]),
    refit="qabf",
    cv=single_split(X),
).fit(X)
print(search.best_params_)

# %%
# Every candidate: information carried over against information in the image.
results = search.cv_results_
plt.scatter(results["mean_test_en"], results["mean_test_qabf"])
best = search.best_index_
plt.scatter(results["mean_test_en"][best], results["mean_test_qabf"][best], c="r")
plt.xlabel("entropy (bits)")
plt.ylabel("Qabf")
plt.title("candidates, the best in red")
plt.show()
