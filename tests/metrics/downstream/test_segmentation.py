"""Mean intersection over union, over one confusion matrix."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from skfusion.metrics.downstream import class_iou, confusion_matrix, mean_iou


def maps(seed, n_classes=4):
    rng = np.random.default_rng(seed)
    shapes = [(5, 7), (1, 9), (8, 3)]
    truth = [rng.integers(0, n_classes, shape) for shape in shapes]
    wrong = [rng.random(shape) < 0.3 for shape in shapes]
    given = [
        np.where(w, rng.integers(0, n_classes, t.shape), t)
        for t, w in zip(truth, wrong)
    ]
    return given, truth


def flat(items):
    return np.concatenate([item.ravel() for item in items])


def test_by_hand():
    matrix = confusion_matrix([[[0, 1, 1, 2]]], [[[0, 0, 1, 1]]])
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    np.testing.assert_allclose(class_iou(matrix), [1 / 2, 1 / 3, 0])
    assert mean_iou([[[0, 1, 1, 2]]], [[[0, 0, 1, 1]]]) == pytest.approx(5 / 18)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_scikit_learn_counts(seed):
    given, truth = maps(seed)
    expected = sklearn_metrics.confusion_matrix(flat(truth), flat(given))
    np.testing.assert_array_equal(confusion_matrix(given, truth), expected)
    jaccard = sklearn_metrics.jaccard_score(flat(truth), flat(given), average="macro")
    assert mean_iou(given, truth) == pytest.approx(jaccard, rel=1e-12)


def test_images_are_counted_together_not_averaged():
    given = [np.ones((1, 9), int), np.zeros((1, 1), int)]
    truth = [np.ones((1, 9), int), np.ones((1, 1), int)]
    assert mean_iou(given, truth) == pytest.approx(0.9 / 2)
    alone = [mean_iou([g], [t], 2) for g, t in zip(given, truth)]
    assert np.mean(alone) == pytest.approx(0.5)


def test_classes_that_do_not_occur_are_left_out():
    assert np.isnan(class_iou(confusion_matrix([[[1]]], [[[1]]], 3))[[0, 2]]).all()
    assert mean_iou([[[1]]], [[[1]]], 3) == 1.0
    assert np.isnan(mean_iou([np.zeros((0, 3), int)], [np.zeros((0, 3), int)]))


def test_pixels_to_ignore_do_not_count():
    given, truth = [[[0, 1, 1]]], [[[0, 1, 255]]]
    assert mean_iou(given, truth) == 1.0
    assert mean_iou(given, [[[0, 1, 7]]], ignore_index=7) == 1.0
    with pytest.raises(ValueError, match="a map holds class 255, n_classes=2"):
        mean_iou(given, truth, 2, ignore_index=None)


def test_bool_maps_are_two_classes():
    assert mean_iou([np.eye(2, dtype=bool)], [np.eye(2, dtype=int)]) == 1.0


@pytest.mark.parametrize(
    ("given", "truth", "message"),
    [
        ([[[0]]], [], "predicted holds 1 maps and truth 0"),
        ([[[0, 1]]], [[[0]]], r"predicted\[0\] is 1x2 and truth\[0\] 1x1"),
        ([[[0.5]]], [[[0]]], r"predicted\[0\] has shape \(1, 1\) and dtype float64"),
        ([[0]], [[[0]]], r"predicted\[0\] has shape \(1,\)"),
        ([[[0]]], [[[-1]]], r"truth\[0\] holds class -1"),
    ],
)
def test_what_is_no_map_is_named(given, truth, message):
    with pytest.raises(ValueError, match=message):
        mean_iou(given, truth)
