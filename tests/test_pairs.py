"""Every form of X, and what a pair must be."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import KFold, train_test_split
from sklearn.utils import _safe_indexing

from skfusion import ImagePairs, pair_array
from skfusion.images import write_image
from skfusion.pairs import as_pairs


@pytest.fixture
def pairs(small_pairs):
    return ImagePairs(*zip(*small_pairs), names=["a", "b", "c"])


def test_shape_length_and_repr(pairs):
    assert pairs.shape == (3, 2) and len(pairs) == 3 and pairs.ndim == 2
    assert repr(pairs) == "ImagePairs(3 pairs, in memory)"
    assert repr(pairs.pack()) == "ImagePairs(3 pairs, packed)"
    assert repr(ImagePairs(["i.png"], ["v.png"])) == "ImagePairs(1 pairs, on disk)"
    mixed = ImagePairs(["i.png", np.zeros((2, 2))], ["v.png", "w.png"])
    assert repr(mixed).endswith("mixed)") or repr(mixed).endswith("on disk)")


@pytest.mark.parametrize("packed", [False, True])
def test_indexing(pairs, packed):
    X = pairs.pack() if packed else pairs
    assert X[1:].names.tolist() == ["b", "c"]
    assert X[[2, 0]].names.tolist() == ["c", "a"]
    assert X[np.array([True, False, True])].names.tolist() == ["a", "c"]
    assert X[np.array([1]), ...].names.tolist() == ["b"]
    assert X[-1][0].shape == X.infrared[2].shape
    assert X[:, 0][1].shape == X[:, 1][1].shape == X.visible[1].shape
    assert X[1, 1].shape == X.visible[1].shape
    assert [row[0].shape for row in X] == [cell.shape for cell in X.infrared]
    assert len(X[[]]) == 0


def test_scikit_learn_indexes_rows(pairs):
    assert _safe_indexing(pairs, np.array([0, 2])).names.tolist() == ["a", "c"]
    train, test = train_test_split(pairs, test_size=1, random_state=0)
    assert len(train) == 2 and len(test) == 1
    assert len(list(KFold(3).split(pairs))) == 3


def test_read_converts_and_checks(pairs):
    infrared, visible = pairs.read(0)
    assert infrared.dtype == visible.dtype == np.float32
    assert infrared.flags.c_contiguous


def test_colour_infrared_becomes_luma_and_colour_visible_stays():
    colour = np.random.default_rng(0).random((5, 6, 3))
    infrared, visible = ImagePairs([colour], [colour]).read(0)
    assert infrared.shape == (5, 6) and visible.shape == (5, 6, 3)


def test_sizes_that_differ_are_named():
    X = ImagePairs([np.zeros((4, 6))], [np.zeros((6, 4))], names=["scene 7"])
    with pytest.raises(ValueError, match=r"pair 'scene 7'.*4x6.*6x4.*Resize"):
        X.read(0)


def test_a_bad_image_is_named_with_its_pair():
    X = ImagePairs([np.zeros((4, 6))], [np.full((4, 6), np.nan)], names=["n"])
    with pytest.raises(ValueError, match="visible of pair 'n' holds 24 NaN"):
        X.read(0)


def test_a_bad_file_is_named(tmp_path):
    (tmp_path / "vis.png").write_bytes(b"")
    write_image(tmp_path / "ir.png", np.zeros((4, 4)))
    X = ImagePairs([tmp_path / "ir.png"], [tmp_path / "vis.png"])
    with pytest.raises(ValueError, match=r"vis\.png"):
        X.read(0)


def test_default_names():
    X = ImagePairs(["x/i.png", np.zeros((2, 2))], ["x/street.1.png", np.zeros((2, 2))])
    assert X.names.tolist() == ["street.1", "pair_0001"]
    assert [str(p) for p in X.paths(0)] == ["x/i.png", "x/street.1.png"]
    assert X.paths(1) == (None, None)


def test_lengths_must_agree():
    image = np.zeros((2, 2))
    with pytest.raises(ValueError, match="infrared holds 2 images and visible 1"):
        ImagePairs([image, image], [image])
    with pytest.raises(ValueError, match="names holds 1 entries for 2 pairs"):
        ImagePairs([image, image], [image, image], names=["one"])
    with pytest.raises(ValueError, match="infrared holds 2 images and visible 1"):
        pair_array([image, image], [image])


def test_one_path_is_no_column():
    with pytest.raises(ValueError, match="infrared='folder' is one path"):
        ImagePairs("folder", ["v.png"])


def test_pack_keeps_pixels_dtypes_and_colour():
    rng = np.random.default_rng(0)
    infrared = [
        rng.integers(0, 255, (5, 7), np.uint8),
        rng.integers(0, 9000, (3, 4), np.uint16),
        rng.random((6, 2)),
    ]
    visible = [
        rng.integers(0, 255, (5, 7, 3), np.uint8),
        rng.random((3, 4)).astype(np.float32),
        rng.random((6, 2)) > 0.5,
    ]
    packed = ImagePairs(infrared, visible).pack()
    for i in range(3):
        for image, other in zip(packed.read(i), ImagePairs(infrared, visible).read(i)):
            np.testing.assert_array_equal(image, other)
    assert packed.infrared[1].dtype == np.uint16
    assert packed.visible[0].dtype == np.uint8
    assert not packed.infrared[0].flags.writeable


def test_pack_reads_paths(tmp_path):
    levels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    write_image(tmp_path / "i.png", levels)
    packed = ImagePairs([tmp_path / "i.png"], [levels]).pack()
    np.testing.assert_array_equal(packed.infrared[0], levels)


def test_pack_of_nothing():
    assert len(ImagePairs([], []).pack()) == 0


def test_packed_slices_share_the_buffer_and_ship_little(tmp_path):
    image = np.zeros((512, 640), np.uint8)
    packed = ImagePairs([image] * 64, [image] * 64).pack()
    half = packed[:32]
    assert np.shares_memory(half.infrared[0], packed.infrared[0])
    # joblib maps the one large array; what is left of a task is the table.
    joblib.dump(packed, tmp_path / "all.joblib")
    buffer = packed._infrared._buffer
    assert buffer.nbytes == 2 * 64 * image.size
    table = len(pickle.dumps((packed._infrared._table, packed._visible._table)))
    names = len(pickle.dumps(packed.names))
    assert table + names < 10_000


def test_pickle(pairs):
    for X in (pairs, pairs.pack()):
        again = pickle.loads(pickle.dumps(X))
        for i in range(3):
            for a, b in zip(again.read(i), X.read(i)):
                np.testing.assert_array_equal(a, b)


def test_as_array(pairs):
    array = np.asarray(pairs)
    assert array.shape == (3, 2) and array.dtype == object
    with pytest.raises(ValueError, match="only becomes an object array"):
        np.asarray(pairs, dtype=np.float64)


def test_pair_array_never_makes_numbers_of_images():
    X = pair_array([np.zeros((2, 2))] * 3, [np.ones((2, 2))] * 3)
    assert X.shape == (3, 2) and X.dtype == object and X[0, 1].shape == (2, 2)


def test_frames_are_read_by_name():
    paths = {"visible": ["v/1.png"], "weather": ["rain"], "infrared": ["i/1.png"]}
    for frame in (pd.DataFrame(paths), pl.DataFrame(paths)):
        X = as_pairs(frame)
        assert X[0] == ("i/1.png", "v/1.png")
    named = as_pairs(pd.DataFrame({**paths, "name": ["street"]}))
    assert named.names.tolist() == ["street"]
    with pytest.raises(ValueError, match="without the column 'infrared'"):
        as_pairs(pd.DataFrame({"ir": [1], "visible": [2]}))


def test_dense_arrays():
    assert as_pairs(np.zeros((3, 2, 4, 5))).shape == (3, 2)
    assert as_pairs(np.zeros((3, 2, 4, 5, 3))).read(0)[1].shape == (4, 5, 3)
    with pytest.raises(ValueError, match=r"array of shape \(3, 4, 5\)"):
        as_pairs(np.zeros((3, 4, 5)))
    with pytest.raises(ValueError, match=r"array of shape \(3, 3, 4, 5\)"):
        as_pairs(np.zeros((3, 3, 4, 5)))


def test_what_is_no_pairs_is_refused():
    image = np.zeros((4, 4))
    with pytest.raises(ValueError, match=r"single pair is X=\[\(infrared, visible\)\]"):
        as_pairs((image, image))
    with pytest.raises(ValueError, match="load_pairs"):
        as_pairs("folder")
    with pytest.raises(ValueError, match="X is a int"):
        as_pairs(3)
    with pytest.raises(ValueError, match=r"X\[0\] is the path 'ab'"):
        as_pairs(["ab"])
    with pytest.raises(ValueError, match=r"X\[1\] is a tuple"):
        as_pairs([(image, image), (image, image, image)])


def test_pairs_pass_through():
    X = ImagePairs([], [])
    assert as_pairs(X) is X
