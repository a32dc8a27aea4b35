"""
Fuse your own two images
========================

One line, on paths or arrays. Without arguments this uses a drawn pair; with two
paths, yours: ``python plot_fuse_two_images.py thermal.png visible.jpg``.
"""

import sys

import matplotlib.pyplot as plt

import skfusion
from skfusion.datasets import make_scene_pairs

if len(sys.argv) == 3:
    infrared, visible = (skfusion.images.read_image(path) for path in sys.argv[1:])
else:
    infrared, visible = make_scene_pairs(1, night=True, random_state=3)[0]

# %%
# The result has the dtype of the visible image and keeps its colour.
fused = skfusion.fuse(infrared, visible)

figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for axis, image, title in zip(
    axes, (infrared, visible, fused), ("infrared", "visible", "fused")
):
    axis.imshow(image, cmap="gray")
    axis.set(title=title, xticks=[], yticks=[])
plt.show()
