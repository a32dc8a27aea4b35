"""Estimation: the right transform, or a quality that says it is not."""

import numpy as np
import pytest

from skfusion.registration import MODELS, align, align_rig
from skfusion.registration.estimate import plausible, possible, working_pair
from skfusion.registration.features import edge_map
from skfusion.registration.measures import (
    GradientFields,
    MutualInformation,
    edge_correlation,
)
from skfusion.registration.memory import remembered
from skfusion.registration.methods import METHODS, ecc
from skfusion.registration.models import (
    Parameters,
    apply,
    corners,
    displacement,
    fit_points,
    fitted,
    resampling,
)
from skfusion.registration.rig import common_sizes, median_transform
from skfusion.registration.starts import shift_scores

from .scenes import MATRICES, case, moved, scene


@pytest.mark.parametrize("model", MODELS)
def test_a_known_transform_is_found(model):
    ir, vis, matrix = case(model)
    found = align(vis, ir, model)
    assert displacement(found.matrix, matrix, vis.shape) < 0.5
    assert found.quality > 0.5 and found.method in METHODS


@pytest.mark.parametrize("method", METHODS)
def test_each_method_finds_it_alone(method):
    ir, vis, matrix = case("affine", seed=1)
    found = align(vis, ir, "affine", (method,))
    assert displacement(found.matrix, matrix, vis.shape) < 1.5


def test_polarity_does_not_matter():
    ir, vis, matrix = case("similarity")
    found = align(vis, 1 - ir, "similarity")
    assert displacement(found.matrix, matrix, vis.shape) < 0.5


def test_two_sizes_of_one_view():
    ir, vis = scene(2)
    small = moved(ir, resampling(ir.shape, (75, 95)), (75, 95))
    found = align(vis, small, "affine")
    expected = resampling(vis.shape, small.shape)
    assert displacement(found.matrix, expected, vis.shape) < 0.5


def test_two_fields_of_view():
    ir, vis = scene(3, (160, 220))
    found = align(vis, ir[10:140, 20:160], "similarity")
    expected = np.array([[1, 0, -20], [0, 1, -10], [0, 0, 1]])
    assert displacement(found.matrix, expected, vis.shape) < 0.5


def test_what_has_nothing_in_common_has_a_low_quality():
    vis = scene(0)[1]
    assert align(vis, scene(9)[0], "similarity").quality < 0.27


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (15, 40)])
def test_what_is_too_small_is_resized(shape):
    found = align(np.zeros(shape), np.zeros((40, 30)))
    np.testing.assert_array_equal(found.matrix, possible(shape, (40, 30))[0])
    assert found.quality == 0 and found.method == "start"


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_flat_images_fail_without_a_word(level):
    flat = np.full((48, 64), level, np.float32)
    assert align(flat, scene()[0], "translation").quality == 0
    assert align(scene()[0], flat, "affine").quality == 0


def test_near_begins_there():
    ir, vis, matrix = case("affine")
    start = matrix.copy()
    start[:2, 2] += 1.5
    found = align(vis, ir, "affine", near=start)
    assert displacement(found.matrix, matrix, vis.shape) < 0.5


def test_the_same_pair_is_estimated_once():
    ir, vis, _ = case("translation", seed=4)
    first = remembered(vis, ir, "translation", METHODS)
    assert remembered(vis.copy(), ir, "translation", METHODS) is first
    assert remembered(vis, ir, "translation", ("ngf",)) is not first


def test_large_images_are_worked_on_small_and_alike():
    vis, ir = np.zeros((1200, 1600), np.float32), np.zeros((240, 320), np.float32)
    fixed, moving, up, back = working_pair(vis, ir)
    assert fixed.shape == (360, 480) and moving.shape == (360, 480)
    np.testing.assert_allclose(up, resampling((360, 480), vis.shape))
    np.testing.assert_allclose(back, resampling((360, 480), ir.shape))


def test_a_mirror_a_shear_and_a_great_turn_are_not_plausible():
    shape = (60, 80)
    assert plausible(np.array(MATRICES["affine"]), shape, shape)
    for bad in (
        [[-1, 0, 79], [0, 1, 0]],
        [[1, 0.5, 0], [0, 1, 0]],
        [[0, -1, 60], [1, 0, 0]],
    ):
        assert not plausible(np.array([*bad, [0, 0, 1]], float), shape, shape)
    assert not plausible(np.diag([3.0, 3.0, 1.0]), shape, shape)


