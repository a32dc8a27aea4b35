"""Registration as a step: pairs in, pairs on one grid out."""

import json

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

import skfusion
from skfusion import ImagePairs
from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.compose._steps import needs_fit
from skfusion.fusers import AverageFuser
from skfusion.metrics import FusionScorer, registry
from skfusion.model_files import load_pipeline, save_pipeline
from skfusion.registration.models import displacement, resampling
from skfusion.registration.warping import crop_window
from skfusion.transforms import (
    LinearStretch,
    Register,
    RegistrationError,
    RegistrationWarning,
)

from ..registration.scenes import MATRICES, case, moved, scene

SHIFT = np.array(MATRICES["translation"], float)


def colour(gray):
    return np.stack([gray, gray * 0.8, gray * 0.9], axis=2).astype(np.float32)


@pytest.fixture
def pair():
    ir, vis, _ = case("translation")
    return ir, colour(vis)


def test_the_moving_image_comes_onto_the_grid_of_the_fixed(pair):
    register = Register("translation")
    out = register.fit_transform([pair])
    assert displacement(register.matrices_[0], SHIFT, pair[0].shape) < 0.3
    assert register.quality_[0] > 0.5 and not register.failed_[0]
    infrared, visible = out.read(0)
    np.testing.assert_array_equal(visible, pair[1])
    known = register.masks_[0]
    inner = np.zeros_like(known)
    inner[8:-8, 10:-10] = True
    assert known[inner].all() and 0.9 < known.mean() < 1
    assert abs(infrared - scene(0)[0])[inner].mean() < 0.02


def test_the_visible_image_may_move(pair):
    register = Register("translation", moving="visible")
    out = register.fit_transform([pair])
    back = np.linalg.inv(SHIFT)
    assert displacement(register.matrices_[0], back, pair[0].shape) < 0.3
    np.testing.assert_array_equal(out.infrared[0], pair[0])
    assert out.visible[0].shape == pair[1].shape


def test_transform_alone_tells_the_same(pair):
    register = Register("translation")
    register.transform([pair, pair])
    assert register.matrices_.shape == (2, 3, 3) and register.quality_.shape == (2,)
    assert not hasattr(Register("translation").fit(), "matrices_")


def test_resampling_is_done_once_and_cubic(rng):
    image = rng.random((12, 15)).astype(np.float32)
    register = Register(matrix=[[1, 0, 0.4], [0, 1, 0.2], [0, 0, 1]])
    out = register.transform([(image, np.zeros((12, 15)))]).infrared[0]
    x, y = np.meshgrid(np.arange(15) + 0.4, np.arange(12) + 0.2)
    places = x.astype(np.float32), y.astype(np.float32)
    border = {"borderMode": cv2.BORDER_REPLICATE}
    expected = cv2.remap(image, *places, cv2.INTER_CUBIC, **border).clip(0, 1)
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_a_coarser_grid_averages():
    stripes = np.tile(np.float32([0, 0, 1, 1]), (64, 16))
    matrix = resampling((8, 8), stripes.shape)
    out = Register(matrix=matrix).transform([(stripes, np.zeros((8, 8)))]).infrared[0]
    np.testing.assert_allclose(out[1:-1, 1:-1], 0.5, atol=0.05)


@pytest.mark.parametrize("moving", ["infrared", "visible"])
@pytest.mark.parametrize("fill, value", [("edge", 0.5), ("zero", 0.0), ("fixed", 0.9)])
def test_what_stands_where_nothing_is_known(moving, fill, value):
    ir, vis = np.full((8, 9), 0.5), np.full((8, 9, 3), 0.9)
    if moving == "visible":
        ir, vis = ir + 0.4, vis - 0.4
    register = Register(moving=moving, matrix=np.diag([2.0, 2, 1]), fill=fill)
    out = register.transform([(ir, vis)]).read(0)[moving == "visible"]
    np.testing.assert_allclose(out[0, 0], 0.5, atol=1e-6)
    np.testing.assert_allclose(out[-1, -1], value, atol=1e-6)
    assert not register.masks_[0][-1, -1] and register.masks_[0][0, 0]


def test_crop_keeps_what_both_show(pair):
    register = Register("translation", crop="valid")
    infrared, visible = register.transform([pair]).read(0)
    window = crop_window(register.masks_[0])
    assert infrared.shape == visible.shape[:2] == register.masks_[0][window].shape
    assert register.masks_[0][window].all()
    np.testing.assert_array_equal(visible, pair[1][window])


