"""A quick look at whether pairs lie on each other."""

import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.inspection import checkerboard, edge_overlay, inspect_alignment

from ..registration.scenes import MATRICES, moved, scene


def test_offsets_of_pairs_that_are_off_and_of_one_that_is_not():
    pairs = [(moved(scene(i)[0], MATRICES["translation"]), scene(i)[1]) for i in (0, 1)]
    pairs.append(scene(2))
    table = inspect_alignment(ImagePairs(*zip(*pairs), names=["a", "b", "c"]))
    assert table.index.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(table["dx"], [6, 6, 0], atol=0.5)
    np.testing.assert_allclose(table["dy"], [-4, -4, 0], atol=0.5)
    assert table["off"].tolist() == [True, True, False]
    assert table["confidence"].between(0.3, 1).all()


def test_large_images_and_two_sizes_count_in_pixels_of_the_visible_one():
    ir, vis = scene(3, (300, 420))
    ir = moved(ir, [[1, 0, 12], [0, 1, 0], [0, 0, 1]])[::2, ::2]
    row = inspect_alignment([(ir, vis)]).iloc[0]
    assert row.dx == pytest.approx(12, abs=1.5) and row.dy == pytest.approx(0, abs=1.5)


def test_what_has_nothing_in_common_is_not_called_off():
    table = inspect_alignment([(scene(9)[0], scene(0)[1]), (np.zeros((40, 50)),) * 2])
    assert not table["off"].any() and table["confidence"].max() < 0.25


def test_checkerboard_takes_turns():
    board = checkerboard(np.zeros((64, 64)), np.ones((64, 64, 3)), n_tiles=4)
    assert board.shape == (64, 64, 3)
    np.testing.assert_array_equal(board[::16, ::16, 0], np.indices((4, 4)).sum(0) % 2)


def test_edges_that_agree_are_white():
    ir, vis = scene(4)
    same = edge_overlay(vis, vis)
    assert np.ptp(same, axis=2).max() < 1e-6 and same.max() == 1
    apart = edge_overlay(moved(ir, MATRICES["translation"]), vis)
    assert (
        np.ptp(apart, axis=2).mean() > 2 * np.ptp(edge_overlay(ir, vis), axis=2).mean()
    )
