"""The sharpness fuser: from decisions to weights to the fused image."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import ParameterGrid

from skfusion.datasets import make_sharpness_patches
from skfusion.fusers import SharpnessClassifier, SharpnessFuser
from skfusion.fusers.deep.sharpness.fuser import _stretched
from skfusion.fusers.deep.sharpness.vote_maps import (
    distance_weight,
    ratio_weight,
    refine_weight,
    without_specks,
)
from skfusion.fusers.deep.sharpness.windows import spread
from skfusion.images import read_image


class Energy(ClassifierMixin, BaseEstimator):
    """The window of larger deviation is sharper: a classifier without learning."""

    def predict_proba(self, X):
        """Return probabilities, by the share of the variance."""
        variance = X.var((2, 3)) + 1e-9
        return variance / variance.sum(1, keepdims=True)


class Fixed(ClassifierMixin, BaseEstimator):
    """Says the same of every pair."""

    def __init__(self, first=1.0):
        self.first = first

    def predict_proba(self, X):
        """Return one row for all."""
        return np.tile([self.first, 1 - self.first], (len(X), 1))


@pytest.fixture
def pair():
    """Infrared textured on the left, visible on the right."""
    rng = np.random.default_rng(0)
    noise = 0.15 * rng.standard_normal((2, 64, 96))
    left = np.arange(96) < 48
    infrared = 0.3 + np.where(left, noise[0], 0.02 * noise[0])
    visible = 0.6 + np.where(left, 0.02 * noise[1], noise[1])
    return tuple(
        np.clip(image, 0, 1).astype(np.float32) for image in (infrared, visible)
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small trained classifier, and the file of its weights."""
    image = np.random.default_rng(1).random((160, 160))
    X, y = make_sharpness_patches([image], n=40, random_state=0)
    classifier = SharpnessClassifier(
        weights=None,
        width=4,
        learning_rate=0.01,
        max_epochs=12,
        batch_size=8,
        random_state=0,
    )
    return classifier.fit(X, y)


@pytest.mark.parametrize("weighting", ["distance", "score", "vote", "ratio"])
@pytest.mark.parametrize("blend", ["pixel", "pyramid"])
def test_each_side_comes_from_its_sharp_image(pair, weighting, blend):
    fuser = SharpnessFuser(
        Energy(), weighting=weighting, blend=blend, softness=4, floor=0.0
    )
    weight = fuser.weight_map([pair])[0]
    assert weight.dtype == np.float32
    assert weight.min() >= 0
    assert weight.max() <= 1
    assert weight[:, :24].mean() < 0.5 < weight[:, 72:].mean()
    fused = fuser.transform([pair])[0]
    assert fused.shape == pair[0].shape
    left, right = np.s_[8:-8, 8:24], np.s_[8:-8, 72:88]
    for region, source in [(left, pair[0]), (right, pair[1])]:
        detail = ndimage.gaussian_laplace(fused.astype(float), 1)[region]
        expected = ndimage.gaussian_laplace(source.astype(float), 1)[region]
        assert np.corrcoef(detail.ravel(), expected.ravel())[0, 1] > 0.9


def test_floor_is_the_least_weight_of_either_image(pair):
    plain = SharpnessFuser(Energy(), floor=0.0).weight_map([pair])[0]
    raised = SharpnessFuser(Energy(), floor=0.2).weight_map([pair])[0]
    np.testing.assert_allclose(raised, 0.2 + 0.6 * plain, atol=1e-6)


def test_pixel_blend_is_the_weighted_mean(pair):
    fuser = SharpnessFuser(Energy(), blend="pixel")
    weight = fuser.weight_map([pair])[0]
    expected = weight * pair[1] + (1 - weight) * pair[0]
    np.testing.assert_allclose(fuser.transform([pair])[0], expected, atol=1e-6)


@pytest.mark.parametrize("first", [0.0, 1.0])
@pytest.mark.parametrize("weighting", ["distance", "score", "vote"])
@pytest.mark.parametrize("blend", ["pixel", "pyramid"])
def test_one_class_alone_is_that_image(pair, first, weighting, blend):
    fuser = SharpnessFuser(
        Fixed(first), weighting=weighting, blend=blend, both_orders=False, floor=0.0
    )
    fused = fuser.transform([pair])[0]
    np.testing.assert_allclose(fused, pair[int(first)], atol=1e-5)


