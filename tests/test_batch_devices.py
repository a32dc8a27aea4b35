"""Folders around devices, here two CPUs: the same guarantees as with workers."""

# SPDX-License-Identifier: BSD-3-Clause
import threading

import numpy as np
import pytest

from skfusion import ImagePairs, batch
from skfusion.batch import BatchError, fuse_folder
from skfusion.compose import with_color
from skfusion.fusers import EncoderDecoderFuser
from skfusion.images import NarrowRangeWarning, read_image, to_dtype, write_image


class Fuser(EncoderDecoderFuser):
    """Fails as a whole for a batch with a pair whose infrared image is white."""

    def _fuse_batch(self, ir, vis):
        if (ir.amin((1, 2, 3)) == 1).any():
            raise RuntimeError("white heat")
        return super()._fuse_batch(ir, vis)


def fuser(device="cpu,cpu", **params):
    return Fuser("leaky_relu", 16, device=device, **params)


@pytest.fixture
def pairs(tmp_path):
    rng = np.random.default_rng(0)
    shapes = [(33, 40), (40, 33), (33, 40), (33, 40), (40, 33), (33, 40)]
    columns = []
    for side, more in (("ir", ()), ("vis", (3,))):
        (tmp_path / side).mkdir()
        for i, shape in enumerate(shapes):
            image = rng.integers(0, 255, (*shape, *more), np.uint8)
            write_image(tmp_path / side / f"{i}.png", image)
        columns.append(sorted((tmp_path / side).iterdir()))
    return ImagePairs(*columns)


def statuses(report):
    return [record.status for record in report.records]


@pytest.mark.parametrize("n_jobs", [None, 1, 3])
@pytest.mark.parametrize("color", ["luma", "gray"])
def test_results_equal_transform(pairs, tmp_path, n_jobs, color):
    estimator = with_color(fuser(inference_batch_size=2), color)
    report = fuse_folder(estimator, pairs, tmp_path / "out", n_jobs=n_jobs)
    assert statuses(report) == ["written"] * 6
    assert [record.name for record in report.records] == pairs.names.tolist()
    expected = with_color(fuser("cpu"), color).transform(pairs)
    for record, fused in zip(report.records, expected):
        off = read_image(record.output).astype(int) - to_dtype(fused, np.uint8)
        assert np.abs(off).max() <= 1  # a half, rounded the other way
        assert record.seconds > 0


def test_only_this_process_computes(pairs, tmp_path):
    seen = []

    class Here(Fuser):  # a class that no other process knows
        def _fuse_batch(self, ir, vis):
            seen.append(threading.current_thread())
            return super()._fuse_batch(ir, vis)

    before = threading.active_count()
    estimator = with_color(Here("leaky_relu", 16, device="cpu,cpu"), "luma")
    fuse_folder(estimator, pairs, tmp_path / "out", n_jobs=2)
    assert seen and threading.main_thread() not in seen
    assert threading.active_count() <= before + 2  # joblib keeps its own


def test_pairs_of_a_worker_are_under_way_together(pairs, tmp_path):
    gate = threading.Barrier(2, timeout=60)

    class Together(Fuser):
        def _fuse_batch(self, ir, vis):
            gate.wait()  # one alone would wait until it breaks
            return super()._fuse_batch(ir, vis)

    estimator = Together("leaky_relu", 16, device="cpu,cpu", inference_batch_size=1)
    report = fuse_folder(estimator, pairs[:4], tmp_path / "out", n_jobs=1)
    assert statuses(report) == ["written"] * 4


def test_a_file_that_cannot_be_read_costs_itself(pairs, tmp_path):
    (tmp_path / "vis" / "2.png").write_bytes(b"no picture")
    with pytest.raises(BatchError) as error:
        fuse_folder(fuser(), pairs, tmp_path / "out")
    report = error.value.report
    assert statuses(report) == ["written"] * 2 + ["failed"] + ["written"] * 3
    assert "2.png" in report.failed[0].error
    assert not list((tmp_path / "out").glob("2*"))


def test_a_bad_pair_of_a_batch_costs_itself(pairs, tmp_path):
    write_image(tmp_path / "ir" / "3.png", np.full((33, 40), 255, np.uint8))
    with pytest.warns(UserWarning, match="3: RuntimeError: white heat"):
        report = fuse_folder(
            fuser(inference_batch_size=4), pairs, tmp_path / "out", on_error="warn"
        )
    assert [record.name for record in report.failed] == ["3"]
    assert len(report.with_status("written")) == 5


def test_an_interrupted_run_goes_on(pairs, tmp_path):
    fuse_folder(fuser(), pairs[:2], tmp_path / "out")
    first = (tmp_path / "out" / "0.png").stat().st_mtime_ns
    report = fuse_folder(fuser(), pairs, tmp_path / "out")
    assert statuses(report) == ["skipped"] * 2 + ["written"] * 4
    assert (tmp_path / "out" / "0.png").stat().st_mtime_ns == first
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".skfusion.json",
        *(f"{i}.png" for i in range(6)),
    ]


def test_a_device_that_is_not_here_is_said_before_the_work(pairs, tmp_path):
    with pytest.raises(ValueError, match="device='cpu,cuda:99' cannot be used here"):
        fuse_folder(fuser("cpu,cuda:99"), pairs, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.png"))


def test_what_is_odd_about_images_is_said_once(tmp_path):
    narrow = np.full((33, 40), 7000, np.uint16)
    narrow[::2] = 7200
    pairs = ImagePairs([narrow] * 2, [np.full((33, 40), 0.5)] * 2)
    with pytest.warns(NarrowRangeWarning, match="1 more like it") as said:
        fuse_folder(fuser(), pairs, tmp_path / "out")
    assert len(said) == 1


def test_a_cluster_gets_the_devices_one_a_worker(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "is_local", lambda n_jobs: False)
    chunks, work = [], batch._fuse_chunk

    def counted(*args, **how):
        chunks.append(1)
        return work(*args, **how)

    monkeypatch.setattr(batch, "_fuse_chunk", counted)
    fuse_folder(fuser(), pairs, tmp_path / "out", n_jobs=1)
    assert chunks
