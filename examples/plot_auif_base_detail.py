"""
What AUIF sees: base and detail maps
====================================

AUIF splits each image into a base map and a detail map by ten learned steps each,
adds the maps of both images and decodes the sum. Its layers collapse to 5x5 filters,
so this takes milliseconds on a CPU.
"""

# SPDX-License-Identifier: BSD-3-Clause
import matplotlib.pyplot as plt

from skfusion.datasets import make_scene_pairs
from skfusion.fusers import AUIF
from skfusion.images import luma

pairs = make_scene_pairs(1, random_state=0)
fuser = AUIF()
base, detail = fuser.decompose(pairs)
fused = fuser.transform(pairs)[0]
infrared, visible = pairs.read(0)

columns = [
    ("infrared", infrared, base[0, 0], detail[0, 0]),
    ("visible", luma(visible), base[0, 1], detail[0, 1]),
    ("fused", fused, base[0].sum(), detail[0].sum()),
]
figure, axes = plt.subplots(3, 3, figsize=(9, 7.5), layout="constrained")
for column, (title, image, *maps) in zip(axes.T, columns):
    column[0].imshow(image, cmap="gray", vmin=0, vmax=1)
    column[0].set_title(title)
    # The maps have no unit: each is shown from its smallest to its largest value.
    for axis, z in zip(column[1:], maps):
        axis.imshow(z, cmap="gray")
for axis, label in zip(axes[:, 0], ("image", "base", "detail")):
    axis.set_ylabel(label)
for axis in axes.flat:
    axis.set(xticks=[], yticks=[])
plt.show()
