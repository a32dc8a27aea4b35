"""The kernels against plain NumPy, which is their definition."""

import cv2
import numpy as np
import pytest

from skfusion._kernels.alignment import (
    gradient_agreement,
    joint_histogram,
    largest_rectangle,
)

MATRIX = np.array([[1.02, -0.03, 2.3], [0.04, 0.97, -1.1], [1e-4, -2e-4, 1]])


def sampled(image, points):
    """Return bilinear values at the mapped points, NaN outside, and the places."""
    moved = np.c_[points, np.ones(len(points))] @ MATRIX.T
    u, v = moved[:, 0] / moved[:, 2], moved[:, 1] / moved[:, 2]
    height, width = image.shape
    inside = (u >= 0) & (u < width - 1) & (v >= 0) & (v < height - 1)
    j, k = np.floor(u).astype(int) * inside, np.floor(v).astype(int) * inside
    a, b = u - j, v - k
    value = (1 - b) * ((1 - a) * image[k, j] + a * image[k, j + 1])
    value += b * ((1 - a) * image[k + 1, j] + a * image[k + 1, j + 1])
    return value, inside, u, v, moved[:, 2]


@pytest.fixture
def points(rng):
    return rng.uniform(-5, 45, (300, 2)).astype(np.float32)


def test_gradient_agreement(rng, points):
    gx, gy = rng.normal(size=(2, 30, 40)).astype(np.float32)
    normals = rng.normal(size=(300, 2)).astype(np.float32)
    mx, inside, u, v, d = sampled(gx, points)
    my = sampled(gy, points)[0]
    (a, b, _), (c, e, _), (g, h, _) = MATRIX
    wx = (mx * (a - u * g) + my * (c - v * g)) / d
    wy = (mx * (b - u * h) + my * (e - v * h)) / d
    dots = (normals[:, 0] * wx + normals[:, 1] * wy) ** 2 / (wx**2 + wy**2 + 0.3)
    expected = dots[inside].sum(), (normals[inside].astype(float) ** 2).sum()
    got = gradient_agreement(points, normals, gx, gy, 0.3, MATRIX)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_the_gradient_is_that_of_the_warped_image(rng):
    image = cv2.GaussianBlur(rng.random((60, 80)), (0, 0), 4)
    gy, gx = np.gradient(image)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(image, MATRIX, (80, 60), flags=flags)
    wy, wx = np.gradient(cv2.GaussianBlur(warped, (0, 0), 1))
    y, x = np.mgrid[15:45:3, 15:65:3]
    points = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
    normals = np.stack([wx[y, x].ravel(), wy[y, x].ravel()], 1).astype(np.float32)
    normals /= np.hypot(*normals.T)[:, None]
    fields = [g.astype(np.float32) for g in (gx, gy)]
    agreement, weight = gradient_agreement(points, normals, *fields, 1e-12, MATRIX)
    assert agreement / weight > 0.98


def test_joint_histogram(rng, points):
    moving = rng.uniform(0, 7, (30, 40)).astype(np.float32)
    bins = rng.integers(0, 8, 300).astype(np.int32)
    counts = np.zeros((8, 8))
    n = joint_histogram(points, bins, moving, MATRIX, counts)
    value, inside, *_ = sampled(moving, points)
    expected = np.zeros((8, 8))
    for level, row in zip(value[inside], bins[inside]):
        low = min(int(level), 6)
        expected[row, low] += 1 - (level - low)
        expected[row, low + 1] += level - low
    assert n == inside.sum()
    np.testing.assert_allclose(counts, expected, atol=1e-4)


def test_points_behind_the_camera_count_nothing(points):
    behind = np.diag([1.0, 1.0, -1.0])
    image = np.ones((30, 40), np.float32)
    assert gradient_agreement(points, points, image, image, 0.1, behind) == (0, 0)
    bins = np.zeros(300, np.int32)
    assert joint_histogram(points, bins, image, behind, np.zeros((4, 4))) == 0


def brute(mask):
    best = 0
    for top in range(mask.shape[0]):
        for bottom in range(top + 1, mask.shape[0] + 1):
            full = mask[top:bottom].all(axis=0)
            run = 0
            for column in full:
                run = run + 1 if column else 0
                best = max(best, run * (bottom - top))
    return best


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 0.95, 1.0])
def test_largest_rectangle(rng, share):
    for _ in range(10):
        mask = rng.random((9, 12)) < share
        top, bottom, left, right = largest_rectangle(mask)
        assert mask[top:bottom, left:right].all()
        assert (bottom - top) * (right - left) == brute(mask)
