"""Sharp and blurred patches."""

import cv2
import numpy as np
import pytest

from skfusion.datasets import make_sharpness_patches, write_sharpness_patches
from skfusion.datasets.sharpness import _blur
from skfusion.images import read_image, write_image


@pytest.fixture
def images(rng):
    return [
        (255 * rng.random((70, 100))).astype(np.uint8),
        (255 * rng.random((64, 96, 3))).astype(np.uint8),
    ]


def test_shapes_and_labels(images):
    X, y = make_sharpness_patches(images, n=9, random_state=0)
    assert X.shape == (9, 2, 32, 32)
    assert X.dtype == np.float32
    assert y.tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert X.flags.c_contiguous


def test_the_second_sample_of_a_tile_is_the_first_swapped(images):
    X, _ = make_sharpness_patches(images, n=8, random_state=0)
    np.testing.assert_array_equal(X[::2], X[1::2, ::-1])


def test_class_zero_has_the_sharp_window_first(images):
    X, y = make_sharpness_patches(images, n=8, random_state=0)
    deviation = X.std((2, 3))
    np.testing.assert_array_equal(deviation.argmin(1), 1 - y)


def test_windows_are_tiles_of_the_image_and_of_its_blurred_copy(images):
    image = images[0]
    X, _ = make_sharpness_patches([image], n=12, kernel_sizes=[11], random_state=0)
    blurred = np.floor(
        cv2.GaussianBlur(
            image.astype(float), (11, 11), 9, borderType=cv2.BORDER_REPLICATE
        )
        + 0.5
    )
    tiles = [
        np.s_[32 * i : 32 * i + 32, 32 * j : 32 * j + 32] for i, j in np.ndindex(2, 3)
    ]
    for pair in np.rint(X[::2] * 255):
        found = [k for k, tile in enumerate(tiles) if (image[tile] == pair[0]).all()]
        assert len(found) == 1
        np.testing.assert_array_equal(pair[1], blurred[tiles[found[0]]])
        del tiles[found[0]]
    assert not tiles


def test_more_samples_than_tiles_repeat_tiles(images):
    X, _ = make_sharpness_patches(images[:1], n=40, random_state=0)
    assert len(X) == 40


def test_blur_equals_the_reference(golden):
    reference = np.load(golden / "seeds" / "training_triple_odd.npz")
    blurred = _blur(reference["sharp"].astype(np.float64), 15, 9)
    difference = np.abs(blurred - reference["blurred"])
    # A value at a half may round either way.
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_context_surrounds_the_same_windows(images):
    plain, _ = make_sharpness_patches(images, n=8, random_state=0)
    wide, _ = make_sharpness_patches(images, n=8, context=2, random_state=0)
    assert wide.shape == (8, 2, 36, 36)
    np.testing.assert_array_equal(wide[..., 2:-2, 2:-2], plain)


@pytest.mark.parametrize("gradients", ["clipped", "signed", "magnitude"])
def test_gradients_add_planes(images, gradients):
    gray, _ = make_sharpness_patches(images, n=4, random_state=0)
    X, _ = make_sharpness_patches(images, n=4, gradients=gradients, random_state=0)
    assert X.shape == (4, 2, 3, 32, 32)
    np.testing.assert_array_equal(X[:, :, 0], gray)
    across = gray[..., :-2, :] + 2 * gray[..., 1:-1, :] + gray[..., 2:, :]
    gx = across[..., 2:] - across[..., :-2]
    form = {"clipped": lambda x: np.clip(x, 0, 1), "signed": lambda x: x}
    expected = form.get(gradients, np.abs)(gx)
    np.testing.assert_allclose(X[:, :, 1, 1:-1, 1:-1], expected, atol=1e-6)


def test_same_seed_same_set(images):
    first, _ = make_sharpness_patches(images, n=6, random_state=3)
    again, _ = make_sharpness_patches(images, n=6, random_state=3)
    other, _ = make_sharpness_patches(images, n=6, random_state=4)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_files_hold_the_stored_form(images, tmp_path):
    files = write_sharpness_patches(images, tmp_path / "set", 5, random_state=0)
    X, y = make_sharpness_patches(images, 5, gradients="clipped", random_state=0)
    assert [file.parent.name for file in files] == [
        ("focus_unfocus", "unfocus_focus")[label] for label in y
    ]
    stored = read_image(files[0])
    assert stored.shape == (64, 32, 3)
    expected = np.concatenate(np.moveaxis(X[0], 1, -1))
    np.testing.assert_array_equal(stored, np.rint(255 * expected))


def test_paths_are_read(images, tmp_path):
    write_image(tmp_path / "a.png", images[0])
    from_path, _ = make_sharpness_patches([tmp_path / "a.png"], n=4, random_state=0)
    from_array, _ = make_sharpness_patches(images[:1], n=4, random_state=0)
    np.testing.assert_array_equal(from_path, from_array)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kernel_sizes": [9, 10]}, "odd numbers"),
        ({"kernel_sizes": []}, "odd numbers"),
        ({"n": 0}, "'n' parameter"),
        ({"patch": 65, "n": 40}, "smaller than one window"),
        ({"gradients": "both"}, "'gradients' parameter"),
        ({"blur_sigma": 0}, "'blur_sigma' parameter"),
    ],
)
def test_wrong_parameters(images, params, message):
    with pytest.raises(ValueError, match=message):
        make_sharpness_patches(images, **params)


def test_tiles_that_the_blur_does_not_change_are_left_out(rng):
    image = np.full((64, 64), 255, dtype=np.uint8)
    image[:28, :28] = 255 * rng.random((28, 28))
    X, _ = make_sharpness_patches([image], n=8, kernel_sizes=[9], random_state=0)
    assert (X[:, 0] != X[:, 1]).any((1, 2)).all()
    X, _ = make_sharpness_patches(
        [image], n=8, kernel_sizes=[9], keep_identical=True, random_state=0
    )
    assert (X[:, 0] == X[:, 1]).all((1, 2)).sum() == 6
    flat = np.full((64, 64), 9, dtype=np.uint8)
    with pytest.raises(ValueError, match="keep_identical=True"):
        make_sharpness_patches([flat], n=2)


def test_no_image():
    with pytest.raises(ValueError, match="images is empty"):
        make_sharpness_patches([], n=2)
