"""A drawn scene that two cameras see in other tones, and one of them moved."""

import cv2
import numpy as np

from skfusion.registration.warping import sampling, warp

MATRICES = {
    "translation": [[1, 0, 6], [0, 1, -4], [0, 0, 1]],
    "similarity": [[1.03, -0.04, 5], [0.04, 1.03, -3], [0, 0, 1]],
    "affine": [[1.04, -0.03, 4], [0.05, 0.97, -5], [0, 0, 1]],
    "homography": [[1.03, -0.03, 4], [0.02, 0.98, -3], [2e-4, 1e-4, 1]],
}


def scene(seed=0, shape=(150, 190)):
    """Return an infrared and a visible image of one view, whose tones disagree."""
    rng = np.random.default_rng(seed)
    images = [np.full(shape, level, np.float32) for level in (0.4, 0.6)]
    height, width = shape
    for _ in range(30):
        centre = rng.uniform(0, 1, 2) * [width, height]
        around = rng.uniform(-0.12, 0.12, (5, 2)) * max(shape)
        polygon = cv2.convexHull((centre + around).astype(np.int32))
        for image in images:
            cv2.fillPoly(image, [polygon], rng.uniform(0.1, 0.9))
    noise = rng.normal(0, 0.01, (2, *shape)).astype(np.float32)
    pair = (cv2.GaussianBlur(i, (0, 0), 0.8) + n for i, n in zip(images, noise))
    return tuple(np.clip(image, 0, 1) for image in pair)


def moved(image, matrix, shape=None):
    """Return the image that a matrix maps the pixels of another one to."""
    shape = image.shape if shape is None else shape
    return warp(image, sampling(np.linalg.inv(np.array(matrix, float)), shape))


def case(model, seed=0):
    """Return infrared, visible and the matrix from the visible to the infrared."""
    ir, vis = scene(seed)
    matrix = np.array(MATRICES[model], float)
    return moved(ir, matrix), vis, matrix
