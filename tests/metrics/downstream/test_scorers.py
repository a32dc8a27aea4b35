"""Scorers by a detector and a segmenter, and the table of all kinds of images."""

# SPDX-License-Identifier: BSD-3-Clause
import pickle

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from skfusion.datasets import make_scene_pairs
from skfusion.fusers import AverageFuser
from skfusion.images import luma, write_image
from skfusion.metrics import DetectionScorer, SegmentationScorer, single_split
from skfusion.metrics.downstream import (
    average_precision,
    evaluate_downstream,
    mean_iou,
)
from skfusion.metrics.downstream.rows import DETECTION
from skfusion.pairs import ImagePairs


def bright(image):
    """One box around all pixels above a half, as sure as they are bright."""
    rows, columns = np.nonzero(np.asarray(image) > 0.5)
    if not rows.size:
        return np.zeros((0, 4)), [], []
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return [box], [float(image[rows[0], columns[0]])], ["person"]


def halves(image):
    return (luma(image) > 0.5).astype(int)


BOXES = [(2, 3, 8, 15), (10, 4, 16, 18), (5, 5, 9, 17)]


@pytest.fixture
def X():
    """People who are warm at 0.8 and cannot be seen."""
    infrared = []
    for left, top, right, bottom in BOXES:
        image = np.full((20, 24), 0.1, np.float32)
        image[top:bottom, left:right] = 0.8
        infrared.append(image)
    return ImagePairs(infrared, [np.full((20, 24), 0.1, np.float32)] * 3, names="abc")


@pytest.fixture
def targets():
    return [{"boxes": [box], "labels": ["person"]} for box in BOXES]


@pytest.fixture
def masks(X):
    return [halves(infrared) for infrared in X.infrared]


HOT, COLD = AverageFuser(visible_weight=0.0), AverageFuser(visible_weight=1.0)


def test_scores_are_those_of_the_functions(X, targets):
    scorer = DetectionScorer(bright, targets, metrics=list(DETECTION))
    assert scorer(HOT, X) == {
        **dict.fromkeys(("ap", "ap50", "ap75", "recall", "precision"), 1.0),
        "lamr": pytest.approx(0.0, abs=1e-9),
    }
    worst = scorer(COLD, X)
    assert worst.pop("precision") != worst.get("precision")  # NaN: nothing returned
    assert worst == {"ap": 0, "ap50": 0, "ap75": 0, "recall": 0, "lamr": -1}


def test_detections_and_truth_meet_by_image(X, targets):
    moved = targets[1:] + targets[:1]
    values = DetectionScorer(bright, moved).values(HOT, X)
    assert (values["found"], values["missed"], values["false_alarms"]) == (0, 3, 3)


def test_one_metric_is_a_number(X, targets):
    scorer = DetectionScorer(bright, targets, metrics="ap50")
    assert scorer(HOT, X) == 1.0 and isinstance(scorer(HOT, X), float)
    assert DetectionScorer(bright, targets, metrics="lamr")(COLD, X) == -1.0


def test_rows_know_their_direction():
    for name, row in DETECTION.items():
        assert row.name == name and row.range == (0, 1) and row.title and row.citation
        assert row.better(0.25) == (0.25 if row.higher_is_better else -0.25)
    assert [n for n, row in DETECTION.items() if not row.higher_is_better] == ["lamr"]


def test_a_search_finds_the_weight_that_shows_people(X, targets):
    search = GridSearchCV(
        AverageFuser(),
        {"visible_weight": [1.0, 0.2, 0.9]},
        scoring=DetectionScorer(bright, targets),
        refit="ap50",
        cv=single_split(X),
    ).fit(X)
    assert search.best_params_ == {"visible_weight": 0.2}
    lamr = search.cv_results_["mean_test_lamr"]
    assert lamr.tolist() == pytest.approx([-1, 0, -1], abs=1e-9)


def test_a_search_with_folds_takes_truth_by_name(X, targets, masks):
    for scorer in (
        DetectionScorer(bright, dict(zip("abc", targets)), metrics="ap"),
        SegmentationScorer(halves, dict(zip("abc", masks))),
    ):
        search = GridSearchCV(
            AverageFuser(), {"visible_weight": [1.0, 0.0]}, scoring=scorer, cv=3
        ).fit(X)
        assert search.best_params_ == {"visible_weight": 0.0}
        assert search.best_score_ == 1.0


def test_a_search_by_halving_is_told_to_take_one_metric(X, targets):
    X = X[[0, 1, 2] * 4]
    search = HalvingGridSearchCV(
        AverageFuser(),
        {"visible_weight": [1.0, 0.0]},
        scoring=DetectionScorer(bright, dict(zip("abc", targets))),
        cv=2,
        min_resources=4,
    )
    with pytest.raises(ValueError, match=r"DetectionScorer\(detector, boxes, 'ap'\)"):
        search.fit(X)


def test_segmentation_by_hand(X, masks):
    scorer = SegmentationScorer(halves, masks)
    assert scorer(HOT, X) == 1.0
    share = sum(m.sum() for m in masks) / sum(m.size for m in masks)
    assert scorer(COLD, X) == pytest.approx((1 - share) / 2)
    values = scorer.values(COLD, X)
    assert values["iou_1"] == 0 and values["iou_0"] == pytest.approx(1 - share)


