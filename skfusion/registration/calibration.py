"""What a calibration says of two cameras: lenses, and how one looks past the other."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

__all__ = ["Calibration", "CalibrationError", "read_calibration"]

_MAX_BYTES = 2**22
_ROUNDS = 20
_COEFFICIENTS = (0, 4, 5, 8, 12, 14)
_NOWHERE = -1e6  # pixels: where what is behind a camera lies
# Names in the files of OpenCV's samples, of its users and of ROS; {} is 1 or 2, or
# the word for the camera.
_NAMES = {
    "camera": (
        *("K{}", "M{}", "cameraMatrix{}", "camera_matrix_{}", "camera_matrix{}"),
        *("{}_K", "{}_camera_matrix", "K_{}"),
    ),
    "distortion": (
        *("D{}", "distCoeffs{}", "dist_coeffs_{}", "distortion_coefficients_{}"),
        *("{}_D", "{}_distortion", "{}_dist_coeffs", "D_{}"),
    ),
    "size": ("image_size_{}", "imageSize{}", "image_size{}", "{}_size", "size_{}"),
}
_SHARED = {
    "rotation": ("R", "rotation", "rotation_matrix"),
    "translation": ("T", "t", "translation", "translation_vector"),
    "homography": ("H", "homography", "matrix"),
    "size": ("image_size", "imageSize"),
}


class CalibrationError(ValueError):
    """A calibration file that is missing, damaged or says too little."""


@dataclass(frozen=True)
class Calibration:
    """Two cameras with their lenses, and the way from one to the other.

    Parameters
    ----------
    fixed_camera, moving_camera : array-like, shape (3, 3)
        Camera matrices.
    fixed_distortion, moving_distortion : array-like, shape (k,)
        OpenCV's coefficients ``k1, k2, p1, p2, k3, ...``; empty for none.
    rotation : array-like, shape (3, 3)
        From the axes of the fixed camera to those of the moving one.
    translation : array-like, shape (3,), default=(0, 0, 0)
        In the unit of `distance`.
    distance : float or None, default=None
        Of the plane that is to lie on itself, from the fixed camera along its axis;
        ``None`` is far away, where the translation plays no part.
    fixed_size, moving_size : sequence of int, or None
        ``(width, height)`` at which they were calibrated, where it is known.
    """

    fixed_camera: list
    moving_camera: list
    fixed_distortion: list
    moving_distortion: list
    rotation: list
    translation: list = (0.0, 0.0, 0.0)
    distance: float | None = None
    fixed_size: list | None = None
    moving_size: list | None = None

    def apply(self, points):
        """Return where points ``(n, 2)`` of the fixed image lie in the moving one."""
        rays = _rays(
            np.asarray(points, float), self.fixed_camera, self.fixed_distortion
        )
        seen = rays @ np.asarray(self.rotation, float).T
        if self.distance is not None:
            seen = seen + np.ravel(self.translation) / self.distance
        behind = seen[:, 2] <= 1e-6
        seen[behind] = [0, 0, 1]
        out = _project(seen, self.moving_camera, self.moving_distortion)
        out[behind] = _NOWHERE
        return out

    def at(self, fixed_shape, moving_shape):
        """Return the calibration for images of these ``(H, W)``, resized as a whole."""
        return Calibration(
            **{
                **self.__dict__,
                "fixed_camera": _scaled(
                    self.fixed_camera, self.fixed_size, fixed_shape
                ),
                "moving_camera": _scaled(
                    self.moving_camera, self.moving_size, moving_shape
                ),
                "fixed_size": None,
                "moving_size": None,
            }
        )

    def matrix(self):
        """Return the homography between the images, without the lenses."""
        rotation = np.asarray(self.rotation, float)
        if self.distance is not None:
            rotation = rotation.copy()
            rotation[:, 2] += np.ravel(self.translation) / self.distance
        cameras = np.asarray(self.moving_camera), np.asarray(self.fixed_camera)
        found = cameras[0] @ rotation @ np.linalg.inv(cameras[1])
        return found / found[2, 2]


def _project(rays, camera, distortion):
    lens = np.asarray(distortion, float).ravel()
    camera = np.asarray(camera, float)
    out, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), camera, lens)
    return out.reshape(-1, 2)


def _rays(points, camera, distortion):
    """Return the direction ``(n, 3)`` from which each pixel is lit."""
    back = np.linalg.inv(np.asarray(camera, float))
    rays = np.c_[points, np.ones(len(points))] @ back.T
    rays /= rays[:, 2:]
    if np.any(distortion):
        for _ in range(_ROUNDS):  # the lens bends little: its inverse by repetition
            miss = points - _project(rays, camera, distortion)
            rays[:, :2] += miss @ back[:2, :2].T
    return rays


def _scaled(camera, size, shape):
    if size is None:
        return camera
    sx, sy = shape[1] / size[0], shape[0] / size[1]
    camera = np.array(camera, float)
    camera[0] *= sx
    camera[1] *= sy
    camera[:2, 2] += np.array([sx - 1, sy - 1]) / 2
    return camera.tolist()


def read_calibration(path, *, first="visible", moving="infrared", distance=None):
    """Read a calibration of two cameras.

    Parameters
    ----------
    path : str or path-like
        YAML, XML or JSON as OpenCV's ``FileStorage`` writes it, or plain JSON of nested
        lists. Either a homography (``H``) or camera matrices (``K1``, ``K2``),
        distortions (``D1``, ``D2``) and the rotation and translation from camera 1 to
        camera 2 (``R``, ``T``), as ``cv2.stereoCalibrate`` gives them;
        ``K_visible``, ``K_infrared`` and so on in place of 1 and 2 are read too.
    first : {"visible", "infrared"}, default="visible"
        Which camera is number 1.
    moving : {"infrared", "visible"}, default="infrared"
        Which image is warped.
    distance : float, default=None
        As for :class:`Calibration`.

    Returns
    -------
    Calibration, or ndarray of shape (3, 3)
        A homography is one from pixels of the fixed image to those of the moving one.

    Raises
    ------
    CalibrationError
        If the file is missing, no calibration, or holds too little.
    """
    values = _values(Path(path))
    cameras = {first: "1", ("infrared" if first == "visible" else "visible"): "2"}
    fixed = "visible" if moving == "infrared" else "infrared"
    turned = fixed != first
    homography = _shared(values, "homography")
    if homography is not None:
        matrix = _shaped(homography, (3, 3), "homography", path)
        return np.linalg.inv(matrix) if turned else matrix
    found = {}
    for role, word in (("fixed", fixed), ("moving", moving)):
        names = cameras[word], word
        camera = _named(values, "camera", names)
        if camera is None:
            raise CalibrationError(
                f"calibration {os.fspath(path)!r}: no camera matrix of the {word} "
                f"camera; expected K{cameras[word]} (or K_{word}), or a homography H."
            )
        found[f"{role}_camera"] = _shaped(camera, (3, 3), "camera", path).tolist()
        lens = _named(values, "distortion", names)
        found[f"{role}_distortion"] = _coefficients(lens, path)
        size = _named(values, "size", names)
        size = _shared(values, "size") if size is None else size
        found[f"{role}_size"] = None if size is None else np.ravel(size).tolist()
    rotation = _shared(values, "rotation")
    rotation = np.eye(3) if rotation is None else np.asarray(rotation, float)
    if rotation.size == 3:
        rotation = cv2.Rodrigues(rotation.ravel())[0]
    rotation = _shaped(rotation, (3, 3), "rotation", path)
    shift = _shared(values, "translation")
    shift = np.zeros(3) if shift is None else _shaped(shift, (3,), "translation", path)
    if distance is None and np.any(shift) and _shared(values, "distance") is not None:
        distance = float(_shared(values, "distance"))
    if turned:
        rotation, shift = rotation.T, -rotation.T @ shift
    return Calibration(
        **found,
        rotation=rotation.tolist(),
        translation=shift.tolist(),
        distance=distance,
    )


def _shaped(value, shape, name, path):
    array = np.asarray(value, float)
    if array.size != np.prod(shape) or not np.isfinite(array).all():
        raise CalibrationError(
            f"calibration {os.fspath(path)!r}: its {name} has the shape {array.shape}: "
            f"expected finite numbers of shape {shape}."
        )
    return array.reshape(shape)


def _coefficients(lens, path):
    lens = [] if lens is None else np.ravel(np.asarray(lens, float)).tolist()
    if len(lens) not in _COEFFICIENTS:
        raise CalibrationError(
            f"calibration {os.fspath(path)!r}: {len(lens)} coefficients of a lens; "
            f"OpenCV's models have {', '.join(map(str, _COEFFICIENTS[1:]))}."
        )
    return lens


def _shared(values, idea):
    names = _SHARED.get(idea, (idea,))
    return next((values[name] for name in names if name in values), None)


def _named(values, idea, words):
    for word in words:
        for name in _NAMES[idea]:
            if name.format(word) in values:
                return values[name.format(word)]
    return None


def _values(path):
    """Return the numbers of a calibration file by their names."""
    if not path.is_file():
        raise CalibrationError(f"calibration {str(path)!r}: there is no such file.")
    if path.stat().st_size > _MAX_BYTES:
        raise CalibrationError(f"calibration {str(path)!r} is too large for one.")
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix.lower() == ".json" and "opencv-matrix" not in text:
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CalibrationError(
                f"calibration {str(path)!r} is no JSON ({error})."
            ) from None
        return values if isinstance(values, dict) else {}
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        root = storage.root()
        return {name: _node(root.getNode(name)) for name in root.keys()}
    except (cv2.error, SystemError) as error:
        reason = " ".join(str(error).split())
        raise CalibrationError(
            f"calibration {str(path)!r} is no file of OpenCV ({reason})."
        ) from None


def _node(node):
    if node.isSeq():
        return [node.at(i).real() for i in range(node.size())]
    if node.isMap():
        return node.mat()
    return node.string() if node.isString() else node.real()
