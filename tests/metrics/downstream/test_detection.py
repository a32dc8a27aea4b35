"""Average precision and log-average miss rate: by hand, and as pycocotools counts."""

# SPDX-License-Identifier: BSD-3-Clause
import contextlib
import io

import numpy as np
import pytest

from skfusion.metrics.downstream import (
    average_precision,
    count_found,
    log_average_miss_rate,
)
from skfusion.metrics.downstream._boxes import box_iou, suppress

PERSON = "person"


def target(*boxes, labels=None, iscrowd=None):
    found = {"boxes": list(boxes), "labels": labels or [PERSON] * len(boxes)}
    return found if iscrowd is None else {**found, "iscrowd": iscrowd}


def answer(*scored, labels=None):
    return {
        "boxes": [box for box, _ in scored],
        "scores": [score for _, score in scored],
        "labels": labels or [PERSON] * len(scored),
    }


A, B, C = (0, 0, 10, 20), (50, 0, 60, 20), (100, 0, 110, 20)
NOWHERE = (200, 200, 210, 220)


def test_overlaps_by_hand():
    first = np.array([[0, 0, 10, 10], [0, 0, 0, 0]], float)
    second = np.array([[5, 0, 15, 10], [0, 0, 20, 20], [0, 0, 0, 0]], float)
    crowd = np.array([False, True, False])
    np.testing.assert_allclose(box_iou(first, second), [[1 / 3, 0.25, 0], [0, 0, 0]])
    np.testing.assert_allclose(box_iou(first, second, crowd)[0], [1 / 3, 1, 0])


def test_of_boxes_that_overlap_the_best_stays():
    boxes = np.array([A, (1, 0, 11, 20), B], float)
    assert suppress(boxes, np.array([0.5, 0.9, 0.1]), 0.5).tolist() == [1, 2]
    assert suppress(boxes, np.array([0.5, 0.9, 0.1]), 0.9).tolist() == [1, 0, 2]
    assert suppress(boxes[:0], np.zeros(0), 0.5).tolist() == []


def test_average_precision_by_hand():
    # Right, wrong, right of three objects: precision 1 up to a recall of 1/3, 2/3 up
    # to 2/3, nothing beyond. Of the 101 recalls 34 are at most 1/3, 33 more 2/3.
    found = answer((A, 0.9), (NOWHERE, 0.8), (B, 0.7))
    got = average_precision([found], [target(A, B, C)], iou_threshold=0.5)
    assert got == pytest.approx((34 + 33 * 2 / 3) / 101, rel=1e-12)


def test_detections_of_all_images_are_one_list():
    # The wrong box of the second image outranks the right one of the first.
    found = [answer((A, 0.5)), answer((NOWHERE, 0.9))]
    got = average_precision(found, [target(A), target()], iou_threshold=0.5)
    assert got == pytest.approx(0.5)


def test_an_object_is_found_once():
    found = answer((A, 0.9), (A, 0.8))
    assert count_found([found], [target(A)]) == (1, 1, 1)
    assert average_precision([found], [target(A)]) == 1.0


def test_ten_thresholds_are_averaged():
    found = answer(((0, 0, 10, 16), 0.9))  # shares 0.8 of A: right at 7 of 10
    assert average_precision([found], [target(A)]) == pytest.approx(0.7)
    for threshold, value in ((0.5, 1.0), (0.8, 1.0), (0.81, 0.0)):
        got = average_precision([found], [target(A)], iou_threshold=threshold)
        assert got == value


def test_classes_are_apart_and_weigh_the_same():
    truth = target(A, B, C, labels=["car", PERSON, PERSON])
    found = answer((A, 0.9), (B, 0.9), labels=["car", "car"])
    assert average_precision([found], [truth], iou_threshold=0.5) == pytest.approx(0.5)
    assert count_found([found], [truth]) == (1, 3, 1)
    # What the targets do not know is nobody's mistake.
    strange = answer((A, 0.9), labels=["dog"])
    assert count_found([strange], [truth]) == (0, 3, 0)


