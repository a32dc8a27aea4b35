"""
What becomes of colour
======================

An infrared image has no colour. One word says what becomes of the visible image's:
kept around the fused luma, dropped, or fused channel by channel, where a hot object
pulls the colours along.
"""

# SPDX-License-Identifier: BSD-3-Clause
import matplotlib.pyplot as plt

import skfusion
from skfusion.datasets import make_scene_pairs

infrared, visible = make_scene_pairs(1, night=True, random_state=7)[0]

images = {"infrared": infrared, "visible": visible}
for color in ("luma", "gray", "per_channel"):
    images[f'color="{color}"'] = skfusion.fuse(infrared, visible, color=color)

figure, axes = plt.subplots(1, 5, figsize=(18, 3.6), layout="constrained")
for axis, (title, image) in zip(axes, images.items()):
    axis.imshow(image, cmap="gray")
    axis.set(title=title, xticks=[], yticks=[])
plt.show()
