"""Folders of the public sets and of common cameras, built from tiny images."""

# SPDX-License-Identifier: BSD-3-Clause
import json
from pathlib import Path

import cv2
import numpy as np


def build(root, layout):
    """Write the images of a layout below ``root``; return the expected pairs.

    Every image has its own grey level, so that a test can tell whom it read.
    """
    files, pairs = LAYOUTS[layout]
    return write(root, files), pairs


def write(root, files):
    """Write tiny images (and empty files of other kinds) of these names."""
    for level, name in enumerate(files):
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"):
            code = cv2.imencode(path.suffix, np.full((4, 6), 10 + level, np.uint8))[1]
            path.write_bytes(code.tobytes())
        elif isinstance(files, dict):
            path.write_text(json.dumps(files[name]))
        else:
            path.touch()
    return Path(root)


def twins(infrared, visible, *names):
    """Return the files and pairs of two sister folders with equal names."""
    pairs = {f"{infrared}/{name}": f"{visible}/{name}" for name in names}
    return [*pairs, *pairs.values()], pairs


def _of(pairs, *others):
    return [*pairs, *pairs.values(), *others], pairs


def _adas():
    root, tail = "video_{}_test/data/video-{}.jpg", "x-frame-000103-{}"
    thermal = root.format("thermal", tail.format("Ctm"))
    colour = root.format("rgb", tail.format("9Zs"))
    names = {thermal: 0, colour: 0, root.format("rgb", "y-frame-000001-aB"): 0}
    listed = {Path(colour).name: Path(thermal).name}
    return {**names, "rgb_to_thermal_vid_map.json": listed}, {thermal: colour}


