"""Contact sheets."""

import numpy as np
import pytest

from skfusion.inspection.contact_sheet import contact_sheet


def test_rows_of_unequal_images_share_one_height():
    rows = [[np.zeros((30, 40)), np.ones((60, 20, 3))], [np.ones((10, 10), np.uint8)]]
    sheet = contact_sheet(rows, [["a", "b"], ["c"]], tile_height=60)
    assert sheet.dtype == np.uint8 and sheet.ndim == 3
    assert sheet.shape[0] == 2 * (60 + 22 + 4)
    assert sheet.shape[1] == (80 + 4) + (20 + 4)


def test_pictures_are_where_they_belong():
    image = np.full((20, 20), 0.5)
    sheet = contact_sheet([[image, image * 2]], [["", ""]], tile_height=20)
    assert (sheet[22:42, 2:22] == 128).all()
    assert (sheet[22:42, 26:46] == 255).all()


def test_small_images_are_enlarged_twice_at_most():
    sheet = contact_sheet([[np.ones((10, 10))]], [["x"]], tile_height=100)
    assert (sheet[22:] == 255).all(axis=2).sum() == 400


def test_wide_rows_are_drawn_smaller():
    rows = [[np.zeros((100, 200))] * 4]
    sheet = contact_sheet(rows, [["é"] * 4], tile_height=100, max_width=400)
    assert sheet.shape[1] <= 420


def test_captions_must_fit():
    with pytest.raises(ValueError, match="1 rows and captions 0"):
        contact_sheet([[np.zeros((4, 4))]], [])
    with pytest.raises(ValueError, match="1 images and 2 captions"):
        contact_sheet([[np.zeros((4, 4))]], [["a", "b"]])
