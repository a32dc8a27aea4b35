"""The sharpness classifier: learning, errors, dense scores against a loop."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch.nn import functional

from skfusion.datasets import make_sharpness_patches
from skfusion.fusers import SharpnessClassifier
from skfusion.fusers.deep.sharpness.dense_scores import window_context
from skfusion.fusers.deep.sharpness.windows import grid_shape, pad_to_grid, spread
from skfusion.networks.sharpness import sharpness_planes
from skfusion.weights import WeightsError

SMALL = {"weights": None, "width": 4, "random_state": 0, "max_epochs": 2}
FAST = {**SMALL, "learning_rate": 0.01, "batch_size": 8, "max_epochs": 12}


@pytest.fixture(scope="module")
def samples():
    image = np.random.default_rng(1).random((160, 160))
    return make_sharpness_patches([image], n=40, random_state=0)


@pytest.fixture(scope="module")
def fitted(samples):
    return {
        network: SharpnessClassifier(network, **FAST).fit(*samples)
        for network in ("six-path", "three-path")
    }


@pytest.fixture
def pair():
    rng = np.random.default_rng(2)
    smooth = np.linspace(0, 1, 50)[:, None] * np.linspace(0.2, 1, 61)
    textured = np.clip(smooth + 0.2 * rng.standard_normal(smooth.shape), 0, 1)
    mixed = np.where(np.arange(61) < 30, smooth, textured)
    return mixed.astype(np.float32), smooth.astype(np.float32)


def test_learns_what_sharp_is(fitted, samples):
    for classifier in fitted.values():
        assert classifier.score(*samples) >= 0.95
        assert classifier.loss_curve_[-1] < classifier.loss_curve_[0]
        assert len(classifier.loss_curve_) == 12


def test_probabilities_sum_to_one_and_agree_with_predict(fitted, samples):
    X, _ = samples
    for classifier in fitted.values():
        probabilities = classifier.predict_proba(X)
        assert probabilities.shape == (40, 2)
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
        np.testing.assert_array_equal(classifier.predict(X), probabilities.argmax(1))


def test_prediction_does_not_depend_on_the_batch(fitted, samples, monkeypatch):
    X, _ = samples
    expected = fitted["six-path"].predict_proba(X)
    monkeypatch.setattr("skfusion.fusers.deep.sharpness.classifier._BATCH", 7)
    np.testing.assert_allclose(fitted["six-path"].predict_proba(X), expected, atol=1e-6)


def test_any_two_labels(samples):
    X, y = samples
    labels = np.array(["first", "second"])[y]
    classifier = SharpnessClassifier(**FAST).fit(X, labels)
    assert classifier.classes_.tolist() == ["first", "second"]
    assert classifier.score(X, labels) >= 0.95


def test_same_seed_same_network_and_untouched_global_generators(samples):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = SharpnessClassifier(**SMALL).fit(*samples)
    again = clone(first).fit(*samples)
    assert first.loss_curve_ == again.loss_curve_
    other = SharpnessClassifier(**{**SMALL, "random_state": 1}).fit(*samples)
    assert other.loss_curve_ != first.loss_curve_
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)


def test_schedule_lowers_the_learning_rate(samples):
    steady = SharpnessClassifier(**{**SMALL, "gamma": 1.0, "max_epochs": 3}).fit(
        *samples
    )
    stepped = SharpnessClassifier(**{**SMALL, "gamma": 0.1, "max_epochs": 3}).fit(
        *samples
    )
    assert steady.loss_curve_[0] == stepped.loss_curve_[0]
    assert steady.loss_curve_[2] != stepped.loss_curve_[2]


def test_partial_fit_continues(samples):
    X, y = samples
    classifier = SharpnessClassifier(**FAST)
    for _ in range(5):
        classifier.partial_fit(X, y)
    assert len(classifier.loss_curve_) == 5
    assert classifier.loss_curve_[-1] < classifier.loss_curve_[0]


def test_partial_fit_with_one_class_at_first(samples):
    X, y = samples
    classifier = SharpnessClassifier(**SMALL)
    classifier.partial_fit(X[::2], y[::2], classes=[0, 1])
    classifier.partial_fit(X[1::2], y[1::2])
    assert classifier.classes_.tolist() == [0, 1]
    with pytest.raises(ValueError, match="1 different labels"):
        SharpnessClassifier(**SMALL).partial_fit(X[::2], y[::2])


def test_early_stopping_keeps_the_best_network(samples):
    X, y = samples
    classifier = SharpnessClassifier(
        **{**FAST, "max_epochs": 30, "learning_rate": 0.5},
        early_stopping=True,
        validation_fraction=0.25,
        n_iter_no_change=2,
    ).fit(X, y)
    curve = classifier.validation_curve_
    assert len(curve) == len(classifier.loss_curve_) < 30
    assert np.argmin(curve) == len(curve) - 3


def test_last_batch_of_one_joins_the_one_before(samples):
    X, y = samples
    SharpnessClassifier(**{**SMALL, "batch_size": 2, "max_epochs": 1}).fit(X[:3], y[:3])


def test_progress_bar_only_when_asked(samples, capsys):
    SharpnessClassifier(**SMALL).fit(*samples)
    assert capsys.readouterr().err == ""
    SharpnessClassifier(**SMALL, verbose=True).fit(*samples)
    assert "epoch" in capsys.readouterr().err


@pytest.mark.parametrize("gradients", ["signed", "magnitude"])
@pytest.mark.parametrize("border", ["context", "zero"])
def test_every_form_of_input_learns(samples, gradients, border):
    params = {**FAST, "gradients": gradients, "border": border}
    classifier = SharpnessClassifier("three-path", **params).fit(*samples)
    assert classifier.score(*samples) >= 0.95


def test_context_of_a_patch_is_read():
    image = np.random.default_rng(1).random((96, 96))
    X, y = make_sharpness_patches([image], n=18, context=2, random_state=0)
    classifier = SharpnessClassifier(**FAST).fit(X, y)
    wide = classifier.predict_proba(X)
    assert not np.array_equal(wide, classifier.predict_proba(X[..., 2:-2, 2:-2]))


def test_integer_patches_are_scaled(fitted, samples):
    X, _ = samples
    stored = np.rint(X[:4] * 255).astype(np.uint8)
    np.testing.assert_allclose(
        fitted["six-path"].predict_proba(stored),
        fitted["six-path"].predict_proba(stored / 255),
        atol=1e-6,
    )


def test_weights_survive_a_file_and_pickle(fitted, samples, tmp_path):
    X, y = samples
    fitted["six-path"].save_weights(tmp_path / "small.safetensors")
    params = {**SMALL, "weights": tmp_path / "small.safetensors"}
    expected = fitted["six-path"].predict_proba(X)
    read = SharpnessClassifier(**params)
    np.testing.assert_array_equal(read.predict_proba(X), expected)
    np.testing.assert_array_equal(clone(read).predict_proba(X), expected)
    unpickled = pickle.loads(pickle.dumps(fitted["six-path"]))
    np.testing.assert_array_equal(unpickled.predict_proba(X), expected)
    # Training on starts from the file and leaves the shared network as it is.
    trained = SharpnessClassifier(**params).fit(X, y)
    assert trained.loss_curve_[0] < fitted["six-path"].loss_curve_[0]
    np.testing.assert_array_equal(read.predict_proba(X), expected)


def test_weights_of_another_form_are_refused(fitted, samples, tmp_path):
    path = tmp_path / "small.safetensors"
    fitted["six-path"].save_weights(path)
    X, _ = samples
    for params, message in [
        ({"network": "three-path"}, "network='six-path'"),
        ({"gradients": "signed"}, "gradients='clipped'"),
        ({"width": 8}, "width"),
    ]:
        classifier = SharpnessClassifier(**{**SMALL, "weights": path, **params})
        with pytest.raises(WeightsError, match=message):
            classifier.predict(X)


def test_without_weights_and_fit(samples):
    with pytest.raises(NotFittedError, match="weights=None"):
        SharpnessClassifier(**SMALL).predict(samples[0])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((3, 2, 32)), "expected pairs of windows"),
        (np.zeros((3, 2, 30, 30)), "windows of 30 pixels"),
        (np.zeros((0, 2, 32, 32)), "holds no pair"),
        (np.full((3, 2, 32, 32), 2.0), "scale float images"),
        (np.full((3, 2, 32, 32), np.nan), "NaN"),
    ],
)
def test_wrong_patches(fitted, X, message):
    with pytest.raises(ValueError, match=message):
        fitted["six-path"].predict(X)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1], "one label for each"),
        ([0, 0, 0, 0], "1 different labels"),
        ([0, 1, 2, 0], "3 different labels"),
    ],
)
def test_wrong_labels(samples, y, message):
    with pytest.raises(ValueError, match=message):
        SharpnessClassifier(**SMALL).fit(samples[0][:4], y)


def test_unknown_label_later(samples):
    X, y = samples
    classifier = SharpnessClassifier(**SMALL).partial_fit(X, y)
    with pytest.raises(ValueError, match="holds the label"):
        classifier.partial_fit(X, y + 1)


def test_one_sample_is_too_few(samples):
    X, y = samples
    with pytest.raises(ValueError, match="at least 2"):
        SharpnessClassifier(**SMALL).partial_fit(X[:1], y[:1], classes=[0, 1])
    with pytest.raises(ValueError, match="validation_fraction"):
        SharpnessClassifier(**SMALL, early_stopping=True).fit(X[:2], y[:2])


@pytest.mark.parametrize("params", [{"network": "two-path"}, {"batch_size": 1}])
def test_wrong_parameters(samples, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        SharpnessClassifier(**{**SMALL, **params}).fit(*samples)


def test_training_that_diverges_says_so(samples):
    params = {**SMALL, "learning_rate": 1e30, "max_epochs": 5}
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        SharpnessClassifier(**params).fit(*samples)


def loop(classifier, infrared, visible, stride):
    """The definition: one window after the other, in both orders."""
    network = classifier.network_
    first, second = (
        torch.from_numpy(pad_to_grid(image, stride)) for image in (visible, infrared)
    )
    planes = sharpness_planes(torch.stack([first, second]), classifier.gradients)
    planes = functional.pad(planes, (1, 1, 1, 1), mode="reflect")
    scores = np.empty(grid_shape(visible.shape, stride))
    stacked = classifier.network == "three-path"
    for i, j in np.ndindex(scores.shape):
        top, left = stride * i, stride * j
        window = planes[:, :, top : top + 34, left : left + 34]
        total = 0.0
        for order in (0, 1):
            pair = window[[order, 1 - order]].split(1)
            with torch.no_grad():
                logits = network(*window_context(*pair, classifier.border, stacked))
            total += logits.softmax(1)[0, order].item()
        scores[i, j] = total / 2
    return scores


@pytest.mark.parametrize("network", ["six-path", "three-path"])
@pytest.mark.parametrize("border", ["context", "zero"])
@pytest.mark.parametrize("stride", [8, 12, 32])
def test_dense_scores_equal_the_loop_over_windows(
    fitted, pair, network, border, stride
):
    classifier = pickle.loads(pickle.dumps(fitted[network])).set_params(border=border)
    expected = loop(classifier, *pair, stride)
    scores = classifier.window_scores(*pair, stride=stride)
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    strips = classifier.window_scores(*pair, stride=stride, tile_size=8)
    np.testing.assert_allclose(strips, scores, atol=1e-6)


def test_zero_border_in_the_image_is_that_of_a_patch(fitted, pair):
    classifier = pickle.loads(pickle.dumps(fitted["three-path"]))
    classifier.set_params(border="zero")
    infrared, visible = (image[:32, :32] for image in pair)
    scores = classifier.window_scores(infrared, visible, orders="first")
    patches = np.stack([visible, infrared])[None]
    np.testing.assert_allclose(
        scores[0, 0], classifier.predict_proba(patches)[0, 0], atol=1e-5
    )


def test_score_map_is_the_mean_over_the_windows_of_a_pixel(fitted, pair):
    classifier = fitted["six-path"]
    scores = classifier.window_scores(*pair)
    total, count = np.zeros(pair[0].shape), np.zeros(pair[0].shape)
    for i, j in np.ndindex(scores.shape):
        window = np.s_[8 * i : 8 * i + 32, 8 * j : 8 * j + 32]
        total[window] += scores[i, j]
        count[window] += 1
    score_map = classifier.score_map(*pair)
    assert score_map.dtype == np.float32
    np.testing.assert_allclose(score_map, total / count, atol=1e-6)


def test_score_map_mirrors_when_the_images_change_places(fitted, pair):
    for classifier in fitted.values():
        there = classifier.score_map(*pair)
        back = classifier.score_map(*pair[::-1])
        np.testing.assert_allclose(there + back, 1, atol=1e-5)


def test_one_order_is_visible_first(fitted, pair):
    classifier = fitted["six-path"]
    one = classifier.window_scores(*pair, orders="first")
    both = classifier.window_scores(*pair)
    other = classifier.window_scores(*pair[::-1], orders="first")
    np.testing.assert_allclose(both, (one + 1 - other) / 2, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (32, 33), (40, 31)])
def test_any_size(fitted, shape):
    rng = np.random.default_rng(0)
    scores = fitted["six-path"].score_map(rng.random(shape), rng.random(shape))
    assert scores.shape == shape
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_identical_and_constant_images_are_undecided(fitted, pair, value):
    for image in (pair[0], np.full((40, 40), value)):
        for classifier in fitted.values():
            scores = classifier.score_map(image, image)
            np.testing.assert_allclose(scores, 0.5, atol=1e-6)


def test_images_of_two_sizes_are_an_error(fitted):
    with pytest.raises(ValueError, match="resize or register"):
        fitted["six-path"].score_map(np.zeros((32, 32)), np.zeros((32, 33)))


def test_spread_counts_the_windows_over_a_pixel():
    total, count = spread(np.ones((3, 2)), (48, 40), 8)
    np.testing.assert_array_equal(total, count)
    assert count[0, 0] == 1
    assert count[20, 20] == 3 * 2


def test_each_order_and_their_mean():
    classifier = SharpnessClassifier()
    pair = np.random.default_rng(3).random((2, 40, 40))
    each = classifier.window_scores(*pair, orders="each")
    np.testing.assert_array_equal(
        classifier.window_scores(*pair, orders="first"), each[0]
    )
    np.testing.assert_array_equal(classifier.window_scores(*pair), each.mean(axis=0))
    for method, orders in (("window_scores", "second"), ("score_map", "each")):
        with pytest.raises(ValueError, match=f"orders='{orders}'"):
            getattr(classifier, method)(*pair, orders=orders)


def test_weights_are_read_when_asked(tmp_path):
    with pytest.raises(NotFittedError):
        SharpnessClassifier(weights=None).load_weights()
    with pytest.raises(WeightsError, match="no such file"):
        SharpnessClassifier(weights=tmp_path / "no.safetensors").load_weights()
    assert isinstance(SharpnessClassifier().load_weights(), SharpnessClassifier)


def test_weights_are_written_in_the_form_that_they_were_learned_in(
    fitted, samples, tmp_path
):
    classifier = copy.deepcopy(fitted["six-path"])
    width = classifier.width
    classifier.set_params(width=3 * width)
    classifier.save_weights(tmp_path / "w.safetensors")
    again = SharpnessClassifier(
        "six-path",
        width=width,
        gradients=classifier.gradients,
        weights=tmp_path / "w.safetensors",
    )
    expected = fitted["six-path"].predict(samples[0])
    np.testing.assert_array_equal(again.predict(samples[0]), expected)
