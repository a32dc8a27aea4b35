"""
From scores to weights
======================

What :class:`skfusion.fusers.SharpnessFuser` makes of a pair: how surely each pixel is
sharper in the visible image, the two regions, the distances inside them, the weights
and the fused image.
"""

# SPDX-License-Identifier: BSD-3-Clause
import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage

from skfusion.fusers import SharpnessFuser
from skfusion.inspection import WeightMapDisplay

# %%
# A drawn pair: the infrared image is sharp on the left, the visible one on the right.
rng = np.random.default_rng(0)
scene = ndimage.gaussian_filter(rng.random((96, 160)), 0.7)
scene = (scene - scene.min()) / (scene.max() - scene.min())
soft = ndimage.gaussian_filter(scene, 4)
left = np.arange(160) < 80
infrared = 0.8 * np.where(left, scene, soft)
visible = 0.2 + 0.8 * np.where(left, soft, scene)

# %%
# ``floor=0`` shows the full range of the weights; by default neither image's falls
# below 0.3.
fuser = SharpnessFuser("six-path", weighting="distance", softness=16, floor=0)
display = WeightMapDisplay.from_estimator(fuser, infrared, visible)
plt.show()
