"""What the training folder is made of: only what may be trained on."""

# SPDX-License-Identifier: BSD-3-Clause
import sys

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="module")
def prepare_pairs(root):
    sys.path.insert(0, str(root / "benchmarks" / "train"))
    try:
        import _prepare_pairs
    finally:
        sys.path.pop(0)
    return _prepare_pairs


@pytest.fixture
def source(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["dataset,name,side,ir,vis"]
    kinds = [("RoadScene", "train", 10), ("natural_BSDS500", "train", 2)]
    for kind, side, n in [*kinds, ("TNO", "dev", 2), ("VIFB", "dev", 1)]:
        for i in range(n):
            name = f"val/{kind}{i}" if kind == "natural_BSDS500" else f"{kind}{i}"
            path = f"{kind}{i}.png"
            image = rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / path), cv2.GaussianBlur(image, (0, 0), 2))
            infrared = "" if kind == "natural_BSDS500" else path
            lines.append(f"{kind},{name},{side},{infrared},{path}")
    (tmp_path / "split_dev.csv").write_text("\n".join(lines))
    return tmp_path


def test_only_training_pairs_are_taken_and_some_are_held_out(
    prepare_pairs, source, capsys
):
    folder = source / "made"
    prepare_pairs.prepare(source, folder, photographs=2, scenes=4)
    names = sorted(path.stem for path in (folder / "ir").iterdir())
    assert names == sorted(path.stem for path in (folder / "vis").iterdir())
    held_out = [path.stem for path in (folder / "held_out" / "ir").iterdir()]
    assert held_out == ["road_RoadScene4"]
    roads = [f"road_RoadScene{i}" for i in range(10) if i != 4]
    photos = [f"photo_val_natural_BSDS500{i}" for i in range(2)]
    assert names == sorted([*roads, *photos, *(f"scene_{i}" for i in range(4))])
    assert "16 pairs" in capsys.readouterr().out


def test_a_folder_too_large_to_send_is_refused(prepare_pairs, source, monkeypatch):
    monkeypatch.setattr(prepare_pairs, "MAX_MEGABYTES", 0.001)
    with pytest.raises(SystemExit, match="more than 0.001, take fewer"):
        prepare_pairs.prepare(source, source / "made", photographs=0, scenes=0)


def test_a_drawn_partner_keeps_outlines_and_is_repeatable(prepare_pairs):
    photograph = np.full((60, 80, 3), 60, np.uint8)
    photograph[20:40, 30:60] = (200, 120, 90)
    photograph[:, 70:] = (20, 20, 220)
    drawn = [
        prepare_pairs.drawn_thermal(photograph, np.random.default_rng(seed))
        for seed in (1, 1, 2)
    ]
    assert drawn[0].dtype == np.uint8 and drawn[0].shape == (60, 80)
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    # Its strongest outline lies where one of the photograph's is.
    across = np.abs(np.diff(np.float32(drawn[0]), axis=1)).mean(axis=0)
    assert min(abs(across.argmax() - column) for column in (29, 59, 69)) <= 2
