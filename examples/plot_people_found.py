"""
Does fusion help a detector?
============================

The same detector looks at the visible, the infrared and the fused images of drawn
nights, whose people are known. Keep the sources in the table: fusion need not win.
"""

import matplotlib.pyplot as plt
import numpy as np

from skfusion.datasets import make_scene_pairs
from skfusion.metrics import DetectionScorer
from skfusion.metrics.downstream import BlobDetector, evaluate_downstream
from skfusion.pipelines import get_pipeline

X, targets = make_scene_pairs(
    4, size=(240, 320), night=True, random_state=0, return_targets=True
)


# %%
# A detector is any function from an image to boxes, scores and labels; ``"hog"`` is
# OpenCV's people detector, an ``.onnx`` file a network of your own.
def tall_and_bright(image):
    """Bright figures, those near the horizon only."""
    found = BlobDetector(min_height=20)(image)
    near = np.abs(found["boxes"][:, 1] / len(image) - 0.45) < 0.15
    return found["boxes"][near], found["scores"][near], found["labels"][near]


methods = {name: get_pipeline(name) for name in ("balanced", "average", "targets")}
table = evaluate_downstream(DetectionScorer(tall_and_bright, targets), X, methods)
print(table.round(3))

# %%
# What it finds in the last scene, fused: its boxes full, the people dashed.
fused = methods["balanced"].transform(X[-1:])[0]
plt.imshow(fused, cmap="gray", vmin=0, vmax=1)
styles = (
    (targets[-1]["boxes"], "tab:green", "--"),
    (tall_and_bright(fused)[0], "tab:orange", "-"),
)
for boxes, color, style in styles:
    for left, top, right, bottom in boxes:
        outline = [left, right, right, left, left], [top, top, bottom, bottom, top]
        plt.plot(*outline, color=color, linestyle=style)
plt.axis("off")
plt.show()