def test_rig_is_one_transform_for_all():
    matrix = np.array(MATRICES["affine"])
    scenes = [scene(seed) for seed in range(4)]
    pairs = [(vis, moved(ir, matrix)) for ir, vis in scenes]
    pairs.append((scenes[0][1], scene(11)[0]))  # one that does not belong
    found = align_rig(pairs, "affine")
    assert displacement(found.matrix, matrix, pairs[0][0].shape) < 0.2


def test_median_transform_ignores_the_odd_one():
    good = np.array(MATRICES["affine"])
    matrices = [good, good, np.array(MATRICES["translation"])]
    np.testing.assert_allclose(median_transform("affine", matrices, (50, 60)), good)
    shifts = [resampling((50, 60), (25, 30)) for _ in range(3)]
    for matrix, shift in zip(shifts, (1, 2, 9)):
        matrix[0, 2] += shift
    found = median_transform("translation", shifts, (50, 60))
    np.testing.assert_allclose(found, shifts[1])


def test_common_sizes():
    a, b = np.zeros((4, 5)), np.zeros((6, 7))
    assert common_sizes([(a, b)] * 2, "xy") == ((4, 5), (6, 7))
    with pytest.raises(ValueError, match="pairs 'x' and 'y' have other sizes"):
        common_sizes([(a, b), (b, b)], "xy")
    with pytest.raises(ValueError, match="X holds no pair"):
        common_sizes([], [])


@pytest.mark.parametrize("model", MODELS)
def test_numbers_of_a_model_are_pixels_at_the_corners(model):
    parameters = Parameters(model, (60, 80))
    np.testing.assert_allclose(parameters.matrix(np.zeros(MODELS[model][0])), np.eye(3))
    at = corners((60, 80))
    for k in range(MODELS[model][0]):
        step = parameters.matrix(np.eye(MODELS[model][0])[k])
        apart = np.hypot(*(apply(step, at) - at).T)
        assert 0.3 < apart.max() < 1.5
        again = fitted(model, at, apply(step, at)) * step[2, 2]
        np.testing.assert_allclose(again, step, atol=1e-6)


def test_points_that_disagree_are_left_out(rng):
    src = rng.uniform(0, 100, (20, 2))
    matrix = np.array(MATRICES["homography"])
    dst = apply(matrix, src)
    dst[:4] += 30
    np.testing.assert_allclose(fit_points("homography", src, dst), matrix, atol=1e-3)


def test_resampling_keeps_the_borders_of_the_images():
    matrix = resampling((10, 20), (5, 5))
    np.testing.assert_allclose(apply(matrix, [[-0.5, -0.5]]), [[-0.5, -0.5]])
    np.testing.assert_allclose(apply(matrix, [[19.5, 9.5]]), [[4.5, 4.5]])


def test_measures_are_highest_where_the_images_agree():
    ir, vis = scene(5)
    fixed, moving, _, _ = working_pair(vis, ir)
    shifted = np.array(MATRICES["translation"], float)
    far = np.array([[1, 0, 1000], [0, 1, 0], [0, 0, 1.0]])
    for kind in (GradientFields, MutualInformation):
        measure = kind(fixed.at(1), moving.at(1))
        assert measure(np.eye(3)) > measure(shifted) > measure(far)
    assert edge_correlation(fixed, fixed, np.eye(3)) == pytest.approx(1)
    assert edge_correlation(fixed, moving, far) == 0


def test_shift_scores_are_highest_at_the_shift():
    ir, vis = scene(6)
    there = moved(ir, MATRICES["translation"])
    fixed, moving, _, _ = working_pair(vis, there)
    scores, rows, columns = shift_scores(fixed.at(1), moving.at(1))
    row, column = np.unravel_index(scores.argmax(), scores.shape)
    assert (columns[column], rows[row]) == (6, -4)


def test_ecc_that_finds_no_overlap_keeps_its_start():
    ir, vis = scene()
    fixed, moving, _, _ = working_pair(vis, ir)
    far = np.array([[1, 0, 1000], [0, 1, 0], [0, 0, 1.0]])
    np.testing.assert_allclose(ecc("affine", fixed, moving, far), far)


def test_edge_map_is_blind_to_contrast():
    image = scene()[1]
    np.testing.assert_allclose(edge_map(image), edge_map(image * 0.1), atol=1e-3)
