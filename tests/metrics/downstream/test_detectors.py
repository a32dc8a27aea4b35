"""The detectors that need no download."""

# SPDX-License-Identifier: BSD-3-Clause
import cv2
import numpy as np
import pytest

from skfusion._kernels.hog import orientation_votes
from skfusion.datasets import make_scene_pairs
from skfusion.learning.weights import read_weights
from skfusion.metrics.downstream import (
    BlobDetector,
    HOGPeopleDetector,
    count_found,
)
from skfusion.metrics.downstream._hog import block_histograms, window_scores


def picture(shape):
    """Waves with a bright upright ellipse, in whole levels."""
    rows, columns = np.indices(shape[:2])
    ellipse = (rows - 60) ** 2 / 1600 + (columns - 40) ** 2 / 200 < 1
    image = 120 + 60 * np.sin(columns / 7.0) * np.cos(rows / 11.0) + 50 * ellipse
    image = np.rint(image)
    if len(shape) == 3:
        dark = np.rint(image * rows / shape[0])
        image = np.stack([image, np.rint(255 - image), dark], axis=2)
    return image.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def coefficients():
    return read_weights("hog_people")["coefficients"].numpy()


# What OpenCV 4.12 says of these pictures: HOGDescriptor.detect with its default people
# detector, stride (8, 8), padding (16, 16): first three, last three, sum, greatest.
OPENCV = {
    (140, 90): (
        (6, 8),
        [-3.09112, -3.97493, -3.36413, -3.20476, -3.31788, -2.82677],
        -174.275876,
        -1.297610,
    ),
    (150, 77, 3): (
        (7, 6),
        [-2.65995, -3.39111, -2.90078, -3.54876, -4.63372, -4.29208],
        -146.126762,
        -0.959472,
    ),
}


@pytest.mark.parametrize("shape", OPENCV)
def test_scores_are_those_of_opencv(shape, coefficients):
    windows, ends, total, best = OPENCV[shape]
    scores = window_scores(picture(shape), coefficients)
    assert scores.shape == windows
    values = scores.ravel()
    np.testing.assert_allclose([*values[:3], *values[-3:]], ends, atol=2e-4)
    assert values.sum() == pytest.approx(total, abs=5e-3)
    assert values.max() == pytest.approx(best, abs=2e-4)


@pytest.mark.skipif(not hasattr(cv2, "HOGDescriptor"), reason="OpenCV 5 has no HOG")
@pytest.mark.parametrize("shape", OPENCV)
def test_scores_are_those_of_the_opencv_that_is_here(shape, coefficients):
    detector = cv2.HOGDescriptor()
    detector.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    _, expected = detector.detect(picture(shape), -100, (8, 8), (16, 16))
    scores = window_scores(picture(shape), coefficients)
    np.testing.assert_allclose(scores.ravel(), expected.ravel(), atol=2e-4)


