"""The size of an image, from the header of its file alone."""

import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.images import ImageReadError, write_image
from skfusion.images.cells import FileChannels, Resized, Stretched, shape_of

from .made_files import COLOUR, encoded


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_the_shape_of_a_file_is_that_of_its_image(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_image(path, COLOUR)
    assert shape_of(path) == shape_of(str(path)) == COLOUR.shape[:2] == (5, 7)


def test_the_shape_of_what_is_made_of_a_file(tmp_path):
    path = tmp_path / "a.png"
    write_image(path, COLOUR)
    other = np.zeros((3, 4))
    assert shape_of(FileChannels(path, 0)) == shape_of(Stretched(path, 1, 99)) == (5, 7)
    assert shape_of(Resized(path, other)) == shape_of(other) == (3, 4)
    assert shape_of(Resized(other, path)) == (5, 7)
    pairs = ImagePairs([other, path], [path, other])
    assert [pairs.visible_shape(i) for i in range(2)] == [(5, 7), (3, 4)]
    assert pairs.pack().visible_shape(0) == (5, 7)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_pixels_are_not_looked_at(tmp_path, format):
    data = bytearray(encoded(COLOUR, format))
    half = len(data) - 20
    data[half:] = bytes(20)
    (tmp_path / "a").write_bytes(data)
    assert shape_of(tmp_path / "a") == (5, 7)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no image", "a.png is no PNG, JPEG, TIFF or BMP"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a.png is a PNG without a header"),
        (b"\xff\xd8\xff\xd9", "a.png is a damaged JPEG: it has no frame header"),
        (b"\xff\xd8\xff\xc0\0\x0b\x08" + bytes(8) + b"\xff\xda", "says 0 x 0 pixels"),
        (b"\xff\xd8\xff\xc0", "a.png is a truncated JPEG"),
        (encoded(COLOUR, "PNG")[:30], "a.png is a PNG without a header"),
    ],
)
def test_what_has_no_shape_is_named(tmp_path, data, message):
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(ImageReadError, match=message):
        shape_of(path)
