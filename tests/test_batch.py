"""Folders of pairs: nothing lost, nothing half-written, nothing outside."""

import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time

import cv2
import joblib
import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion._atomic_files import temporary_beside
from skfusion.batch import BatchError, FuseReport, fuse_folder
from skfusion.compose import PreserveChroma
from skfusion.fusers import AverageFuser, LaplacianPyramid
from skfusion.images import read_image, to_dtype, write_image


def write_pairs(folder, n, shape=(12, 16)):
    rng = np.random.default_rng(0)
    for side in ("ir", "vis"):
        (folder / side).mkdir()
        for i in range(n):
            image = rng.integers(0, 255, shape, np.uint8)
            write_image(folder / side / f"{i:03d}.png", image)
    return ImagePairs(
        sorted((folder / "ir").iterdir()), sorted((folder / "vis").iterdir())
    )


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path, 5)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_equal_transform(pairs, tmp_path, n_jobs):
    report = fuse_folder(LaplacianPyramid(), pairs, tmp_path / "out", n_jobs=n_jobs)
    assert [record.status for record in report.records] == ["written"] * 5
    assert [record.name for record in report.records] == pairs.names.tolist()
    for record, fused in zip(report.records, LaplacianPyramid().transform(pairs)):
        written = read_image(record.output)
        np.testing.assert_array_equal(written, to_dtype(fused, np.uint8))
    assert str(report) == "5 written, 0 skipped, 0 failed"


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_files_in_colour_are_those_of_the_float_images(tmp_path, dtype, depth):
    rng = np.random.default_rng(0)
    top = np.iinfo(dtype).max
    ir = rng.integers(0, top, (24, 31), dtype, endpoint=True)
    vis = rng.integers(0, top, (24, 31, 3), dtype, endpoint=True)
    pairs = ImagePairs([ir, ir], [vis, vis[..., 0]], names=["colour", "gray"])
    estimator = PreserveChroma(LaplacianPyramid(gain=2.0))
    fuse_folder(estimator, pairs, tmp_path, bit_depth=depth)
    for name, fused in zip(pairs.names, estimator.transform(pairs)):
        write_image(tmp_path / "plain.png", fused, bit_depth=depth)
        plain = (tmp_path / "plain.png").read_bytes()
        assert (tmp_path / f"{name}.png").read_bytes() == plain


def test_bit_depth_suffix_and_names_with_folders(tmp_path):
    image = np.full((4, 5), 0.5)
    pairs = ImagePairs([image, image], [image, image], names=["day/1", "night/1"])
    fuse_folder(AverageFuser(), pairs, tmp_path, bit_depth=16, suffix=".tif")
    assert read_image(tmp_path / "day" / "1.tif").dtype == np.uint16
    assert read_image(tmp_path / "night" / "1.tif")[0, 0] == 32768


