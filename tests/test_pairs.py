"""Every form of X, and what a pair must be."""

import os
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from skfusion import ImagePairs, load_pairs, pair_array
from skfusion.compose import EnhanceByModality
from skfusion.fusers import AverageFuser
from skfusion.images import FalseColourWarning, write_image
from skfusion.pairs import as_pairs, stretch_infrared
from skfusion.transforms import HDRC, LinearStretch


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
    with pytest.warns(FalseColourWarning):
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
        rng.integers(0, 90, (3, 4), np.uint16) * np.uint16(600),
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


# ----------------------------------------------------------------- caches, stretch


def written(folder, level):
    for side in ("ir", "vis"):
        (folder / side).mkdir(exist_ok=True)
        write_image(folder / side / "1.png", np.full((16, 16), level, np.uint8))
    return folder


def hashes(X):
    from dask.base import tokenize

    return joblib.hash(X), tokenize(X), pickle.dumps(X)


@pytest.mark.parametrize("form", ["pairs", "slice", "column", "stretched"])
def test_what_hashes_pairs_sees_that_a_file_has_changed(tmp_path, form):
    def loaded():
        X = load_pairs(tmp_path)
        return {
            "pairs": X,
            "slice": X[0:1],
            "column": X.infrared,
            "stretched": stretch_infrared(X),
        }[form]

    written(tmp_path, 50)
    first, again = hashes(loaded()), hashes(loaded())
    assert first == again
    os.utime(tmp_path / "ir" / "1.png", ns=(0, 0))
    touched = hashes(loaded())
    (tmp_path / "ir" / "1.png").write_bytes(b"other size")
    os.utime(tmp_path / "ir" / "1.png", ns=(0, 0))
    resized = hashes(loaded())
    for one in zip(first, touched, resized):
        assert len(set(one)) == 3


def test_a_file_that_is_not_there_has_a_state_too(tmp_path):
    X = ImagePairs([tmp_path / "none.png"], [tmp_path / "none.png"])
    assert hashes(X) == hashes(X)


@pytest.mark.parametrize("infrared", ["passthrough", HDRC(), "nested"])
def test_a_cached_pipeline_fuses_the_files_as_they_are_now(tmp_path, infrared):
    cache = str(tmp_path / "cache")
    if infrared == "nested":
        infrared = Pipeline([("a", HDRC()), ("b", HDRC())], memory=cache)
    steps = [("enhance", EnhanceByModality(infrared)), ("fuse", AverageFuser())]
    cached = Pipeline(steps, memory=cache)
    data = tmp_path / "data"
    data.mkdir()
    for level in (50, 200):
        X = load_pairs(written(data, level))
        np.testing.assert_array_equal(
            cached.fit_transform(X)[0], Pipeline(steps).fit_transform(X)[0]
        )
        assert abs(cached.fit_transform(X)[0].mean() * 255 - level) < 60


def test_pickled_pairs_are_the_same_pairs(tmp_path):
    X = load_pairs(written(tmp_path, 50))
    back = pickle.loads(pickle.dumps(X))
    assert back.infrared.tolist() == X.infrared.tolist()
    assert back.names.tolist() == X.names.tolist()
    np.testing.assert_array_equal(back.read(0)[0], X.read(0)[0])


def test_stretched_pairs_are_read_stretched(tmp_path):
    counts = np.random.default_rng(0).integers(7192, 8208, (9, 11)).astype(np.uint16)
    path = tmp_path / "counts.png"
    write_image(path, counts, bit_depth=16)
    visible = np.zeros((9, 11), np.uint8)
    expected = LinearStretch(1, 99).transform([counts])[0]
    for X in (ImagePairs([path], [visible]), ImagePairs([counts], [visible])):
        X = pickle.loads(pickle.dumps(stretch_infrared(X)))
        np.testing.assert_array_equal(X.read(0)[0], expected)
        np.testing.assert_array_equal(X.pack().read(0)[0], expected)
        np.testing.assert_array_equal(np.asarray(X.infrared[0]), expected)
        np.testing.assert_array_equal(
            AverageFuser(visible_weight=0).transform(X)[0], expected
        )
    X = stretch_infrared(ImagePairs([path], [visible], names=["a"]), 0, 100)
    assert X.paths(0) == (path, None)
    assert X.read(0)[0].min() == 0 and X.read(0)[0].max() == 1


@pytest.mark.parametrize("limits", [(-1, 99), (50, 50), (99, 1), (1, 101)])
def test_percentiles_of_a_stretch_are_checked(limits):
    with pytest.raises(ValueError, match=r"low=.* and high=.*: expected percentiles"):
        stretch_infrared([], *limits)


def test_an_unreadable_image_of_a_stretched_pair_is_named(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="a.png is no PNG"):
        stretch_infrared(ImagePairs([path], [path])).read(0)
    with pytest.raises(ValueError, match=r"infrared of pair 'x' .*dtype int64"):
        X = ImagePairs([np.zeros((2, 2), int)], [path], names=["x"])
        stretch_infrared(X).read(0)


def test_the_visible_image_alone_is_scaled_or_as_it_is_stored():
    vis = np.array([[0, 51, 255]], np.uint8)
    X = ImagePairs([vis], [vis])
    np.testing.assert_array_equal(X.read_visible(0), X.read(0)[1])
    stored = X.read_visible(0, stored=True)
    assert stored.dtype == np.uint8
    np.testing.assert_array_equal(stored, vis)
