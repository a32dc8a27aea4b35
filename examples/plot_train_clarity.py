"""
Train a sharpness classifier on your own photographs
====================================================

Windows of photographs and blurred copies of them teach a network what sharp means;
no labels are needed. Here the photographs are drawn and the network is narrow, so
that it takes seconds; give a list of paths and leave ``width`` out for real use.
"""

# SPDX-License-Identifier: BSD-3-Clause
import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage

from skfusion.datasets import make_sharpness_patches
from skfusion.fusers import SharpnessClassifier

# %%
# Photographs: textures of several grain sizes. Yours: ``sorted(folder.glob("*.jpg"))``.
rng = np.random.default_rng(0)
photographs = []
for grain in (0.5, 1.0, 1.5, 2.0):
    texture = ndimage.gaussian_filter(rng.standard_normal((160, 160)), grain)
    texture = (texture - texture.min()) / (texture.max() - texture.min())
    photographs.append(texture)

X, y = make_sharpness_patches(photographs[:3], n=96, random_state=0)
held_out = make_sharpness_patches(photographs[3:], n=40, random_state=0)

# %%
# Train from nothing; ``weights="pretrained"`` would train on from the shipped network.
classifier = SharpnessClassifier(
    weights=None,
    width=8,
    learning_rate=0.01,
    batch_size=16,
    max_epochs=12,
    random_state=0,
).fit(X, y)
print(f"accuracy on a texture never seen: {classifier.score(*held_out):.3f}")

# %%
# The curve, one window and its blurred copy.
figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
axes[0].plot(classifier.loss_curve_)
axes[0].set(xlabel="epoch", ylabel="loss")
for ax, window, title in zip(axes[1:], X[0], ("sharp", "blurred")):
    ax.imshow(window, cmap="gray", vmin=0, vmax=1)
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
