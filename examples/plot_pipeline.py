"""
Enhance, fuse, and look at every step
=====================================

The infrared image is stretched, the visible one compressed in contrast range; a
Laplacian pyramid fuses them. Colour is put back around the whole pipeline.
"""

import matplotlib.pyplot as plt
from sklearn.pipeline import Pipeline

from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import LaplacianPyramid
from skfusion.transforms import HDRC, LinearStretch

X = make_scene_pairs(1, night=True, random_state=5)

pipeline = Pipeline(
    [
        ("enhance", EnhanceByModality(infrared=LinearStretch(), visible=HDRC())),
        ("fuse", LaplacianPyramid()),
    ]
)
fused = PreserveChroma(pipeline).fit_transform(X)[0]

# %%
# The enhanced pair is what the fuser sees.
enhanced = pipeline[:1].fit_transform(X)

images = {
    "infrared": X.infrared[0],
    "visible": X.visible[0],
    "stretched": enhanced.infrared[0],
    "compressed": enhanced.visible[0],
    "fused": fused,
}
figure, axes = plt.subplots(1, 5, figsize=(18, 4), layout="constrained")
for axis, (title, image) in zip(axes, images.items()):
    axis.imshow(image, cmap="gray", vmin=0)
    axis.set(title=title, xticks=[], yticks=[])
plt.show()
