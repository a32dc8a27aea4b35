"""
Nine methods side by side
=========================

What the families of methods make of one drawn night: presets, pyramids, filters, a
variational method and a network. ``skfusion bench folder`` does this for your own
pairs and all methods, with numbers.
"""

# SPDX-License-Identifier: BSD-3-Clause
import matplotlib.pyplot as plt

import skfusion
from skfusion.datasets import make_scene_pairs

infrared, visible = make_scene_pairs(4, night="mixed", random_state=7)[3]
methods = (
    *("balanced", "natural", "targets"),
    *("average", "laplacian_pyramid", "tif"),
    *("gff", "gtf", "seafusion"),
)

images = {"infrared": infrared, "visible": visible}
images |= {name: skfusion.fuse(infrared, visible, name) for name in methods}
figure, axes = plt.subplots(3, 4, figsize=(14, 8.6), layout="constrained")
for axis, (title, image) in zip(axes.flat, images.items()):
    axis.imshow(image, cmap="gray")
    axis.set_title(title)
for axis in axes.flat:
    axis.set_axis_off()
plt.show()
