"""
Bring two cameras together
==========================

The infrared camera sits beside the visible one, sees less, and is turned a little. Its
image is registered, and the pair is fused.
"""

import cv2
import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from skfusion import ImagePairs
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import LaplacianPyramid
from skfusion.inspection import checkerboard
from skfusion.transforms import Register, Resize

infrared, visible = make_scene_pairs(1, size=(240, 320), random_state=1)[0]
turn = cv2.getRotationMatrix2D((160, 120), 3, 1.05) + [[0, 0, 6], [0, 0, -4]]
infrared = cv2.warpAffine(infrared, turn, (320, 240))[10:230, 10:310]
X = ImagePairs([infrared], [visible])

# %%
# Registration is a step before the fuser.
register = Register(model="similarity")
together = register.fit_transform(X)
print(register.matrices_[0].round(3), "quality", register.quality_[0].round(2))

fuser = LaplacianPyramid(color="per_channel")
resized = Resize(to="visible").transform(X)
images = {
    "before": checkerboard(*resized.read(0)),
    "registered": checkerboard(*together.read(0)),
    "fused before": fuser.transform(resized)[0],
    "fused": make_pipeline(register, fuser).transform(X)[0],
}
figure, axes = plt.subplots(2, 2, figsize=(12, 9), layout="constrained")
for axis, (title, image) in zip(axes.flat, images.items()):
    axis.imshow(image)
    axis.set(title=title, xticks=[], yticks=[])
plt.show()