def test_nothing_left_after_a_crop_is_an_error(pair):
    register = Register(matrix=[[1, 0, 1e5], [0, 1, 0], [0, 0, 1]], crop="valid")
    with pytest.raises(RegistrationError, match="covers nothing of the other one"):
        register.transform([pair])


def strange():
    return scene(9)[0], scene(0)[1]


def test_a_pair_that_fails_is_an_error_by_default(pair):
    pairs = ImagePairs(*zip(pair, strange()), names=["good", "bad"])
    register = Register("translation").fit(pairs)
    assert register.failed_.tolist() == [False, True]
    with pytest.raises(RegistrationError, match="pair 'bad' could not be registered"):
        register.transform(pairs)


@pytest.mark.parametrize("on_failure", ["identity", "warn"])
def test_a_pair_that_fails_stays_as_it_was(on_failure):
    infrared, visible = strange()
    small = cv2.resize(infrared, (95, 75))
    register = Register("translation", on_failure=on_failure)
    if on_failure == "warn":
        with pytest.warns(RegistrationWarning, match="'pair_0000' could not be regist"):
            out = register.transform([(small, visible)])
    else:
        out = register.transform([(small, visible)])
    assert register.failed_.all()
    expected = resampling(visible.shape, small.shape)
    np.testing.assert_allclose(register.matrices_[0], expected)
    assert out.read(0)[0].shape == visible.shape


def rig_pairs(n=3):
    scenes = [scene(seed) for seed in range(n)]
    return [(moved(ir, SHIFT), vis) for ir, vis in scenes]


def test_a_rig_has_one_transform():
    register = Register("translation", scope="rig").fit(rig_pairs())
    assert displacement(register.matrix_, SHIFT, (150, 190)) < 0.2
    assert register.quality_.shape == (3,) and (register.quality_ > 0.5).all()
    register.transform([strange()])
    np.testing.assert_array_equal(register.matrices_[0], register.matrix_)
    other = [(np.zeros((20, 20)), np.zeros((150, 190)))]
    with pytest.raises(ValueError, match=r"the sizes .*those of the rig"):
        register.transform(other)


def test_a_pair_that_fails_takes_the_transform_of_the_rig():
    register = Register("translation", on_failure="rig").fit(rig_pairs())
    register.transform([strange()])
    assert register.failed_.all()
    np.testing.assert_array_equal(register.matrices_[0], register.matrix_)


def test_a_rig_needs_to_be_fitted():
    register = Register(scope="rig")
    assert needs_fit(register) and not needs_fit(Register())
    assert not needs_fit(Register(scope="rig", matrix=np.eye(3)))
    with pytest.raises(NotFittedError):
        register.transform(rig_pairs(1))
    with pytest.raises(ValueError, match="X=None: fit needs the pairs of the rig"):
        register.fit()


@pytest.mark.parametrize("on_failure", ["raise", "warn", "identity"])
def test_a_rig_that_fails(on_failure):
    register = Register("translation", scope="rig", on_failure=on_failure)
    if on_failure == "raise":
        with pytest.raises(RegistrationError, match="the rig could not be registered"):
            register.fit([strange()])
        return
    if on_failure == "warn":
        with pytest.warns(RegistrationWarning, match="Register.from_points"):
            register.fit([strange()])
    else:
        register.fit([strange()])
    np.testing.assert_array_equal(register.matrix_, np.eye(3))


def test_matrices_by_name(pair):
    pairs = ImagePairs([pair[0]] * 2, [pair[1]] * 2, names=["a", "b"])
    register = Register(matrix={"a": np.eye(3), "b": SHIFT}).fit(pairs)
    np.testing.assert_array_equal(register.matrices_, [np.eye(3), SHIFT])
    assert register.quality_[1] > register.quality_[0]
    with pytest.raises(ValueError, match="matrix holds no transform of pair 'pair_00"):
        register.transform([pair])


@pytest.mark.parametrize("bad", [[[1, 2], [3, 4]], np.zeros((3, 3)), [["x"] * 3] * 3])
def test_a_matrix_that_is_none(pair, bad):
    with pytest.raises(ValueError, match=r"matrix=.*3 rows of 3 finite numbers"):
        Register(matrix=bad).transform([pair])


