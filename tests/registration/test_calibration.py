"""Files of calibrations, and the map from one camera to the other."""

import json

import cv2
import numpy as np
import pytest

from skfusion.registration import Calibration, CalibrationError, read_calibration
from skfusion.registration.models import apply

K1 = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
K2 = np.array([[260.0, 0, 160], [0, 262, 120], [0, 0, 1]])
D1 = np.array([-0.2, 0.05, 0.001, -0.001, 0.0])
D2 = np.array([-0.3, 0.1, 0.0, 0.0, 0.0])
R = cv2.Rodrigues(np.array([0.01, -0.02, 0.03]))[0]
T = np.array([0.05, 0.0, 0.01])
POINTS = np.array([[320.0, 240], [100, 80], [560, 400]])


def project(points, distance):
    """Return where points of a plane before camera 1 lie in image 2, by OpenCV."""
    rays = cv2.undistortPoints(points[:, None], K1, D1)
    world = np.c_[rays[:, 0] * distance, np.full(len(points), distance)]
    return cv2.projectPoints(world, cv2.Rodrigues(R)[0], T, K2, D2)[0][:, 0]


def opencv_file(path, **values):
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for name, value in values.items():
        storage.write(name, value)
    storage.release()
    return path


@pytest.mark.parametrize("suffix", [".yml", ".json", ".xml"])
def test_opencv_files(tmp_path, suffix):
    values = {"K1": K1, "D1": D1, "K2": K2, "D2": D2, "R": R, "T": T}
    path = opencv_file(tmp_path / f"rig{suffix}", **values)
    found = read_calibration(path, distance=4.0)
    np.testing.assert_allclose(found.apply(POINTS), project(POINTS, 4.0), atol=1e-3)


def test_plain_json_with_other_names(tmp_path):
    path = tmp_path / "rig.json"
    values = {
        "K_visible": K1.tolist(),
        "D_visible": D1.tolist(),
        "K_infrared": K2.tolist(),
        "D_infrared": D2.tolist(),
        "R": cv2.Rodrigues(R)[0].ravel().tolist(),
        "T": T.tolist(),
        "distance": 4.0,
    }
    path.write_text(json.dumps(values))
    found = read_calibration(path)
    np.testing.assert_allclose(found.apply(POINTS), project(POINTS, 4.0), atol=1e-3)


def test_the_other_way_round_is_the_inverse(tmp_path):
    path = opencv_file(tmp_path / "r.yml", K1=K1, D1=D1, K2=K2, D2=D2, R=R, T=0 * T)
    there = read_calibration(path)
    back = read_calibration(path, moving="visible")
    np.testing.assert_allclose(back.apply(there.apply(POINTS)), POINTS, atol=0.02)
    swapped = opencv_file(
        tmp_path / "s.yml", K1=K2, D1=D2, K2=K1, D2=D1, R=R.T, T=0 * T
    )
    same = read_calibration(swapped, first="infrared")
    np.testing.assert_allclose(same.apply(POINTS), there.apply(POINTS), atol=1e-6)


def test_without_lenses_it_is_its_matrix():
    plain = Calibration(K1, K2, [], [], R, T, 3.0)
    np.testing.assert_allclose(plain.apply(POINTS), apply(plain.matrix(), POINTS))
    far = Calibration(K1, K2, [], [], R, T)
    expected = K2 @ R @ np.linalg.inv(K1)
    np.testing.assert_allclose(far.matrix(), expected / expected[2, 2])


def test_images_of_another_size_than_the_calibrated():
    whole = Calibration(K1, K2, D1, D2, R, T, 4.0, [640, 480], [320, 240])
    half = whole.at((240, 320), (120, 160))
    points = (POINTS + 0.5) / 2 - 0.5
    expected = (project(POINTS, 4.0) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(half.apply(points), expected, atol=1e-3)
    unsized = Calibration(K1, K2, D1, D2, R)
    assert unsized.at((2, 3), (4, 5)).fixed_camera is K1


def test_size_is_read(tmp_path):
    path = tmp_path / "rig.json"
    values = {"K1": K1.tolist(), "K2": K2.tolist(), "image_size": [640, 480]}
    path.write_text(json.dumps(values))
    assert read_calibration(path).moving_size == [640, 480]


def test_points_behind_the_camera_lie_nowhere():
    turned = cv2.Rodrigues(np.array([0.0, np.pi, 0]))[0]
    away = Calibration(K1, K2, [], [], turned).apply(POINTS)
    assert (away < -1e5).all()


@pytest.mark.parametrize("moving", ["infrared", "visible"])
def test_a_homography_maps_camera_one_to_two(tmp_path, moving):
    matrix = np.array([[1.1, 0, 3], [0, 0.9, -2], [0, 0, 1]])
    path = opencv_file(tmp_path / "h.yml", H=matrix)
    found = read_calibration(path, moving=moving)
    expected = matrix if moving == "infrared" else np.linalg.inv(matrix)
    np.testing.assert_allclose(found, expected)


WRONG = {
    "missing": (None, "there is no such file"),
    "json": ("{", "is no JSON"),
    "list": ("[1]", "no camera matrix of the visible camera; expected K1"),
    "one": (json.dumps({"K1": K1.tolist()}), "of the infrared camera; expected K2"),
    "shape": (
        json.dumps({"K1": [1, 2], "K2": [1]}),
        r"its camera has the shape \(2,\)",
    ),
    "nan": ('{"H": [[1, 0, 0], [0, 1, 0], [0, 0, NaN]]}', "finite numbers"),
    "lens": (
        json.dumps({"K1": K1.tolist(), "K2": K2.tolist(), "D1": [0.1]}),
        "1 coefficients of a lens; OpenCV's models have 4, 5",
    ),
    "large": ("1" * (2**22 + 1), "too large"),
}


@pytest.mark.parametrize("text, message", WRONG.values(), ids=WRONG)
def test_what_is_no_calibration_is_refused(tmp_path, text, message):
    path = tmp_path / "rig.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CalibrationError, match=message):
        read_calibration(path)


def test_a_damaged_yaml_is_refused(tmp_path):
    path = tmp_path / "rig.yml"
    path.write_text("%YAML:1.0\n---\nK1: !!opencv-matrix\n rows: x\n{{{")
    with pytest.raises(CalibrationError, match="rig.yml"):
        read_calibration(path)