def test_what_need_not_be_found_is_neither_right_nor_wrong():
    truth = target(A, (40, 0, 80, 20), iscrowd=[False, True])
    found = answer((B, 0.95), ((62, 0, 72, 20), 0.93), (A, 0.9))  # two on the crowd
    assert count_found([found], [truth]) == (1, 1, 0)
    assert average_precision([found], [truth]) == 1.0
    # An object is preferred to a crowd around it.
    around = target((0, 0, 40, 40), A, iscrowd=[True, False])
    assert count_found([answer((A, 0.9))], [around]) == (1, 1, 0)


def test_max_detections_keeps_the_best_of_an_image():
    found = answer((NOWHERE, 0.9), (A, 0.8))
    truth = [target(A)]
    assert average_precision([found], truth, max_detections=1) == 0.0
    assert log_average_miss_rate([found], truth, max_detections=1) == 1.0
    assert average_precision([found], truth, iou_threshold=0.5) == 0.5


def test_nothing_to_find_is_nan_and_nothing_found_is_the_worst():
    empty = [target()]
    for metric in (average_precision, log_average_miss_rate):
        assert np.isnan(metric([answer()], empty))
    assert average_precision([answer()], [target(A)]) == 0.0
    assert log_average_miss_rate([answer()], [target(A)]) == 1.0
    crowd = [target(A, iscrowd=[True])]
    assert np.isnan(average_precision([answer((A, 1.0))], crowd))


def test_log_average_miss_rate_by_hand():
    # Ten images, an object each: four found, then a false alarm (0.1 an image), then
    # two more found, then false alarms up to 0.3 an image.
    truth = [target(A)] * 10
    scores = [0.99, 0.98, 0.97, 0.96, 0.6, 0.5]
    found = [answer((A, s)) for s in scores] + [answer()] * 4
    found[6] = answer((NOWHERE, 0.9))
    found[7] = answer((NOWHERE, 0.4), (C, 0.3))
    # Below 0.1 false alarms (1e-2, 1.8e-2, 3.2e-2, 5.6e-2) 6 of 10 are missed, from
    # 0.1 on (five points) 4 of 10.
    expected = np.exp((4 * np.log(0.6) + 5 * np.log(0.4)) / 9)
    assert log_average_miss_rate(found, truth) == pytest.approx(expected, rel=1e-12)


def test_all_found_without_a_false_alarm_is_almost_zero():
    got = log_average_miss_rate([answer((A, 1.0))], [target(A)])
    assert got == pytest.approx(1e-10)


def random_case(seed, n_images=12):
    """Objects of three classes, crowds among them, and noisy detections."""
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(n_images):
        n = rng.integers(0, 7)
        boxes = rng.uniform(0, 80, (n, 4))
        boxes[:, 2:] = boxes[:, :2] + rng.uniform(5, 40, (n, 2))
        labels = rng.integers(1, 4, n).tolist()
        crowd = rng.random(n) < 0.15
        truth.append({"boxes": boxes, "labels": labels, "iscrowd": crowd})
        near = np.repeat(boxes, 2, axis=0)
        near = near + rng.normal(0, 3, near.shape)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        far = rng.uniform(0, 80, (5, 4))
        far[:, 2:] = far[:, :2] + rng.uniform(5, 40, (5, 2))
        guessed = np.concatenate([np.repeat(labels, 2), rng.integers(1, 4, 5)])
        found.append(
            {
                "boxes": np.concatenate([near, far]),
                "scores": rng.permutation(2 * n + 5) / 40,
                "labels": guessed.astype(int).tolist(),
            }
        )
    return found, truth