def test_one_of_matrix_and_calibration(pair):
    with pytest.raises(ValueError, match="matrix and calibration are both given"):
        Register(matrix=np.eye(3), calibration={}).transform([pair])
    with pytest.raises(ValueError, match="calibration: .*argument"):
        Register(calibration={"lens": 1}).transform([pair])


def test_from_points(pair):
    src = np.array([[10, 10], [170, 20], [30, 130], [160, 140], [80, 70]], float)
    dst = src + SHIFT[:2, 2]
    dst[4] += 40  # a slip
    for model in ("translation", "similarity", "affine", "homography"):
        register = Register.from_points(src, dst, model, crop="valid")
        np.testing.assert_allclose(register.matrix, SHIFT, atol=1e-6)
        assert register.crop == "valid" and register.model == model


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([[0, 0]], [[1, 1], [2, 2]]), "src has the shape"),
        (([[0, 0]], [[1, 1]]), "src holds 1 points: model='homography' needs 4"),
        (([[0, 0]], [[1, 1]], "rigid"), "model='rigid': use one of translation"),
        (([[i, i] for i in range(4)],) * 2 + ("affine",), "does not follow from these"),
    ],
)
def test_points_that_say_too_little(arguments, message):
    with pytest.raises(ValueError, match=message):
        Register.from_points(*arguments)


def test_from_calibration(tmp_path, pair):
    path = tmp_path / "rig.json"
    path.write_text(json.dumps({"H": SHIFT.tolist()}))
    register = Register.from_calibration(path, crop="valid")
    np.testing.assert_array_equal(register.matrix, SHIFT)
    camera = [[200, 0, 94.5], [0, 200, 74.5], [0, 0, 1]]
    other = [[200, 0, 100.5], [0, 200, 70.5], [0, 0, 1]]
    lenses = {"D1": [0.1, 0, 0, 0], "D2": [0.1, 0, 0, 0]}
    path.write_text(json.dumps({"K1": camera, "K2": other, **lenses}))
    register = Register.from_calibration(path).fit([pair])
    np.testing.assert_allclose(register.matrices_[0], SHIFT, atol=1e-9)
    assert register.quality_[0] > 0.5
    out = register.transform([pair]).infrared[0]
    expected = Register(matrix=SHIFT).transform([pair]).infrared[0]
    # Both lenses bend alike: the difference is that of a lens at two centres.
    assert abs(out - expected)[10:-10, 10:-10].mean() < 0.02
    with pytest.raises(ValueError, match="first='left': use 'visible' or 'infrared'"):
        Register.from_calibration(path, first="left")
    with pytest.raises(ValueError, match="distance=0: expected above 0"):
        Register.from_calibration(path, distance=0)


def test_parameters_are_checked(pair):
    for parameter in ({"model": "rigid"}, {"quality_threshold": 2}, {"crop": "all"}):
        with pytest.raises(ValueError, match=next(iter(parameter))):
            Register(**parameter).transform([pair])
    for methods in ((), ("sift",)):
        with pytest.raises(ValueError, match="methods=.*use one or more of ecc, ngf"):
            Register(methods=methods).fit([pair])


def test_everything_follows_in_a_pipeline(pair):
    register = Register(matrix=SHIFT.tolist())
    enhance = EnhanceByModality(infrared=LinearStretch())
    steps = [("register", register), ("enhance", enhance), ("fuse", AverageFuser())]
    fused = PreserveChroma(Pipeline(steps)).fit_transform([pair])[0]
    assert fused.shape == pair[1].shape
    np.testing.assert_allclose(skfusion.fuse(*pair, Pipeline(steps)), fused, atol=1e-6)


def test_it_is_scored_against_the_registered_pair(pair):
    pipeline = Pipeline([("r", Register("translation")), ("f", AverageFuser())])
    score = FusionScorer(["mse"])(pipeline, [pair])["mse"]
    infrared, visible = Register("translation").transform([pair]).read(0)
    fused = pipeline.transform([pair])[0]
    assert score == pytest.approx(-registry["mse"](infrared, visible, fused))


def test_a_clone_a_copy_on_disk_and_the_step_itself_do_the_same(tmp_path, pair):
    register = Register(matrix=SHIFT.tolist(), crop="valid")
    save_pipeline(register, tmp_path / "m.json")
    expected = register.transform([pair]).infrared[0]
    for other in (clone(register), load_pipeline(tmp_path / "m.json")):
        np.testing.assert_array_equal(other.transform([pair]).infrared[0], expected)