def test_class_zero_means_the_first_image_which_is_the_visible_one(pair):
    fuser = SharpnessFuser(Fixed(1.0), both_orders=False, floor=0.0)
    np.testing.assert_allclose(fuser.weight_map([pair])[0], 1, atol=1e-6)
    # In both orders "always the first" is no decision; ties go to the visible image.
    fuser = SharpnessFuser(Fixed(1.0), weighting="score")
    np.testing.assert_allclose(fuser.weight_map([pair])[0], 0.5, atol=1e-6)
    fuser = SharpnessFuser(Fixed(1.0), weighting="vote", floor=0.0)
    np.testing.assert_array_equal(fuser.weight_map([pair])[0], 1)


def test_named_network_equals_its_classifier(small, pair, tmp_path):
    small.save_weights(tmp_path / "w.safetensors")
    given = SharpnessFuser(
        FrozenEstimator(small), weighting="score", softness=0, floor=0.0
    )
    np.testing.assert_allclose(
        given.weight_map([pair])[0], small.score_map(*pair), atol=1e-6
    )
    assert np.array_equal(
        clone(given).fit([pair]).weight_map([pair])[0], given.weight_map([pair])[0]
    )


def test_stub_and_network_see_the_same_windows(small, pair):
    class Bare(ClassifierMixin, BaseEstimator):
        def predict_proba(self, X):
            return small.predict_proba(np.ascontiguousarray(X))

    dense = SharpnessFuser(small, weighting="score").weight_map([pair])[0]
    loop = SharpnessFuser(Bare(), weighting="score").weight_map([pair])[0]
    # A patch alone mirrors its border, a window of an image sees beyond it.
    assert np.abs(dense - loop).mean() < 0.1


def test_distance_ramp():
    chosen = np.arange(16)[None].repeat(4, 0) >= 8
    weight = distance_weight(chosen, 4)
    expected = np.clip(0.5 + (np.arange(16) - 7.5) / 8, 0, 1)
    np.testing.assert_allclose(weight, np.tile(expected, (4, 1)), atol=1e-6)
    np.testing.assert_array_equal(distance_weight(chosen, 0), chosen)
    for value in (0, 1):
        one = np.full((3, 5), bool(value))
        np.testing.assert_array_equal(distance_weight(one, 4), value)


def test_ratio_is_the_published_formula_on_scipy_distances(rng):
    chosen = ndimage.gaussian_filter(rng.standard_normal((40, 50)), 4) > 0
    ir, vis = rng.integers(0, 256, (2, 40, 50)) / 255
    edt = ndimage.distance_transform_edt
    d = edt(np.where(chosen, vis, ir) != 0)
    w_vis, w_ir = edt(chosen), edt(~chosen)
    np.testing.assert_allclose(
        ratio_weight(chosen, ir, vis), (d + w_vis) / (2 * d + w_vis + w_ir)
    )


def test_small_regions_go_to_their_surroundings():
    chosen = np.zeros((40, 40), dtype=bool)
    chosen[:, 20:] = True
    chosen[5:8, 5:8] = True  # 9 pixels
    chosen[20:30, 5:15] = True  # 100 pixels
    chosen[10:12, 30:32] = False  # 4 pixels
    cleaned = without_specks(chosen, 10)
    assert not cleaned[5:8, 5:8].any()
    assert cleaned[20:30, 5:15].all()
    assert cleaned[10:12, 30:32].all()
    np.testing.assert_array_equal(without_specks(chosen, 0), chosen)
    full = np.ones((3, 3), dtype=bool)
    np.testing.assert_array_equal(without_specks(full, 100), full)
    np.testing.assert_array_equal(without_specks(~full, 100), ~full)


def test_refined_edges_follow_the_images():
    vis = np.zeros((40, 40), dtype=np.float32)
    vis[:, 20:] = 1
    weight = distance_weight(np.arange(40)[None].repeat(40, 0) >= 17, 6)
    refined = refine_weight(weight, vis, vis, radius=8)
    inside = refined[10:30]
    assert inside[:, 20].mean() - inside[:, 19].mean() > 0.3
    assert refined.min() >= 0
    assert refined.max() <= 1
    flat = np.zeros_like(vis)
    one = refine_weight(np.ones_like(vis), flat, flat, radius=3)
    np.testing.assert_allclose(one, 1, atol=1e-6)


def test_refine_changes_the_weights(pair):
    plain = SharpnessFuser(Energy()).weight_map([pair])[0]
    refined = SharpnessFuser(Energy(), refine=8).weight_map([pair])[0]
    assert not np.allclose(plain, refined)