def plain_votes(magnitude, angle, weights, n_bins):
    side, _, k = weights.shape
    rows, columns = magnitude.shape[0] // side, magnitude.shape[1] // side
    votes = np.zeros((rows, columns, n_bins, k))
    place = angle * n_bins / np.pi - 0.5
    lower = np.floor(place).astype(int)
    for i, j in np.ndindex(rows * side, columns * side):
        weight = weights[i % side, j % side] * magnitude[i, j]
        above = place[i, j] - lower[i, j]
        cell = votes[i // side, j // side]
        cell[lower[i, j] % n_bins] += weight * (1 - above)
        cell[(lower[i, j] + 1) % n_bins] += weight * above
    return votes


@pytest.mark.parametrize("shape", [(3, 4), (4, 4), (9, 13)])
def test_the_kernel_equals_its_plain_twin(shape):
    rng = np.random.default_rng(0)
    magnitude = rng.random(shape, dtype=np.float32)
    angle = (rng.random(shape, dtype=np.float32) * np.float32(6.28)).astype("f4")
    weights = rng.random((4, 4, 5), dtype=np.float32)
    got = orientation_votes(magnitude, angle, weights, 9)
    expected = plain_votes(magnitude, angle.astype(float), weights, 9)
    np.testing.assert_allclose(got, expected, atol=2e-5)


def test_blocks_do_not_see_how_strong_light_is():
    image = np.zeros((32, 32), np.uint8)
    image[:, 16:] = 64
    brighter = 4 * image.astype(int) - (image > 0)  # up to 255
    first = block_histograms(image)
    assert first.shape == (3, 3, 36)
    np.testing.assert_allclose(
        block_histograms(brighter.astype("u1")), first, atol=0.02
    )


@pytest.mark.parametrize("shape", [(1, 1), (95, 64), (128, 31)])
def test_no_window_fits_into_a_small_image(shape, coefficients):
    assert window_scores(np.zeros(shape, np.uint8), coefficients).size == 0
    found = HOGPeopleDetector(96)(np.zeros(shape, np.uint8))
    assert found["boxes"].shape == (0, 4) and found["scores"].shape == (0,)


@pytest.fixture(scope="module")
def scenes():
    return make_scene_pairs(
        2, (360, 480), night=True, smoke=False, random_state=0, return_targets=True
    )


def test_people_are_found_in_the_heat_of_drawn_nights(scenes):
    X, targets = scenes
    detector = HOGPeopleDetector(48)
    found = [detector(infrared) for infrared, _ in X]
    n_found, n_people, n_false = count_found(found, targets, iou_threshold=0.4)
    assert n_found > 0.6 * n_people and n_false < 2 * n_people
    for answer in found:
        assert set(answer["labels"]) == {"person"} == set(detector.classes)
        assert (np.diff(answer["scores"]) <= 0).all()
        assert (answer["boxes"] >= 0).all()
        assert (answer["boxes"] <= [480, 360, 480, 360]).all()


def test_min_height_decides_who_is_seen(scenes):
    infrared = scenes[0][0][0]
    heights = {}
    for min_height in (48, 120):
        boxes = HOGPeopleDetector(min_height, threshold=-0.5)(infrared)["boxes"]
        heights[min_height] = (boxes[:, 3] - boxes[:, 1]).min()
    assert 40 < heights[48] < 60 and heights[120] > 100


def test_threshold_and_overlap_let_boxes_in(scenes):
    infrared = scenes[0][0][0][100:, 100:400]
    usual = HOGPeopleDetector(56)(infrared)
    assert len(usual["scores"]) and usual["scores"].min() >= 0
    strict = HOGPeopleDetector(56, threshold=0.5)(infrared)
    assert (
        (usual["scores"] >= 0.5).sum() == len(strict["scores"]) < len(usual["scores"])
    )
    crowded = HOGPeopleDetector(56, overlap=1.0)(infrared)
    assert len(crowded["scores"]) > len(usual["scores"])


def test_blobs_by_hand():
    image = np.full((80, 100), 0.2)
    image[10:40, 20:32] = 0.9  # upright
    image[60:66, 10:60] = 0.9  # lies
    image[10:24, 70:78] = 0.8  # upright and small
    found = BlobDetector(12)(image)
    assert found["boxes"].tolist() == [[20, 10, 32, 40], [70, 10, 78, 24]]
    np.testing.assert_allclose(found["scores"], [0.7 / 0.8, 0.6 / 0.8], rtol=1e-5)
    assert BlobDetector(20)(image)["boxes"].tolist() == [[20, 10, 32, 40]]
    assert len(BlobDetector(12, share=1.0)(image)["boxes"]) == 0
    assert len(BlobDetector()(np.full((40, 40), 0.5))["boxes"]) == 0


def test_colour_counts_by_its_luma():
    gray = np.zeros((40, 40), np.uint8)
    gray[5:30, 10:20] = 200
    colour = np.repeat(gray[..., None], 3, axis=2)
    np.testing.assert_array_equal(
        BlobDetector()(gray)["boxes"], BlobDetector()(colour)["boxes"]
    )


def test_reprs_tell_the_parameters():
    assert repr(HOGPeopleDetector(50)) == (
        "HOGPeopleDetector(50, threshold=0.0, overlap=0.4)"
    )
    assert repr(BlobDetector()) == "BlobDetector(16, share=0.6)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HOGPeopleDetector(7), "min_height=7: expected the height"),
        (lambda: HOGPeopleDetector("tall"), "min_height='tall'"),
        (lambda: HOGPeopleDetector(threshold=None), "threshold=None"),
        (lambda: HOGPeopleDetector(threshold=float("nan")), "threshold=nan"),
        (lambda: HOGPeopleDetector(overlap=2), "overlap=2: expected a number from 0"),
        (lambda: BlobDetector(float("inf")), "min_height=inf"),
        (lambda: BlobDetector(share=-1), "share=-1"),
    ],
)
def test_wrong_parameters_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