def test_existing_results_are_left_alone_or_replaced(pairs, tmp_path):
    out = tmp_path / "out"
    fuse_folder(AverageFuser(), pairs[:3], out)
    before = {path.name: path.read_bytes() for path in out.glob("*.png")}
    (out / "001.png").write_bytes(b"mine")
    report = fuse_folder(AverageFuser(), pairs, out)
    assert len(report.with_status("skipped")) == 3
    assert len(report.with_status("written")) == 2
    assert (out / "001.png").read_bytes() == b"mine"
    report = fuse_folder(AverageFuser(), pairs, out, skip_existing=False)
    assert len(report.with_status("written")) == 5
    assert (out / "001.png").read_bytes() == before["001.png"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_one_corrupt_file_costs_only_its_pair(tmp_path, n_jobs):
    pairs = write_pairs(tmp_path, 100)
    (tmp_path / "vis" / "041.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match=r"99 written.*1 failed\n  041: .*041\.png"):
        report = fuse_folder(
            AverageFuser(), pairs, tmp_path / "out", on_error="warn", n_jobs=n_jobs
        )
    assert [record.name for record in report.failed] == ["041"]
    written = sorted(path.stem for path in (tmp_path / "out").glob("*.png"))
    assert written == [f"{i:03d}" for i in range(100) if i != 41]


def test_errors_are_raised_after_all_is_done(pairs, tmp_path):
    (tmp_path / "ir" / "000.png").write_bytes(b"")
    with pytest.raises(BatchError, match="4 written, 0 skipped, 1 failed") as caught:
        fuse_folder(AverageFuser(), pairs, tmp_path / "out")
    assert isinstance(caught.value.report, FuseReport)
    assert len(list((tmp_path / "out").glob("*.png"))) == 4
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.report.failed[0].name == "000"


def test_two_pairs_for_one_file_are_refused_before_anything_starts(tmp_path):
    image = np.zeros((4, 5))
    for names in (["a", "a"], ["Street", "street"]):
        pairs = ImagePairs([image] * 2, [image] * 2, names=names)
        with pytest.raises(ValueError, match="would both be written to"):
            fuse_folder(AverageFuser(), pairs, tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/x", "..\\up", ""])
def test_nothing_is_written_outside_the_output_folder(tmp_path, name):
    image = np.zeros((4, 5))
    with pytest.raises(ValueError, match="leads outside"):
        fuse_folder(AverageFuser(), ImagePairs([image], [image], names=[name]), "out")


class Never(AverageFuser):
    def transform(self, X):
        raise AssertionError("nothing is fused before the request is checked")


@pytest.mark.parametrize(
    "arguments",
    [
        {"on_error": "ignore"},
        {"bit_depth": 12},
        {"suffix": "png"},
        {"suffix": ".xyz"},
        {"suffix": ".webp"},
        {"bit_depth": 16, "suffix": ".jpg"},
        {"bit_depth": 16, "suffix": ".bmp"},
    ],
)
def test_bad_arguments_are_named_before_anything_is_done(pairs, tmp_path, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        fuse_folder(Never(), pairs, tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_workers_in_threads_leave_the_thread_pools_as_they_were(pairs, tmp_path):
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        with joblib.parallel_config(backend="threading"):
            fuse_folder(AverageFuser(), pairs, tmp_path / "out", n_jobs=2)
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_no_pairs(tmp_path):
    assert fuse_folder(AverageFuser(), [], tmp_path / "out").records == []


def test_progress_bar(pairs, tmp_path, capsys):
    fuse_folder(AverageFuser(), pairs, tmp_path / "out", verbose=1)
    assert "5/5" in capsys.readouterr().err


def test_packed_pairs(tmp_path, small_pairs):
    pairs = ImagePairs(*zip(*small_pairs)).pack()
    report = fuse_folder(AverageFuser(), pairs, tmp_path / "out", n_jobs=2)
    assert len(report.with_status("written")) == 3


def test_a_fitted_pipeline_is_used_as_it_is(tmp_path, small_pairs):
    from skfusion.compose import PreserveChroma

    estimator = PreserveChroma(AverageFuser()).fit(small_pairs)
    report = fuse_folder(estimator, small_pairs, tmp_path / "out")
    assert len(report.with_status("written")) == 3


SLOW = """
import signal, sys, time
from skfusion import load_pairs
from skfusion._atomic_files import temporary_beside
from skfusion.batch import fuse_folder
from skfusion.compose import PreserveChroma
from skfusion.fusers import AverageFuser

fuse = AverageFuser.transform

def slow(self, X):
    time.sleep(0.1)
    return fuse(self, X)

AverageFuser.transform = slow
# Who is started in the background by a shell is deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
fuse_folder(AverageFuser(), load_pairs(sys.argv[1]), sys.argv[2])
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_leaves_no_partial_file_and_goes_on(tmp_path, how):
    pairs = write_pairs(tmp_path, 20)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW), str(tmp_path), str(out)],
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        if out.is_dir() and len(list(out.glob("*.png"))) >= 3:
            break
        time.sleep(0.05)
    process.send_signal(how)
    process.wait()
    done = sorted(path.name for path in out.glob("*.png"))
    assert 3 <= len(done) < 20
    for name in done:
        assert read_image(out / name).shape == (12, 16)
    report = fuse_folder(AverageFuser(), pairs, out)
    assert len(report.with_status("skipped")) == len(done)
    assert len(report.with_status("written")) == 20 - len(done)


def test_another_method_or_other_parameters_do_not_pass_for_this_one(pairs, tmp_path):
    out = tmp_path / "out"
    fuse_folder(AverageFuser(0.3), pairs, out)
    before = (out / "001.png").read_bytes()
    for other in (LaplacianPyramid(), AverageFuser(0.7)):
        with pytest.raises(
            ValueError, match=r"made by AverageFuser\(visible_weight=0.3"
        ):
            fuse_folder(other, pairs, out)
    with pytest.raises(ValueError, match="skip_existing=False"):
        fuse_folder(AverageFuser(0.3), pairs, out, bit_depth=16)
    assert (out / "001.png").read_bytes() == before
    report = fuse_folder(AverageFuser(0.7), pairs, out, skip_existing=False)
    assert len(report.with_status("written")) == 5
    assert len(fuse_folder(AverageFuser(0.7), pairs, out).with_status("skipped")) == 5


def test_files_of_unknown_origin_do_not_pass(pairs, tmp_path):
    out = tmp_path / "out"
    write_image(out.with_name("x.png"), np.zeros((12, 16)))
    out.mkdir()
    (out.with_name("x.png")).rename(out / "003.png")
    with pytest.raises(ValueError, match="made by something unknown"):
        fuse_folder(AverageFuser(), pairs, out)
    assert [path.name for path in out.iterdir()] == ["003.png"]
    for damaged in ("nothing", "[]", '{"format": "skfusion-results"}', '{"format": 1}'):
        (out / ".skfusion.json").write_text(damaged)
        with pytest.raises(ValueError, match="made by something unknown"):
            fuse_folder(AverageFuser(), pairs, out)


def test_a_result_of_an_older_source_is_made_again(pairs, tmp_path):
    out = tmp_path / "out"
    fuse_folder(AverageFuser(), pairs, out)
    write_image(tmp_path / "ir" / "002.png", np.zeros((12, 16)))
    report = fuse_folder(AverageFuser(), pairs, out)
    assert [record.name for record in report.with_status("written")] == ["002"]
    arrays = ImagePairs([np.zeros((4, 5))], [np.ones((4, 5))], names=["002"])
    assert len(fuse_folder(AverageFuser(), arrays, out).with_status("written")) == 1
    assert len(fuse_folder(AverageFuser(), arrays, out).with_status("skipped")) == 1


def test_a_changed_result_is_left_and_named(pairs, tmp_path):
    out = tmp_path / "out"
    fuse_folder(AverageFuser(), pairs, out)
    (out / "001.png").write_bytes(b"mine")
    report = fuse_folder(AverageFuser(), pairs, out)
    assert str(report).endswith("001: left as somebody changed it")
    assert not report.failed


def test_an_estimator_that_cannot_be_pickled_has_a_record_too(pairs, tmp_path):
    class Local(AverageFuser):
        pass

    fuse_folder(Local(), pairs, tmp_path / "out")
    report = fuse_folder(Local(), pairs, tmp_path / "out")
    assert len(report.with_status("skipped")) == 5


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("link", [True, False])
def test_no_result_replaces_a_source(pairs, tmp_path, link, skip):
    out = tmp_path / "vis"
    before = (out / "001.png").read_bytes()
    if link:
        (tmp_path / "link").symlink_to(out)
        out = tmp_path / "link"
    with pytest.raises(ValueError, match="is a source, which would be lost"):
        fuse_folder(AverageFuser(), pairs, out, skip_existing=skip)
    assert (tmp_path / "vis" / "001.png").read_bytes() == before


class Odd(AverageFuser):
    """Fails in the way that the grey level of the infrared image says."""

    def transform(self, X):
        level = round(float(X.read(0)[0].mean() * 255))
        if level == 1:
            cv2.resize(np.zeros((0, 0)), (4, 4))
        elif level == 2:
            raise MemoryError
        elif level == 3:
            raise KeyError("name")
        elif level == 4 and "Loky" in multiprocessing.current_process().name:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().transform(X)


def odd_pairs(levels):
    infrared = [np.full((4, 5), level, np.uint8) for level in levels]
    names = [f"level {level} {i}" for i, level in enumerate(levels)]
    return ImagePairs(infrared, [np.zeros((4, 5), np.uint8)] * len(levels), names=names)


def test_any_exception_costs_its_pair_alone(tmp_path):
    with pytest.raises(BatchError) as caught:
        fuse_folder(Odd(), odd_pairs([0, 1, 2, 3, 0]), tmp_path)
    report = caught.value.report
    errors = {record.name[6]: record.error for record in report.failed}
    assert set(errors) == {"1", "2", "3"}
    assert errors["1"].startswith("error: OpenCV") and errors["2"] == "MemoryError"
    assert errors["3"] == "KeyError: 'name'"
    assert len(report.with_status("written")) == 2


def test_a_killed_worker_is_named_and_the_others_are_fused(tmp_path):
    levels = [0] * 12 + [4] + [0] * 5
    with pytest.raises(BatchError) as caught:
        fuse_folder(Odd(), odd_pairs(levels), tmp_path, n_jobs=2)
    report = caught.value.report
    assert [record.name for record in report.failed] == ["level 4 12"]
    assert "the system ended the worker" in report.failed[0].error
    assert len(list(tmp_path.glob("*.png"))) == len(levels) - 1


def test_what_a_killed_run_left_half_written_is_removed(pairs, tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    out = tmp_path / "out"
    out.mkdir()
    ours = temporary_beside(out / "x.png")
    left = ours.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-")
    far = re.sub("skfusion-.{8}", "skfusion-00000000", left)
    for name in (ours.name, left, far, left + ".mp4", ".mine.tmp"):
        (out / name).touch()
    fuse_folder(AverageFuser(), pairs, out)
    hidden = {path.name for path in out.iterdir() if path.suffix != ".png"}
    assert hidden == {ours.name, far, ".mine.tmp", ".skfusion.json"}


def test_a_suffix_is_no_path(pairs, tmp_path):
    with pytest.raises(ValueError, match="expected one of"):
        fuse_folder(AverageFuser(), pairs, tmp_path / "o", suffix="./../x.png")