# Name: (files, {infrared: visible}); paths below the root.
LAYOUTS = {
    "LasHeR": _of(
        {f"boy/infrared/i{k:05}.jpg": f"boy/visible/v{k:05}.jpg" for k in (1, 2, 10)},
        "boy/init.txt",
    ),
    "DroneVehicle": _of(
        {
            f"{s}/{s}imgr/{k}.jpg": f"{s}/{s}img/{k}.jpg"
            for s, k in (("train", "00001"), ("val", "00002"), ("test", "00003"))
        },
        *("train/trainlabel/00001.xml", "train/trainlabelr/00001.xml"),
    ),
    "FLIR ADAS v2, videos": _adas(),
    "CVC-14": twins(
        *("Day/FIR/Train/FramesPos", "Day/Visible/Train/FramesPos"),
        *("2014_05_01_23_14_13_440000.tif", "2014_05_01_23_14_14_440000.tif"),
    ),
    "VT821": _of({"VT821/T/1.jpg": "VT821/RGB/1.jpg"}, "VT821/GT/1.png"),
    "VT5000": _of(
        {
            f"VT5000_clear/{s}/T/{k}.jpg": f"VT5000_clear/{s}/RGB/{k}.jpg"
            for s, k in (("Train", 1), ("Test", 2))
        },
        "VT5000_clear/Train/GT/1.png",
    ),
    "RGBT-CC": _of(
        {f"{s}/{k}_T.jpg": f"{s}/{k}_RGB.jpg" for s, k in (("train", 1), ("val", 2))},
        "train/1_GT.json",
    ),
    "DroneRGBT": _of(
        {f"Train/Infrared/{k}R.jpg": f"Train/RGB/{k}.jpg" for k in (1, 2, 10)},
        "Train/GT_/1R.xml",
    ),
    "VEDAI": _of({f"{k:08}_ir.png": f"{k:08}_co.png" for k in (0, 1)}, "annot.txt"),
    "EPFL": _of(
        {f"country/{k:04}_nir.tiff": f"country/{k:04}_rgb.tiff" for k in (0, 1)}
    ),
    "Freiburg": _of(
        {
            "train/seq_00_day/00/fl_ir_aligned/fl_ir_aligned_157_95.png": (
                "train/seq_00_day/00/fl_rgb/fl_rgb_157_95.png"
            ),
            "test/day/ImagesIR/fl_ir_aligned_158_1.png": (
                "test/day/ImagesRGB/fl_rgb_158_1.png"
            ),
        },
        "train/seq_00_day/00/fl_rgb_labels/fl_rgb_labels_157_95.png",
    ),
    "FLIR, visible beside": _of(
        {f"FLIR{k}.jpg": f"FLIR{k}_visible.jpg" for k in (1234, 1236)}
    ),
    "infrared beside": _of({"a_thermal.png": "a.png", "b_thermal.png": "b.png"}),
    "Thermal Images": twins("Thermal Images", "RGB Images", "1.jpg", "2.jpg"),
    "thermal and color": twins("thermal", "color", "1.jpg"),
    "thermal and colour, upper case": twins("THERMAL", "COLOUR", "1.jpg"),
    "ir_img": twins("ir_img", "vis_img", "1.jpg"),
    "DJI, letters": _of(
        {
            "DCIM/DJI_20240501101530_0001_T.JPG": "DCIM/DJI_20240501101530_0001_V.JPG",
            "DCIM/DJI_20240501101540_0002_T.JPG": "DCIM/DJI_20240501101541_0002_W.JPG",
        },
        *("DCIM/DJI_20240501101530_0001_W.JPG", "DCIM/DJI_20240501101530_0001_Z.JPG"),
    ),
    "DJI, words": _of({"DJI_0001_THRM.JPG": "DJI_0001_WIDE.JPG"}, "DJI_0001_ZOOM.JPG"),
    "padding": _of({f"ir/{k}.png": f"vis/{k:04}.png" for k in (1, 2, 10)}),
    "padding in one folder": _of({f"ir_{k}.png": f"vis_{k:03}.png" for k in (1, 12)}),
    "padding and marks": _of({f"ir/IR{k}.png": f"vis/VIS{k:02}.png" for k in (1, 12)}),
    "prefix": twins("ir_train", "vis_train", "1.png"),
    "glued to a split": _of(
        {"testir/1.png": "testvis/1.png", "irtrain/2.png": "vistrain/2.png"}
    ),
    "CamelCase": _of(
        {"TrainIR/1.png": "TrainVIS/1.png", "InfraredImages/2.png": "VisImages/2.png"}
    ),
    "FLIR ADAS v2, stills of one name": twins(
        "images_thermal_train/data", "images_rgb_train/data", "frame-1.jpg"
    ),
    "capitals at the end": _of({"campIR.png": "campVIS.png", "01IR.png": "01VIS.png"}),
    "PST900": _of(
        {"train/thermal/1.png": "train/rgb/1.png"},
        *("train/labels/1.png", "train/depth/1.png"),
    ),
}

# What has two readings: name: (files, words of both in the error).
DOUBTS = {
    "two infrared folders": (
        ["ir/1.png", "thermal/1.png", "vis/1.png"],
        ("'ir' with 'vis'", "'thermal' with 'vis'"),
    ),
    "two visible folders": (
        ["ir/1.png", "rgb/1.png", "vis/1.png"],
        ("'ir' with 'rgb'", "'ir' with 'vis'"),
    ),
    "FLIR ADAS v1": (
        ["thermal_8_bit/F1.png", "thermal_16_bit/F1.tiff", "RGB/F1.png"],
        ("'thermal_16_bit' with 'RGB'", "'thermal_8_bit' with 'RGB'"),
    ),
    "two words for infrared": (
        ["ir/1.png", "infrared/1.png", "vis/1.png"],
        ("'infrared' with 'vis'", "'ir' with 'vis'"),
    ),
    "two numbers": (
        ["ir/1.png", "ir/01.png", "vis/001.png"],
        ("ir/1.png", "ir/01.png"),
    ),
    "two marks": (
        ["a_ir.png", "a_thermal.png", "a_vis.png"],
        ("a_ir.png", "a_thermal.png"),
    ),
}