@pytest.mark.parametrize(
    ("script", "votes"),
    [("000", "native"), ("001", "native"), ("001", "allvis"), ("001", "allir")],
)
def test_tail_equals_the_published_code(golden, script, votes):
    reference = np.load(golden / "seeds" / f"votes_tail_odd_{votes}.npz")
    enhanced = np.load(golden / "seeds" / "enhance_odd.npz")
    vis, ir = enhanced["hdrc_uint8"] / 255, enhanced["ir_linear_uint8"] / 255
    weight = ratio_weight(reference["votes"] >= 0, ir, vis)
    if script == "000":  # its script fuses the images before enhancement
        vis, ir = (
            read_image(golden / "inputs" / f"odd_{name}.png") / 255
            for name in ("vis", "ir")
        )
    fused = weight * vis + (1 - weight) * ir
    np.testing.assert_allclose(255 * fused, reference[f"fused{script}"], atol=1e-3)
    difference = 255 * _stretched(fused) - reference[f"fused{script}_uint8"]
    assert np.abs(difference).max() <= 1


def test_votes_equal_the_published_code(golden):
    reference = np.load(golden / "seeds" / "votes_tail_odd_native.npz")["votes"]
    height, width = reference.shape
    votes = np.empty(((height - 32) // 8 + 1, (width - 32) // 8 + 1))
    for i, j in np.ndindex(votes.shape):
        r, c = 8 * i, 8 * j
        phase = ((7919 * r + 104729 * c + 31 * r * c) % 1000) / 1000 - 0.5
        value = np.sin(6 * r / height) + np.cos(9 * c / width) + 0.8 * phase
        votes[i, j] = 1 if value > 0 else -1
    total, _ = spread(votes, reference.shape, 8)
    np.testing.assert_array_equal(np.rint(total), reference)


def test_compat_is_hard_votes_ratio_weights_and_a_stretch(pair):
    fuser = SharpnessFuser(Energy(), compat=True)
    maps = fuser.maps(*pair)
    np.testing.assert_array_equal(maps["chosen"], maps["score"] >= 0.5)
    eight = [np.floor(image * 255.0 + 0.5) / 255 for image in pair]
    np.testing.assert_allclose(maps["weight"], ratio_weight(maps["chosen"], *eight))
    fused = maps["weight"] * eight[1] + (1 - maps["weight"]) * eight[0]
    got = fuser.transform([pair])[0]
    np.testing.assert_allclose(got, _stretched(fused), atol=1e-6)
    assert got.min() == 0
    assert got.max() == 1
    constant = SharpnessFuser(Fixed(), compat=True).transform([(eight[0] * 0,) * 2])
    np.testing.assert_array_equal(constant[0], 0)


def test_compat_needs_both_orders_for_infrared_in_the_three_path_code(
    pair, monkeypatch
):
    # The visible image wins unless both orders speak for the infrared one.
    for first, second, expected in [
        (1.0, 1.0, True),
        (1.0, 0.0, True),
        (0.0, 1.0, True),
        (0.0, 0.0, False),
    ]:
        asked = []

        def scores(self, ir, vis, both, first=first, second=second, asked=asked):
            asked.append(both)
            return [np.full((5, 9), first), np.full((5, 9), second)][: 1 + both]

        monkeypatch.setattr(SharpnessFuser, "_order_scores", scores)
        maps = SharpnessFuser("three-path", compat=True).maps(*pair)
        assert maps["chosen"].all() == expected
        maps = SharpnessFuser("six-path", compat=True).maps(*pair)
        assert maps["chosen"].all() == (first == 1.0)
        assert asked == [True, False]


def test_maps_explain_the_weight(pair):
    fuser = SharpnessFuser(Energy())
    maps = fuser.maps(*pair)
    assert list(maps) == [
        "score",
        "chosen",
        "visible_distance",
        "infrared_distance",
        "weight",
    ]
    np.testing.assert_array_equal(maps["weight"], fuser.weight_map([pair])[0])
    assert not (maps["visible_distance"] * maps["infrared_distance"]).any()


def test_colour_channels_share_the_weights_of_luma(pair):
    ir, vis = pair
    colour = np.stack([vis, 0.5 * vis, 1 - vis], axis=-1)
    fuser = SharpnessFuser(Energy(), blend="pixel", color="per_channel")
    weight = fuser.weight_map([(ir, colour)])[0][..., None]
    expected = weight * colour + (1 - weight) * ir[..., None]
    np.testing.assert_allclose(fuser.transform([(ir, colour)])[0], expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (33, 32)])
def test_any_size(small, rng, shape):
    ir, vis = rng.random((2, *shape))
    for params in ParameterGrid(
        {"weighting": ["distance", "score", "ratio"], "compat": [False, True]}
    ):
        fused = SharpnessFuser(small, refine=4, **params).transform([(ir, vis)])[0]
        assert fused.shape == shape
        assert np.isfinite(fused).all()


def test_identical_images_fuse_to_themselves(small, pair):
    for weighting in ("distance", "score", "vote", "ratio"):
        fuser = SharpnessFuser(small, weighting=weighting)
        fused = fuser.transform([(pair[1], pair[1])])[0]
        np.testing.assert_allclose(fused, pair[1], atol=1e-5)


@pytest.mark.parametrize("values", [(0.0, 0.0), (0.2, 0.7), (1.0, 0.0)])
def test_constant_images_stay_between_their_values(small, values):
    pair = [np.full((40, 44), value) for value in values]
    for weighting in ("distance", "score", "vote", "ratio"):
        fused = SharpnessFuser(small, weighting=weighting).transform([pair])[0]
        assert fused.min() >= min(values) - 1e-5
        assert fused.max() <= max(values) + 1e-5


def test_weights_are_read_once_in_a_search(small, pair, tmp_path, monkeypatch):
    from skfusion.learning import weights

    reads = []
    original = weights.read_weights

    def counted(*arguments):
        reads.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(weights, "read_weights", counted)
    small.save_weights(tmp_path / "once.safetensors")
    classifier = SharpnessClassifier(width=4, weights=tmp_path / "once.safetensors")
    fuser = SharpnessFuser(classifier)
    grid = {"weighting": ["score", "distance"], "softness": [2, 8]}
    for params in ParameterGrid(grid):
        clone(fuser).set_params(**params).fit([pair]).transform([pair])
    assert len(reads) == 1


@pytest.mark.parametrize(
    "params",
    [
        {"classifier": "two-path"},
        {"weighting": "mean"},
        {"softness": -1},
        {"floor": 0.5},
        {"clean": 1.0},
        {"refine": 0},
        {"blend": "wavelet"},
        {"stride": 33},
        {"weights": None},
    ],
)
def test_wrong_parameters(pair, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        SharpnessFuser(**params).transform([pair])


# Devices -----------------------------------------------------------------------------


class Elsewhere(SharpnessFuser):
    """Takes the CPU for another device."""

    def _runs_on(self, device):
        return super()._runs_on(torch.device("cuda"))


@pytest.mark.parametrize("shape", [(64, 96), (47, 61), (32, 33), (20, 50)])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"classifier": "three-path", "softness": 0.0},
        {"blend": "pixel", "floor": 0.1, "both_orders": False},
        {"n_levels": 2, "color": "per_channel"},
        {"weighting": "distance"},
        {"stride": 16},
    ],
)
def test_the_form_for_other_devices_gives_the_same(params, shape, rng):
    pairs = [(rng.random(shape), rng.random((*shape, 3))) for _ in range(3)]
    here = SharpnessFuser(**params).transform(pairs)
    there = Elsewhere(**params, inference_batch_size=2).transform(pairs)
    for one, two in zip(here, there):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-5)


def test_a_form_is_made_once_for_a_device_and_its_parameters(pair):
    fuser = Elsewhere()
    first = fuser._device_form(torch.device("cpu"))
    assert fuser._device_form(torch.device("cpu")) is first
    assert clone(fuser)._device_form(torch.device("cpu")) is first
    fuser.set_params(floor=0.2)
    assert fuser._device_form(torch.device("cpu")) is not first


def test_a_short_type_is_close_and_not_the_same(pair):
    exact, short = Elsewhere(), Elsewhere(precision="bfloat16")
    off = np.abs(exact.transform([pair])[0] - short.transform([pair])[0]).max()
    assert 0 < off < 0.02


@pytest.mark.parametrize("classifier", ["six-path", "three-path"])
def test_a_short_type_on_a_cpu_moves_no_pixel_by_half_a_level(classifier, pair):
    exact, short = (
        SharpnessFuser(classifier, device="cpu", precision=precision).transform([pair])
        for precision in ("auto", "bfloat16")
    )
    off = np.abs(exact[0] - short[0]).max()
    assert 0 < off < 0.5 / 255
