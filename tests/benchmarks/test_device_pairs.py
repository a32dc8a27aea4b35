"""Crops and variations that training draws on the device."""

# SPDX-License-Identifier: BSD-3-Clause
import sys

import cv2
import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def device_pairs(root):
    sys.path.insert(0, str(root / "benchmarks" / "train"))
    try:
        import _device_pairs
    finally:
        sys.path.pop(0)
    return _device_pairs


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(height, width, start=0):
    """A pair whose gray levels tell row and column."""
    row, column = np.mgrid[:height, :width].astype(np.uint8)
    return row + start, column


def crops(device_pairs, pairs, n=64, size=8, shares=None, **options):
    shares = shares or {"": 1.0}
    made = device_pairs.DevicePairs(pairs, shares, torch.device("cpu"))
    return 255 * made.crops(n, size, generator(), **options)


def test_crops_are_parts_of_the_pair_mirrored_and_turned(device_pairs):
    found = crops(device_pairs, {"a": numbered(20, 30)}, zoom=(1, 1))
    kinds = set()
    for row, column in found.round().int():
        if row[0, 0] != row[0, 1]:
            row, column = row.T, column.T
        down, right = int(row[1, 0] - row[0, 0]), int(column[0, 1] - column[0, 0])
        kinds.add((down, right))
        steps = torch.arange(8, dtype=torch.int32)
        assert torch.equal(row, (row[0, 0] + down * steps)[:, None].expand(8, 8))
        assert torch.equal(column, (column[0, 0] + right * steps).expand(8, 8))
        assert 0 <= row.min() and row.max() < 20 and column.max() < 30
    assert kinds == {(1, 1), (1, -1), (-1, 1), (-1, -1)}


def test_zoomed_crops_interpolate(device_pairs):
    found = crops(device_pairs, {"a": numbered(40, 40)}, zoom=(2, 2))
    steps = (found[:, 0].diff(dim=1).abs().amax((1, 2))).unique()
    steps = steps[steps > 0.01]
    assert np.allclose(sorted({round(float(x), 3) for x in steps}), [0.5, 1.0])


def test_small_images_are_continued_by_reflection(device_pairs):
    found = crops(device_pairs, {"a": numbered(5, 6)}, size=16, zoom=(1, 1))
    expected = np.abs((np.arange(16) + 4) % 8 - 4)
    for row, column in found.round().int():
        row = row if row[0, 0] != row[1, 0] or row[0, 0] == row[0, 1] else row.T
        assert sorted(row.unique().tolist()) == [0, 1, 2, 3, 4]
        assert row[:, 0].tolist() in (expected.tolist(), expected[::-1].tolist())
        assert column.max() == 5


def test_pairs_of_different_sizes_are_drawn_by_the_share_of_their_name(device_pairs):
    pairs = {f"one_{i}": numbered(20, 30) for i in range(3)}
    pairs["two"] = numbered(25, 16, start=100)
    found = crops(device_pairs, pairs, n=400, shares={"one_": 0.75, "two": 0.25})
    first = (found[:, 0] >= 99).all(2).all(1).float().mean()
    assert 0.15 < first < 0.35
    with pytest.raises(ValueError, match="no pair has a name that begins with"):
        crops(device_pairs, pairs, shares={"three": 1.0})


def test_the_same_generator_draws_the_same_and_stays_in_range(device_pairs):
    pairs = torch.rand(16, 2, 24, 24, generator=generator(5))
    one, two = (device_pairs.varied(pairs, generator(1)) for _ in range(2))
    assert torch.equal(one, two)
    assert one.shape == pairs.shape and 0 <= one.min() and one.max() <= 1
    changed = (one - pairs).abs().mean((2, 3)) > 1e-3
    assert 0.3 < changed.float().mean() < 1


def test_a_folder_is_read_in_order_and_checked(device_pairs, tmp_path):
    for side, shape in (("ir", (6, 7)), ("vis", (6, 7))):
        (tmp_path / side).mkdir()
        for name in ("b.png", "a.png"):
            cv2.imwrite(str(tmp_path / side / name), np.full(shape, 9, np.uint8))
    assert list(device_pairs.read_folder(tmp_path)) == ["a.png", "b.png"]
    cv2.imwrite(str(tmp_path / "vis" / "a.png"), np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match=r"'a.png' is no pair"):
        device_pairs.read_folder(tmp_path)