def test_n_classes_and_ignore_index_reach_the_matrix(X, masks):
    hidden = [np.where(mask == 1, 9, 0) for mask in masks]
    scorer = SegmentationScorer(halves, hidden, 3, ignore_index=9)
    values = scorer.values(COLD, X)
    assert values["miou"] == 1.0 and np.isnan(values["iou_2"])
    with pytest.raises(ValueError, match="a map holds class 9, n_classes=2"):
        SegmentationScorer(halves, hidden, 2)(COLD, X)


def test_built_in_detectors_go_by_name(targets):
    assert "HOGPeopleDetector" in repr(DetectionScorer("hog", targets))
    assert "BlobDetector" in repr(DetectionScorer("blobs", targets))
    assert "ONNXDetector('net.onnx')" in repr(DetectionScorer("net.onnx", targets))
    assert "ONNXSegmenter('net.onnx')" in repr(SegmentationScorer("net.onnx", []))


def test_scorers_are_sent_to_workers(X, targets, masks):
    for scorer in (
        DetectionScorer(bright, targets, metrics="ap"),
        SegmentationScorer(halves, masks),
    ):
        again = pickle.loads(pickle.dumps(scorer))
        assert again(HOT, X) == 1.0 and repr(again) == repr(scorer)


def test_one_table_of_every_kind_of_image(X, targets, tmp_path):
    for name, image in zip(X.names, X.infrared):
        write_image(tmp_path / f"{name}.png", image)
    table = evaluate_downstream(
        DetectionScorer(bright, targets),
        X,
        {"mean": AverageFuser(), "folder": tmp_path, "list": list(X.visible)},
        n_jobs=2,
    )
    assert list(table.index) == ["visible", "infrared", "mean", "folder", "list"]
    assert table["found"].tolist() == [0, 3, 0, 3, 0]
    assert table["missed"].tolist() == [3, 0, 3, 0, 3]
    assert table["ap"].tolist() == [0, 1, 0, 1, 0]
    assert table["lamr"].tolist() == pytest.approx([1, 0, 1, 0, 1], abs=1e-9)


def test_a_table_of_the_sources_alone(X, masks):
    table = evaluate_downstream(SegmentationScorer(halves, masks), X)
    assert list(table.index) == ["visible", "infrared"]
    assert list(table.columns) == ["miou", "iou_0", "iou_1"]
    assert table.loc["infrared"].tolist() == [1, 1, 1]


def test_targets_of_drawn_scenes_are_taken():
    X, targets = make_scene_pairs(
        2, (96, 128), night=True, random_state=0, return_targets=True
    )
    people = [target["masks"].any(axis=0).astype(int) for target in targets]
    table = evaluate_downstream(SegmentationScorer(halves, people), X)
    assert table.loc["infrared", "iou_1"] > 2 * table.loc["visible", "iou_1"]
    found = [{**target, "scores": np.ones(len(target["boxes"]))} for target in targets]
    assert average_precision(found, targets) == 1.0
    assert mean_iou(people, people) == 1.0


def test_labels_that_never_meet_are_told(X, targets):
    for target in targets:
        target["labels"] = ["0"]
    with pytest.raises(ValueError, match=r"finds 'person', the boxes are of '0'"):
        DetectionScorer(bright, targets)(HOT, X)
    assert DetectionScorer(bright, targets, metrics="ap")(COLD, X) == 0.0


class Odd:
    """A fuser that returns what it is given."""

    def __init__(self, images):
        self.images = images

    def transform(self, X):
        return self.images


def test_fused_images_of_another_number_or_size_are_refused(X, targets, masks):
    for scorer in (DetectionScorer(bright, targets), SegmentationScorer(halves, masks)):
        with pytest.raises(ValueError, match="Odd.transform returned 1 images for 3"):
            scorer(Odd([np.zeros((20, 24))]), X)
        with pytest.raises(ValueError, match="pair 'a': the fused image is 10x12"):
            scorer(Odd([np.zeros((10, 12))] * 3), X)


def test_truth_that_is_missing_is_named(X, targets, masks):
    with pytest.raises(ValueError, match="boxes= lacks 2 of 3 pairs, first 'b'"):
        DetectionScorer(bright, {"a": targets[0]})(HOT, X)
    with pytest.raises(ValueError, match="masks= holds 1 entries for 3 pairs"):
        SegmentationScorer(halves, masks[:1])(HOT, X)


def test_an_answer_that_is_none_names_the_pair(X, targets):
    with pytest.raises(ValueError, match="the detector returns for 'a' is None: exp"):
        DetectionScorer(lambda image: None, targets)(HOT, X)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DetectionScorer("dog", []), "detector='dog': expected 'hog', 'blobs'"),
        (lambda: DetectionScorer(3, []), "detector=3"),
        (lambda: DetectionScorer("hog", [], metrics="map"), "metrics='map': use one"),
        (lambda: DetectionScorer("hog", [], metrics=[]), r"metrics=\[\]"),
        (lambda: SegmentationScorer("net.pt", []), "segmenter='net.pt'"),
    ],
)
def test_wrong_parameters_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_rows_that_cannot_be_made_are_named(X, targets, tmp_path):
    scorer = DetectionScorer(bright, targets)
    with pytest.raises(ValueError, match="fused= calls a row 'visible'"):
        evaluate_downstream(scorer, X, {"visible": AverageFuser()})
    with pytest.raises(ValueError, match="fused='few' holds 1 images for 3 pairs"):
        evaluate_downstream(scorer, X, {"few": [np.zeros((20, 24))]})
    with pytest.raises(ValueError, match="lacks 3 of 3 images, first 'a'"):
        evaluate_downstream(scorer, X, {"none": tmp_path})
