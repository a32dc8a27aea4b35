"""Tables of metrics for fused images that exist."""

import os
import signal

import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.images import write_image
from skfusion.metrics import (
    UndefinedMetricWarning,
    evaluate,
    metric_set,
    metric_sets,
    registry,
)
from skfusion.metrics.sets import as_entries
from skfusion.workers import WorkerEndedError


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 256, (2, 3, 40, 44), dtype=np.uint8)
    pairs = ImagePairs(list(a), list(b), names=["x", "y", "z"])
    return pairs, list(((a.astype(int) + b) // 2).astype(np.uint8))


def test_rows_are_pairs_and_columns_metrics(scenes):
    pairs, fused = scenes
    table = evaluate(pairs, fused, metrics=["en", "qabf"])
    assert table.index.tolist() == ["x", "y", "z"]
    assert table.columns.tolist() == ["en", "qabf"]
    a, b = pairs[1]
    assert table.loc["y", "qabf"] == pytest.approx(registry["qabf"](a, b, fused[1]))


def test_workers_change_nothing(scenes):
    one = evaluate(*scenes, metrics="vifb")
    two = evaluate(*scenes, metrics="vifb", n_jobs=2)
    assert one.equals(two)


class DeadlyImage:
    """An image that ends whoever looks at it in another process."""

    def __init__(self):
        self.home = os.getpid()

    def __array__(self, dtype=None, copy=None):
        if os.getpid() != self.home:
            os.kill(os.getpid(), signal.SIGKILL)
        return np.zeros((40, 44), np.uint8)


def test_a_pair_that_ends_its_worker_is_named(scenes):
    pairs, fused = scenes
    images = [fused[0], DeadlyImage(), fused[2]]
    table = evaluate(pairs, images, ["en"], n_jobs=2, on_error="skip")
    assert table.equals(evaluate(pairs, fused, ["en"]).loc[["x", "z"]])
    (failure,) = table.attrs["failures"]
    assert failure["pair"] == "y"
    assert failure["error"].startswith("the system ended the worker that had it alone")
    with pytest.raises(WorkerEndedError, match="^pair 'y': the system ended the"):
        evaluate(pairs, images, ["en"], n_jobs=2)


def test_a_folder_is_matched_by_name(scenes, tmp_path):
    cv2 = pytest.importorskip("cv2")
    pairs, fused = scenes
    for name, image in zip(["z", "y", "x", "other"], [*fused[::-1], fused[0]]):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
    (tmp_path / "x.txt").write_text("no image")
    expected = evaluate(pairs, fused, metrics="qabf")
    assert evaluate(pairs, tmp_path, metrics="qabf").equals(expected)
    assert evaluate(pairs, str(tmp_path), metrics="qabf").equals(expected)
    (tmp_path / "y.png").unlink()
    with pytest.raises(ValueError, match="lacks 1 of 3 images, first 'y'"):
        evaluate(pairs, tmp_path)


def test_pairs_of_two_folders_are_found_in_two_folders(scenes, tmp_path):
    pairs, fused = scenes
    pairs = ImagePairs(pairs.infrared, pairs.visible, names=["a/0", "b/0", "0"])
    for name, image in zip(pairs.names, fused):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        write_image(path, image)
    expected = evaluate(pairs, fused, metrics="en")
    assert evaluate(pairs, tmp_path, metrics="en").equals(expected)
    (tmp_path / "b" / "0.png").unlink()
    with pytest.raises(ValueError, match="lacks 1 of 3 images, first 'b/0'"):
        evaluate(pairs, tmp_path)


def test_a_file_that_cannot_be_read_is_no_fused_image(scenes, tmp_path):
    for name in ("x", "y", "z"):
        (tmp_path / f"{name}.webp").touch()
    with pytest.raises(ValueError, match="lacks 3 of 3 images"):
        evaluate(scenes[0], tmp_path)


def test_two_fused_images_of_one_pair_are_refused(scenes, tmp_path):
    for name in ("x.png", "x.jpg", "y.png", "z.png"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"'x' has 2 .* x\.jpg and x\.png"):
        evaluate(scenes[0], tmp_path)


def test_errors(scenes, tmp_path):
    pairs, fused = scenes
    with pytest.raises(ValueError, match="2 images for 3 pairs"):
        evaluate(pairs, fused[:2])
    with pytest.raises(ValueError, match="is no folder"):
        evaluate(pairs, tmp_path / "nope")
    with pytest.raises(ValueError, match="pair 'x': the fused image is 39x44"):
        evaluate(pairs, [fused[0][1:], *fused[1:]], metrics=["en"])


def test_undefined_is_named_once(scenes):
    pairs, fused = scenes
    flat = np.zeros_like(fused[0])
    with pytest.warns(UndefinedMetricWarning, match=r"cc \(2\)") as caught:
        table = evaluate(pairs, [flat, flat, fused[2]], metrics=["cc", "en"])
    assert len(caught) == 1 and table["cc"].isna().tolist() == [True, True, False]


def test_too_small_for_a_metric_is_nan(scenes):
    with pytest.warns(UndefinedMetricWarning, match=r"ms_ssim \(3\)"):
        table = evaluate(*scenes, metrics=["ms_ssim", "en"])
    assert table["ms_ssim"].isna().all() and table["en"].notna().all()


def test_colour_follows_the_set(scenes):
    pairs, fused = scenes
    rng = np.random.default_rng(0)
    colour = [rng.integers(0, 256, (40, 44, 3), dtype=np.uint8) for _ in fused]
    table = evaluate(pairs, colour, metrics="vifb")
    a, b = pairs[0]
    expected = registry["qabf"](a, b, colour[0], channel="mean")
    assert table.loc["x", "Qabf"] == pytest.approx(expected, rel=1e-9)
    luma = evaluate(pairs, colour, metrics=["qabf"])
    assert luma.loc["x", "qabf"] == pytest.approx(
        registry["qabf"](a, b, colour[0]), 1e-6
    )


SIZES = {"vifb": 13, "seed001": 11, "qwqe": 2, "tang": 13, "tang2022": 17}
SIZES |= {"zoo": 14, "zoo2025": 14}
SIZES |= {"looks": 7, "all": 42}


def test_sets_have_their_published_sizes():
    assert {name: len(metric_set(name)) for name in metric_sets()} == SIZES


@pytest.mark.parametrize("name", SIZES)
def test_every_entry_can_be_computed(name):
    rng = np.random.default_rng(1)
    a, b, f = rng.integers(0, 256, (3, 164, 166), dtype=np.uint8)
    f[:] = (a.astype(int) + b) // 2
    table = evaluate([(a, b)], [f], metrics=name)
    assert table.notna().all(axis=None)
    for entry in metric_set(name):
        assert entry.record.name == entry.metric


def test_a_single_key_is_a_set_of_one():
    assert [entry.column for entry in as_entries("qabf")] == ["qabf"]


def test_a_mapping_is_refused():
    with pytest.raises(ValueError, match="expected the name of a set"):
        as_entries({"qabf": {}})


def test_entries_of_paths_and_of_small_images(tmp_path):
    import cv2

    from skfusion.metrics import ImageTooSmallError
    from skfusion.metrics.sets import compute_entries

    image = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "f.png"), image)
    entries = as_entries([("EN", "en", {"channel": "mean"})])
    row = compute_entries(image, image, tmp_path / "f.png", entries)
    assert row == {"EN": registry["en"](image, image, image)}
    with pytest.raises(ImageTooSmallError, match="ms_ssim"):
        compute_entries(image, image, image, as_entries("ms_ssim"))