def as_coco(found, truth):
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")

    def rows(items, i, more):
        for k, (box, label) in enumerate(zip(items["boxes"], items["labels"])):
            left, top, right, bottom = map(float, box)
            size = [right - left, bottom - top]
            facts = {"image_id": i, "category_id": label, "bbox": [left, top, *size]}
            yield {**facts, "area": size[0] * size[1], **more(items, k)}

    def crowd(items, k):
        return {"iscrowd": int(items["iscrowd"][k])}

    def score(items, k):
        return {"score": float(items["scores"][k])}

    real = coco.COCO()
    annotations = [row for i, t in enumerate(truth) for row in rows(t, i, crowd)]
    real.dataset = {
        "info": {},
        "images": [{"id": i} for i in range(len(truth))],
        "categories": [{"id": label} for label in (1, 2, 3)],
        "annotations": [{**row, "id": k} for k, row in enumerate(annotations, 1)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        real.createIndex()
        seen = real.loadRes(
            [row for i, d in enumerate(found) for row in rows(d, i, score)]
        )
        run = evaluation.COCOeval(real, seen, "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run.stats


@pytest.mark.parametrize("seed", range(8))
def test_average_precision_is_that_of_pycocotools(seed):
    found, truth = random_case(seed)
    stats = as_coco(found, truth)
    assert 0.02 < stats[0] < 0.95
    assert average_precision(found, truth) == pytest.approx(stats[0], abs=1e-9)
    for threshold, value in ((0.5, stats[1]), (0.75, stats[2])):
        got = average_precision(found, truth, iou_threshold=threshold)
        assert got == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_order_of_images_does_not_matter(seed):
    found, truth = random_case(seed)
    for i, items in enumerate(found):  # no ties, which the order would break
        items["scores"] = items["scores"] + i / 1000
    order = np.random.default_rng(0).permutation(len(found))
    again = [found[i] for i in order], [truth[i] for i in order]
    for metric in (average_precision, log_average_miss_rate):
        assert metric(*again) == pytest.approx(metric(found, truth), abs=1e-12)


GOOD = answer((A, 0.5))


@pytest.mark.parametrize(
    ("found", "truth", "message"),
    [
        ([], [target(A)], "detections of 0 images for targets of 1"),
        ([3], [target(A)], r"detections\[0\] is 3: expected a dictionary of 'boxes'"),
        ([{"boxes": [A]}], [target(A)], r"\['boxes'\]: expected .* 'scores'"),
        ([GOOD], [{"boxes": [A[:3]], "labels": [1]}], r"targets\[0\]: 'boxes' has sh"),
        ([GOOD], [target((5, 0, 0, 5))], r"the box \[5.0, 0.0, 0.0, 5.0\] ends before"),
        ([GOOD], [target((0, 0, np.inf, 5))], "is not finite"),
        ([GOOD], [{"boxes": [A], "labels": []}], "0 labels for 1 boxes"),
        ([GOOD], [target(A, iscrowd=[0, 1])], r"'iscrowd' has shape \(2,\) for 1"),
        ([answer((A, np.nan))], [target(A)], "1 scores, 1 of them NaN, for 1 boxes"),
        ([{**GOOD, "scores": []}], [target(A)], "0 scores, 0 of them NaN, for 1"),
    ],
)
def test_what_is_no_box_is_named(found, truth, message):
    with pytest.raises(ValueError, match=message):
        average_precision(found, truth)


@pytest.mark.parametrize("threshold", [0, -1, 1.5, float("nan")])
def test_thresholds_are_shares(threshold):
    for metric in (average_precision, log_average_miss_rate, count_found):
        with pytest.raises(ValueError, match="iou_threshold="):
            metric([GOOD], [target(A)], iou_threshold=threshold)


def test_numbers_of_any_library_are_labels():
    found = {"boxes": np.array([A]), "scores": [1.0], "labels": np.array([3])}
    truth = {"boxes": [A], "labels": [3]}
    assert average_precision([found], [truth]) == 1.0
    assert average_precision([([A], [1.0], [3])], [truth]) == 1.0
